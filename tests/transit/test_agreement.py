"""Profiles against a search of another kind: the same arrivals, to the second."""

import random
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.transit.footpaths import Walks
from routing.transit.gtfs import read_gtfs
from routing.transit.journeys import Ride, Walk, tell_journey
from routing.transit.profile import Profiles, build_profiles
from routing.transit.scan import NEVER
from routing.transit.timetable import LENGTH_S, lay_out_day
from tests.support.gtfs import Tables, small_feed, write_feed
from tests.support.time_expanded import TimeExpanded

JOURNEYS = 500
NEWPORT = Path("transit") / "newport-20230613_gtfs.zip"
Points = dict[str, tuple[float, float]]


def profiles_of(path: Path, day: date, facilities: Points, horizon_s: int = LENGTH_S) -> Profiles:
    gtfs = read_gtfs(path)
    return build_profiles(lay_out_day(gtfs, day), Walks(gtfs), facilities, horizon_s=horizon_s)


def arrivals_of(profiles: Profiles, origin: tuple[float, float], at_s: int) -> list[int | None]:
    found = profiles.look_up(profiles.find_access(*origin), at_s).arrives_s.tolist()
    return [None if arrival == NEVER else arrival for arrival in found]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("day", "reached_at_least"), [(date(2023, 6, 13), 200), (date(2023, 6, 18), 10)]
)
def test_500_journeys_in_newport_arrive_as_another_search_finds(
    shared_data: Path, day: date, reached_at_least: int
) -> None:
    choose = random.Random(day.day)
    other = TimeExpanded(shared_data / NEWPORT, day)
    stops = [other.places[stop] for stop in sorted(other.used)]

    def near_a_stop() -> tuple[float, float]:
        lat, lon = choose.choice(stops)
        return lat + choose.gauss(0, 0.003), lon + choose.gauss(0, 0.003)

    facilities = {f"f{number}": near_a_stop() for number in range(20)}
    profiles = profiles_of(shared_data / NEWPORT, day, facilities)
    reached = 0

    for _ in range(JOURNEYS):
        origin, at_s = near_a_stop(), choose.randrange(24 * 3600)
        place = choose.randrange(len(facilities))
        expected = other.find_arrival(origin, facilities[f"f{place}"], at_s)
        assert arrivals_of(profiles, origin, at_s)[place] == expected
        reached += expected is not None

    assert reached >= reached_at_least


def legs_hold(profiles: Profiles, origin: tuple[float, float], at_s: int) -> int:
    """Assert that legs follow one another up to the arrival; return how many rides there are."""
    access = profiles.find_access(*origin)
    arrivals = profiles.look_up(access, at_s)
    rides = 0
    for facility in range(len(profiles.facility_ids)):
        journey = tell_journey(profiles, access, arrivals, facility)
        if journey is None:
            assert arrivals.arrives_s[facility] == NEVER
            continue
        assert journey.legs[0].starts_s == at_s
        assert journey.legs[-1].ends_s == journey.arrives_s == arrivals.arrives_s[facility]
        assert all(leg.ends_s == following.starts_s for leg, following in pairwise(journey.legs))
        assert isinstance(journey.legs[0], Walk)
        assert isinstance(journey.legs[-1], Walk)
        rides += sum(isinstance(leg, Ride) for leg in journey.legs)
        # One who leaves at the last moment arrives no later; one who misses it arrives later.
        assert arrivals_of(profiles, origin, journey.leaves_s)[facility] == journey.arrives_s
        if journey.next_arrives_s is not None:
            assert journey.next_arrives_s > journey.arrives_s
            assert journey.next_leaves_s is not None
            assert journey.next_leaves_s > journey.leaves_s
    return rides


def test_legs_in_newport_follow_one_another_without_a_gap(shared_data: Path) -> None:
    choose = random.Random(7)
    gtfs = read_gtfs(shared_data / NEWPORT)
    stops = np.unique(gtfs.stops)
    points = [(float(gtfs.lat[s]), float(gtfs.lon[s])) for s in stops]
    facilities = {f"f{number}": choose.choice(points) for number in range(10)}
    profiles = profiles_of(shared_data / NEWPORT, date(2023, 6, 13), facilities)

    rides = [
        legs_hold(profiles, choose.choice(points), choose.randrange(24 * 3600)) for _ in range(100)
    ]

    assert sum(rides) > 500


STOPS = [f"s{number}" for number in range(7)]
MINUTES = st.integers(6 * 60, 26 * 60)


@st.composite
def feeds(draw: st.DrawFn) -> Tables:
    """Up to a dozen trips between stops some of which are in walking distance of each other."""
    tables = small_feed()
    where = st.tuples(st.integers(0, 6), st.integers(0, 3))
    places = [draw(where) for _ in STOPS]
    tables["stops.txt"] = "stop_id,stop_name,stop_lat,stop_lon,parent_station,location_type\n"
    tables["stops.txt"] += "hub,Hub,51,1,,1\n"
    for stop, (north, east) in zip(STOPS, places, strict=True):
        station = draw(st.sampled_from(["", "", "hub"]))
        lat, lon = 51 + north / 300, 1 + east / 150
        tables["stops.txt"] += f"{stop},{stop},{lat},{lon},{station},\n"
    times = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type\n"
    trips = "route_id,service_id,trip_id\n"
    repeats = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    for number in range(draw(st.integers(1, 12))):
        trips += f"r,{draw(st.sampled_from(['w', 'x']))},t{number}\n"
        at = draw(MINUTES)
        if draw(st.integers(0, 5)) == 0:
            begin = draw(MINUTES)
            end = begin + draw(st.integers(1, 90))
            headway_s = draw(st.integers(5, 60)) * 60
            repeats += f"t{number},{hhmm(begin)},{hhmm(end)},{headway_s},0\n"
        for place, stop in enumerate(draw(st.lists(st.sampled_from(STOPS), min_size=2))):
            at += draw(st.integers(0, 20))
            leaves = at + draw(st.integers(0, 3))
            kinds = draw(st.sampled_from(["0,0", "0,0", "1,0", "0,1", ","]))
            times += f"t{number},{hhmm(at)},{hhmm(leaves)},{stop},{place},{kinds}\n"
            at = leaves
    dates = "service_id,date,exception_type\nx,20261114,1\nw,20261115,2\n"
    changed = {"trips": trips, "stop_times": times, "frequencies": repeats, "calendar_dates": dates}
    return tables | {f"{name}.txt": text for name, text in changed.items()}


def hhmm(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}:00"


@settings(max_examples=150)
@given(
    feeds(),
    st.sampled_from(
        [date(2026, 11, 14), date(2026, 11, 15), date(2026, 10, 25), date(2026, 3, 29)]
    ),
    st.integers(0, 24 * 60 - 1),
)
def test_small_timetables_agree_too_with_walks_repeats_and_days_that_lose_an_hour(
    tmp_path: Path, tables: Tables, day: date, minute: int
) -> None:
    path = write_feed(tables, tmp_path / "feed.zip")
    other = TimeExpanded(path, day)
    origin, facilities = (51.0, 1.0), {"a": (51.02, 1.01), "b": (51.0, 1.02)}

    profiles = profiles_of(path, day, facilities)

    expected = [other.find_arrival(origin, place, minute * 60) for place in facilities.values()]
    assert arrivals_of(profiles, origin, minute * 60) == expected
    legs_hold(profiles, origin, minute * 60)


@settings(max_examples=50)
@given(feeds(), st.integers(0, 24 * 60 - 1), st.integers(10, 120))
def test_a_horizon_changes_no_arrival_that_lies_within_it(
    tmp_path: Path, tables: Tables, minute: int, horizon_minutes: int
) -> None:
    path = write_feed(tables, tmp_path / "feed.zip")
    day, origin, facilities = date(2026, 11, 14), (51.0, 1.0), {"a": (51.02, 1.01)}
    at_s, horizon_s = minute * 60, horizon_minutes * 60

    (whole,) = arrivals_of(profiles_of(path, day, facilities), origin, at_s)
    (within,) = arrivals_of(profiles_of(path, day, facilities, horizon_s), origin, at_s)

    if whole is not None and whole - at_s <= horizon_s:
        assert within == whole


def test_times_are_instants_in_utc(tmp_path: Path) -> None:
    gtfs = read_gtfs(write_feed(small_feed(), tmp_path / "feed.zip"))
    timetable = lay_out_day(gtfs, date(2026, 7, 1))

    assert timetable.to_instant(8 * 3600) == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert timetable.to_seconds(datetime(2026, 7, 1, 7, 0, 0, 1, tzinfo=UTC)) == 8 * 3600 + 1
