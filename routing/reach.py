"""Travel times from anywhere to every facility: one reverse search each, compiled to an array."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from routing.geo import crosses_any, is_on_earth
from routing.nearest import Grid, build_grid
from routing.network import Network

UNREACHABLE: Final = 65535
"""What the table holds where no way leads to the facility."""

ACCESS_LIMIT_M: Final = 10_000.0
"""An origin farther than this from every junction, straight, is outside the area."""

FACILITY_LIMIT_M: Final = 1_500.0
"""A facility must be this near, straight, to a junction that no water parts it from."""

_JUNCTIONS_TRIED: Final = 8
"""Nearest junctions among which an origin chooses, facility by facility."""


class FacilityOffNetwork(Exception):
    """A facility is too far from the roads to be reached by them."""

    def __init__(self, facility_id: str) -> None:
        super().__init__(
            f"{facility_id}: no junction within {FACILITY_LIMIT_M:.0f} m on this side of the water"
        )
        self.facility_id = facility_id


@dataclass(frozen=True, slots=True)
class Reach:
    """Journeys from one origin, in the order of the table's facilities."""

    minutes: NDArray[np.float64]
    """Door to door by the table's mode; infinite where the facility cannot be reached."""
    distance_m: NDArray[np.float64]
    """Along the same way; infinite likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachTable:
    """Journeys from every junction to every facility, and the way onto the network."""

    network: Network
    grid: Grid
    facility_ids: tuple[str, ...]
    tenths: NDArray[np.uint16]
    """Tenths of minutes, a row per junction and a column per facility, arrival included."""
    metres: NDArray[np.float32]
    """Distance along the same ways."""
    table_version: str
    """Changes when the network, the facilities or their positions do."""

    def travel_from(self, lat: float, lon: float) -> Reach:
        """Return the journeys from a point (degrees) to every facility.

        The origin is joined to its nearest junctions by straight legs that cross no water,
        lengthened by the mode's detour and travelled at its access speed; each facility is then
        reached through whichever of them is best for it.

        Raises:
            ValueError: the point is not on the Earth.
        """
        if not is_on_earth(lat, lon):
            raise ValueError("latitude and longitude must be degrees")
        junctions, straight_m = find_access(self.network, self.grid, lat, lon, ACCESS_LIMIT_M)
        if not len(junctions):
            nowhere = np.full(len(self.facility_ids), np.inf)
            return Reach(nowhere, nowhere)
        tenths = self.tenths[junctions].astype(np.float64)
        tenths[tenths == UNREACHABLE] = np.inf
        tenths += (self.network.access_s(straight_m) / 6)[:, np.newaxis]
        best = tenths.argmin(axis=0)
        each = np.arange(len(best))
        distance_m = (
            self.metres[junctions[best], each] + straight_m[best] * self.network.pace.access_detour
        )
        return Reach(tenths[best, each] / 10, distance_m)


def find_access(
    network: Network, grid: Grid, lat: float, lon: float, limit_m: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the nearest junctions on this side of any water, and their straight distances.

    Where the nearest are all across water, the search widens up to the limit.
    """
    east, north = network.plane.project_point(lat, lon)
    count = _JUNCTIONS_TRIED
    while True:
        junctions, straight_m = grid.find_nearest(east, north, count, limit_m)
        if not len(junctions):
            return junctions, straight_m
        wet = crosses_any((east, north), network.points_m[junctions], network.barriers_m)
        if not wet.all():
            return junctions[~wet], straight_m[~wet]
        if len(junctions) < count:
            return junctions[:0], straight_m[:0]
        count *= 4


def build_reach(network: Network, facilities: Mapping[str, tuple[float, float]]) -> ReachTable:
    """Search backwards from every facility and lay the journeys out by junction.

    Args:
        network: the roads of one mode.
        facilities: latitude and longitude in degrees by facility id; the table keeps their order.

    Raises:
        FacilityOffNetwork: a facility has no junction within `FACILITY_LIMIT_M`.
    """
    grid = build_grid(network.points_m, network.joinable)
    count = len(network.junction_ids)
    tenths = np.full((count, len(facilities)), UNREACHABLE, dtype=np.uint16)
    metres = np.full((count, len(facilities)), np.inf, dtype=np.float32)
    for column, (facility_id, (lat, lon)) in enumerate(facilities.items()):
        junctions, straight_m = find_access(network, grid, lat, lon, FACILITY_LIMIT_M)
        if not len(junctions):
            raise FacilityOffNetwork(facility_id)
        # Copies of one junction (turn restrictions) lie at one point: to reach any is to arrive.
        same = (network.points_m[junctions] == network.points_m[junctions[0]]).all(axis=1)
        times_s, lengths_m = _search_back(network, junctions[same])
        leg_s = float(network.access_s(straight_m)[0]) + network.pace.arrival_s
        rounded = np.rint((times_s + leg_s) / 6)
        reached = rounded < UNREACHABLE
        tenths[reached, column] = rounded[reached]
        leg_m = straight_m[0] * network.pace.access_detour
        metres[reached, column] = lengths_m[reached] + leg_m
    version = (
        f"{network.version}-{sha256(repr(sorted(facilities.items())).encode()).hexdigest()[:8]}"
    )
    return ReachTable(
        network=network,
        grid=grid,
        facility_ids=tuple(facilities),
        tenths=tenths,
        metres=metres,
        table_version=version,
    )


def _search_back(
    network: Network, targets: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return every junction's fastest time (s) to any target, and the length (m) of that way."""
    times_s, predecessors, _ = dijkstra(
        network.times_s.T, indices=targets, return_predecessors=True, min_only=True
    )
    here = np.arange(len(times_s))
    following = np.where(predecessors < 0, here, predecessors)
    lengths_m = np.zeros(len(times_s))
    moving = following != here
    lengths_m[moving] = network.lengths_m[here[moving], following[moving]]
    # Each round doubles the stretch that every junction's length covers, up to the whole way.
    while (following != following[following]).any():
        lengths_m += lengths_m[following]
        following = following[following]
    return times_s, lengths_m
