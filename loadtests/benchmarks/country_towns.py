"""Towns of the generated country: where they lie, how large they are, and their street corners."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from loadtests.benchmarks.country_land import CITIES, Land, Points, outline_land, to_plane

JUNCTIONS_PER_TOWN: Final = 250
"""Of a whole network: a million junctions have 4,000 generated towns and villages."""

INHABITANTS_PER_KM2: Final = 3_500.0
"""Of built-up land; with the population it gives a town's extent."""

HOSPITAL_TOWN, HOSPITAL_SUBURB = 90_000.0, 40_000.0
"""Inhabitants round a hospital that stands alone, and of one within `_SUBURB_M` of another town."""

_SUBURB_M: Final = 8_000.0
_LARGEST_SMALL_TOWN, _ZIPF_EXPONENT = 90_000.0, 0.6
_APART_M: Final = 2_200.0
_CLUSTERED_SHARE, _CLUSTER_M = 0.55, 22_000.0
_HIGHLAND_NORTH_M: Final = 6_270_000.0
"""The Great Glen and what lies north of Perth, latitude 56.4: sparsely settled."""
_HIGHLAND_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Towns:
    """Real towns first (cities, then hospitals), generated ones after, largest first."""

    centres_m: Points
    inhabitants: NDArray[np.float64]
    real: int
    """How many of them are real."""
    land: Land

    @property
    def radii_m(self) -> NDArray[np.float64]:
        """Radius of each town's built-up land."""
        return np.asarray(1e3 * np.sqrt(self.inhabitants / (INHABITANTS_PER_KM2 * np.pi)))


def place_towns(hospitals: Points, count: int, rng: np.random.Generator) -> Towns:
    """Place the real towns, and generated ones.

    Args:
        hospitals: rows of (latitude, longitude), degrees.
        count: how many generated towns are wanted; a few less where they would be crowded.
        rng: where chance comes from.
    """
    cities = np.array(list(CITIES.values()), dtype=np.float64)
    real_m = to_plane(np.concatenate((cities[:, :2], hospitals)))
    away_m = cKDTree(real_m).query(real_m[len(cities) :], k=2)[0][:, 1]
    people = np.where(away_m < _SUBURB_M, HOSPITAL_SUBURB, HOSPITAL_TOWN)
    inhabitants = np.concatenate((cities[:, 2], people))
    land = outline_land(real_m)
    small_m = _scatter_towns(land, real_m, inhabitants, count, rng)
    sizes = _LARGEST_SMALL_TOWN * (1.0 + np.arange(len(small_m))) ** -_ZIPF_EXPONENT
    return Towns(
        np.concatenate((real_m, small_m)), np.concatenate((inhabitants, sizes)), len(real_m), land
    )


def _scatter_towns(
    land: Land,
    real_m: Points,
    inhabitants: NDArray[np.float64],
    wanted: int,
    rng: np.random.Generator,
) -> Points:
    """Return up to `wanted` sites, more than half of them round large towns, none crowded."""
    drawn = 2 * wanted
    clustered = round(drawn * _CLUSTERED_SHARE)
    pull = np.sqrt(inhabitants)
    hosts = rng.choice(len(real_m), clustered, p=pull / pull.sum())
    near_m = real_m[hosts] + rng.normal(0, _CLUSTER_M, (clustered, 2))
    far_m = scatter(land, drawn - clustered, rng)
    sites_m = np.concatenate((near_m[land.holds(near_m)], far_m))
    rng.shuffle(sites_m)
    everything_m = np.concatenate((real_m, sites_m))
    crowded = cKDTree(everything_m).query_pairs(_APART_M, output_type="ndarray").max(axis=1)
    free = np.ones(len(everything_m), dtype=np.bool_)
    free[crowded] = False
    return sites_m[free[len(real_m) :]][:wanted]


def scatter(land: Land, count: int, rng: np.random.Generator) -> Points:
    """Return `count` points spread evenly over the land, thinly over the Highlands."""
    low, high = land.shapes[0].vertices.min(axis=0), land.shapes[0].vertices.max(axis=0)
    held: list[Points] = [np.empty((0, 2))]
    while (missing := count - sum(map(len, held))) > 0:
        points_m = rng.uniform(low, high, (3 * missing, 2))
        lowland = points_m[:, 1] < _HIGHLAND_NORTH_M
        kept = points_m[lowland | (rng.random(len(points_m)) < _HIGHLAND_SHARE)]
        held.append(kept[land.holds(kept)][:missing])
    return np.concatenate(held)


def lay_corners(towns: Towns, count: int, rng: np.random.Generator) -> Points:
    """Return about `count` street corners on land, shared out by inhabitants.

    Each town has a grid of its own direction, bent, jittered, denser in the middle, and with an
    uneven edge; the junctions of a street plan, not the streets.
    """
    shares = count * towns.inhabitants / towns.inhabitants.sum()
    numbers = np.floor(shares + rng.random(len(shares))).astype(int)
    plans = [
        centre_m + radius_m * _plan_town(number, rng)
        for centre_m, radius_m, number in zip(
            towns.centres_m, towns.radii_m, numbers.tolist(), strict=True
        )
        if number
    ]
    corners_m = np.concatenate(plans)
    return corners_m[towns.land.holds(corners_m)]


def _plan_town(number: int, rng: np.random.Generator) -> Points:
    """Return about `number` corners in a shape about the size of the unit disc."""
    step = np.sqrt(np.pi / number)
    ticks = np.arange(-1.5, 1.5, step) + rng.uniform(0, step)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    grid += rng.normal(0, 0.16 * step, grid.shape)
    angle, *lobes = rng.uniform(0, 2 * np.pi, 3)
    bearing = np.arctan2(grid[:, 1], grid[:, 0])
    edge = 1 + 0.2 * np.sin(2 * bearing + lobes[0]) + 0.15 * np.sin(3 * bearing + lobes[1])
    away = np.hypot(*grid.T) / edge
    inside = away < 1
    grid = grid[inside] * away[inside, np.newaxis] ** 0.3
    # Two slow waves bend the streets, as hills and old roads do.
    waves = rng.uniform(0, 2 * np.pi, 2)
    grid += 0.08 * np.sin(4 * grid[:, ::-1] + waves)
    turn = np.array(((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))))
    return np.asarray(grid @ turn)
