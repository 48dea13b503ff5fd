"""Journeys from every junction to the facilities within a horizon, and the answers they give."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.frame import Frame
from routing.geo import is_on_earth
from routing.lookup import combine_rows, keep_within, look_up
from routing.rows import Rows

ACCESS_LIMIT_M: Final = 10_000.0
"""An origin farther than this from every junction, straight, is outside the area."""

LONGEST_TENTHS: Final = 65_535
"""The longest journey that a table can hold, tenths of minutes: four and a half days."""

LONGEST_DECAMETRES: Final = 65_535
"""A way longer than this (655 km) is told as this long."""

FACILITIES_MOST: Final = 65_536
"""Facilities that a table can number."""


class Reach(NamedTuple):
    """Journeys from one origin, in the order of the table's facilities."""

    minutes: NDArray[np.float64]
    """Door to door by the table's mode; infinite where the facility is not within the horizon."""
    distance_m: NDArray[np.float64]
    """Along the same way; infinite likewise."""
    live: NDArray[np.bool_]
    """Whether a live figure touched that way."""


class ReachWithin(NamedTuple):
    """Journeys from one origin to the facilities within the horizon and to no others."""

    facility: NDArray[np.intp]
    """Numbers in the table's `facility_ids`, rising."""
    minutes: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    live: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachTable:
    """For each junction the journeys to the facilities within the horizon; it never changes."""

    frame: Frame
    facility_ids: tuple[str, ...]
    horizon_minutes: float
    """Journeys from a junction that take longer, arrival included, have no entry."""
    rows: Rows
    table_version: str
    """Changes when the roads, the facilities, the horizon or the conditions do."""
    as_of: str | None = None
    """The moment its conditions tell of, in the words of who built it; None where nobody said."""
    basis: str = "usual"
    """What its times rest on, in the words of who built it."""

    asked: tuple[Any, ...] = field(init=False, repr=False, compare=False)
    """What `lookup.look_up` is asked, but for the origin."""

    def __post_init__(self) -> None:
        for array in self.rows:
            array.flags.writeable = False
        frame, grid = self.frame, self.frame.grid
        asked = (
            *(*grid.corner_m, grid.cell_m, grid.rows, grid.columns),
            *(grid.order, grid.first, grid.points_m, frame.barriers_m),
            *(*self.rows, len(self.facility_ids)),
            *(frame.access_s_per_m, frame.pace.access_detour, ACCESS_LIMIT_M),
        )
        object.__setattr__(self, "asked", asked)

    @property
    def nbytes(self) -> int:
        """Memory of the table and its frame, bytes."""
        grid = self.frame.grid
        arrays = (
            *self.rows,
            *(grid.order, grid.first, grid.points_m, self.frame.barriers_m),
        )
        return sum(array.nbytes for array in arrays)

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
        origin = self.frame.plane.project_point(lat, lon)
        all_wet, minutes, distance_m, live = look_up(*origin, *self.asked)
        if all_wet:
            frame = self.frame
            junctions, straight_m = frame.find_access(lat, lon, ACCESS_LIMIT_M)
            access = (frame.access_s_per_m, frame.pace.access_detour)
            count = len(self.facility_ids)
            return Reach(*combine_rows(self.rows, count, junctions, straight_m, access))
        return Reach(minutes, distance_m, live)

    def travel_from_within(self, lat: float, lon: float) -> ReachWithin:
        """Return the same journeys, those within the horizon alone.

        Raises:
            ValueError: the point is not on the Earth.
        """
        return ReachWithin(*keep_within(*self.travel_from(lat, lon)))
