"""The backward scan of one day's connections, and the look-up in what it found: compiled.

The profile connection scan (J. Dibbelt, T. Pajor, B. Strasser, D. Wagner, Connection Scan
Algorithm, ACM Journal of Experimental Algorithmics 23, 2018), from the last departure to the first.
For each run it keeps when one arrives who sits in it, for each stop a list of the departures worth
taking. One rides, walks at most once, rides again: a change always takes time, so whatever can be
caught from a connection departs later and was scanned before it.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.transit.footpaths import Footpaths
from routing.transit.timetable import Connections

NEVER: Final = 2**31 - 1
"""An arrival that does not come."""

_NONE: Final = -1

_Departures: TypeAlias = tuple[
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
    NDArray[np.int32],
]


@compiled
def scan_back(  # noqa: C901, PLR0915 - compiled; one function, as in `routing.search`
    connections: Connections,
    footpaths: Footpaths,
    egress_s: NDArray[np.int32],
    run_count: int,
    horizon_s: int,
) -> _Departures:
    """Return the departures worth taking to one facility, each stop's from the last to the first.

    Returns:
        Their stops; when one arrives; the connections with which the ride begins, and ends; in how
        many rides that is: the fewest, of journeys that leave and arrive together.

    Args:
        connections: of the day.
        footpaths: between stops; each takes at least a second.
        egress_s: walk from each stop to the facility; -1 where it is too far.
        run_count: runs are numbered up to it.
        horizon_s: a journey that takes longer from its first departure is left out.
    """
    departs_s, arrives_s, starts, ends, runs, boards, alights = connections
    first, path_ends, path_s = footpaths
    run_best = np.full(run_count, NEVER, dtype=np.int32)
    run_exit = np.full(run_count, _NONE, dtype=np.int32)
    run_rides = np.zeros(run_count, dtype=np.int32)
    head = np.full(len(egress_s), _NONE, dtype=np.int32)
    room = 1024
    stops = np.empty(room, dtype=np.int32)
    leaves = np.empty(room, dtype=np.int32)
    reaches = np.empty(room, dtype=np.int32)
    enters = np.empty(room, dtype=np.int32)
    exits = np.empty(room, dtype=np.int32)
    rides = np.empty(room, dtype=np.int32)
    later = np.empty(room, dtype=np.int32)
    count = 0
    for c in range(len(departs_s) - 1, -1, -1):
        run = runs[c]
        best = run_best[run]
        if alights[c]:
            end, arrive = ends[c], arrives_s[c]
            reach, fewest, leave = best, run_rides[run], run_exit[run]
            if egress_s[end] >= 0 and (arrive + egress_s[end], 1) < (reach, fewest):
                reach, fewest, leave = arrive + egress_s[end], 1, c
            for path in range(first[end], first[end + 1]):
                ready = arrive + path_s[path]
                at = head[path_ends[path]]
                while at != _NONE and leaves[at] < ready:
                    at = later[at]
                if at != _NONE and (reaches[at], rides[at] + 1) < (reach, fewest):
                    reach, fewest, leave = reaches[at], rides[at] + 1, c
            best = reach
            run_best[run], run_rides[run], run_exit[run] = reach, fewest, leave
        if not boards[c] or best == NEVER or best - departs_s[c] > horizon_s:
            continue
        stop = starts[c]
        newest = head[stop]
        if newest != _NONE and leaves[newest] == departs_s[c]:
            if (best, run_rides[run]) < (reaches[newest], rides[newest]):
                reaches[newest], rides[newest] = best, run_rides[run]
                enters[newest], exits[newest] = c, run_exit[run]
            continue
        if newest != _NONE and reaches[newest] <= best:
            continue
        if count == room:
            stops = np.concatenate((stops, np.empty_like(stops)))
            leaves = np.concatenate((leaves, np.empty_like(leaves)))
            reaches = np.concatenate((reaches, np.empty_like(reaches)))
            enters = np.concatenate((enters, np.empty_like(enters)))
            exits = np.concatenate((exits, np.empty_like(exits)))
            rides = np.concatenate((rides, np.empty_like(rides)))
            later = np.concatenate((later, np.empty_like(later)))
            room *= 2
        stops[count] = stop
        leaves[count] = departs_s[c]
        reaches[count] = best
        enters[count] = c
        exits[count] = run_exit[run]
        rides[count] = run_rides[run]
        later[count] = newest
        head[stop] = count
        count += 1
    return stops[:count], reaches[:count], enters[:count], exits[:count], rides[:count]


@compiled
def look_up(  # noqa: PLR0917 - compiled
    first: NDArray[np.int64],
    departs_s: NDArray[np.int32],
    arrives_s: NDArray[np.int32],
    stops: NDArray[np.int32],
    walks_s: NDArray[np.int32],
    direct_s: NDArray[np.int32],
    leaves_s: int,
    reaches_s: NDArray[np.int32],
    taken: NDArray[np.int64],
    accesses: NDArray[np.int32],
) -> None:
    """Write for each facility the earliest arrival, the departure taken and its stop's place.

    Of journeys that arrive together the walk all the way counts, then the one that may leave the
    origin last, and of those the one whose stop comes first.

    Args:
        first: by stop, then facility: where its departures begin; one more at the end.
        departs_s: of the departures, rising within one stop and facility.
        arrives_s: of the same, rising too.
        stops: that one can walk to.
        walks_s: seconds to each.
        direct_s: by facility: seconds on foot all the way, or `NEVER`.
        leaves_s: when one leaves the origin.
        reaches_s: written: seconds, or `NEVER`.
        taken: written: number of the departure, or -1.
        accesses: written: place in `stops`, or -1.
    """
    for facility in range(len(reaches_s)):
        on_foot = direct_s[facility]
        reaches_s[facility] = NEVER if on_foot == NEVER else leaves_s + on_foot
    taken[:] = _NONE
    accesses[:] = _NONE
    count = len(reaches_s)
    for access in range(len(stops)):
        ready = leaves_s + walks_s[access]
        row = stops[access] * count
        for facility in range(count):
            low, high = first[row + facility], first[row + facility + 1]
            end = high
            while low < high:
                middle = (low + high) >> 1
                if departs_s[middle] < ready:
                    low = middle + 1
                else:
                    high = middle
            if low == end or arrives_s[low] > reaches_s[facility]:
                continue
            if arrives_s[low] == reaches_s[facility]:
                if taken[facility] == _NONE:
                    continue
                other = departs_s[taken[facility]] - walks_s[accesses[facility]]
                if departs_s[low] - walks_s[access] <= other:
                    continue
            reaches_s[facility] = arrives_s[low]
            taken[facility] = low
            accesses[facility] = access
