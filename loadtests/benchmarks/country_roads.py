"""A road network of the size and shape of Great Britain's, generated for benchmarks.

Towns follow a Zipf law round real cities and hospitals (`country_towns`); streets and lanes are the
thinned triangles of their corners, with cul-de-sacs; trunk, primary and tertiary roads join towns
of three orders; motorways join cities and go round them (`country_net`). Everything is drawn from
one generator: the same seed gives the same roads.

Speeds are the usual ones of `routing.osm.speeds`, by class and by town or country. Lengths are the
straight line times the detour that the drawn line leaves out.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from loadtests.benchmarks.country_edges import (
    FERRY,
    LINK,
    MOTORWAY,
    PRIMARY,
    RESIDENTIAL,
    TERTIARY,
    TRUNK,
    UNCLASSIFIED,
    CountryRoads,
    Draft,
    finish,
)
from loadtests.benchmarks.country_land import CITIES, FERRIES, Points, to_plane
from loadtests.benchmarks.country_net import (
    WORTH_A_ROAD,
    Chains,
    Pairs,
    drop_wet_lanes,
    lay_chains,
    lay_motorways,
    link_places,
    pick_tree,
    thin_triangles,
)
from loadtests.benchmarks.country_towns import (
    JUNCTIONS_PER_TOWN,
    Towns,
    lay_corners,
    place_towns,
    scatter,
)

STAGES: Final = ("towns", "main roads", "streets", "choice of streets", "edges", "one component")

FEWEST_JUNCTIONS: Final = 15_000

EDGES_PER_JUNCTION: Final = 2.5
"""Directed edges; drive graphs of real countries have 2.3 to 2.6."""
ONE_WAY_SHARE: Final = 0.08
"""Of all roads; motorways count towards it."""

_URBAN_SHARE: Final = 0.70
_MAIN_EVERY_M: Final = 500.0
"""Between the junctions of main roads, at a million junctions."""
_SPARE: Final = 1.01
"""Junctions laid for each wanted: a few are cut off by water and left out."""
_SLIP_M: Final = 60.0
_LONGEST_SLIP_M: Final = 3_000.0

Report = Callable[[str], None]


def generate_country(
    junctions: int, hospitals: Points, rng: np.random.Generator, report: Report = lambda _: None
) -> CountryRoads:
    """Generate roads with at least `junctions` junctions and at most some percent more.

    Args:
        junctions: `FEWEST_JUNCTIONS` or more; with fewer, main roads alone would be more.
        hospitals: rows of (latitude, longitude), degrees; each is the centre of a town.
        rng: where chance comes from.
        report: told each of `STAGES` as it begins.

    Raises:
        ValueError: too few junctions are wanted.
    """
    if junctions < FEWEST_JUNCTIONS:
        raise ValueError(f"{junctions} junctions are too few: {FEWEST_JUNCTIONS} or more")
    report(STAGES[0])
    towns = place_towns(hospitals, junctions // JUNCTIONS_PER_TOWN, rng)
    report(STAGES[1])
    every_m = _MAIN_EVERY_M * np.sqrt(1e6 / junctions)
    main_m, tiers = _lay_main_roads(towns, every_m, rng)
    motorways = lay_motorways(towns, rng)
    report(STAGES[2])
    missing = round(junctions * _SPARE) - len(main_m) - 2 * len(motorways.points_m)
    corners_m = lay_corners(towns, round(missing * _URBAN_SHARE), rng)
    lanes_m = scatter(towns.land, missing - len(corners_m), rng)
    draft = Draft(np.concatenate((main_m, corners_m, lanes_m)), [], [], [])
    streets = drop_wet_lanes(towns.land, draft.points_m, thin_triangles(draft.points_m))
    report(STAGES[3])
    in_town = find_built_up(towns, draft.points_m)
    one_way = 3 * len(motorways.points_m)
    _add_streets(draft, tiers, streets, in_town, rng, one_way_elsewhere=one_way)
    report(STAGES[4])
    _add_ferries(draft)
    _add_motorways(draft, motorways, len(main_m))
    report(STAGES[5])
    return finish(draft, np.concatenate((in_town, np.zeros(2 * len(motorways.points_m), bool))))


def _lay_main_roads(
    towns: Towns, every_m: float, rng: np.random.Generator
) -> tuple[Points, list[Chains]]:
    """Return towns with the junctions of main roads, and the roads: trunk, primary, tertiary."""
    points_m = towns.centres_m
    tiers: list[Chains] = []
    joined = np.empty(0, dtype=np.int64)
    everything = len(points_m)
    sizes = (len(CITIES), max(towns.real, everything // 4), everything)
    for size, worth in zip(sizes, (WORTH_A_ROAD, WORTH_A_ROAD, 0.0), strict=True):
        links = link_places(towns.land, towns.centres_m[:size], worth)
        keys = links[:, 0] * everything + links[:, 1]
        links = links[~np.isin(keys, joined)]
        joined = np.union1d(joined, keys)
        chains = lay_chains(
            towns.land, points_m, links, every_m=every_m, first=len(points_m), rng=rng
        )
        points_m = np.concatenate((points_m, chains.points_m))
        tiers.append(chains)
    return points_m, tiers


def find_built_up(towns: Towns, points_m: Points) -> NDArray[np.bool_]:
    """Tell which points lie within a town."""
    found = cKDTree(points_m).query_ball_point(towns.centres_m, towns.radii_m)
    inside = np.zeros(len(points_m), dtype=np.bool_)
    for numbers in found:
        inside[numbers] = True
    return inside


def _add_streets(
    draft: Draft,
    tiers: list[Chains],
    streets: Pairs,
    in_town: NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    one_way_elsewhere: int,
) -> None:
    """Add main roads, the tree of streets, and as many more streets as a real country has.

    The tree is never one-way, so that every junction can be left and reached.
    """
    count = len(draft.points_m)
    main = np.concatenate([np.sort(chains.pairs, axis=1) for chains in tiers])
    ranks = np.repeat((TRUNK, PRIMARY, TERTIARY), [len(chains.pairs) for chains in tiers])
    _, firsts = np.unique(main[:, 0] * count + main[:, 1], return_index=True)
    main, ranks = main[firsts], ranks[firsts].astype(np.uint8)
    tree = pick_tree(draft.points_m, streets)
    taken = np.isin(streets[:, 0] * count + streets[:, 1], main[:, 0] * count + main[:, 1])
    ground = np.where(in_town[streets].all(axis=1), RESIDENTIAL, UNCLASSIFIED).astype(np.uint8)
    draft.add(main, ranks, both_ways=True)
    draft.add(streets[tree & ~taken], ground[tree & ~taken], both_ways=True)
    roads = round(EDGES_PER_JUNCTION * count / (2 - ONE_WAY_SHARE))
    more = max(0, roads - len(main) - int((tree & ~taken).sum()))
    spare = rng.permutation(np.flatnonzero(~tree & ~taken))[:more]
    one_way = max(0, round(ONE_WAY_SHARE * roads) - one_way_elsewhere)
    single = spare[ground[spare] == RESIDENTIAL][:one_way]
    double = np.setdiff1d(spare, single)
    draft.add(streets[double], ground[double], both_ways=True)
    turned = rng.random(len(single)) < 0.5
    single_pairs = np.where(turned[:, np.newaxis], streets[single][:, ::-1], streets[single])
    draft.add(single_pairs, ground[single], both_ways=False)


def _add_ferries(draft: Draft) -> None:
    """Add the ferries, each between the junctions nearest to its ends."""
    quays = to_plane(np.array(FERRIES).reshape(-1, 2))
    _, numbers = cKDTree(draft.points_m).query(quays)
    draft.add(numbers.astype(np.int64).reshape(-1, 2), FERRY, both_ways=True)


def _add_motorways(draft: Draft, motorways: Chains, on_main_roads: int) -> None:
    """Add motorways: two junctions at each exit, one to leave at and one to join at.

    Each exit's slip roads meet the nearest of the first `on_main_roads` junctions; where they
    would have to be long, any junction.
    """
    exits = np.arange(len(motorways.points_m))
    leave = len(draft.points_m) + 2 * exits
    join = leave + 1
    away_m, main = cKDTree(draft.points_m[:on_main_roads]).query(motorways.points_m)
    _, nearest = cKDTree(draft.points_m).query(motorways.points_m)
    ground = np.where(away_m < _LONGEST_SLIP_M, main, nearest)
    here, there = motorways.pairs.T
    draft.add(np.column_stack((join[here], leave[there])), MOTORWAY, both_ways=False)
    draft.add(np.column_stack((join[there], leave[here])), MOTORWAY, both_ways=False)
    draft.add(np.column_stack((leave, join)), MOTORWAY, both_ways=False)
    draft.add(np.column_stack((leave, ground)), LINK, both_ways=False)
    draft.add(np.column_stack((ground, join)), LINK, both_ways=False)
    aside = np.array((_SLIP_M, 0.0))
    both = np.stack((motorways.points_m - aside, motorways.points_m + aside), axis=1)
    draft.points_m = np.concatenate((draft.points_m, both.reshape(-1, 2)))
