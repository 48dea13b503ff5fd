"""The part of a mode's roads that a question needs: where one can join them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.geo import Plane, crosses_any
from routing.modes import Mode, Pace
from routing.nearest import Grid

JUNCTIONS_TRIED: Final = 8
"""Nearest junctions among which an origin chooses, facility by facility."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Junctions where a journey may begin or end, and the water that parts places from them."""

    mode: Mode
    pace: Pace
    plane: Plane
    junction_count: int
    grid: Grid
    """Of the joinable junctions alone, under the network's junction numbers."""
    barriers_m: NDArray[np.float64]
    """One row (easting, northing, easting, northing) on the plane per stretch of water, metres."""
    version: str
    """The network's."""

    def __post_init__(self) -> None:
        for array in (self.grid.order, self.grid.first, self.grid.points_m, self.barriers_m):
            array.flags.writeable = False

    @property
    def access_s_per_m(self) -> float:
        """Seconds on the streets under each metre of a straight access leg."""
        return self.pace.access_detour * 3.6 / self.pace.access_speed_kmh

    def find_access(
        self, lat: float, lon: float, limit_m: float
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Return the nearest junctions on this side of any water, and their straight distances.

        Where the nearest are all across water, the search widens up to the limit.
        """
        east, north = self.plane.project_point(lat, lon)
        count = JUNCTIONS_TRIED
        while True:
            junctions, straight_m, ends_m = self.grid.find_nearest(east, north, count, limit_m)
            if not len(junctions):
                return junctions, straight_m
            wet = crosses_any((east, north), ends_m, self.barriers_m)
            if not wet.all():
                return junctions[~wet], straight_m[~wet]
            if len(junctions) < count:
                return junctions[:0], straight_m[:0]
            count *= 4
