"""A day's timetable as it runs: delays, skipped stops and cancelled trips laid over the plan."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.transit.changes import TripChange, Unused
from routing.transit.foretell import foretell
from routing.transit.match import RunFinder, StopMatcher
from routing.transit.timetable import LENGTH_S, Connections, Timetable


class Applied(NamedTuple):
    """A timetable with changes in it, and what became of them."""

    timetable: Timetable
    used: int
    """Trips of which something told is in it."""
    unused: Counter[Unused]


def apply_changes(timetable: Timetable, changes: Sequence[TripChange], as_of: datetime) -> Applied:
    """Return how the day runs; trips of which nothing is told run as planned.

    A skipped stop is passed: nobody gets on or off. A cancelled trip has no connections. Runs of
    which anything is told are marked (`Timetable.run_live`), those on time among them.

    Args:
        timetable: as `lay_out_day` gives it, not one with changes in it.
        changes: all that are in force.
        as_of: when they were told, aware: what "now" means for trips without a day.
    """
    finder = RunFinder(timetable, timetable.to_seconds(as_of))
    matcher = StopMatcher(timetable.gtfs)
    unused: Counter[Unused] = Counter()
    told: dict[int, NDArray[np.int64]] = {}
    for change in changes:
        run = finder.find(change)
        if isinstance(run, Unused):
            unused[run] += 1
        elif run in told:
            unused[Unused.REPEATED_TRIP] += 1
        else:
            hops = _list_hops(timetable, matcher, run, change, unused)
            if hops is None:
                unused[Unused.NOTHING_TOLD] += 1
            else:
                told[run] = hops
    if not told:
        return Applied(timetable, 0, unused)
    live = np.zeros(len(timetable.run_trips), dtype=np.bool_)
    live[list(told)] = True
    connections = _merge(timetable.connections, live, np.concatenate([*told.values()]))
    return Applied(replace(timetable, connections=connections, run_live=live), len(told), unused)


class _Hop(NamedTuple):
    """One connection, in the order of `Connections`."""

    departs_s: int
    arrives_s: int
    start: int
    end: int
    run: int
    boards: bool
    alights: bool


def _list_hops(
    timetable: Timetable,
    matcher: StopMatcher,
    run: int,
    change: TripChange,
    unused: Counter[Unused],
) -> NDArray[np.int64] | None:
    """Return a run's connections as it is told of, a row of each; None where nothing is told."""
    if change.cancelled:
        return np.empty((0, len(_Hop._fields)), dtype=np.int64)
    gtfs, shift_s = timetable.gtfs, int(timetable.run_shifts_s[run])
    trip = int(timetable.run_trips[run])
    called = slice(gtfs.first[trip], gtfs.first[trip + 1])
    told = dict(matcher.match(trip, change, timetable.begins + shift_s, unused))
    if change.delay_s is None and all(one.is_nothing for one in told.values()):
        return None
    arrivals_s, departures_s = foretell(
        (gtfs.arrivals_s[called] + shift_s).tolist(),
        (gtfs.departures_s[called] + shift_s).tolist(),
        told,
        change.delay_s or 0,
    )
    served = [at for at in range(len(arrivals_s)) if not (at in told and told[at].skipped)]
    stops = gtfs.stops[called].tolist()
    boards, alights = gtfs.boards[called].tolist(), gtfs.alights[called].tolist()
    rows = [
        _Hop(
            departures_s[start],
            arrivals_s[stop],
            stops[start],
            stops[stop],
            run,
            boards[start],
            alights[stop],
        )
        for start, stop in pairwise(served)
        if 0 <= departures_s[start] < LENGTH_S
    ]
    # An array of each run: one of all trips of a country would be made in one go, under the lock.
    return np.array(rows, dtype=np.int64).reshape(-1, len(_Hop._fields))


def _merge(planned: Connections, live: NDArray[np.bool_], hops: NDArray[np.int64]) -> Connections:
    """Put hops in the place of the connections of the runs that they are of."""
    kept = ~live[planned.runs]
    columns: list[Any] = [
        np.concatenate((column[kept], one.astype(column.dtype)))
        for column, one in zip(planned, hops.T, strict=True)
    ]
    merged = Connections(*columns)
    # Stable: of one run, connections that depart together stay in the order of travel.
    order = np.lexsort((merged.runs, merged.departs_s))
    return Connections(*(column[order] for column in columns))
