"""Distances on the sphere, and a local plane on which lines can be crossed.

Coordinates are WGS84 degrees, always latitude first. Distances are metres.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth (IUGG), metres."""

METRES_PER_DEGREE: Final = EARTH_RADIUS_M * radians(1)
"""Length of a degree of latitude, metres."""


def is_on_earth(lat: float, lon: float) -> bool:
    """Tell whether two numbers are a latitude and a longitude in degrees; not-a-number is not."""
    return abs(lat) <= 90 and abs(lon) <= 180  # noqa: PLR2004 - degrees


def haversine_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the great-circle distance between two points, metres."""
    lat_a_rad, lat_b_rad = radians(lat_a), radians(lat_b)
    half_lat = sin((lat_b_rad - lat_a_rad) / 2) ** 2
    half_lon = sin(radians(lon_b - lon_a) / 2) ** 2
    chord = half_lat + cos(lat_a_rad) * cos(lat_b_rad) * half_lon
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def line_length_m(points: Sequence[tuple[float, float]]) -> float:
    """Return the length of a line through (latitude, longitude) points, metres."""
    return sum(haversine_m(*start, *end) for start, end in pairwise(points))


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat map in metres, true at one latitude.

    Over an area the size of a county (150 km from north to south) its east-west distances are
    within 1.5% of the sphere's; it is used for access legs of a few kilometres.
    """

    middle_lat: float

    def project(
        self, lat: NDArray[np.float64], lon: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return eastings and northings in metres from latitude 0, longitude 0."""
        return lon * (METRES_PER_DEGREE * cos(radians(self.middle_lat))), lat * METRES_PER_DEGREE

    def project_point(self, lat: float, lon: float) -> tuple[float, float]:
        """Return one point's easting and northing, metres."""
        return lon * METRES_PER_DEGREE * cos(radians(self.middle_lat)), lat * METRES_PER_DEGREE

    def project_lines(self, lines: Iterable[Sequence[tuple[float, float]]]) -> NDArray[np.float64]:
        """Return lines through (latitude, longitude) points as rows of segments' two ends."""
        rows = [
            (*self.project_point(*start), *self.project_point(*end))
            for line in lines
            for start, end in pairwise(line)
        ]
        return np.array(rows, dtype=np.float64).reshape(-1, 4)

    def unproject_point(self, east: float, north: float) -> tuple[float, float]:
        """Return the latitude and longitude of a point on the plane, degrees."""
        lat = north / METRES_PER_DEGREE
        return lat, east / (METRES_PER_DEGREE * cos(radians(self.middle_lat)))


def sort_morton(points_m: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the order in which points on a plane follow G. Morton's curve (IBM, 1966).

    Points near one another come near one another; those in one of 2**32 cells keep their order.
    """
    low = points_m.min(axis=0)
    span_m = max(float((points_m.max(axis=0) - low).max()), 1.0)
    cells = ((points_m - low) * (65_535 / span_m)).astype(np.uint64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        cells = (cells | (cells << np.uint64(shift))) & np.uint64(mask)
    return np.argsort(cells[:, 0] | (cells[:, 1] << np.uint64(1)), kind="stable")


def crosses_any(
    origin: tuple[float, float],
    ends: NDArray[np.float64],
    segments: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Tell which straight legs from one origin touch any of the segments.

    Args:
        origin: the easting and northing that every leg starts from, metres.
        ends: one row (easting, northing) per leg, metres.
        segments: one row (easting, northing, easting, northing) per segment, metres.

    Returns:
        One flag per leg. A leg that only touches a segment counts as crossing it.
    """
    east, north = origin
    near = segments[_boxes_meet(east, north, ends, segments)]
    if not len(near):
        return np.zeros(len(ends), dtype=np.bool_)
    a_east, a_north, b_east, b_north = (near[:, i] - (east, north)[i % 2] for i in range(4))
    leg_east = ends[:, :1] - east
    leg_north = ends[:, 1:] - north
    # Which side of the leg's line each end of the segment is on, and the other way round.
    side_a = leg_east * a_north - leg_north * a_east
    side_b = leg_east * b_north - leg_north * b_east
    run_east, run_north = b_east - a_east, b_north - a_north
    side_origin = run_north * a_east - run_east * a_north
    side_end = run_east * (leg_north - a_north) - run_north * (leg_east - a_east)
    met = (side_a * side_b <= 0) & (side_origin * side_end <= 0)
    return np.asarray(met.any(axis=1), dtype=np.bool_)


def _boxes_meet(
    east: float, north: float, ends: NDArray[np.float64], segments: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which segments' boxes meet the box round the origin and all ends."""
    west_edge, south_edge = np.minimum((east, north), ends.min(axis=0))
    east_edge, north_edge = np.maximum((east, north), ends.max(axis=0))
    return np.asarray(
        (np.minimum(segments[:, 0], segments[:, 2]) <= east_edge)
        & (np.maximum(segments[:, 0], segments[:, 2]) >= west_edge)
        & (np.minimum(segments[:, 1], segments[:, 3]) <= north_edge)
        & (np.maximum(segments[:, 1], segments[:, 3]) >= south_edge),
        dtype=np.bool_,
    )
