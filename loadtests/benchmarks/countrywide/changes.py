"""Traffic that changes: which edges, and what they take then."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loadtests.benchmarks.country_edges import CountryRoads

CHANGED: Final = 1_000
CLOSED_SHARE, FASTER_SHARE = 0.1, 0.3
"""Of changed edges; the others become slower."""


@dataclass(frozen=True, slots=True)
class Change:
    """New times of some edges; the others keep theirs."""

    edges: NDArray[np.intp]
    times_s: NDArray[np.float64]
    """Infinite where the edge is closed."""


def draw_scattered(roads: CountryRoads, rng: np.random.Generator) -> Change:
    """Change edges all over the country."""
    return _retime(roads, rng.choice(len(roads.tails), CHANGED, replace=False), rng)


def draw_clustered(roads: CountryRoads, rng: np.random.Generator) -> Change:
    """Change the edges nearest to one town's corner: a closed motorway and the streets round it."""
    middle = rng.choice(np.flatnonzero(roads.in_town))
    north = roads.lat - roads.lat[middle]
    east = (roads.lon - roads.lon[middle]) * np.cos(np.radians(roads.lat[middle]))
    away = np.hypot(north, east)[roads.tails]
    return _retime(roads, np.argsort(away, kind="stable")[:CHANGED], rng)


def _retime(roads: CountryRoads, edges: NDArray[np.intp], rng: np.random.Generator) -> Change:
    """Close some, make some faster than usual and the others up to three times slower."""
    chance = rng.random(len(edges))
    factors = np.where(
        chance < CLOSED_SHARE + FASTER_SHARE,
        rng.uniform(0.6, 0.95, len(edges)),
        rng.uniform(1.2, 3.0, len(edges)),
    )
    factors[chance < CLOSED_SHARE] = np.inf
    return Change(edges, roads.time_s[edges] * factors)
