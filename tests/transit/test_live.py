"""A day as it runs: what is told of trips, laid over the timetable."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.transit.changes import StopChange, TripChange, Unused
from routing.transit.footpaths import Walks
from routing.transit.gtfs import read_gtfs
from routing.transit.journeys import Ride, tell_journey
from routing.transit.live import Applied, apply_changes
from routing.transit.profile import build_profiles
from routing.transit.timetable import Connections, Timetable, lay_out_day
from tests.support.gtfs import Tables, small_feed, write_feed

DAY = date(2026, 11, 16)
MIDNIGHT = datetime(2026, 11, 16, tzinfo=UTC)  # in London too
AT_8 = MIDNIGHT + timedelta(hours=8)
H8, H9 = 8 * 3600, 9 * 3600
NEWPORT = Path("transit") / "newport-20230613_gtfs.zip"


def lay_out(tmp_path: Path, tables: Tables, day: date = DAY) -> Timetable:
    return lay_out_day(read_gtfs(write_feed(tables, tmp_path / "feed.zip")), day)


def posix(clock_s: int) -> int:
    return int(MIDNIGHT.timestamp()) + clock_s


Calls = list[tuple[str, int, str, int]]


def calls_of(timetable: Timetable, trip_id: str) -> Calls:
    """From where and when to where and when, of a trip's connections in order."""
    ids, found = timetable.gtfs.stop_ids, timetable.connections
    return [
        (ids[start], int(departs), ids[end], int(arrives))
        for departs, arrives, start, end, run in zip(*found[:5], strict=True)
        if timetable.gtfs.trip_ids[timetable.run_trips[run]] == trip_id
    ]


def apply_one(tmp_path: Path, *stops: StopChange, **trip: object) -> Applied:
    """The bus of 8:00 (S 8:00, M 8:05 to 8:06, N 8:12; numbered 1, 2, 9), changed."""
    change = TripChange(trip_id="t8", stops=stops, **trip)  # type: ignore[arg-type]
    return apply_changes(lay_out(tmp_path, small_feed()), [change], AT_8)


def at(sequence: int, **told: object) -> StopChange:
    return StopChange(sequence=sequence, **told)  # type: ignore[arg-type]


MINUTE = 60


@pytest.mark.parametrize(
    ("stops", "delay_s", "calls"),
    [
        # A delay holds to the end, or to the next stop of which anything is told.
        ([at(1, departure_delay_s=120)], None, (120, 120, 120, 120)),
        ([at(2, arrival_delay_s=60)], None, (0, 60, 60, 60)),
        ([at(2, arrival_delay_s=60, departure_delay_s=90)], None, (0, 60, 90, 90)),
        ([at(1, departure_delay_s=120), at(9, arrival_delay_s=0)], None, (120, 120, 120, 0)),
        # From a stop without data on, the plan holds again.
        ([at(1, departure_delay_s=30), at(2)], None, (30, 0, 0, 0)),
        # The trip's own delay holds up to the first stop told of.
        ([], 180, (180, 180, 180, 180)),
        ([at(9, arrival_delay_s=60)], 30, (30, 30, 30, 60)),
        # An absolute time counts before a delay, and is one to what follows.
        ([at(2, arrives=posix(H8 + 420), arrival_delay_s=9)], None, (0, 120, 120, 120)),
        # Who is early leaves the stops before early too, so that no time goes back.
        ([at(2, arrival_delay_s=-360)], None, (-60, -360, -360, -360)),
        # An arrival is not after a departure that is told.
        ([at(2, departure_delay_s=-90)], None, (0, -30, -90, -90)),
        # Of two times told that go back, the later is raised to the earlier.
        ([at(1, departure_delay_s=600), at(9, arrival_delay_s=-200)], None, (600, 300, 240, -120)),
        # What is only carried on gives way to what is told.
        ([at(1, departure_delay_s=600), at(9, arrival_delay_s=0)], None, (600, 420, 360, 0)),
        # But not to the plan behind a stop without data.
        ([at(1, departure_delay_s=900), at(9)], None, (900, 900, 900, 540)),
    ],
)
def test_times_told_of_some_stops_give_those_of_all(
    tmp_path: Path, stops: list[StopChange], delay_s: int | None, calls: tuple[int, int, int, int]
) -> None:
    timetable, used, unused = apply_one(tmp_path, *stops, delay_s=delay_s)

    late = calls
    assert (used, unused) == (1, {})
    assert calls_of(timetable, "t8") == [
        ("S", H8 + late[0], "M", H8 + 300 + late[1]),
        ("M", H8 + 360 + late[2], "N", H8 + 720 + late[3]),
    ]
    assert calls_of(timetable, "t9") == [("S", H9, "M", H9 + 300), ("M", H9 + 360, "N", H9 + 720)]


@pytest.mark.parametrize(
    ("skipped", "calls"),
    [
        ([2], [("S", H8 + 60, "N", H8 + 780)]),
        ([1], [("M", H8 + 420, "N", H8 + 780)]),
        ([1, 2], []),
    ],
)
def test_nobody_gets_on_or_off_at_a_skipped_stop_and_a_delay_goes_past_it(
    tmp_path: Path, skipped: list[int], calls: Calls
) -> None:
    stops = [at(number, skipped=True) for number in skipped]

    timetable, used, _ = apply_one(tmp_path, *stops, delay_s=60)

    assert used == 1
    assert calls_of(timetable, "t8") == calls


def test_a_cancelled_trip_does_not_run_that_day(tmp_path: Path) -> None:
    plain = lay_out(tmp_path, small_feed())

    timetable, used, _ = apply_changes(
        plain, [TripChange(trip_id="t8", day=DAY, cancelled=True)], AT_8
    )

    assert used == 1
    assert calls_of(timetable, "t8") == []
    assert len(calls_of(plain, "t8")) == 2


def test_a_ride_says_whether_it_is_as_somebody_told_or_as_planned(tmp_path: Path) -> None:
    timetable = apply_one(tmp_path, at(1, departure_delay_s=0)).timetable
    walks = Walks(timetable.gtfs)
    profiles = build_profiles(timetable, walks, {"unit": (51.04, 1.0)})
    access = profiles.find_access(51.0, 1.0)

    def ride_at(leaves_s: int) -> Ride:
        journey = tell_journey(profiles, access, profiles.look_up(access, leaves_s), 0)
        assert journey is not None
        [ride] = [leg for leg in journey.legs if isinstance(leg, Ride)]
        return ride

    assert (ride_at(H8).starts_s, ride_at(H8).live) == (H8, True)
    assert (ride_at(H8 + 1).starts_s, ride_at(H8 + 1).live) == (H9, False)


def same(one: Connections, other: Connections) -> bool:
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


def test_no_changes_leave_the_timetable_itself(tmp_path: Path) -> None:
    plain = lay_out(tmp_path, small_feed())

    assert apply_changes(plain, [], AT_8) == (plain, 0, {})
    assert apply_changes(plain, [], AT_8).timetable is plain


def test_all_of_newport_on_time_is_newports_timetable_and_marked(shared_data: Path) -> None:
    gtfs = read_gtfs(shared_data / NEWPORT)
    day = date(2023, 6, 13)
    plain = lay_out_day(gtfs, day)
    changes = [TripChange(trip_id=trip, day=day, delay_s=0) for trip in gtfs.trip_ids]

    timetable, used, unused = apply_changes(plain, changes, datetime(2023, 6, 13, 12, tzinfo=UTC))

    assert same(timetable.connections, plain.connections)
    assert np.array_equal(timetable.run_live, plain.run_days == day.toordinal())
    assert used > 100
    assert used + unused[Unused.NOT_THAT_DAY] == len(gtfs.trip_ids)


def test_a_trip_of_last_night_that_is_late_runs_after_midnight(tmp_path: Path) -> None:
    tables = small_feed()
    tables["stop_times.txt"] = tables["stop_times.txt"].replace("09:", "23:")
    plain = lay_out(tmp_path, tables)
    change = TripChange(trip_id="t9", day=DAY - timedelta(days=1), delay_s=3 * 3600)

    assert calls_of(plain, "t9") == [
        ("S", 23 * 3600, "M", 23 * 3600 + 300),
        ("M", 23 * 3600 + 360, "N", 23 * 3600 + 720),
    ]
    assert calls_of(apply_changes(plain, [change], MIDNIGHT).timetable, "t9") == [
        ("S", 2 * 3600, "M", 2 * 3600 + 300),
        ("M", 2 * 3600 + 360, "N", 2 * 3600 + 720),
        *calls_of(plain, "t9"),
    ]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (MIDNIGHT + timedelta(hours=1, minutes=30), -1),  # under way: it left before midnight
        (MIDNIGHT + timedelta(hours=6), -1),  # ended 4 h ago, the next begins in 17
        (MIDNIGHT + timedelta(hours=16), 0),  # the other way round
        (MIDNIGHT + timedelta(hours=23, minutes=59), 0),
    ],
)
def test_a_trip_told_of_without_its_day_is_the_one_nearest_to_now(
    tmp_path: Path, now: datetime, day: int
) -> None:
    tables = small_feed()
    times = tables["stop_times.txt"].replace("t9,09:12:00,09:12:00", "t9,26:00:00,26:00:00")
    tables["stop_times.txt"] = times.replace("09:", "23:")
    plain = lay_out(tmp_path, tables)

    timetable, used, _ = apply_changes(plain, [TripChange(trip_id="t9", delay_s=60)], now)

    assert used == 1
    [run] = np.flatnonzero(timetable.run_live)
    assert timetable.run_days[run] == DAY.toordinal() + day


def repeating() -> Tables:
    """The bus of 8:00 goes every half hour from 7:00 to 9:00 instead."""
    return small_feed() | {
        "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\n"
        "t8,07:00:00,09:00:00,1800,1\n"
    }


def test_of_a_trip_by_frequency_the_repetition_that_starts_then_is_changed(tmp_path: Path) -> None:
    plain = lay_out(tmp_path, repeating())

    for day in (None, DAY):
        change = TripChange(trip_id="t8", day=day, start_s=7 * 3600 + 1800, delay_s=120)
        timetable = apply_changes(plain, [change], AT_8).timetable
        leaves = [departs for start, departs, _, _ in calls_of(timetable, "t8") if start == "S"]
        assert leaves == [7 * 3600, 7 * 3600 + 1920, H8, H8 + 1800]


@pytest.mark.parametrize("start_s", [None, 7 * 3600 + 60])
def test_of_a_trip_by_frequency_without_its_start_nothing_is_changed(
    tmp_path: Path, start_s: int | None
) -> None:
    plain = lay_out(tmp_path, repeating())
    change = TripChange(trip_id="t8", start_s=start_s, delay_s=120)

    timetable, used, unused = apply_changes(plain, [change], AT_8)

    assert (used, unused) == (0, {Unused.WHICH_RUN: 1})
    assert timetable is plain


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (TripChange(trip_id="t7", delay_s=60), Unused.UNKNOWN_TRIP),
        (TripChange(trip_id="t8", day=date(2027, 1, 1), delay_s=60), Unused.NOT_THAT_DAY),
        (TripChange(trip_id="t8", day=date(1, 1, 1), delay_s=60), Unused.NOT_THAT_DAY),
        (TripChange(trip_id="t8", delay_s=21_601), Unused.TOO_FAR_OFF),
        (TripChange(trip_id="t8"), Unused.NOTHING_TOLD),
        (TripChange(trip_id="t8", stops=(at(2),)), Unused.NOTHING_TOLD),
    ],
)
def test_a_trip_that_cannot_be_changed_is_counted_and_runs_as_planned(
    tmp_path: Path, change: TripChange, why: Unused
) -> None:
    plain = lay_out(tmp_path, small_feed())

    timetable, used, unused = apply_changes(plain, [change], AT_8)

    assert (used, unused) == (0, {why: 1})
    assert timetable is plain


def test_a_trip_that_runs_on_other_days_alone_is_not_looked_for_further_than_12_hours(
    tmp_path: Path,
) -> None:
    tables = small_feed()
    tables["calendar.txt"] = tables["calendar.txt"].replace("1,1,1,1,1,1,1", "0,1,0,0,0,0,0")
    plain = lay_out(tmp_path, tables)  # a Monday; it runs on Tuesdays
    change = TripChange(trip_id="t8", delay_s=60)

    before = apply_changes(plain, [change], MIDNIGHT + timedelta(hours=20))
    too_early = apply_changes(plain, [change], MIDNIGHT + timedelta(hours=19, minutes=59))

    assert (before.used, too_early.used) == (1, 0)
    assert too_early.unused == {Unused.NOT_THAT_DAY: 1}


@pytest.mark.parametrize(
    ("stop", "why"),
    [
        (at(3, arrival_delay_s=600), Unused.UNKNOWN_STOP),
        (StopChange(stop_id="X", arrival_delay_s=600), Unused.UNKNOWN_STOP),
        (at(2, stop_id="N", arrival_delay_s=600), Unused.WRONG_STOP),
        (at(2, stop_id="X", arrival_delay_s=600), Unused.WRONG_STOP),
        (at(1, departure_delay_s=600), Unused.OUT_OF_ORDER),
        (StopChange(stop_id="S", departure_delay_s=600), Unused.OUT_OF_ORDER),
        (at(2, arrives=posix(H8 + 300 + 6 * 3600 + 1)), Unused.TOO_FAR_OFF),
        (at(2, departs=posix(H8 + 360 - 6 * 3600 - 1)), Unused.TOO_FAR_OFF),
    ],
)
def test_a_stop_that_cannot_be_is_counted_and_the_others_stand(
    tmp_path: Path, stop: StopChange, why: Unused
) -> None:
    timetable, used, unused = apply_one(tmp_path, at(1, departure_delay_s=60), stop)

    assert (used, unused) == (1, {why: 1})
    assert calls_of(timetable, "t8") == [
        ("S", H8 + 60, "M", H8 + 360),
        ("M", H8 + 420, "N", H8 + 780),
    ]


def test_another_platform_of_the_station_is_the_same_stop(tmp_path: Path) -> None:
    tables = small_feed()
    tables["stops.txt"] = (
        "stop_id,stop_name,stop_lat,stop_lon,parent_station,location_type\n"
        "S,South,51.00,1.0,,\nM,Middle 1,51.02,1.0,hub,\nM2,Middle 2,51.02,1.0,hub,\n"
        "hub,Middle,51.02,1.0,,1\nN,North,51.04,1.0,,\n"
    )
    plain = lay_out(tmp_path, tables)
    for stop_id in ("M", "M2", "hub"):
        stop = at(2, stop_id=stop_id, arrival_delay_s=60)

        _, used, unused = apply_changes(plain, [TripChange(trip_id="t8", stops=(stop,))], AT_8)

        assert (used, unused) == (1, {})


def test_a_stop_called_at_twice_is_told_apart_by_order(tmp_path: Path) -> None:
    tables = small_feed()
    tables["stop_times.txt"] += "t8,08:20:00,08:20:00,S,11\n"
    plain = lay_out(tmp_path, tables)
    stops = (
        StopChange(stop_id="N", arrival_delay_s=60),
        StopChange(stop_id="S", arrival_delay_s=300),
    )

    timetable = apply_changes(plain, [TripChange(trip_id="t8", stops=stops)], AT_8).timetable

    assert calls_of(timetable, "t8")[-1] == ("N", H8 + 780, "S", H8 + 1500)


def test_of_two_changes_of_one_run_the_first_counts(tmp_path: Path) -> None:
    plain = lay_out(tmp_path, small_feed())
    changes = [
        TripChange(trip_id="t8", day=DAY, delay_s=60),
        TripChange(trip_id="t8", delay_s=120),
    ]

    timetable, used, unused = apply_changes(plain, changes, AT_8)

    assert (used, unused) == (1, {Unused.REPEATED_TRIP: 1})
    assert calls_of(timetable, "t8")[0] == ("S", H8 + 60, "M", H8 + 360)


# Random changes against timetables of feeds whose stop times were edited.

Told = tuple[str, int | None, int | None]
"""Of a stop: "told", "skipped", "no data" or "nothing"; how late it arrives, and departs."""
Row = list[int]
"""Arrival and departure of a stop, seconds."""


@st.composite
def trips(draw: st.DrawFn) -> tuple[list[Row], list[Told], int | None, bool]:
    """Planned times of a trip, what is told of its stops, its own delay, and whether absolutely."""
    clock = draw(st.integers(6, 25)) * 3600
    planned: list[Row] = []
    for _ in range(draw(st.integers(2, 7))):
        arrives = clock + 60 * draw(st.integers(0, 10))
        clock = arrives + 60 * draw(st.integers(0, 3))
        planned.append([arrives, clock])
    late = st.one_of(st.none(), st.integers(-600, 1800))
    told: list[Told] = []
    for _ in planned:
        kind = draw(st.sampled_from(["told", "told", "nothing", "nothing", "skipped", "no data"]))
        pair = draw(st.tuples(late, late)) if kind == "told" else (None, None)
        told.append(("nothing" if kind == "told" and pair == (None, None) else kind, *pair))
    return planned, told, draw(late), draw(st.booleans())


def edit(planned: list[Row], told: list[Told], delay_s: int | None) -> list[Row | None]:
    """The times of a trip by the rules, worked out stop by stop from all that is told; None for a
    stop that is skipped."""
    events = [(at, side) for at in range(len(planned)) for side in (0, 1)]

    def lateness(at: int, side: int) -> int:
        """Of the last event up to this one of which anything is told."""
        for other, which in reversed(events[: events.index((at, side)) + 1]):
            kind, *late = told[other]
            if late[which] is not None:
                return late[which]  # type: ignore[no-any-return]
            if kind == "no data":
                return 0
        return delay_s or 0

    raw = [planned[at][side] + lateness(at, side) for at, side in events]
    standing = [told[at][1 + side] is not None for at, side in events]

    def final(number: int) -> int:
        """What stands is never before what stands earlier; the rest fits itself in."""
        before = [raw[other] for other in range(number + 1) if standing[other]]
        if standing[number]:
            return max(before)
        after = next((other for other in range(number, len(raw)) if standing[other]), None)
        own = [raw[number]] if after is None else [min(raw[number], final(after))]
        return max(own + before + ([final(number - 1)] if number else []))

    times = [final(number) for number in range(len(raw))]
    return [
        None if kind == "skipped" else times[2 * at : 2 * at + 2]
        for at, (kind, *_) in enumerate(told)
    ]


def write_times(trips: Sequence[Sequence[Row | None]]) -> str:
    text = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    for number, rows in enumerate(trips):
        for place, row in enumerate(rows):
            if row is not None:
                arrives, leaves = (f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in row)
                text += f"t{number},{arrives},{leaves},s{place},{place * 5}\n"
    return text


def listed(timetable: Timetable) -> list[tuple[object, ...]]:
    gtfs = timetable.gtfs
    return sorted(
        (departs, arrives, gtfs.stop_ids[start], gtfs.stop_ids[end], gtfs.trip_ids[trip])
        for departs, arrives, start, end, trip in zip(
            *(column.tolist() for column in timetable.connections[:4]),
            timetable.run_trips[timetable.connections.runs].tolist(),
            strict=True,
        )
    )


def as_scans_need(timetable: Timetable) -> bool:
    """Sorted by departure, and of one run in the order of travel."""
    found = timetable.connections
    rows = list(zip(found.runs.tolist(), *(c.tolist() for c in found[:4]), strict=True))
    for _, run in groupby(sorted(rows, key=lambda row: row[0]), key=lambda row: row[0]):
        hops = list(run)
        if any(one[2] > two[1] or one[4] != two[3] for one, two in pairwise(hops)):
            return False
    return bool((np.diff(found.departs_s) >= 0).all())


@settings(max_examples=200)
@given(st.lists(trips(), min_size=1, max_size=5), st.sets(st.integers(0, 4), max_size=1))
def test_random_changes_make_the_timetable_of_stop_times_edited_by_hand(
    tmp_path: Path,
    drawn: list[tuple[list[Row], list[Told], int | None, bool]],
    cancelled: set[int],
) -> None:
    tables = small_feed()
    tables["stops.txt"] = "stop_id,stop_name,stop_lat,stop_lon\n"
    tables["stops.txt"] += "".join(f"s{n},s{n},{51 + n / 50},1\n" for n in range(7))
    tables["trips.txt"] = "route_id,service_id,trip_id\n"
    tables["trips.txt"] += "".join(f"r,w,t{n}\n" for n in range(6))
    always: list[list[Row]] = [[[36_000, 36_000], [36_600, 36_600]]]
    planned = [one[0] for one in drawn] + [[]] * (5 - len(drawn)) + always
    plain = lay_out(tmp_path, tables | {"stop_times.txt": write_times(planned)})
    changes = []
    edited: list[list[Row | None]] = []
    for number, (rows, told, delay_s, absolute) in enumerate(drawn):
        edited.append([] if number in cancelled else edit(rows, told, delay_s))
        for back in (-1, 0, 1):
            begins = posix(0) - 86_400 * back
            stops = tuple(
                StopChange(
                    sequence=place * 5,
                    skipped=kind == "skipped",
                    arrives=begins + row[0] + late[0] if absolute and late[0] is not None else None,
                    arrival_delay_s=None if absolute else late[0],
                    departs=begins + row[1] + late[1] if absolute and late[1] is not None else None,
                    departure_delay_s=None if absolute else late[1],
                )
                for place, (row, (kind, *late)) in enumerate(zip(rows, told, strict=True))
                if kind != "nothing"
            )
            changes.append(
                TripChange(
                    trip_id=f"t{number}",
                    day=DAY - timedelta(days=back),
                    delay_s=delay_s,
                    stops=stops,
                    cancelled=number in cancelled,
                )
            )
    edited += [[]] * (5 - len(drawn)) + always  # type: ignore[arg-type]

    timetable, used, unused = apply_changes(plain, changes, AT_8)

    expected = lay_out(tmp_path, tables | {"stop_times.txt": write_times(edited)})
    assert listed(timetable) == listed(expected)
    assert as_scans_need(timetable)
    assert used + unused[Unused.NOTHING_TOLD] == len(changes)
    assert unused.keys() <= {Unused.NOTHING_TOLD}
