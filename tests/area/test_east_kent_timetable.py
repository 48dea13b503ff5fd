"""East Kent's timetable: an approximation, but one that holds together and promises no wonders."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from routing.geo import haversine_m
from routing.transit.footpaths import Walks
from routing.transit.model import Gtfs
from routing.transit.profile import Profiles, build_profiles
from routing.transit.scan import NEVER
from routing.transit.timetable import lay_out_day
from waitless.area.pack import Area

TUESDAY, SUNDAY = date(2026, 11, 24), date(2026, 11, 22)
HOUR = 3600
RAIL = 2
TOWNS = (
    *("Ashford", "Birchington", "Broadstairs", "Canterbury", "Deal", "Dover", "Faversham"),
    *("Folkestone", "Herne Bay", "Hythe", "Margate", "New Romney", "Ramsgate", "Sandwich"),
    *("Sheerness", "Sittingbourne", "Whitstable"),
)


@pytest.fixture(scope="module")
def gtfs(east_kent: Area) -> Gtfs:
    assert east_kent.timetable is not None
    return east_kent.timetable.gtfs


@pytest.fixture(scope="module")
def days(east_kent: Area, gtfs: Gtfs) -> dict[date, Profiles]:
    walks = Walks(gtfs)
    facilities = {one.id: (one.lat, one.lon) for one in east_kent.facilities.values()}
    return {
        day: build_profiles(lay_out_day(gtfs, day), walks, facilities) for day in (TUESDAY, SUNDAY)
    }


def arrive(area: Area, profiles: Profiles, place: str, hour: float) -> dict[str, int | None]:
    """When one arrives at each facility who leaves a place; None where there is no way."""
    [origin] = area.places.find(place)
    found = profiles.look_up(profiles.find_access(origin.lat, origin.lon), int(hour * HOUR))
    times = [None if at == NEVER else at for at in found.arrives_s.tolist()]
    return dict(zip(profiles.facility_ids, times, strict=True))


def list_hops(gtfs: Gtfs) -> Iterator[tuple[str, float, float, bool]]:
    """Each trip's ways from stop to stop: what, metres in a straight line, seconds, by rail."""
    for trip, (begin, past) in enumerate(zip(gtfs.first, gtfs.first[1:], strict=False)):
        for i in range(begin, past - 1):
            a, b = gtfs.stops[i], gtfs.stops[i + 1]
            yield (
                f"{gtfs.trip_ids[trip]}: {gtfs.stop_ids[a]} to {gtfs.stop_ids[b]}",
                haversine_m(gtfs.lat[a], gtfs.lon[a], gtfs.lat[b], gtfs.lon[b]),
                float(gtfs.arrivals_s[i + 1] - gtfs.departures_s[i]),
                gtfs.line_types[gtfs.trip_lines[trip]] == RAIL,
            )


def test_it_is_read_without_a_refused_row_and_says_what_it_is(east_kent: Area, gtfs: Gtfs) -> None:
    assert east_kent.timetable is not None
    assert east_kent.timetable.approximate
    assert not gtfs.report.counts
    assert len(np.unique(gtfs.stops)) == len(gtfs.stop_ids)


def test_the_document_counts_it_rightly(gtfs: Gtfs) -> None:
    told = (Path(__file__).parents[2] / "docs" / "transit.md").read_text()

    assert f"{len(gtfs.line_names)} lines, {len(gtfs.stop_ids)} stops" in told


def test_no_minute_is_promised(gtfs: Gtfs) -> None:
    assert {frequency.trip for frequency in gtfs.frequencies} == set(range(len(gtfs.trip_ids)))
    assert not any(frequency.exact for frequency in gtfs.frequencies)


def test_every_stop_is_near_the_place_that_it_is_named_after(east_kent: Area, gtfs: Gtfs) -> None:
    found = 0
    for name, lat, lon in zip(gtfs.stop_names, gtfs.lat.tolist(), gtfs.lon.tolist(), strict=True):
        assert east_kent.bounds.contain(lat, lon), name
        places = east_kent.places.find(name.split(",")[0].removesuffix(" station"))
        if places:
            found += 1
            assert min(haversine_m(lat, lon, one.lat, one.lon) for one in places) < 3_000, name
    assert found > 90


def test_all_but_the_facilities_of_western_kent_have_a_stop_in_reach(
    days: dict[date, Profiles],
) -> None:
    profiles = days[TUESDAY]
    without = {
        facility
        for facility, walks_s in zip(profiles.facility_ids, profiles.egress_s, strict=True)
        if (walks_s < 0).all()
    }

    west = {"darent-valley-ed", "sevenoaks-utc", "tunbridge-wells-ed", "tunbridge-wells-utc"}
    assert without == west


@pytest.mark.parametrize(
    ("place", "facility", "minutes"),
    [
        ("Canterbury", "qeqm-ed", (50, 110)),
        ("Canterbury", "canterbury-utc", (10, 45)),
        ("Canterbury", "whitstable-utc", (30, 70)),
        ("Deal", "deal-utc", (5, 30)),
        ("Deal", "qeqm-ed", (45, 130)),
        ("Sandwich", "deal-utc", (15, 70)),
        ("Ashford", "william-harvey-ed", (10, 45)),
        ("Ashford", "canterbury-utc", (35, 90)),
        ("Dover", "dover-utc", (10, 75)),
        ("Dover", "william-harvey-ed", (50, 120)),
        ("Folkestone", "folkestone-utc", (5, 35)),
        ("Hythe", "william-harvey-ed", (30, 100)),
        ("New Romney", "folkestone-utc", (40, 120)),
        ("Ramsgate", "qeqm-ed", (25, 70)),
        ("Margate", "qeqm-ed", (8, 35)),
        ("Herne Bay", "herne-bay-utc", (5, 30)),
        ("Herne Bay", "canterbury-utc", (40, 90)),
        ("Faversham", "faversham-utc", (0, 15)),
        ("Sheerness", "sheppey-miu", (15, 85)),
        ("Sittingbourne", "medway-ed", (20, 90)),
    ],
)
def test_a_weekday_journey_takes_about_what_people_know_it_to_take(
    east_kent: Area, days: dict[date, Profiles], place: str, facility: str, minutes: tuple[int, int]
) -> None:
    least, most = minutes
    for hour in (10, 10.25, 10.5, 10.75):
        at = arrive(east_kent, days[TUESDAY], place, hour)[facility]
        assert at is not None
        assert least <= (at - hour * HOUR) / 60 <= most, hour


def test_sunday_is_no_quicker_than_a_weekday(east_kent: Area, days: dict[date, Profiles]) -> None:
    hours = [hour / 2 for hour in range(18, 35)]
    for place in TOWNS:
        tuesday, sunday = (
            [arrive(east_kent, days[day], place, hour) for hour in hours]
            for day in (TUESDAY, SUNDAY)
        )
        both = [
            (found[facility], slower[facility])
            for found, slower in zip(tuesday, sunday, strict=True)
            for facility in found
        ]
        assert not any(found is None and slower is not None for found, slower in both), place
        reached = np.array([pair for pair in both if None not in pair], dtype=np.int64)
        assert reached[:, 0].mean() < reached[:, 1].mean(), place


def test_nothing_runs_in_the_small_hours(days: dict[date, Profiles]) -> None:
    for profiles in days.values():
        connections = profiles.timetable.connections
        for times in (connections.departs_s, connections.arrives_s):
            of_day = times % (24 * HOUR)
            assert not ((of_day > HOUR) & (of_day < 5 * HOUR)).any()


def test_after_the_last_bus_there_is_no_journey_any_more(
    east_kent: Area, days: dict[date, Profiles]
) -> None:
    assert arrive(east_kent, days[TUESDAY], "Wingham", 17)["canterbury-utc"] is not None
    assert set(arrive(east_kent, days[TUESDAY], "Wingham", 20).values()) == {None}


def test_holidays_run_as_sundays_and_christmas_not_at_all(east_kent: Area, gtfs: Gtfs) -> None:
    def count_departures(day: date) -> int:
        departs_s = lay_out_day(gtfs, day).connections.departs_s
        return int((departs_s < 24 * HOUR).sum())

    eve, new_year = date(2026, 12, 24), date(2027, 1, 1)
    assert (
        count_departures(eve)
        == count_departures(TUESDAY)
        > count_departures(SUNDAY)
        == count_departures(new_year)
        > 0
    )
    for day in east_kent.calendar.holidays:
        christmas = (day.month, day.day) in {(12, 25), (12, 26)}
        assert count_departures(day) == (0 if christmas else count_departures(SUNDAY)), day


def test_it_runs_for_decades(gtfs: Gtfs) -> None:
    assert len(lay_out_day(gtfs, TUESDAY + timedelta(days=365 * 20)).connections.departs_s)


def test_nothing_creeps_or_flies(gtfs: Gtfs) -> None:
    for what, metres, seconds, by_rail in list_hops(gtfs):
        assert 8 <= metres / seconds * 3.6 <= (140 if by_rail else 70), what
