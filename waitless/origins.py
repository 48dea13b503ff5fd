"""Files of origins in, files of travel times out: `waitless roads times`."""

import csv
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from routing.modes import Mode
from waitless.travel import TravelTables

COLUMNS = ("id", "lat", "lon")


class OriginsFault(Exception):
    """A file of origins that cannot be used; the message names the line and the column."""


class Writer(Protocol):
    """Takes rows, as the csv module's writers do."""

    def writerow(self, row: Iterable[object], /) -> object:
        """Write one row."""


@dataclass(frozen=True, slots=True)
class NamedOrigin:
    """One row of the file."""

    id: str
    lat: float
    lon: float


def read_origins(path: Path) -> list[NamedOrigin]:
    """Read a CSV file with the columns id, lat and lon; others are let be.

    Raises:
        OriginsFault: unreadable, a column missing, or a row whose position is none.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise OriginsFault(f"{path.name}: no column {', '.join(missing)}")
            return [_origin(row, f"{path.name} line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise OriginsFault(f"{path.name}: {fault}") from fault


def _origin(row: dict[str, str], where: str) -> NamedOrigin:
    try:
        lat, lon = float(row["lat"]), float(row["lon"])
    except (TypeError, ValueError) as fault:
        raise OriginsFault(f"{where}: lat and lon are not both numbers") from fault
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):  # noqa: PLR2004 - the Earth's
        raise OriginsFault(f"{where}: {lat}, {lon} is no position")
    return NamedOrigin(row["id"], lat, lon)


def write_times(
    origins: Iterable[NamedOrigin],
    travel: TravelTables,
    mode: str,
    writer: Writer,
    unreachable: Callable[[NamedOrigin], None],
) -> None:
    """Write `id,facility_id,minutes,distance_m`, a row per origin and reachable facility.

    `unreachable` is told of every origin from which no way leads anywhere: outside the area, far
    from any road, or its coordinates swapped.
    """
    writer.writerow(("id", "facility_id", "minutes", "distance_m"))
    for origin in origins:
        journeys = travel.journeys_from_point(origin.lat, origin.lon, Mode(mode))
        if not journeys:
            unreachable(origin)
        for facility_id, journey in journeys.items():
            row = (origin.id, facility_id, f"{journey.minutes:.2f}", journey.distance_m)
            writer.writerow(row)
