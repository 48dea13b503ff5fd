"""Which facilities a change of conditions can affect, told from the table as it was.

A table knows each junction's time to within 3 s, so a difference of two to within 6 s. A facility
is affected by a changed link if the old table, so read, does not rule out that

* the link was on its way: the link's old time joins the times at its two ends; or
* the link is on it now: through the link the tail comes no later than it did, or within the horizon
  where it was not reached.

Both need an entry for the link's head. Where a new way leads through a head that had none, its
part nearer to the facility is new as well, and begins with another changed link whose head had
one. So no facility is missed; some are searched again for nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.conditions import Conditions
from routing.network import Network
from routing.rows import Rows
from routing.table import ReachTable

_DOUBT_S: Final = 6.001
"""Two roundings to tenths of minutes, and what arithmetic adds."""


def find_affected(
    table: ReachTable, network: Network, before: Conditions, after: Conditions
) -> NDArray[np.bool_]:
    """Tell for each facility whether its journeys may differ from the table's."""
    changed = np.flatnonzero((before.times_s != after.times_s) | (before.live != after.live))
    heads = np.searchsorted(network.first, changed, side="right") - 1
    affected = np.zeros(len(table.facility_ids), dtype=np.bool_)
    _mark_affected(
        table.rows,
        (network.tails[changed].astype(np.intp), heads),
        (before.times_s[changed].astype(np.float64), after.times_s[changed].astype(np.float64)),
        table.horizon_minutes * 60,
        affected,
    )
    return affected


@compiled
def _mark_affected(
    rows: Rows,
    ends: tuple[NDArray[np.intp], NDArray[np.intp]],
    times_s: tuple[NDArray[np.float64], NDArray[np.float64]],
    horizon_s: float,
    affected: NDArray[np.bool_],
) -> None:
    """Walk through the rows of each changed link's two ends side by side."""
    tails, heads = ends
    before_s, after_s = times_s
    for i in range(len(heads)):
        at_tail, end = rows.first[tails[i]], rows.first[tails[i] + 1]
        for at_head in range(rows.first[heads[i]], rows.first[heads[i] + 1]):
            number = rows.facility[at_head]
            while at_tail < end and rows.facility[at_tail] < number:
                at_tail += 1
            head_s = rows.tenths[at_head] * 6.0
            if at_tail < end and rows.facility[at_tail] == number:
                tail_s = rows.tenths[at_tail] * 6.0
                was_on_it = abs(tail_s - head_s - before_s[i]) <= _DOUBT_S
                if was_on_it or head_s + after_s[i] <= tail_s + _DOUBT_S:
                    affected[number] = True
            elif head_s + after_s[i] <= horizon_s + _DOUBT_S:
                affected[number] = True
