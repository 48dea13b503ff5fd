"""Find the junctions nearest to a point: a grid of square cells, searched outwards."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_JUNCTIONS_PER_CELL = 4
_SMALLEST_CELL_M = 100.0


class Grid(NamedTuple):
    """Points on a plane, sorted by the cell they lie in, row by row."""

    corner_m: tuple[float, float]
    """South-west corner of cell 0, metres."""
    cell_m: float
    rows: int
    columns: int
    order: NDArray[np.int32]
    """Point numbers by cell; those of cell c are `order[first[c]:first[c + 1]]`."""
    first: NDArray[np.int32]
    points_m: NDArray[np.float64]
    """One row (easting, northing) per point, metres, in `order`."""

    def find_nearest(
        self, east: float, north: float, count: int, limit_m: float
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
        """Return up to `count` points within the limit, nearest first: numbers, metres, places.

        Of points equally far the lower number comes first. A block of cells reaching `rings` cells
        out holds every point within `rings` cell sides of the origin, so the answer is exact once
        the last distance wanted is within that.
        """
        rings = 1
        while True:
            places = self._list_block(east, north, rings)
            numbers = self.order[places]
            away_m = np.sqrt(((self.points_m[places] - (east, north)) ** 2).sum(axis=1))
            covered_m = rings * self.cell_m
            nearest = np.lexsort((numbers, away_m))[:count]
            enough = len(nearest) == count and away_m[nearest[-1]] < covered_m
            if enough or covered_m > limit_m or len(numbers) == len(self.order):
                nearest = nearest[away_m[nearest] <= limit_m]
                return numbers[nearest], away_m[nearest], self.points_m[places[nearest]]
            rings *= 2

    def _list_block(self, east: float, north: float, rings: int) -> NDArray[np.intp]:
        """Return the places in `order` of the block of cells round a position."""
        column = int((east - self.corner_m[0]) // self.cell_m)
        row = int((north - self.corner_m[1]) // self.cell_m)
        left, right = max(column - rings, 0), min(column + rings, self.columns - 1)
        low, high = max(row - rings, 0), min(row + rings, self.rows - 1)
        if left > right or low > high:
            return np.empty(0, dtype=np.intp)
        base = np.arange(low, high + 1) * self.columns
        begins, ends = self.first[base + left], self.first[base + right + 1]
        return np.concatenate(
            [np.arange(b, e) for b, e in zip(begins.tolist(), ends.tolist(), strict=True)]
        )


def build_grid(points_m: NDArray[np.float64], members: NDArray[np.integer] | None = None) -> Grid:
    """Sort points into a grid with a few points to the cell.

    Args:
        points_m: one row (easting, northing) per point, metres.
        members: numbers of the points to be found; all of them when None.
    """
    if members is None:
        members = np.arange(len(points_m))
    held_m = points_m[members]
    low, high = held_m.min(axis=0), held_m.max(axis=0)
    width_m, height_m = np.maximum(high - low, _SMALLEST_CELL_M)
    wanted_m = np.sqrt(width_m * height_m * _JUNCTIONS_PER_CELL / len(held_m))
    cell_m = float(max(wanted_m, _SMALLEST_CELL_M))
    columns, rows = int(width_m // cell_m) + 1, int(height_m // cell_m) + 1
    place = ((held_m - low) // cell_m).astype(np.intp)
    cell = place[:, 1] * columns + place[:, 0]
    order = np.argsort(cell, kind="stable")
    first = np.searchsorted(cell[order], np.arange(rows * columns + 1))
    return Grid(
        corner_m=(float(low[0]), float(low[1])),
        cell_m=cell_m,
        rows=rows,
        columns=columns,
        order=members[order].astype(np.int32),
        first=first.astype(np.int32),
        points_m=np.ascontiguousarray(held_m[order]),
    )
