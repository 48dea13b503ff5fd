"""Read a GTFS feed (https://gtfs.org/documentation/schedule/reference/): a zip file or a folder.

Needed are agency, stops, routes, trips, stop_times, and calendar or calendar_dates; frequencies and
transfers are read where they are. Rows that cannot be believed are refused by name with their file
and line (`reports`), and with them whatever hangs on them. Of an id given twice the first counts.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from routing.transit.calendars import read_services
from routing.transit.fields import parse_count, parse_degrees, parse_time_s
from routing.transit.model import NO_STATION, Frequency, Gtfs, Transfer
from routing.transit.reports import GtfsFault, GtfsReason, GtfsReport
from routing.transit.stoptimes import read_stop_times
from routing.transit.tables import MOST_BYTES, GtfsTables, Row

_NEEDED: Final = ("agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
_NOT_POSSIBLE: Final = "3"
_OF_TRIPS: Final = {"4", "5"}


TABLES: Final = (*_NEEDED, "calendar.txt", "calendar_dates.txt", "frequencies.txt", "transfers.txt")
"""All tables that are read, if they are there."""


def read_gtfs(
    path: Path,
    *,
    most_bytes: int = MOST_BYTES,
    progress: Callable[[str], None] = lambda _: None,
) -> Gtfs:
    """Read a feed.

    Args:
        path: a zip file, or a folder with its tables.
        most_bytes: no table may be bigger, unpacked.
        progress: called with the name of each of `TABLES` before it is read.

    Raises:
        GtfsFault: it cannot be opened, lacks a table or column, is packed beyond belief, names no
            zone or several, or nothing of it can be used.
    """
    with GtfsTables(path, most_bytes=most_bytes, progress=progress) as tables:
        if missing := [file for file in _NEEDED if not tables.has(file)]:
            raise GtfsFault(f"{path.name}: has no {', '.join(missing)}")
        report = GtfsReport()
        zone = _read_zone(tables)
        stops = _Stops(tables, report)
        lines = _Lines(tables, report)
        service_ids, services = read_services(tables, report)
        trips = _Trips(tables, lines.ids, service_ids, report)
        times = read_stop_times(tables, trips.ids, stops.ids, report)
        if not len(times.stops):
            raise GtfsFault(f"{path.name}: no trip can be used: {_sum_up(report)}")
        return Gtfs(
            zone=zone,
            stop_ids=tuple(stops.ids),
            stop_names=tuple(stops.names),
            lat=np.array(stops.lat),
            lon=np.array(stops.lon),
            stations=stops.find_stations(report),
            line_names=tuple(lines.names),
            line_types=tuple(lines.types),
            trip_ids=tuple(trips.ids),
            trip_headsigns=tuple(trips.headsigns),
            trip_lines=np.array(trips.lines, dtype=np.int32),
            trip_services=np.array(trips.services, dtype=np.int32),
            **times._asdict(),
            services=services,
            frequencies=_read_frequencies(tables, trips.ids, report),
            transfers=_read_transfers(tables, stops.ids, report),
            report=report,
        )


def _sum_up(report: GtfsReport) -> str:
    counts = ", ".join(f"{count} {reason}" for reason, count in report.counts.items())
    examples = "; ".join(str(refusal) for refusal in report.examples[:3])
    return f"{counts} ({examples})" if counts else "there are no stop times"


def _read_zone(tables: GtfsTables) -> str:
    """Return the one zone of all agencies; a feed may not have two."""
    zone = ""
    for row in tables.read("agency.txt", ("agency_timezone",)):
        name = row["agency_timezone"]
        try:
            ZoneInfo(name)
        except (ValueError, OSError, LookupError) as error:
            raise GtfsFault(f"agency.txt:{row.line}: no zone {name!r}") from error
        if zone not in {"", name}:
            raise GtfsFault(f"agency.txt:{row.line}: a second zone, {name}, beside {zone}")
        zone = name
    if not zone:
        raise GtfsFault("agency.txt: no agency, so no zone")
    return zone


def _is_new(file: str, row: Row, column: str, ids: dict[str, int], report: GtfsReport) -> bool:
    """Tell whether a row's id is there and was not taken; refuse the row where not."""
    if not row[column]:
        report.refuse(GtfsReason.WRONG_VALUE, file, row.line, f"{column} is empty")
        return False
    if row[column] in ids:
        report.refuse(GtfsReason.REPEATED_ID, file, row.line, f"{column} {row[column]!r}")
        return False
    return True


class _Stops:
    """Stops and stations; entrances and other points within stations are left out."""

    def __init__(self, tables: GtfsTables, report: GtfsReport) -> None:
        self.ids: dict[str, int] = {}
        self.names: list[str] = []
        self.lat: list[float] = []
        self.lon: list[float] = []
        self._parents: list[tuple[str, int]] = []
        for row in tables.read("stops.txt", ("stop_id", "stop_lat", "stop_lon")):
            if row["location_type"] not in {"", "0", "1"}:
                continue
            if not _is_new("stops.txt", row, "stop_id", self.ids, report):
                continue
            lat, lon = parse_degrees(row["stop_lat"], 90), parse_degrees(row["stop_lon"], 180)
            # Latitude 0, longitude 0 is where stops lie whose place nobody entered.
            if lat is None or lon is None or lat == lon == 0:
                problem = f"stop {row['stop_id']!r} is at {row['stop_lat']}, {row['stop_lon']}"
                report.refuse(GtfsReason.WRONG_VALUE, "stops.txt", row.line, problem)
                continue
            self.ids[row["stop_id"]] = len(self.names)
            self.names.append(row["stop_name"] or row["stop_id"])
            self.lat.append(lat)
            self.lon.append(lon)
            self._parents.append((row["parent_station"], row.line))

    def find_stations(self, report: GtfsReport) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
        """Number the parents; a stop whose parent is not there stands alone."""
        for parent, line in self._parents:
            if parent and parent not in self.ids:
                problem = f"parent_station {parent!r} is not in stops.txt"
                report.refuse(GtfsReason.DANGLING_ID, "stops.txt", line, problem)
        numbers = [self.ids.get(parent, NO_STATION) for parent, _ in self._parents]
        return np.array(numbers, dtype=np.int32)


class _Lines:
    """Routes, by the name that stands on the vehicle."""

    def __init__(self, tables: GtfsTables, report: GtfsReport) -> None:
        self.ids: dict[str, int] = {}
        self.names: list[str] = []
        self.types: list[int] = []
        for row in tables.read("routes.txt", ("route_id", "route_type")):
            if not _is_new("routes.txt", row, "route_id", self.ids, report):
                continue
            kind = parse_count(row["route_type"])
            if kind is None:
                problem = f"route_type {row['route_type']!r}"
                report.refuse(GtfsReason.WRONG_VALUE, "routes.txt", row.line, problem)
                continue
            self.ids[row["route_id"]] = len(self.names)
            self.names.append(row["route_short_name"] or row["route_long_name"] or row["route_id"])
            self.types.append(kind)


class _Trips:
    """Trips with their line and service."""

    def __init__(
        self,
        tables: GtfsTables,
        lines: dict[str, int],
        services: dict[str, int],
        report: GtfsReport,
    ) -> None:
        self.ids: dict[str, int] = {}
        self.headsigns: list[str] = []
        self.lines: list[int] = []
        self.services: list[int] = []
        for row in tables.read("trips.txt", ("trip_id", "route_id", "service_id")):
            if not _is_new("trips.txt", row, "trip_id", self.ids, report):
                continue
            line, service = lines.get(row["route_id"]), services.get(row["service_id"])
            if line is None or service is None:
                problem = f"route_id {row['route_id']!r}, service_id {row['service_id']!r}"
                report.refuse(GtfsReason.DANGLING_ID, "trips.txt", row.line, problem)
                continue
            self.ids[row["trip_id"]] = len(self.headsigns)
            self.headsigns.append(row["trip_headsign"])
            self.lines.append(line)
            self.services.append(service)


def _read_frequencies(
    tables: GtfsTables, trips: dict[str, int], report: GtfsReport
) -> tuple[Frequency, ...]:
    file = "frequencies.txt"
    found = []
    for row in tables.read(file, ("trip_id", "start_time", "end_time", "headway_secs")):
        trip = trips.get(row["trip_id"])
        starts, ends = parse_time_s(row["start_time"]), parse_time_s(row["end_time"])
        headway = parse_count(row["headway_secs"])
        if trip is None:
            report.refuse(GtfsReason.DANGLING_ID, file, row.line, f"trip_id {row['trip_id']!r}")
        elif starts is None or ends is None or ends <= starts or not headway:
            problem = f"{row['start_time']} to {row['end_time']} every {row['headway_secs']} s"
            report.refuse(GtfsReason.WRONG_TIME, file, row.line, problem)
            # Without it the trip would run once, at the times of its pattern: so it never does.
            found.append(Frequency(trip, 0, 0, 1, exact=False))
        else:
            found.append(Frequency(trip, starts, ends, headway, row["exact_times"] == "1"))
    return tuple(found)


def _read_transfers(
    tables: GtfsTables, stops: dict[str, int], report: GtfsReport
) -> tuple[Transfer, ...]:
    file = "transfers.txt"
    found = []
    special = ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id")
    for row in tables.read(file, ("transfer_type",)):
        kind, least = row["transfer_type"], row["min_transfer_time"]
        if kind in _OF_TRIPS or any(row[name] for name in special):
            report.refuse(GtfsReason.TRANSFER_IGNORED, file, row.line, "between trips or routes")
            continue
        start, end = stops.get(row["from_stop_id"]), stops.get(row["to_stop_id"])
        if start is None or end is None:
            problem = f"{row['from_stop_id']!r} to {row['to_stop_id']!r}"
            report.refuse(GtfsReason.DANGLING_ID, file, row.line, problem)
        elif kind not in {"", "0", "1", "2", "3"} or (least and parse_count(least) is None):
            problem = f"transfer_type {kind!r}, min_transfer_time {least!r}"
            report.refuse(GtfsReason.WRONG_VALUE, file, row.line, problem)
        else:
            found.append(Transfer(start, end, parse_count(least), kind != _NOT_POSSIBLE))
    return tuple(found)
