"""`waitless forecast backtest`, as it is typed."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waits import made_up

PROGRAM = Path(sys.executable).with_name("waitless")
SCORES = {
    "n", "rmse", "rmse_latest", "mae_p50", "mae_latest", "pinball", "pinball_latest", "coverage80"
}  # fmt: skip


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "forecast", "backtest", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


@pytest.fixture
def series(tmp_path: Path) -> Path:
    path = tmp_path / "series.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["facility", "observed_at_utc", "wait_min"])
        for name in ("Deal", "Dover"):
            for at, wait in made_up(15, every_min=30):
                writer.writerow([name, at.isoformat(), wait.minutes])
    return path


def test_a_series_is_scored_as_json_of_exactly_these_keys(series: Path) -> None:
    done = run(str(series), "--zone", "Europe/London")

    summary = json.loads(done.stdout)
    assert done.returncode == 0
    assert set(summary) == {"sites", "readings", "ms_per_reading", "horizons"}
    assert (summary["sites"], summary["readings"]) == (2, 2 * 15 * 48)
    assert summary["ms_per_reading"] > 0
    assert set(summary["horizons"]) == {"30", "60", "120", "180"}
    assert all(set(scores) == SCORES for scores in summary["horizons"].values())
    assert summary["horizons"]["60"]["n"] == 2 * (15 * 48 - 2)


def test_plots_are_drawn_into_a_folder(series: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "plots"

    done = run(str(series), "--plots", str(folder))

    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} == {
        "error_by_horizon.png",
        "coverage.png",
        "reliability.png",
        "week.png",
    }
    json.loads(done.stdout)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("facility,observed_at_utc,wait_min\n", "no reading in it"),
        ("facility,observed_at_utc,wait_min\nDeal,2026-01-05T00:00:00Z,\n", "no reading with a"),
        ("facility,observed_at_utc,wait_min\nDeal,2026-01-05T00:00:00Z,long\n", "line 2"),
        ("period,attendances\n2026-01,3\n", "monthly attendances"),
    ],
)
def test_what_is_no_series_is_refused_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text)

    done = run(str(path))

    assert done.returncode == 1
    assert says in done.stderr
    assert "other.csv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("zone", ["Kent", "../etc", "", "Europe"])
def test_a_zone_that_is_none_is_refused(series: Path, zone: str) -> None:
    done = run(str(series), "--zone", zone)

    assert done.returncode == 2
    assert "is not a zone" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_shortest_series_there_is_gets_an_answer_without_scores(tmp_path: Path) -> None:
    path = tmp_path / "short.csv"
    path.write_text("facility,observed_at_utc,wait_min\nDeal,2026-01-05T00:00:00Z,12\n")

    done = run(str(path), "--plots", str(tmp_path / "plots"))

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["horizons"] == {}


def test_the_recorded_series_of_plymouth_is_read(shared_data: Path) -> None:
    path = shared_data / "series/uk_plymouth_cumberland_utc_5min_2023-07-05.csv"

    summary = json.loads(run(str(path)).stdout)

    assert (summary["sites"], summary["readings"]) == (1, 59)
