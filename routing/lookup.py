"""Answer a question from a table, compiled: nearest junctions, no water, best by facility.

The rules are those of `Frame.find_access`, which is asked where the first few are all across water.
"""

import math
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing import frame
from routing.compiled import compiled_with
from routing.frame import JUNCTIONS_TRIED
from routing.nearest import Grid
from routing.rows import Rows

ALL_WET: Final = -1
"""The nearest junctions are all across water, and there may be others beyond."""

_ROUNDING: Final = 1 - 1e-9
"""A ring counts as covered a little later, so that no tie is lost to rounding."""

_Within: TypeAlias = tuple[
    NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]
]
"""Numbers of facilities, minutes, metres and live flags."""


@compiled_with(frame)
def look_up(  # noqa: D417, PLR0917 - one by one is quicker to hand over than in tuples
    east: float,
    north: float,
    corner_east_m: float,
    corner_north_m: float,
    cell_m: float,
    grid_rows: int,
    grid_columns: int,
    order: NDArray[np.int32],
    first: NDArray[np.int32],
    points_m: NDArray[np.float64],
    barriers_m: NDArray[np.float64],
    row_first: NDArray[np.int64],
    facility: NDArray[np.uint16],
    tenths: NDArray[np.uint16],
    decametres: NDArray[np.uint16],
    live: NDArray[np.bool_],
    facility_count: int,
    access_s_per_m: float,
    access_detour: float,
    limit_m: float,
) -> tuple[bool, NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Find the nearest junctions, drop those across water and combine the rows of the others.

    Args:
        east: of the origin, metres.
        north: likewise.
        corner_east_m, corner_north_m, cell_m, grid_rows, grid_columns, order, first, points_m:
            the fields of a `Grid`.
        barriers_m: of the frame.
        row_first, facility, tenths, decametres, live: the fields of `Rows`.
        facility_count: facilities of the table.
        access_s_per_m: seconds on the streets under each metre of a straight leg.
        access_detour: metres likewise.
        limit_m: junctions farther than this are not looked at.

    Returns:
        Whether all the nearest are across water with others perhaps beyond: then the answer is
        still to be found. After that as `combine_rows`.
    """
    corner_m = (corner_east_m, corner_north_m)
    grid = Grid(corner_m, cell_m, grid_rows, grid_columns, order, first, points_m)
    rows = Rows(row_first, facility, tenths, decametres, live)
    count, junctions, straight_m = find_dry(grid, barriers_m, (east, north), limit_m)
    minutes, distance_m, on_live = combine_rows(
        rows,
        facility_count,
        junctions[: max(count, 0)],
        straight_m[: max(count, 0)],
        (access_s_per_m, access_detour),
    )
    return count == ALL_WET, minutes, distance_m, on_live


class _Near(NamedTuple):
    """The nearest so far, nearest first."""

    places: NDArray[np.int32]
    """In the grid's order."""
    away_m: NDArray[np.float64]


@compiled_with(frame)
def find_dry(
    grid: Grid, barriers_m: NDArray[np.float64], origin: tuple[float, float], limit_m: float
) -> tuple[int, NDArray[np.int32], NDArray[np.float64]]:
    """Find the nearest junctions and drop those across water.

    Returns:
        How many are left (or `ALL_WET`), their numbers and their straight distances in metres,
        nearest first; what follows in the arrays means nothing.
    """
    near = _Near(np.empty(JUNCTIONS_TRIED, dtype=np.int32), np.empty(JUNCTIONS_TRIED))
    found = 0
    column = math.floor((origin[0] - grid.corner_m[0]) / grid.cell_m)
    row = math.floor((origin[1] - grid.corner_m[1]) / grid.cell_m)
    last_column, last_row = grid.columns - 1, grid.rows - 1
    ring = max(0, -column, column - last_column, -row, row - last_row)
    while (ring - 1) * grid.cell_m <= limit_m:
        left, right = max(column - ring, 0), min(column + ring, last_column)
        low, high = max(row - ring, 0), min(row + ring, last_row)
        for line in range(low, high + 1):
            # All cells of the ring's first and last row, the two ends of the others.
            across = abs(line - row) == ring
            step = 1 if across else max(2 * ring, 1)
            for cell in range(left if across else column - ring, column + ring + 1, step):
                if left <= cell <= right:
                    found = _keep_nearest(
                        grid, line * grid.columns + cell, origin, limit_m, near, found
                    )
        if found == JUNCTIONS_TRIED and near.away_m[found - 1] < ring * grid.cell_m * _ROUNDING:
            break
        if low == 0 and left == 0 and high == last_row and right == last_column:
            break
        ring += 1
    wet = _find_wet(grid, near.places[:found], barriers_m, origin)
    junctions = np.empty(found, dtype=np.int32)
    straight_m = np.empty(found)
    dry = 0
    for i in range(found):
        if not wet[i]:
            junctions[dry], straight_m[dry] = grid.order[near.places[i]], near.away_m[i]
            dry += 1
    if dry == 0 and found == JUNCTIONS_TRIED:
        dry = ALL_WET
    return dry, junctions, straight_m


@compiled_with(frame)
def _keep_nearest(  # noqa: PLR0917 - compiled
    grid: Grid, cell: int, origin: tuple[float, float], limit_m: float, near: _Near, found: int
) -> int:
    """Sort the points of a cell into the nearest so far; return how many there are then."""
    places, away_m = near
    for place in range(grid.first[cell], grid.first[cell + 1]):
        run_m, rise_m = grid.points_m[place, 0] - origin[0], grid.points_m[place, 1] - origin[1]
        straight_m = math.sqrt(run_m * run_m + rise_m * rise_m)
        if straight_m > limit_m:
            continue
        at = found
        while at > 0 and (
            straight_m < away_m[at - 1]
            or (straight_m == away_m[at - 1] and grid.order[place] < grid.order[places[at - 1]])
        ):
            at -= 1
        if at == len(places):
            continue
        found = min(found + 1, len(places))
        for i in range(found - 1, at, -1):
            places[i], away_m[i] = places[i - 1], away_m[i - 1]
        places[at], away_m[at] = place, straight_m
    return found


@compiled_with(frame)
def _find_wet(
    grid: Grid,
    places: NDArray[np.int32],
    barriers_m: NDArray[np.float64],
    origin: tuple[float, float],
) -> NDArray[np.bool_]:
    """Tell which straight legs touch water: the arithmetic of `geo.crosses_any`."""
    points_m = grid.points_m
    east, north = origin
    wet = np.zeros(len(places), dtype=np.bool_)
    west, east_most, south, north_most = east, east, north, north
    for place in places:
        west, east_most = min(west, points_m[place, 0]), max(east_most, points_m[place, 0])
        south, north_most = min(south, points_m[place, 1]), max(north_most, points_m[place, 1])
    for k in range(len(barriers_m)):
        a_east, a_north, b_east, b_north = barriers_m[k]
        if max(a_east, b_east) < west or min(a_east, b_east) > east_most:
            continue
        if max(a_north, b_north) < south or min(a_north, b_north) > north_most:
            continue
        a_east, b_east = a_east - east, b_east - east
        a_north, b_north = a_north - north, b_north - north
        run_east, run_north = b_east - a_east, b_north - a_north
        side_origin = run_north * a_east - run_east * a_north
        for i, place in enumerate(places):
            leg_east, leg_north = points_m[place, 0] - east, points_m[place, 1] - north
            side_a = leg_east * a_north - leg_north * a_east
            side_b = leg_east * b_north - leg_north * b_east
            side_end = run_east * (leg_north - a_north) - run_north * (leg_east - a_east)
            if side_a * side_b <= 0 and side_origin * side_end <= 0:
                wet[i] = True
    return wet


@compiled_with(frame)
def combine_rows(
    rows: Rows,
    facility_count: int,
    junctions: NDArray[np.int32],
    straight_m: NDArray[np.float64],
    access: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return minutes (infinite: not reached), metres and live flags through the best junction each.

    `access` is seconds and metres on the streets under each metre of a straight leg.
    """
    minutes = np.full(facility_count, np.inf)
    distance_m = np.full(facility_count, np.inf)
    live = np.zeros(facility_count, dtype=np.bool_)
    first, facility, tenths, decametres, row_live = rows
    for i in range(len(junctions)):
        leg_minutes = straight_m[i] * access[0] / 60
        leg_m = straight_m[i] * access[1]
        for entry in range(first[junctions[i]], first[junctions[i] + 1]):
            number = facility[entry]
            entry_minutes = tenths[entry] / 10 + leg_minutes
            if entry_minutes < minutes[number]:
                minutes[number] = entry_minutes
                distance_m[number] = decametres[entry] * 10 + leg_m
                live[number] = row_live[entry]
    return minutes, distance_m, live


@compiled_with(frame)
def keep_within(
    minutes: NDArray[np.float64], distance_m: NDArray[np.float64], live: NDArray[np.bool_]
) -> _Within:
    """Return the numbers of the facilities that are reached, rising, and their three figures.

    The arrays given are written over.
    """
    facility = np.empty(len(minutes), dtype=np.intp)
    found = 0
    for number in range(len(minutes)):
        if minutes[number] < np.inf:
            facility[found] = number
            minutes[found] = minutes[number]
            distance_m[found], live[found] = distance_m[number], live[number]
            found += 1
    return facility[:found], minutes[:found], distance_m[:found], live[:found]
