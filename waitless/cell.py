"""The cell an origin is rounded to before anything else sees it.

A cell is about 220 m by 210 m at Kent's latitude: too coarse to name a house, and worth at most
a third of a minute by car. Precise positions never leave the function that parses the query.
"""

from dataclasses import dataclass

LAT_STEPS, LON_STEPS = 500, 333
"""Cells to a degree."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A position rounded to its cell; `lat` and `lon` give the middle, in degrees."""

    row: int
    column: int

    @property
    def lat(self) -> float:
        """Latitude of the cell's middle."""
        return round(self.row / LAT_STEPS, 4)

    @property
    def lon(self) -> float:
        """Longitude of the cell's middle."""
        return round(self.column / LON_STEPS, 4)


def cell_of(lat: float, lon: float) -> Cell:
    """The cell whose middle is nearest."""
    return Cell(*find_cell(lat, lon))


def find_cell(lat: float, lon: float) -> tuple[int, int]:
    """Its row and column."""
    return round(lat * LAT_STEPS), round(lon * LON_STEPS)
