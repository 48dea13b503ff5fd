"""Read the stop times: the biggest table, and the one where a wrong row is a wrong minute.

A trip of which one stop time is refused is not used at all: what is left of it could mislead.
"""

from array import array
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.transit.fields import parse_count, parse_time_s
from routing.transit.reports import GtfsReason, GtfsReport
from routing.transit.tables import GtfsTables, Row

_FILE: Final = "stop_times.txt"
_REQUIRED: Final = ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time")
_NO_TIME: Final = -1
_NEVER: Final = "1"
_BOOKED: Final = "2"
_KNOWN: Final = {"", "0", "1", "2", "3"}


class StopTimes(NamedTuple):
    """Columns as `routing.transit.model.Gtfs` has them."""

    first: NDArray[np.int64]
    sequence: NDArray[np.int32]
    stops: NDArray[np.int32]
    arrivals_s: NDArray[np.int32]
    departures_s: NDArray[np.int32]
    boards: NDArray[np.bool_]
    alights: NDArray[np.bool_]


class _Table(NamedTuple):
    """Rows as read: one column each, in the order of `_read_row`."""

    trips: NDArray[np.int64]
    sequence: NDArray[np.int64]
    stops: NDArray[np.int64]
    arrivals_s: NDArray[np.int64]
    departures_s: NDArray[np.int64]
    boards: NDArray[np.int64]
    alights: NDArray[np.int64]
    lines: NDArray[np.int64]


def read_stop_times(
    tables: GtfsTables, trips: dict[str, int], stops: dict[str, int], report: GtfsReport
) -> StopTimes:
    """Return the stop times of the trips known; refused trips have none.

    Args:
        tables: the feed.
        trips: number by id.
        stops: number by id.
        report: is told what was refused.
    """
    refused: dict[int, int] = {}
    values = array("q")
    for row in tables.read(_FILE, _REQUIRED):
        trip = trips.get(row["trip_id"])
        if trip is None:
            problem = f"trip_id {row['trip_id']!r} is not in trips.txt, or was refused there"
            report.refuse(GtfsReason.DANGLING_ID, _FILE, row.line, problem)
            continue
        read = _read_row(row, stops, report)
        if read is None:
            refused.setdefault(trip, row.line)
        else:
            values.extend((trip, *read, row.line))
    columns = np.array(values, dtype=np.int64).reshape(-1, len(_Table._fields))
    order = np.lexsort((columns[:, 1], columns[:, 0]))
    table = _Table(*columns[order].T)
    _fill_times(table, refused, report)
    _check_order(table, refused, report)
    ids = list(trips)
    for trip, line in refused.items():
        report.refuse(GtfsReason.TRIP_REFUSED, _FILE, line, f"trip_id {ids[trip]!r}")
    return _lay_out(table, refused, len(trips))


def _read_row(
    row: Row, stops: dict[str, int], report: GtfsReport
) -> tuple[int, int, int, int, int, int] | None:
    """Return sequence, stop, arrival, departure, boards and alights, or None when refused."""
    sequence, stop = parse_count(row["stop_sequence"]), stops.get(row["stop_id"])
    if sequence is None:
        problem = f"stop_sequence {row['stop_sequence']!r}"
        report.refuse(GtfsReason.WRONG_VALUE, _FILE, row.line, problem)
        return None
    if stop is None:
        problem = f"stop_id {row['stop_id']!r} is not in stops.txt, or was refused there"
        report.refuse(GtfsReason.DANGLING_ID, _FILE, row.line, problem)
        return None
    # One of the two stands for both; neither is a stop between timing points.
    texts = (row["arrival_time"], row["departure_time"])
    arrives, leaves = (
        _NO_TIME if not text else parse_time_s(text)
        for text in (texts[0] or texts[1], texts[1] or texts[0])
    )
    if arrives is None or leaves is None:
        report.refuse(GtfsReason.WRONG_TIME, _FILE, row.line, f"arrives, leaves {texts}")
        return None
    pickup, drop_off = row["pickup_type"], row["drop_off_type"]
    if pickup not in _KNOWN or drop_off not in _KNOWN:
        problem = f"pickup_type {pickup!r}, drop_off_type {drop_off!r}"
        report.refuse(GtfsReason.WRONG_VALUE, _FILE, row.line, problem)
        return None
    if _BOOKED in {pickup, drop_off}:
        report.refuse(GtfsReason.BOOKING_NEEDED, _FILE, row.line, f"stop_id {row['stop_id']!r}")
    closed = {_NEVER, _BOOKED}
    return sequence, stop, arrives, leaves, pickup not in closed, drop_off not in closed


def _fill_times(table: _Table, refused: dict[int, int], report: GtfsReport) -> None:
    """Spread stops without a time evenly between the timing points of their trip."""
    untimed = np.flatnonzero(table.arrivals_s == _NO_TIME)
    at = 0
    while at < len(untimed):
        begin = end = int(untimed[at])
        trip = int(table.trips[begin])
        while end < len(table.trips) and table.trips[end] == trip and table.arrivals_s[end] < 0:
            end += 1
        at += end - begin
        line = int(table.lines[begin])
        timed_before = begin > 0 and table.trips[begin - 1] == trip
        if not (timed_before and end < len(table.trips) and table.trips[end] == trip):
            refused.setdefault(trip, line)
            problem = "the first and the last stop of a trip must have a time"
            report.refuse(GtfsReason.WRONG_TIME, _FILE, line, problem)
            continue
        since, until = table.departures_s[begin - 1], table.arrivals_s[end]
        step = (until - since) / (end - begin + 1)
        spread = since + np.rint(step * np.arange(1, end - begin + 1)).astype(np.int64)
        table.arrivals_s[begin:end] = table.departures_s[begin:end] = spread
        for i in range(begin, end):
            report.refuse(
                GtfsReason.TIME_INTERPOLATED, _FILE, int(table.lines[i]), "no time is given"
            )


def _check_order(table: _Table, refused: dict[int, int], report: GtfsReport) -> None:
    """Refuse trips that visit one place in their order twice, or go back in time."""
    same_trip = table.trips[1:] == table.trips[:-1]
    for i in np.flatnonzero(same_trip & (table.sequence[1:] == table.sequence[:-1])) + 1:
        problem = f"stop_sequence {table.sequence[i]} a second time"
        report.refuse(GtfsReason.REPEATED_ID, _FILE, int(table.lines[i]), problem)
        refused.setdefault(int(table.trips[i]), int(table.lines[i]))
    back = table.departures_s < table.arrivals_s
    back[1:] |= same_trip & (table.arrivals_s[1:] < table.departures_s[:-1])
    for i in np.flatnonzero(back):
        if int(table.trips[i]) not in refused:
            problem = "earlier than what comes before it"
            report.refuse(GtfsReason.TIME_GOES_BACK, _FILE, int(table.lines[i]), problem)
            refused[int(table.trips[i])] = int(table.lines[i])


def _lay_out(table: _Table, refused: dict[int, int], trip_count: int) -> StopTimes:
    kept = ~np.isin(table.trips, list(refused))
    counts = np.bincount(table.trips[kept], minlength=trip_count)
    return StopTimes(
        first=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        sequence=table.sequence[kept].astype(np.int32),
        stops=table.stops[kept].astype(np.int32),
        arrivals_s=table.arrivals_s[kept].astype(np.int32),
        departures_s=table.departures_s[kept].astype(np.int32),
        boards=table.boards[kept].astype(np.bool_),
        alights=table.alights[kept].astype(np.bool_),
    )
