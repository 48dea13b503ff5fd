"""Five junctions and seven edges, as the arrays that traffic is laid over."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Along the A2 from west to east, a kilometre apart, with a lane that leaves it to the north.
NAMES = ("west", "middle", "east", "north", "island")
LAT = np.array([51.2800, 51.2800, 51.2800, 51.2890, 51.2000])
LON = np.array([1.0000, 1.0143, 1.0287, 1.0143, 1.2000])
ROADS = ("A2", "Church Lane", "A28;High Street")
EDGES = [
    ("west", "middle", 0, 60.0),
    ("middle", "west", 0, 60.0),
    ("middle", "east", 0, 60.0),
    ("east", "middle", 0, 60.0),
    ("middle", "north", 1, 90.0),
    ("north", "middle", 1, 90.0),
    ("east", "north", 2, np.inf),
]


@dataclass
class SmallRoads:
    class_names: tuple[str, ...] = ("main", "lane")
    road_names: tuple[str, ...] = ROADS
    lat: NDArray[np.float64] = field(default_factory=lambda: LAT)
    lon: NDArray[np.float64] = field(default_factory=lambda: LON)
    tails: NDArray[np.uint32] = field(
        default_factory=lambda: np.array([NAMES.index(e[0]) for e in EDGES], dtype=np.uint32)
    )
    heads: NDArray[np.uint32] = field(
        default_factory=lambda: np.array([NAMES.index(e[1]) for e in EDGES], dtype=np.uint32)
    )
    roads: NDArray[np.uint32] = field(
        default_factory=lambda: np.array([e[2] for e in EDGES], dtype=np.uint32)
    )
    length_m: NDArray[np.float32] = field(
        default_factory=lambda: np.full(len(EDGES), 1000, dtype=np.float32)
    )
    time_s: NDArray[np.float32] = field(
        default_factory=lambda: np.array([e[3] for e in EDGES], dtype=np.float32)
    )

    def find_edge(self, start: str, end: str) -> int | None:
        pairs = [(tail, head) for tail, head, *_ in EDGES]
        return pairs.index((start, end)) if (start, end) in pairs else None
