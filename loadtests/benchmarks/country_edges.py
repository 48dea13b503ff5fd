"""Junctions and edges of the generated country: collected, cut to one component, timed."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from loadtests.benchmarks.country_land import FERRY_S, Points, to_degrees
from loadtests.benchmarks.country_net import Pairs
from routing.geo import EARTH_RADIUS_M
from routing.modes import Mode
from routing.network import Network, join_arrays
from routing.osm.speeds import CLASS_SPEEDS
from routing.roadarrays import Roads

CLASS_NAMES: Final = (
    *("motorway", "motorway_link", "trunk", "primary", "tertiary"),
    *("residential", "unclassified", "ferry"),
)
MOTORWAY, LINK, TRUNK, PRIMARY, TERTIARY, RESIDENTIAL, UNCLASSIFIED, FERRY = range(len(CLASS_NAMES))

DETOURS: Final = np.array((1.10, 1.3, 1.12, 1.12, 1.15, 1.1, 1.25, 1.0))
"""Length of a road over the straight line between its junctions, by class."""
TOWN_DELAY_S, COUNTRY_DELAY_S, LINK_DELAY_S = 3.0, 1.0, 6.0
"""Lost at the junction that an edge leads to; on a motorway nothing is."""

_SHORTEST_M: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRoads:
    """One strongly connected network for driving; edges are sorted by tail, then head."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    in_town: NDArray[np.bool_]
    joinable: NDArray[np.bool_]
    """False amid a motorway."""
    tails: NDArray[np.int32]
    heads: NDArray[np.int32]
    length_m: NDArray[np.float64]
    time_s: NDArray[np.float64]
    """Usual, by car."""
    classes: NDArray[np.uint8]
    """Places in `CLASS_NAMES`."""

    def compile(self) -> Network:
        """Compile for driving."""
        return join_arrays(
            Mode.DRIVE,
            lat=self.lat,
            lon=self.lon,
            joinable=np.flatnonzero(self.joinable),
            starts=self.tails,
            ends=self.heads,
            travel=np.column_stack((self.time_s, self.length_m)),
        )

    def to_roads(self) -> Roads:
        """Return the same as a built road file's arrays; junctions keep their numbers."""
        motor_only = np.isin(self.classes, (MOTORWAY, LINK))
        return Roads(
            meta={"source": "generated", "ferries": True, "summary": {}},
            only_met=True,
            class_names=CLASS_NAMES,
            road_names=("",),
            osm_ids=np.arange(1, len(self.lat) + 1, dtype=np.int64),
            copies=np.zeros(len(self.lat), dtype=np.uint16),
            lat=self.lat,
            lon=self.lon,
            joinable=self.joinable.astype(np.uint8),
            tails=self.tails.astype(np.uint32),
            heads=self.heads.astype(np.uint32),
            length_m=self.length_m.astype(np.float32),
            time_s=self.time_s.astype(np.float32),
            uses=np.where(motor_only, 1, 7).astype(np.uint8),
            classes=self.classes,
            roads=np.zeros(len(self.tails), dtype=np.uint32),
            barrier_lat=np.empty(0),
            barrier_lon=np.empty(0),
            barrier_sizes=np.empty(0, dtype=np.uint32),
        )

    def place_by_people(self, count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
        """Return positions (degrees) of `count` street corners: where people live, places are."""
        corners = np.flatnonzero(self.in_town & self.joinable)
        chosen = rng.choice(corners, count, replace=False)
        return list(zip(self.lat[chosen].tolist(), self.lon[chosen].tolist(), strict=True))


@dataclass(slots=True)
class Draft:
    """Junctions and directed edges while they are collected."""

    points_m: Points
    tails: list[NDArray[np.int64]]
    heads: list[NDArray[np.int64]]
    classes: list[NDArray[np.uint8]]

    def add(self, pairs: Pairs, classes: int | NDArray[np.uint8], *, both_ways: bool) -> None:
        """Add edges along pairs, of one class or of one each."""
        each = np.broadcast_to(np.asarray(classes, dtype=np.uint8), len(pairs))
        for tail, head in ((0, 1), (1, 0)) if both_ways else ((0, 1),):
            self.tails.append(pairs[:, tail])
            self.heads.append(pairs[:, head])
            self.classes.append(each)


def finish(draft: Draft, in_town: NDArray[np.bool_]) -> CountryRoads:
    """Keep the largest strongly connected part, and give edges their lengths and times."""
    count = len(draft.points_m)
    tails, heads = np.concatenate(draft.tails), np.concatenate(draft.heads)
    classes = np.concatenate(draft.classes)
    graph = csr_array((np.ones(len(tails)), (tails, heads)), shape=(count, count))
    _, parts = connected_components(graph, directed=True, connection="strong")
    kept = parts == np.bincount(parts).argmax()
    inside = kept[tails] & kept[heads]
    number = np.cumsum(kept, dtype=np.int32) - np.int32(1)
    tails, heads, classes = tails[inside], heads[inside], classes[inside]
    order = np.lexsort((heads, tails))
    tails, heads, classes = tails[order], heads[order], classes[order]
    degrees = to_degrees(draft.points_m)
    length_m = np.maximum(_SHORTEST_M, _straight_m(degrees, tails, heads) * DETOURS[classes])
    on_motorway = np.zeros(count, dtype=np.bool_)
    on_motorway[tails[classes == MOTORWAY]] = True
    on_motorway[heads[classes == MOTORWAY]] = True
    return CountryRoads(
        lat=degrees[kept, 0],
        lon=degrees[kept, 1],
        in_town=in_town[kept],
        joinable=~on_motorway[kept],
        tails=number[tails],
        heads=number[heads],
        length_m=length_m,
        time_s=_take_times(length_m, classes, built_up=in_town[tails] & in_town[heads]),
        classes=classes,
    )


def _straight_m(
    degrees: Points, tails: NDArray[np.int64], heads: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return great-circle distances between junctions, metres."""
    (lat_a, lon_a), (lat_b, lon_b) = np.radians(degrees[tails]).T, np.radians(degrees[heads]).T
    half = np.sin((lat_b - lat_a) / 2) ** 2
    half += np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(half)))


def _take_times(
    length_m: NDArray[np.float64], classes: NDArray[np.uint8], *, built_up: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return usual seconds by car, by class and by town or country."""
    speeds = [CLASS_SPEEDS[name] for name in CLASS_NAMES[:FERRY]]
    country_kmh = np.array([*(speed.rural_kmh for speed in speeds), np.inf])
    town_kmh = np.array([*(speed.built_up_kmh for speed in speeds), np.inf])
    speed_kmh = np.where(built_up, town_kmh[classes], country_kmh[classes])
    delay_s = np.where(built_up, TOWN_DELAY_S, COUNTRY_DELAY_S)
    fixed_s = {MOTORWAY: 0.0, LINK: LINK_DELAY_S, FERRY: FERRY_S}
    for road_class, seconds in fixed_s.items():
        delay_s[classes == road_class] = seconds
    return np.asarray(length_m * 3.6 / speed_kmh + delay_s)
