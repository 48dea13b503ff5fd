"""The land of Great Britain, coarsely, and its cities: what a generated road network is shaped by.

Every coordinate and population here is from general knowledge, good to a few kilometres and some
tens of percent: enough for a benchmark's shape, nothing to navigate or plan by. Latitude first.
The coast keeps the estuaries that make drivers go round; of the islands only Anglesey (as part of
the mainland) and the Isle of Wight are there.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from routing.geo import METRES_PER_DEGREE

Points = NDArray[np.float64]
"""Rows of (easting, northing), metres, unless a name says degrees."""

MAINLAND: Final = (
    *((50.03, -5.75), (49.93, -5.20), (50.30, -4.75), (50.27, -4.15), (50.18, -3.70)),
    *((50.38, -3.43), (50.60, -3.38), (50.70, -2.95), (50.50, -2.45), (50.57, -1.93)),
    *((50.70, -1.85), (50.74, -1.53), (50.81, -1.31), (50.80, -1.21), (50.77, -1.08)),
    *((50.72, -0.79), (50.80, -0.14), (50.73, 0.24), (50.91, 0.98), (51.07, 1.20)),
    *((51.12, 1.37), (51.38, 1.47), (51.41, 1.38), (51.37, 1.02), (51.46, 0.72)),
    *((51.46, 0.40), (51.48, 0.23), (51.48, 0.42), (51.52, 0.80), (51.60, 0.95)),
    *((51.78, 1.17), (51.94, 1.32), (52.08, 1.60), (52.48, 1.78), (52.62, 1.77)),
    *((52.94, 1.30), (52.97, 0.48), (52.80, 0.37), (52.88, 0.08), (53.15, 0.36)),
    *((53.35, 0.27), (53.57, 0.00), (53.69, -0.45), (53.70, -0.75), (53.72, -0.45)),
    *((53.73, -0.25), (53.58, 0.12), (53.73, 0.05), (54.12, -0.07), (54.29, -0.37)),
    *((54.50, -0.60), (54.64, -1.03), (54.70, -1.16), (55.02, -1.39), (55.62, -1.68)),
    *((55.78, -1.97), (55.92, -2.13), (56.08, -2.75), (55.99, -3.17), (56.00, -3.40)),
    *((56.05, -3.70), (56.03, -3.40), (56.10, -3.13), (56.29, -2.57), (56.36, -2.80)),
    *((56.36, -3.25), (56.46, -2.95), (56.55, -2.55), (56.72, -2.42), (57.14, -2.03)),
    *((57.50, -1.76), (57.71, -1.98), (57.74, -3.28), (57.61, -3.88), (57.50, -4.25)),
    *((57.70, -4.00), (57.88, -3.76), (57.97, -3.97), (58.13, -3.60), (58.45, -3.05)),
    *((58.66, -3.02), (58.62, -3.52), (58.63, -5.00), (58.15, -5.30), (57.75, -5.80)),
    *((57.25, -5.72), (57.00, -5.85), (56.72, -6.20), (56.42, -5.50), (56.10, -5.57)),
    *((55.30, -5.80), (55.42, -5.53), (55.87, -5.38), (56.03, -5.35), (55.87, -5.00)),
    *((55.98, -4.80), (55.94, -4.55), (55.87, -4.90), (55.46, -4.65), (55.00, -5.17)),
    *((54.64, -4.85), (54.85, -4.75), (54.68, -4.38), (54.87, -3.60), (54.98, -3.10)),
    *((54.88, -3.40), (54.65, -3.57), (54.50, -3.65), (54.05, -3.22), (54.18, -3.05)),
    *((54.18, -2.85), (54.07, -2.90), (53.94, -3.06), (53.82, -3.07), (53.67, -3.05)),
    *((53.55, -3.11), (53.43, -3.05), (53.40, -3.20), (53.25, -3.05), (53.35, -3.42)),
    *((53.34, -3.85), (53.32, -4.03), (53.43, -4.35), (53.33, -4.68), (53.12, -4.35)),
    *((52.79, -4.77), (52.80, -4.48), (52.88, -4.13), (52.42, -4.10), (52.13, -4.70)),
    *((51.88, -5.32), (51.60, -4.95), (51.73, -4.40), (51.56, -4.32), (51.60, -3.95)),
    *((51.47, -3.70), (51.38, -3.25), (51.46, -3.15), (51.61, -2.68), (51.74, -2.45)),
    *((51.52, -2.72), (51.33, -3.01), (51.22, -3.02), (51.23, -3.45), (51.22, -4.12)),
    *((51.02, -4.53), (50.83, -4.56), (50.55, -5.04), (50.42, -5.10), (50.23, -5.48)),
)

ISLE_OF_WIGHT: Final = (
    *((50.66, -1.59), (50.71, -1.48), (50.76, -1.29), (50.73, -1.15), (50.68, -1.07)),
    (50.57, -1.30),
)

FERRIES: Final = (((50.70, -1.30), (50.77, -1.55)), ((50.70, -1.30), (50.82, -1.08)))
"""From Newport on the island to Lymington and to Portsmouth; each takes `FERRY_S` with the wait."""

FERRY_S: Final = 3600.0

BRIDGES: Final = (("Cardiff", (51.60, -2.68), "Bristol"),)
"""Long bridges with motorway on both sides, each with the cities that it joins."""

CITIES: Final[dict[str, tuple[float, float, int]]] = {
    "London": (51.51, -0.12, 9_800_000),
    "Manchester": (53.48, -2.24, 2_550_000),
    "Birmingham": (52.48, -1.90, 2_450_000),
    "Glasgow": (55.86, -4.25, 1_000_000),
    "Liverpool": (53.41, -2.96, 860_000),
    "Leeds": (53.80, -1.55, 800_000),
    "Newcastle": (54.97, -1.62, 780_000),
    "Nottingham": (52.95, -1.15, 730_000),
    "Sheffield": (53.38, -1.47, 690_000),
    "Bristol": (51.46, -2.59, 620_000),
    "Bradford": (53.79, -1.76, 550_000),
    "Leicester": (52.63, -1.13, 510_000),
    "Edinburgh": (55.94, -3.20, 480_000),
    "Brighton": (50.84, -0.14, 470_000),
    "Bournemouth": (50.74, -1.88, 470_000),
    "Cardiff": (51.49, -3.18, 390_000),
    "Middlesbrough": (54.57, -1.24, 380_000),
    "Stoke": (53.01, -2.18, 370_000),
    "Coventry": (52.41, -1.51, 360_000),
    "Sunderland": (54.90, -1.39, 335_000),
    "Reading": (51.45, -0.97, 320_000),
    "Hull": (53.75, -0.34, 315_000),
    "Preston": (53.76, -2.70, 310_000),
    "Swansea": (51.63, -3.94, 300_000),
    "Southend": (51.54, 0.71, 295_000),
    "Derby": (52.92, -1.48, 270_000),
    "Plymouth": (50.38, -4.14, 260_000),
    "Southampton": (50.91, -1.40, 260_000),
    "Luton": (51.88, -0.42, 260_000),
    "Portsmouth": (50.82, -1.08, 240_000),
    "Milton Keynes": (52.04, -0.76, 230_000),
    "Northampton": (52.24, -0.90, 215_000),
    "Norwich": (52.63, 1.29, 210_000),
    "Aberdeen": (57.15, -2.11, 200_000),
    "Swindon": (51.56, -1.78, 185_000),
    "Ipswich": (52.06, 1.15, 180_000),
    "Oxford": (51.75, -1.26, 170_000),
    "Peterborough": (52.57, -0.24, 165_000),
    "Cambridge": (52.20, 0.12, 160_000),
    "York": (53.96, -1.08, 155_000),
    "Gloucester": (51.86, -2.24, 150_000),
    "Dundee": (56.47, -2.97, 150_000),
    "Newport": (51.58, -3.00, 150_000),
    "Exeter": (50.72, -3.53, 125_000),
    "Carlisle": (54.89, -2.94, 75_000),
    "Wrexham": (53.05, -3.00, 65_000),
    "Inverness": (57.47, -4.22, 65_000),
    "Ayr": (55.46, -4.62, 60_000),
    "Stirling": (56.12, -3.94, 50_000),
    "Perth": (56.40, -3.44, 47_000),
    "Dumfries": (55.07, -3.61, 33_000),
    "Elgin": (57.65, -3.32, 25_000),
    "Bangor": (53.22, -4.13, 18_000),
    "Aberystwyth": (52.41, -4.07, 15_000),
    "Carmarthen": (51.86, -4.31, 15_000),
    "Haverfordwest": (51.80, -4.97, 15_000),
    "Galashiels": (55.62, -2.81, 15_000),
    "Fort William": (56.82, -5.10, 11_000),
    "Stranraer": (54.90, -5.02, 10_000),
    "Oban": (56.42, -5.46, 9_000),
    "Wick": (58.44, -3.10, 7_000),
    "Ullapool": (57.90, -5.15, 2_000),
}
"""Latitude, longitude and inhabitants of the built-up area."""

SHORE_M: Final = 3_000.0
"""Land reaches this far round every real town, whatever the coarse outline says."""

_MIDDLE_LON: Final = -2.5
_SAMPLES: Final = 16


def to_plane(degrees: Points) -> Points:
    """Project (latitude, longitude) sinusoidally: areas are true, distances within some percent."""
    lat, lon = degrees[:, 0], degrees[:, 1] - _MIDDLE_LON
    return np.column_stack((lon * np.cos(np.radians(lat)), lat)) * METRES_PER_DEGREE


def to_degrees(points_m: Points) -> Points:
    """Return rows of (latitude, longitude): the inverse of `to_plane`."""
    lat = points_m[:, 1] / METRES_PER_DEGREE
    lon = points_m[:, 0] / (METRES_PER_DEGREE * np.cos(np.radians(lat)))
    return np.column_stack((lat, lon + _MIDDLE_LON))


@dataclass(frozen=True, slots=True)
class Land:
    """Where roads may lie."""

    shapes: tuple[Path, ...]
    towns: cKDTree
    """Real towns, each with a shore of its own."""

    def holds(self, points_m: Points) -> NDArray[np.bool_]:
        """Tell which points are on land."""
        inside = np.zeros(len(points_m), dtype=np.bool_)
        for shape in self.shapes:
            inside |= shape.contains_points(points_m)
        outside = np.flatnonzero(~inside)
        away_m, _ = self.towns.query(points_m[outside], distance_upper_bound=SHORE_M)
        inside[outside] = np.isfinite(away_m)
        return inside

    def measure_sea(self, starts_m: Points, ends_m: Points) -> NDArray[np.float64]:
        """Return about how much of each straight line is over the sea, metres."""
        wet = np.zeros(len(starts_m))
        for share in (np.arange(_SAMPLES) + 0.5) / _SAMPLES:
            wet += ~self.holds(starts_m + share * (ends_m - starts_m))
        return np.asarray(np.hypot(*(ends_m - starts_m).T) * wet / _SAMPLES)


def outline_land(towns_m: Points) -> Land:
    """Return the land with the shores of real towns."""
    shapes = tuple(Path(to_plane(np.array(shape))) for shape in (MAINLAND, ISLE_OF_WIGHT))
    return Land(shapes, cKDTree(towns_m))
