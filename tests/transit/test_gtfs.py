"""Reading a feed: what is believed, and what is refused by name, file and line."""

import dataclasses
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.transit.gtfs import read_gtfs
from routing.transit.model import Gtfs
from routing.transit.reports import GtfsFault, GtfsReason
from routing.transit.timetable import TimetableFault, lay_out_day
from tests.support.gtfs import WEEK, Tables, pack, small_feed, write_feed

DOCUMENT = Path(__file__).parents[2] / "docs" / "transit.md"
DAY = date(2026, 11, 16)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Tables], Gtfs]:
    return lambda tables: read_gtfs(write_feed(tables, tmp_path / "feed.zip"))


def with_rows(file: str, text: str) -> Tables:
    tables = small_feed()
    tables[file] = tables.get(file, "") + text
    return tables


def departures(gtfs: Gtfs, day: date = DAY) -> list[int]:
    return lay_out_day(gtfs, day).connections.departs_s.tolist()


H8, H9 = 8 * 3600, 9 * 3600
USUAL = [H8, H8 + 360, H9, H9 + 360]


def test_a_folder_is_read_as_a_zip_file_is(tmp_path: Path, read: Callable[[Tables], Gtfs]) -> None:
    for name, text in small_feed().items():
        (tmp_path / name).write_text("\ufeff" + text.replace("\n", "\r\n"))

    assert departures(read_gtfs(tmp_path)) == departures(read(small_feed())) == USUAL


def test_optional_tables_may_be_missing_and_the_extended_type_is_kept(
    read: Callable[[Tables], Gtfs],
) -> None:
    gtfs = read(small_feed())

    assert gtfs.line_types == (704,)
    assert not gtfs.report.counts


@pytest.mark.parametrize(
    ("file", "text", "reason", "line"),
    [
        ("stop_times.txt", "t8,08:20:00,08:20:00,gone,10\n", GtfsReason.DANGLING_ID, 8),
        ("stop_times.txt", "gone,08:20:00,08:20:00,N,10\n", GtfsReason.DANGLING_ID, 8),
        ("trips.txt", "gone,w,t1,\n", GtfsReason.DANGLING_ID, 4),
        ("trips.txt", "r,gone,t1,\n", GtfsReason.DANGLING_ID, 4),
        ("trips.txt", "r,w,t8,\n", GtfsReason.REPEATED_ID, 4),
        ("stops.txt", "S,Other,51.1,1\n", GtfsReason.REPEATED_ID, 5),
        ("stops.txt", "X,Nowhere,0,0\n", GtfsReason.WRONG_VALUE, 5),
        ("stops.txt", "X,Off the Earth,51,1e9\n", GtfsReason.WRONG_VALUE, 5),
        ("stops.txt", "X,No number,nan,1\n", GtfsReason.WRONG_VALUE, 5),
        ("routes.txt", "q,1,,bus\n", GtfsReason.WRONG_VALUE, 3),
        ("stop_times.txt", "t8,08:61:00,08:61:00,N,10\n", GtfsReason.WRONG_TIME, 8),
        ("stop_times.txt", "t8,-8:00:00,-8:00:00,N,10\n", GtfsReason.WRONG_TIME, 8),
        ("stop_times.txt", "t8,,,N,10\n", GtfsReason.WRONG_TIME, 8),
        ("stop_times.txt", "t8,08:01:00,08:01:00,N,10\n", GtfsReason.TIME_GOES_BACK, 8),
        ("stop_times.txt", "t8,08:30:00,08:29:00,N,10\n", GtfsReason.TIME_GOES_BACK, 8),
        ("stop_times.txt", "t8,08:30:00,08:30:00,N,9\n", GtfsReason.REPEATED_ID, 8),
        ("stop_times.txt", "t8,08:30:00,08:30:00,N,last\n", GtfsReason.WRONG_VALUE, 8),
        ("calendar.txt", "x,1,1,1,1,1,1,1,20260230,20261231\n", GtfsReason.WRONG_DATE, 3),
        ("calendar.txt", "x,1,1,1,1,1,1,1,20261231,20260101\n", GtfsReason.WRONG_DATE, 3),
        ("calendar.txt", "x,1,1,1,1,1,1,yes,20260101,20261231\n", GtfsReason.WRONG_VALUE, 3),
        ("calendar.txt", "w,0,0,0,0,0,0,0,20260101,20261231\n", GtfsReason.REPEATED_ID, 3),
        (
            "calendar_dates.txt",
            "service_id,date,exception_type\nx,2026-11-16,1\n",
            GtfsReason.WRONG_DATE,
            2,
        ),
        (
            "frequencies.txt",
            "trip_id,start_time,end_time,headway_secs\ngone,08:00:00,09:00:00,600\n",
            GtfsReason.DANGLING_ID,
            2,
        ),
        (
            "transfers.txt",
            "from_stop_id,to_stop_id,transfer_type\nS,gone,0\n",
            GtfsReason.DANGLING_ID,
            2,
        ),
        (
            "transfers.txt",
            "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nS,M,2,-5\n",
            GtfsReason.WRONG_VALUE,
            2,
        ),
        (
            "transfers.txt",
            "from_stop_id,to_stop_id,transfer_type,from_trip_id\nS,M,4,t8\n",
            GtfsReason.TRANSFER_IGNORED,
            2,
        ),
    ],
)
def test_a_wrong_row_is_refused_by_name_with_its_file_and_line(
    read: Callable[[Tables], Gtfs], file: str, text: str, reason: GtfsReason, line: int
) -> None:
    gtfs = read(with_rows(file, text))

    assert gtfs.report.counts[reason] == 1
    (refusal,) = [one for one in gtfs.report.examples if one.reason is reason]
    assert (refusal.file, refusal.line) == (file, line)
    # The other bus runs as it did; the one that the row spoilt does not run at all.
    spoilt = file == "stop_times.txt" and text.startswith("t8")
    assert departures(gtfs) == (USUAL[2:] if spoilt else USUAL)
    assert gtfs.report.counts[GtfsReason.TRIP_REFUSED] == spoilt


def test_a_parent_station_that_is_not_there_leaves_the_stop_alone(
    read: Callable[[Tables], Gtfs],
) -> None:
    tables = small_feed()
    tables["stops.txt"] = (
        "stop_id,stop_name,stop_lat,stop_lon,parent_station\n"
        "S,South,51,1,gone\nM,Middle,51.02,1,\nN,North,51.04,1,\n"
    )

    gtfs = read(tables)

    assert gtfs.report.counts == {GtfsReason.DANGLING_ID: 1}
    assert departures(gtfs) == USUAL


def test_a_service_with_an_exception_that_cannot_be_read_does_not_run(
    read: Callable[[Tables], Gtfs],
) -> None:
    tables = with_rows("calendar.txt", "v,1,1,1,1,1,1,1,20260101,20261231\n")
    tables["trips.txt"] = "route_id,service_id,trip_id\nr,w,t8\nr,v,t9\n"
    tables["calendar_dates.txt"] = "service_id,date,exception_type\nw,16/11/2026,2\n"

    assert departures(read(tables)) == USUAL[2:]


def test_exceptions_add_days_and_take_them_away(read: Callable[[Tables], Gtfs]) -> None:
    dates = "service_id,date,exception_type\nw,20261116,2\nw,20270105,1\n"
    gtfs = read(with_rows("calendar_dates.txt", dates))

    assert departures(gtfs) == []
    assert departures(gtfs, date(2026, 11, 17)) == USUAL
    assert departures(gtfs, date(2027, 1, 5)) == USUAL
    assert departures(gtfs, date(2027, 1, 6)) == []


def test_listed_days_alone_are_a_calendar(read: Callable[[Tables], Gtfs]) -> None:
    tables = small_feed()
    del tables["calendar.txt"]
    tables["calendar_dates.txt"] = "service_id,date,exception_type\nw,20261116,1\n"
    gtfs = read(tables)

    assert departures(gtfs) == USUAL
    assert departures(gtfs, date(2026, 11, 18)) == []


def test_times_past_24_00_run_on_the_following_day(read: Callable[[Tables], Gtfs]) -> None:
    tables = small_feed()
    tables["stop_times.txt"] = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t8,23:50:00,23:50:00,S,1\nt8,24:10:00,24:10:00,M,2\nt8,48:20:00,48:20:00,N,3\n"
    )
    tables["calendar.txt"] = f"service_id,{WEEK},start_date,end_date\n"
    tables["calendar.txt"] += "w,1,0,0,0,0,0,0,20260101,20261231\n"
    gtfs = read(tables)

    assert departures(gtfs, date(2026, 11, 16)) == [23 * 3600 + 3000, 24 * 3600 + 600]
    assert departures(gtfs, date(2026, 11, 17)) == [600]
    # A Sunday: of Monday's buses those that leave before 06:00, and there is none.
    assert departures(gtfs, date(2026, 11, 15)) == []


def test_where_clocks_change_a_time_counts_from_noon(read: Callable[[Tables], Gtfs]) -> None:
    timetable = lay_out_day(read(small_feed()), date(2026, 3, 29))

    first = timetable.to_instant(int(timetable.connections.departs_s[0]))

    assert first.isoformat() == "2026-03-29T07:00:00+00:00"


def test_a_stop_between_timing_points_gets_its_share_and_is_counted(
    read: Callable[[Tables], Gtfs],
) -> None:
    tables = small_feed()
    tables["stop_times.txt"] = tables["stop_times.txt"].replace("08:05:00,08:06:00", ",")
    gtfs = read(tables)

    assert departures(gtfs)[:2] == [H8, H8 + 360]
    assert gtfs.report.counts == {GtfsReason.TIME_INTERPOLATED: 1}


def test_a_repeated_trip_runs_up_to_its_end_and_never_at_the_times_of_its_pattern(
    read: Callable[[Tables], Gtfs],
) -> None:
    head = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    gtfs = read(with_rows("frequencies.txt", head + "t8,10:00:00,10:30:00,900,\n"))
    timetable = lay_out_day(gtfs, DAY)

    assert departures(gtfs) == [*USUAL[2:], 36_000, 36_360, 36_900, 37_260]
    assert sorted(set(timetable.run_headways_s.tolist())) == [0, 900]

    refused = read(with_rows("frequencies.txt", head + "t8,10:00:00,09:00:00,900,\n"))
    assert departures(refused) == USUAL[2:]
    assert refused.report.counts == {GtfsReason.WRONG_TIME: 1}


def test_a_headway_of_a_second_on_many_trips_is_refused(read: Callable[[Tables], Gtfs]) -> None:
    rows = "trip_id,start_time,end_time,headway_secs\n" + "t8,00:00:00,99:00:00,1\n" * 90
    gtfs = read(with_rows("frequencies.txt", rows))

    with pytest.raises(TimetableFault, match="frequencies make more than"):
        lay_out_day(gtfs, DAY)


def test_a_stop_that_must_be_booked_by_telephone_is_not_boarded_at(
    read: Callable[[Tables], Gtfs],
) -> None:
    tables = small_feed()
    tables["stop_times.txt"] = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type\n"
        "t8,08:00:00,08:00:00,S,1,2\nt8,08:05:00,08:05:00,M,2,3\nt8,08:09:00,08:09:00,N,3,0\n"
    )
    gtfs = read(tables)

    assert lay_out_day(gtfs, DAY).connections.boards.tolist() == [False, True]
    assert gtfs.report.counts == {GtfsReason.BOOKING_NEEDED: 1}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"stops.txt": None}, "has no stops.txt"),
        ({"calendar.txt": None}, "neither calendar.txt nor calendar_dates.txt"),
        ({"trips.txt": "route_id,trip_id\nr,t8\n"}, "trips.txt:1: has no column service_id"),
        ({"routes.txt": "route_id,route_id,route_type\n"}, "names a column twice"),
        ({"routes.txt": ""}, "routes.txt:1: has no column route_id, route_type"),
        ({"agency.txt": "agency_timezone\nMars/Olympus\n"}, "agency.txt:2: no zone"),
        ({"agency.txt": "agency_timezone\n../../etc/passwd\n"}, "agency.txt:2: no zone"),
        ({"agency.txt": "agency_timezone\n"}, "no agency, so no zone"),
        ({"agency.txt": "agency_timezone\nUTC\nEurope/Paris\n"}, "agency.txt:3: a second zone"),
        (
            {"stop_times.txt": small_feed()["stop_times.txt"].splitlines()[0]},
            "there are no stop times",
        ),
        ({"stops.txt": "stop_id,stop_lat,stop_lon\n"}, "no trip can be used: 6 dangling_id"),
        ({"stops.txt": 'stop_id,stop_lat,stop_lon\n"S,51'}, "stops.txt:2: is not CSV in UTF-8"),
        ({"shapes.txt": "any"}, None),
    ],
)
def test_a_feed_that_cannot_be_used_is_refused_whole(
    read: Callable[[Tables], Gtfs], change: dict[str, str | None], problem: str | None
) -> None:
    tables = {k: v for k, v in (small_feed() | change).items() if v is not None}
    if problem is None:
        assert departures(read(tables)) == USUAL
        return

    with pytest.raises(GtfsFault, match=re.escape(problem)):
        read(tables)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(read: Callable[[Tables], Gtfs]) -> None:
    with pytest.raises(GtfsFault, match=r"stop_times.txt.* unpacks to more than 16,777,216 bytes"):
        read(with_rows("stop_times.txt", "\n" * 40_000_000))


def test_a_table_bigger_than_allowed_is_refused(tmp_path: Path) -> None:
    path = write_feed(small_feed(), tmp_path / "feed.zip")

    with pytest.raises(GtfsFault, match="unpacks to more than 100 bytes"):
        read_gtfs(path, most_bytes=100)


def test_what_is_no_zip_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "feed.zip").write_text("no")

    with pytest.raises(GtfsFault, match="cannot be opened as a zip file"):
        read_gtfs(tmp_path / "feed.zip")
    with pytest.raises(GtfsFault, match="cannot be opened"):
        read_gtfs(tmp_path / "gone.zip")


@given(st.data())
def test_spoilt_bytes_are_read_or_refused_never_worse(tmp_path: Path, data: st.DataObject) -> None:
    spoilt = bytearray(pack(small_feed()))
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "feed.zip"
    path.write_bytes(spoilt)

    try:
        gtfs = read_gtfs(path)
    except GtfsFault:
        return
    assert departures(gtfs) == USUAL


CELLS = st.sampled_from(["", "S", "t8", "r", "w", "-1", "99:59:59", "08:00:00", "20261116", "\x00"])


@given(st.sampled_from(sorted(small_feed())), st.lists(st.lists(CELLS, max_size=12), max_size=6))
def test_odd_rows_are_refused_or_read_and_no_time_goes_back(
    tmp_path: Path, file: str, rows: list[list[str]]
) -> None:
    tables = with_rows(file, "".join(",".join(row) + "\n" for row in rows))
    try:
        gtfs = read_gtfs(write_feed(tables, tmp_path / "feed.zip"))
    except GtfsFault:
        return
    connections = lay_out_day(gtfs, DAY).connections
    assert (connections.departs_s <= connections.arrives_s).all()
    assert (np.diff(connections.departs_s) >= 0).all()
    assert all(dataclasses.asdict(refusal)["line"] > 1 for refusal in gtfs.report.examples)


@pytest.mark.parametrize("reason", list(GtfsReason))
def test_every_reason_is_documented(reason: GtfsReason) -> None:
    assert f"| `{reason}` |" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_refused(read: Callable[[Tables], Gtfs], day: date) -> None:
    with pytest.raises(TimetableFault, match="too near to an end"):
        lay_out_day(read(small_feed()), day)
