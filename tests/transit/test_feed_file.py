"""`waitless transit build`, and the file it writes."""

import dataclasses
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.transit.feedfile import MAGIC, load_feed, save_feed
from routing.transit.gtfs import read_gtfs
from routing.transit.model import Gtfs
from routing.transit.reports import GtfsFault, GtfsReason
from routing.transit.timetable import TimetableFault, lay_out_day
from tests.support.gtfs import small_feed, write_feed
from waitless.cli import main

NEWPORT = Path("transit") / "newport-20230613_gtfs.zip"


def fields_of(gtfs: Gtfs) -> list[object]:
    told = [getattr(gtfs, f.name) for f in dataclasses.fields(gtfs) if f.name != "report"]
    return [value.tolist() if isinstance(value, np.ndarray) else value for value in told]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    tables = small_feed()
    tables["frequencies.txt"] = (
        "trip_id,start_time,end_time,headway_secs\nt8,10:00:00,11:00:00,600\n"
    )
    tables["transfers.txt"] = (
        "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nS,M,2,300\nS,gone,0,\nM,N,3,\n"
    )
    tables["calendar_dates.txt"] = "service_id,date,exception_type\nw,20261225,2\n"
    path = tmp_path / "feed.transit"
    save_feed(read_gtfs(write_feed(tables, tmp_path / "feed.zip")), path)
    return path


def test_newport_is_built_and_comes_back_as_it_was(tmp_path: Path, shared_data: Path) -> None:
    out = tmp_path / "newport.transit"
    told = ["transit", "build", str(shared_data / NEWPORT), "--out", str(out)]

    result = CliRunner().invoke(main, [*told, "--date", "2023-06-13"])

    assert result.exit_code == 0, result.output
    assert "655 stops served, 16 lines, 176 trips, 7765 stop times, Europe/London" in result.stdout
    assert "runs from 2023-06-05 to 2024-03-01" in result.stdout
    assert "nothing refused" in result.stdout
    gtfs = read_gtfs(shared_data / NEWPORT)
    assert fields_of(load_feed(out)) == fields_of(gtfs)
    day = date(2023, 6, 13)
    for one, other in zip(
        lay_out_day(load_feed(out), day).connections,
        lay_out_day(gtfs, day).connections,
        strict=True,
    ):
        assert (one == other).all()


def test_a_feed_with_wrong_rows_is_built_and_they_are_told(tmp_path: Path) -> None:
    tables = small_feed()
    tables["stop_times.txt"] += "t8,25:99:00,25:99:00,N,10\n"
    feed = write_feed(tables, tmp_path / "feed.zip")

    result = CliRunner().invoke(main, ["transit", "build", str(feed)])

    assert result.exit_code == 0
    assert "  wrong_time: 1\n    stop_times.txt:8: " in result.stdout
    assert "  trip_refused: 1\n    stop_times.txt:8: trip_id 't8'" in result.stdout


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (["--date", "2025-01-01"], "2025-01-01: nothing runs on this day"),
        (["--out", "feed.zip"], "must end in .transit"),
        (["--out", "no/such/folder.transit"], "cannot be written"),
    ],
)
def test_what_cannot_be_built_is_said(tmp_path: Path, more: list[str], problem: str) -> None:
    feed = write_feed(small_feed(), tmp_path / "feed.zip")

    result = CliRunner().invoke(main, ["transit", "build", str(feed), *more])

    assert result.exit_code == 1
    assert problem in result.stderr


def test_a_built_file_keeps_exceptions_frequencies_transfers_and_counts(
    built: Path, tmp_path: Path
) -> None:
    gtfs = load_feed(built)

    assert fields_of(gtfs) == fields_of(read_gtfs(tmp_path / "feed.zip"))
    assert gtfs.report.counts == {GtfsReason.DANGLING_ID: 1}
    assert not gtfs.services[0].runs_on(date(2026, 12, 25))


@given(at=st.integers(0, 10_000), byte=st.integers(1, 255))
def test_an_altered_file_is_refused(built: Path, at: int, byte: int) -> None:
    data = bytearray(built.read_bytes())
    data[at % len(data)] ^= byte
    altered = built.with_name("altered.transit")
    altered.write_bytes(data)

    with pytest.raises(GtfsFault):
        load_feed(altered)


@settings(max_examples=300)
@given(at=st.integers(0, 10_000), byte=st.integers(1, 255))
def test_a_file_altered_and_sealed_anew_is_refused_or_gives_a_timetable(
    built: Path, at: int, byte: int
) -> None:
    body = bytearray(built.read_bytes()[len(MAGIC) + 32 :])
    body[at % len(body)] ^= byte
    sealed = built.with_name("sealed.transit")
    sealed.write_bytes(MAGIC + sha256(body).digest() + body)

    try:
        gtfs = load_feed(sealed)
        connections = lay_out_day(gtfs, date(2026, 11, 16)).connections
    except (GtfsFault, TimetableFault):
        return
    assert (connections.departs_s <= connections.arrives_s).all()


def test_a_file_that_is_cut_off_missing_or_none_of_ours_is_refused(built: Path) -> None:
    built.write_bytes(built.read_bytes()[:-1])
    with pytest.raises(GtfsFault, match="checksum"):
        load_feed(built)
    built.write_bytes(b"WLROADS")
    with pytest.raises(GtfsFault, match="is not a timetable"):
        load_feed(built)
    built.unlink()
    with pytest.raises(GtfsFault, match="cannot be read"):
        load_feed(built)
