"""What a journey is made of, told on three stops and two buses."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from routing.transit.footpaths import Walking, Walks
from routing.transit.gtfs import read_gtfs
from routing.transit.journeys import Journey, Ride, Wait, Walk, tell_journey
from routing.transit.profile import Profiles, build_profiles
from routing.transit.scan import NEVER
from routing.transit.timetable import TimetableFault, lay_out_day
from tests.support.gtfs import Tables, small_feed, write_feed

DAY = date(2026, 11, 16)
SOUTH, MIDDLE, NORTH = (51.0, 1.0), (51.02, 1.0), (51.04, 1.0)
H8, H9, MINUTE = 8 * 3600, 9 * 3600, 60


def build(tmp_path: Path, tables: Tables, walking: Walking | None = None) -> Profiles:
    gtfs = read_gtfs(write_feed(tables, tmp_path / "feed.zip"))
    walks = Walks(gtfs, walking or Walking())
    return build_profiles(lay_out_day(gtfs, DAY), walks, {"unit": NORTH})


def tell(profiles: Profiles, origin: tuple[float, float], at_s: int) -> Journey | None:
    access = profiles.find_access(*origin)
    return tell_journey(profiles, access, profiles.look_up(access, at_s), 0)


def connecting_feed() -> Tables:
    """The bus of 8:00 ends at the middle; another leaves there at 8:06 and at 8:30."""
    tables = small_feed()
    tables["routes.txt"] += "q,,Northern,3\n"
    tables["trips.txt"] = "route_id,service_id,trip_id\nr,w,a\nq,w,b\nq,w,c\n"
    tables["stop_times.txt"] = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "a,08:00:00,08:00:00,S,1\na,08:05:00,08:05:00,M,2\n"
        "b,08:06:00,08:06:00,M,1\nb,08:12:00,08:12:00,N,2\n"
        "c,08:30:00,08:30:00,M,1\nc,08:36:00,08:36:00,N,2\n"
    )
    return tables


def test_a_ride_is_told_with_its_line_stops_and_the_next_departure(tmp_path: Path) -> None:
    journey = tell(build(tmp_path, small_feed()), SOUTH, H8 - 60)

    assert journey == Journey(
        facility_id="unit",
        leaves_s=H8,
        arrives_s=H8 + 720,
        legs=(
            Walk(H8 - 60, H8 - 60, None, "South"),
            Wait(H8 - 60, H8, "South"),
            Ride(H8, H8 + 720, "15", 704, "North", "South", "North", 2, 0),
            Walk(H8 + 720, H8 + 720, "North", None),
        ),
        next_leaves_s=H9,
        next_arrives_s=H9 + 720,
    )


def test_after_the_last_bus_there_is_no_journey_and_before_it_no_next(tmp_path: Path) -> None:
    profiles = build(tmp_path, small_feed())

    last = tell(profiles, SOUTH, H9)
    assert last is not None
    assert (last.arrives_s, last.next_leaves_s) == (H9 + 720, None)
    assert tell(profiles, SOUTH, H9 + 1) is None


def test_who_is_near_walks_all_the_way_at_any_time(tmp_path: Path) -> None:
    journey = tell(build(tmp_path, small_feed()), (51.035, 1.0), 3 * 3600)

    assert journey is not None
    assert [type(leg) for leg in journey.legs] == [Walk]
    assert journey.arrives_s == 3 * 3600 + 543  # 556 m, 1.3 times as long, at 4.8 km/h
    assert journey.next_leaves_s is None


def test_who_can_be_there_on_foot_before_the_bus_walks_farther_than_to_a_stop(
    tmp_path: Path,
) -> None:
    profiles = build(tmp_path, small_feed())

    just_missed = tell(profiles, MIDDLE, H8 + 10 * MINUTE)
    after_the_last = tell(profiles, MIDDLE, 23 * 3600)
    soon_by_bus = tell(profiles, MIDDLE, H9)

    for journey in (just_missed, after_the_last):
        assert journey is not None
        assert [type(leg) for leg in journey.legs] == [Walk]
        assert journey.arrives_s == journey.leaves_s + 2169  # 2,224 m, 1.3 times as long
        assert journey.next_leaves_s is None
    assert soon_by_bus is not None
    assert soon_by_bus.arrives_s == H9 + 12 * MINUTE


def test_nobody_walks_all_the_way_across_water(tmp_path: Path) -> None:
    gtfs = read_gtfs(write_feed(small_feed(), tmp_path / "feed.zip"))
    river = np.array([[51.03, 0.99, 51.031, 1.01]])
    walks = Walks(gtfs, water=river)
    places = {"unit": NORTH, "this-side": (51.025, 1.001)}
    profiles = build_profiles(lay_out_day(gtfs, DAY), walks, places)

    direct_s = profiles.find_access(*MIDDLE).direct_s

    assert direct_s[0] == NEVER
    assert direct_s[1] < NEVER


def test_nobody_rides_past_the_change_and_back(tmp_path: Path) -> None:
    """The bus from the south goes on to the east and comes back; both reach the same last one."""
    tables = small_feed()
    tables["stops.txt"] += "E,East,51.02,1.2\n"
    tables["routes.txt"] += "q,,Northern,3\n"
    tables["trips.txt"] = "route_id,service_id,trip_id\nr,w,out\nr,w,back\nq,w,on\n"
    tables["stop_times.txt"] = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "out,08:00:00,08:00:00,S,1\nout,08:05:00,08:05:00,M,2\nout,08:15:00,08:15:00,E,3\n"
        "back,08:20:00,08:20:00,E,1\nback,08:30:00,08:30:00,M,2\n"
        "on,08:40:00,08:40:00,M,1\non,08:46:00,08:46:00,N,2\n"
    )

    journey = tell(build(tmp_path, tables), SOUTH, H8)

    assert journey is not None
    assert [leg.end for leg in journey.legs if isinstance(leg, Ride)] == ["Middle", "North"]


def test_a_change_takes_a_minute_and_a_shorter_one_is_missed(tmp_path: Path) -> None:
    tables = connecting_feed()
    in_time = tell(build(tmp_path, tables), SOUTH, H8)
    tables["stop_times.txt"] = tables["stop_times.txt"].replace("08:06:00", "08:05:59")
    late = tell(build(tmp_path, tables), SOUTH, H8)

    assert in_time is not None
    assert late is not None
    assert [leg.line for leg in in_time.legs if isinstance(leg, Ride)] == ["15", "Northern"]
    assert (in_time.arrives_s, late.arrives_s) == (H8 + 720, H8 + 36 * MINUTE)


@pytest.mark.parametrize(
    ("row", "arrives_s"),
    [
        ("M,M,2,60", H8 + 720),
        ("M,M,2,61", H8 + 36 * MINUTE),
        ("M,M,2,0", H8 + 720),
        ("M,M,0,", H8 + 720),
        ("M,M,3,", None),
    ],
)
def test_a_transfer_says_how_long_a_change_takes_or_that_there_is_none(
    tmp_path: Path, row: str, arrives_s: int | None
) -> None:
    tables = connecting_feed()
    tables["transfers.txt"] = f"from_stop_id,to_stop_id,transfer_type,min_transfer_time\n{row}\n"

    journey = tell(build(tmp_path, tables), SOUTH, H8)

    assert (None if journey is None else journey.arrives_s) == arrives_s


def test_one_walks_between_the_stops_of_a_station_however_far(tmp_path: Path) -> None:
    tables = connecting_feed()
    tables["stops.txt"] = (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "S,South,51,1,,\nM,Middle,51.02,1,0,hub\nP,Platform,51.025,1,0,hub\n"
        "N,North,51.04,1,,\nhub,Hub,51.02,1,1,\n"
    )
    tables["stop_times.txt"] = tables["stop_times.txt"].replace("08:30:00,M,1", "08:30:00,P,1")
    journey = tell(build(tmp_path, tables), SOUTH, H8)
    assert journey is not None
    assert journey.arrives_s == H8 + 720

    tables["stop_times.txt"] = tables["stop_times.txt"].replace("08:06:00", "08:05:30")
    journey = tell(build(tmp_path, tables), SOUTH, H8)

    assert journey is not None
    assert journey.arrives_s == H8 + 36 * MINUTE
    walked = [leg for leg in journey.legs if isinstance(leg, Walk)]
    assert [(leg.start, leg.end) for leg in walked[1:-1]] == [("Middle", "Platform")]
    assert walked[1].ends_s - walked[1].starts_s == 543


def test_a_headway_is_told_with_the_ride(tmp_path: Path) -> None:
    tables = small_feed()
    tables["frequencies.txt"] = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    tables["frequencies.txt"] += "t8,10:00:00,11:00:00,600,0\n"

    journey = tell(build(tmp_path, tables), SOUTH, 10 * 3600)

    assert journey is not None
    assert [leg.every_s for leg in journey.legs if isinstance(leg, Ride)] == [600]


@pytest.mark.parametrize("at_s", [-1, 30 * 3600])
def test_a_time_outside_the_timetable_is_refused(tmp_path: Path, at_s: int) -> None:
    with pytest.raises(ValueError, match="not within the timetable"):
        tell(build(tmp_path, small_feed()), SOUTH, at_s)


def test_where_nothing_runs_there_is_no_journey(tmp_path: Path) -> None:
    gtfs = read_gtfs(write_feed(small_feed(), tmp_path / "feed.zip"))
    profiles = build_profiles(lay_out_day(gtfs, date(2030, 1, 1)), Walks(gtfs), {"unit": NORTH})

    assert tell(profiles, SOUTH, H8) is None


def test_a_place_with_no_facilities_has_no_arrivals(tmp_path: Path) -> None:
    gtfs = read_gtfs(write_feed(small_feed(), tmp_path / "feed.zip"))
    profiles = build_profiles(lay_out_day(gtfs, DAY), Walks(gtfs), {})

    assert not len(profiles.look_up(profiles.find_access(*SOUTH), H8).arrives_s)


def test_thousands_of_stops_in_one_station_are_refused(tmp_path: Path) -> None:
    tables = small_feed()
    tables["stops.txt"] = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    tables["stops.txt"] += "S,,51,1,1,\nM,,51,1,,S\nN,,51,1,,S\n"
    tables["stops.txt"] += "".join(f"p{number},,51,1,,S\n" for number in range(4_600))
    gtfs = read_gtfs(write_feed(tables, tmp_path / "feed.zip"))

    with pytest.raises(TimetableFault, match="footpaths between stops"):
        Walks(gtfs)
