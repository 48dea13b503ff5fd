"""Road-like graphs of any size for benchmarks: a shaken grid of streets with faster roads in it."""

from math import cos, radians

import numpy as np
from numpy.typing import NDArray

from routing.geo import METRES_PER_DEGREE
from routing.modes import Mode
from routing.network import Network, join_arrays

SPACING_M = 300.0
"""Between junctions: of 300 places among a million, about 19 are then within an hour of each."""

STREETS_KEPT = 0.605
"""Part of the streets that are there: 2.5 links arrive at a junction, and most hang together."""

ARTERY_EVERY = 20
"""Every so many rows and columns of junctions there is a faster road, whole."""

SOUTH, WEST = 50.0, -6.0


def make_network(junctions: int, seed: int = 1) -> Network:
    """Make a network for driving with about that many junctions (the square below).

    Streets take 28 to 60 km/h, arteries 70 to 105; each is 1.15 times as long as it is straight.
    """
    rng = np.random.default_rng(seed)
    side = int(junctions**0.5)
    column, row = (grid.ravel() for grid in np.meshgrid(np.arange(side), np.arange(side)))
    east_m = (column + rng.uniform(-0.35, 0.35, side * side)) * SPACING_M
    north_m = (row + rng.uniform(-0.35, 0.35, side * side)) * SPACING_M
    number = np.arange(side * side).reshape(side, side)
    starts = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    ends = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    along_row = row[starts] == row[ends]
    artery = np.where(along_row, row[starts], column[starts]) % ARTERY_EVERY == 0
    kept = artery | (rng.random(len(starts)) < STREETS_KEPT)
    starts, ends, artery = starts[kept], ends[kept], artery[kept]
    length_m = 1.15 * np.hypot(east_m[starts] - east_m[ends], north_m[starts] - north_m[ends])
    speed_kmh = np.where(
        artery, rng.uniform(70, 105, len(starts)), rng.uniform(28, 60, len(starts))
    )
    travel = np.column_stack((length_m * 3.6 / speed_kmh, length_m))
    lat = SOUTH + north_m / METRES_PER_DEGREE
    lon = WEST + east_m / (METRES_PER_DEGREE * cos(radians((lat.min() + lat.max()) / 2)))
    return join_arrays(
        Mode.DRIVE,
        lat=lat,
        lon=lon,
        joinable=number.ravel(),
        starts=np.concatenate([starts, ends]),
        ends=np.concatenate([ends, starts]),
        travel=np.concatenate([travel, travel]),
    )


def scatter_points(network: Network, count: int, seed: int = 2) -> NDArray[np.float64]:
    """Return rows (latitude, longitude) of that many points near junctions taken at random."""
    rng = np.random.default_rng(seed)
    places_m = network.points_m[rng.integers(0, network.junction_count, count)]
    east_m, north_m = (places_m + rng.normal(0, 150, places_m.shape)).T
    east_per_degree = METRES_PER_DEGREE * cos(radians(network.plane.middle_lat))
    return np.column_stack((north_m / METRES_PER_DEGREE, east_m / east_per_degree))
