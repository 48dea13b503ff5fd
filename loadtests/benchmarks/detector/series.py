"""The recorded series, and how their rows read."""

import csv
import gzip
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from feeds.model import NoFigure, Observation, Statistic, Wait
from waitless.area.facility import Kind

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One recorded feed: its file, and how a row of it reads."""

    name: str
    file: str
    statistic: Statistic
    cadence_s: float
    kind_of: Callable[[str], Kind]
    untimed: bool = False
    """Whether the source gives no time, so that the time of fetching stands for it."""


def _ed(_row: str) -> Kind:
    return Kind.ED


def _utc(_row: str) -> Kind:
    return Kind.UTC


def _by_name(facility: str) -> Kind:
    return Kind.ED if "Emergency" in facility or "Hospital" in facility else Kind.UTC


SERIES = (
    Series(
        name="hong_kong",
        file="hongkong_2024-03_2024-08.csv.gz",
        statistic=Statistic.LONGEST,
        cadence_s=900,
        kind_of=_ed,
    ),
    Series(
        name="alberta",
        file="alberta_2026-06-16_2026-07-31.csv.gz",
        statistic=Statistic.ESTIMATE,
        cadence_s=3600,
        kind_of=_by_name,
        untimed=True,
    ),
    Series(
        name="coventry",
        file="coventry_changes_2022-12_2023-03.csv.gz",
        statistic=Statistic.BAND,
        cadence_s=1200,
        kind_of=_by_name,
        untimed=True,
    ),
    Series(
        name="plymouth",
        file="uk_plymouth_cumberland_utc_5min_2023-07-05.csv",
        statistic=Statistic.LONGEST,
        cadence_s=300,
        kind_of=_utc,
    ),
)


def find_series() -> Path:
    """Return the folder of the recorded series."""
    shared = Path(os.environ.get("WAITLESS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    folder = shared / "series"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is missing: set WAITLESS_SHARED_DATA to the folder that holds series/"
        )
    return folder


def load_deliveries(series: Series, folder: Path) -> list[list[Observation]]:
    """Rows of one instant together, in the order of time."""
    by_time: dict[datetime, list[Observation]] = defaultdict(list)
    path = folder / series.file
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    for row in csv.DictReader(text.splitlines()):
        observation = _read_row(series, row)
        by_time[observation.as_of].append(observation)
    return [by_time[at] for at in sorted(by_time)]


def _read_row(series: Series, row: dict[str, str]) -> Observation:
    at = datetime.fromisoformat(row["observed_at_utc"]).astimezone(UTC)
    if "wait_lo_min" in row:
        low, high = row["wait_lo_min"], row["wait_hi_min"]
        wait: Wait | NoFigure = Wait(
            low=float(low), high=float(high) if high else None, statistic=series.statistic
        )
    else:
        minutes = row.get("wait_min") or row.get("longest_wait_min")
        wait = NoFigure.UNKNOWN
        if minutes:
            wait = Wait(minutes=float(minutes), statistic=series.statistic)
    waiting, inside = row.get("patients_waiting"), row.get("patients_in_department")
    return Observation(
        facility_id=row["facility"],
        feed_id=series.name,
        as_of=at,
        received_at=at + timedelta(seconds=0 if series.untimed else 20),
        as_of_is_received=series.untimed,
        wait=wait,
        patients_waiting=int(waiting) if waiting else None,
        patients_in_department=int(inside) if inside else None,
    )
