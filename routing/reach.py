"""Build travel tables: one reverse search for each facility, and again where the roads change."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.changes import find_affected
from routing.conditions import Conditions
from routing.modes import Mode
from routing.network import Network
from routing.rows import Journeys, Rows, lay_by_junction, merge
from routing.search import BackwardSearch
from routing.table import LONGEST_DECAMETRES, LONGEST_TENTHS, ReachTable
from routing.targets import Targets, find_targets

HORIZON_MINUTES: Final[Mapping[Mode, float]] = {
    Mode.DRIVE: 90.0,
    Mode.WALK: 240.0,
    Mode.CYCLE: 240.0,
}
"""Longest journey kept where nobody says otherwise."""


def build_reach(
    network: Network,
    facilities: Mapping[str, tuple[float, float]],
    *,
    conditions: Conditions | None = None,
    horizon_minutes: float | None = None,
) -> ReachTable:
    """Find the facilities on the roads and build their table.

    Args:
        network: the roads of one mode.
        facilities: latitude and longitude in degrees by facility id; the table keeps their order.
        conditions: the usual ones when None.
        horizon_minutes: as for `build_table`; the mode's `HORIZON_MINUTES` when None.

    Raises:
        FacilityOffNetwork: a facility has no junction within `FACILITY_LIMIT_M`.
        ValueError: as for `build_table`.
    """
    return build_table(
        network,
        find_targets(network, facilities),
        conditions or network.usual_conditions(),
        HORIZON_MINUTES[network.mode] if horizon_minutes is None else horizon_minutes,
    )


def build_table(
    network: Network, targets: Targets, conditions: Conditions, horizon_minutes: float
) -> ReachTable:
    """Search backwards from every facility and lay the journeys out by junction.

    Args:
        network: the roads of one mode.
        targets: of this network.
        conditions: of this network.
        horizon_minutes: from a junction to the door, arrival included: longer ways are left out.

    Raises:
        ValueError: the horizon is not above zero, or longer than a table can tell.
    """
    if not 0 < horizon_minutes <= LONGEST_TENTHS / 10:
        raise ValueError(f"a horizon of {horizon_minutes} minutes: above 0, up to 6553")
    numbers = range(len(targets.facility_ids))
    found = _search(network, targets, conditions, horizon_minutes, numbers)
    return _make_table(network, targets, conditions, horizon_minutes, found)


def renew(
    table: ReachTable,
    network: Network,
    targets: Targets,
    before: Conditions,
    after: Conditions,
) -> tuple[ReachTable, NDArray[np.intp]]:
    """Bring a table to new conditions: search again for the facilities that a change can affect.

    Args:
        table: built from the same network and targets under `before`.
        network: the roads of one mode.
        targets: of this network.
        before: conditions of the table.
        after: conditions wanted.

    Returns:
        A table equal to one built afresh, and the numbers of the facilities searched for.

    Raises:
        ValueError: the table is of other roads, facilities or conditions.
    """
    horizon_minutes = table.horizon_minutes
    if table.table_version != _name_version(targets, before, horizon_minutes):
        raise ValueError("the table is not of these roads, facilities and conditions")
    affected = find_affected(table, network, before, after)
    numbers = np.flatnonzero(affected)
    fresh = _search(network, targets, after, horizon_minutes, numbers.tolist())
    rows = merge(table.rows, affected, fresh) if len(numbers) else table.rows
    return _make_table(network, targets, after, horizon_minutes, rows), numbers


def _search(
    network: Network,
    targets: Targets,
    conditions: Conditions,
    horizon_minutes: float,
    numbers: Iterable[int],
) -> Rows:
    """Search backwards from some facilities, given in rising order."""
    search = BackwardSearch(network, conditions)
    found = []
    for number in numbers:
        leg_s, leg_m = targets.leg_s[number], targets.leg_m[number]
        column = search.run(targets.junctions[number], horizon_minutes * 60 - leg_s)
        decametres = np.rint((column.lengths_m + leg_m) / 10)
        found.append(
            Journeys(
                number,
                column.junctions,
                np.rint((column.times_s + leg_s) / 6).astype(np.uint16),
                np.minimum(decametres, LONGEST_DECAMETRES).astype(np.uint16),
                column.live,
            )
        )
    return lay_by_junction(network.junction_count, found)


def _make_table(
    network: Network,
    targets: Targets,
    conditions: Conditions,
    horizon_minutes: float,
    rows: Rows,
) -> ReachTable:
    return ReachTable(
        frame=network.frame,
        facility_ids=targets.facility_ids,
        horizon_minutes=horizon_minutes,
        rows=rows,
        table_version=_name_version(targets, conditions, horizon_minutes),
    )


def _name_version(targets: Targets, conditions: Conditions, horizon_minutes: float) -> str:
    return f"{targets.version}-{conditions.version}-{horizon_minutes:g}"
