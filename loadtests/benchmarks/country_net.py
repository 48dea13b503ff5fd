"""Lines of the generated country: which places are joined, and the junctions along a road."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from loadtests.benchmarks.country_land import BRIDGES, CITIES, Land, Points, to_plane
from loadtests.benchmarks.country_towns import Towns

Pairs = NDArray[np.int64]
"""Rows of two junction numbers."""

INTERCHANGE_M: Final = 8_000.0
"""Between motorway junctions."""

_ORBITAL_FROM: Final = 120_000
"""Cities of so many inhabitants have an orbital motorway."""
_ORBITAL_STRETCH, _ORBITAL_MARGIN_M, _ORBITALS_APART_M = 0.55, 2_000.0, 3_000.0
_LONGEST_BRIDGE_M: Final = 3_000.0
_LONGEST_LANE_BRIDGE_M: Final = 1_500.0
WORTH_A_ROAD: Final = 0.88
"""A main road is built unless the way round by another place is hardly longer, as its share."""
_SWAY: Final = 0.025
"""How far a road swings off the straight line, as a share of its length."""


def thin_triangles(points_m: Points, worth: float = 0.0) -> Pairs:
    """Join points as streets do: Delaunay's triangles without the longest side of each.

    What remains (with `worth` 0 the Urquhart graph) crosses nowhere and contains the shortest
    spanning tree; of random points it has about three edges to two points.

    Args:
        points_m: what to join.
        worth: the longest side stays where it is less than this share of the way round.
    """
    triangles = Delaunay(points_m).simplices.astype(np.int64)
    sides = np.stack((triangles, np.roll(triangles, -1, axis=1)), axis=-1)
    lengths_m = np.hypot(*np.moveaxis(points_m[sides[..., 0]] - points_m[sides[..., 1]], -1, 0))
    sides.sort(axis=-1)
    keys, where = np.unique(sides[..., 0] * len(points_m) + sides[..., 1], return_inverse=True)
    where = where.reshape(lengths_m.shape)
    kept = np.ones(len(keys), dtype=np.bool_)
    longest_m = lengths_m.max(axis=1)
    useless = longest_m >= worth * (lengths_m.sum(axis=1) - longest_m)
    kept[where[useless, lengths_m.argmax(axis=1)[useless]]] = False
    return np.column_stack(np.divmod(keys[kept], len(points_m)))


def pick_tree(points_m: Points, pairs: Pairs) -> NDArray[np.bool_]:
    """Tell which pairs are of the shortest spanning tree: with them alone all stays connected."""
    lengths_m = np.maximum(np.hypot(*(points_m[pairs[:, 0]] - points_m[pairs[:, 1]]).T), 1e-3)
    graph = coo_array((lengths_m, (pairs[:, 0], pairs[:, 1])), shape=(len(points_m),) * 2)
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    rows, columns = tree.coords
    chosen = rows.astype(np.int64) * len(points_m) + columns
    return np.isin(pairs[:, 0] * len(points_m) + pairs[:, 1], chosen)


def drop_wet_lanes(land: Land, points_m: Points, pairs: Pairs) -> Pairs:
    """Leave out streets and lanes over more sea than a small bridge spans."""
    starts_m, ends_m = points_m[pairs[:, 0]], points_m[pairs[:, 1]]
    wet = np.hypot(*(ends_m - starts_m).T) > _LONGEST_LANE_BRIDGE_M
    wet[wet] = land.measure_sea(starts_m[wet], ends_m[wet]) > _LONGEST_LANE_BRIDGE_M
    return pairs[~wet]


@dataclass(frozen=True, slots=True)
class Chains:
    """Roads as rows of junctions: those at the ends were there before, those between are new."""

    points_m: Points
    """The new junctions, numbered from the `first` given."""
    pairs: Pairs
    """Neighbours along the roads."""


def lay_chains(
    land: Land,
    points_m: Points,
    links: Pairs,
    *,
    every_m: float,
    first: int,
    rng: np.random.Generator,
) -> Chains:
    """Lay junctions along roads that swing a little, none in the sea: there the road is a bridge.

    Args:
        land: where junctions may lie.
        points_m: places by number.
        links: the two places that each road joins.
        every_m: between junctions, about.
        first: number of the first new junction.
        rng: where chance comes from.
    """
    starts_m, runs_m = points_m[links[:, 0]], points_m[links[:, 1]] - points_m[links[:, 0]]
    parts = np.maximum(1, np.rint(np.hypot(*runs_m.T) / every_m)).astype(int)
    road = np.repeat(np.arange(len(links)), parts - 1)
    number = np.arange(len(road)) - np.repeat(np.cumsum(parts - 1) - parts, parts - 1)
    share = (number + rng.uniform(-0.3, 0.3, len(road))) / parts[road]
    phases, waves = rng.uniform(0, 2 * np.pi, len(links)), rng.uniform(0.5, 2, len(links))
    swing = np.sin(np.pi * share) * np.sin(2 * np.pi * waves[road] * share + phases[road])
    across_m = runs_m[road][:, ::-1] * (-1.0, 1.0)
    between_m = starts_m[road] + share[:, np.newaxis] * runs_m[road]
    between_m += (_SWAY * swing)[:, np.newaxis] * across_m
    dry = land.holds(between_m)
    kept = int(dry.sum())
    every_road = np.arange(len(links))
    roads = np.concatenate((every_road, road[dry], every_road))
    places = np.concatenate((np.zeros(len(links)), number[dry], parts))
    numbers = np.concatenate((links[:, 0], first + np.arange(kept), links[:, 1]))
    order = np.lexsort((places, roads))
    roads, numbers = roads[order], numbers[order]
    same = roads[1:] == roads[:-1]
    return Chains(between_m[dry], np.column_stack((numbers[:-1][same], numbers[1:][same])))


def link_places(land: Land, points_m: Points, worth: float) -> Pairs:
    """Return which places have a road between them (see `thin_triangles`); no bridge is long."""
    pairs = thin_triangles(points_m, worth)
    sea_m = land.measure_sea(points_m[pairs[:, 0]], points_m[pairs[:, 1]])
    return pairs[sea_m < _LONGEST_BRIDGE_M]


def lay_motorways(towns: Towns, rng: np.random.Generator) -> Chains:
    """Lay motorway junctions: an orbital round each large city, and roads between orbitals.

    Numbers count from 0. No motorway passes within an orbital, so who crosses a city goes round.
    """
    hubs = _choose_hubs(towns)
    centres_m = towns.centres_m[hubs]
    reach_m = _orbital_m(towns)[hubs]
    corners = np.maximum(4, np.rint(2 * np.pi * reach_m / INTERCHANGE_M)).astype(int)
    hub = np.repeat(np.arange(len(hubs)), corners)
    number = np.arange(len(hub)) - np.repeat(np.cumsum(corners) - corners, corners)
    angle = 2 * np.pi * number / corners[hub] + rng.uniform(0, 2 * np.pi, len(hubs))[hub]
    ring_m = centres_m[hub] + reach_m[hub, np.newaxis] * np.column_stack(
        (np.cos(angle), np.sin(angle))
    )
    following = np.arange(len(hub)) + np.where(number + 1 == corners[hub], 1 - corners[hub], 1)
    ring = np.column_stack((np.arange(len(hub)), following))
    dry = towns.land.holds(ring_m)
    ring = ring[dry[ring].all(axis=1)]
    bridges_m = to_plane(np.array([place for _, place, _ in BRIDGES]))
    named = [hubs.index(list(CITIES).index(name)) for a, _, b in BRIDGES for name in (a, b)]
    routes = [
        (
            _nearest_of(ring_m, dry & (hub == a), centres_m[b]),
            _nearest_of(ring_m, dry & (hub == b), centres_m[a]),
        )
        for a, b in link_places(towns.land, centres_m, WORTH_A_ROAD).tolist()
    ] + [
        (_nearest_of(ring_m, dry & (hub == city), bridges_m[i // 2]), len(ring_m) + i // 2)
        for i, city in enumerate(named)
    ]
    exits_m = np.concatenate((ring_m, bridges_m))
    chains = lay_chains(
        towns.land,
        exits_m,
        np.array(routes, dtype=np.int64),
        every_m=INTERCHANGE_M,
        first=len(exits_m),
        rng=rng,
    )
    return Chains(np.concatenate((exits_m, chains.points_m)), np.concatenate((ring, chains.pairs)))


def _orbital_m(towns: Towns) -> NDArray[np.float64]:
    return towns.radii_m * _ORBITAL_STRETCH + _ORBITAL_MARGIN_M


def _choose_hubs(towns: Towns) -> list[int]:
    """Return the cities with an orbital: of two whose orbitals would meet, the larger."""
    reach_m = _orbital_m(towns)
    hubs: list[int] = []
    for city in np.argsort(-towns.inhabitants[: len(CITIES)], kind="stable").tolist():
        away_m = np.hypot(*(towns.centres_m[hubs] - towns.centres_m[city]).T)
        clear_m = reach_m[hubs] + reach_m[city] + _ORBITALS_APART_M
        if towns.inhabitants[city] >= _ORBITAL_FROM and (away_m > clear_m).all():
            hubs.append(city)
    return hubs


def _nearest_of(points_m: Points, among: NDArray[np.bool_], place_m: Points) -> int:
    """Return the number of the point nearest to a place, among some."""
    numbers = np.flatnonzero(among)
    return int(numbers[cKDTree(points_m[numbers]).query(place_m)[1]])
