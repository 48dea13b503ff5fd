"""The order of places, compiled: `routing.rank.rank` and `recommend.spread` over columns."""

import math

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled_with
from waitless.answers import alike
from waitless.answers.alike import similar
from waitless.ledger import temper
from waitless.ledger.temper import SPREADS

_PARTS = (alike, temper)
"""Modules that are frozen in."""


@compiled_with(*_PARTS)
def put_best_first(  # noqa: C901, PLR0917 - compiled
    pool: NDArray[np.int64],
    shown: int,
    seen: NDArray[np.float64],
    away: NDArray[np.float64],
    margin: NDArray[np.float64],
    doubts: NDArray[np.int64],
    id_order: NDArray[np.int64],
) -> None:
    """Bring the best so many to the front, in the order that `routing.rank.rank` has.

    By selection: few are shown of many.
    """
    mean, p50 = np.zeros(len(pool)), np.zeros(len(pool))
    likes = np.zeros(len(pool), dtype=np.int64)
    for i, f in enumerate(pool):
        if np.isnan(seen[f, 3]):
            likes[i] = 2
        else:
            mean[i] = seen[f, 3] + away[f] + margin[f]
            p50[i] = seen[f, 1] + away[f] + margin[f]
        if doubts[f] != 0:
            likes[i] += 1
    for place in range(shown):
        best = place
        for i in range(place + 1, len(pool)):
            if likes[i] != likes[best]:
                better = likes[i] < likes[best]
            elif mean[i] != mean[best]:
                better = mean[i] < mean[best]
            elif p50[i] != p50[best]:
                better = p50[i] < p50[best]
            elif away[pool[i]] != away[pool[best]]:
                better = away[pool[i]] < away[pool[best]]
            else:
                better = id_order[pool[i]] < id_order[pool[best]]
            if better:
                best = i
        pool[place], pool[best] = pool[best], pool[place]
        mean[place], mean[best] = mean[best], mean[place]
        p50[place], p50[best] = p50[best], p50[place]
        likes[place], likes[best] = likes[best], likes[place]


@compiled_with(*_PARTS)
def draw_first(  # noqa: PLR0917 - compiled
    pool: NDArray[np.int64],
    shown: int,
    seen: NDArray[np.float64],
    away: NDArray[np.float64],
    margin: NDArray[np.float64],
    doubts: NDArray[np.int64],
    id_order: NDArray[np.int64],
    temperature: float,
    spread: int,
) -> bool:
    """Bring one of those like the first to the front, as `recommend.spread` does; return if so."""
    if shown == 0 or np.isnan(seen[pool[0], 3]):
        return False
    put_best_first(pool, len(pool), seen, away, margin, doubts, id_order)
    first = pool[0]
    alike = np.empty(len(pool), dtype=np.int64)
    costs = np.empty(len(pool))
    found = 0
    for place in range(len(pool)):
        f = pool[place]
        if place > 0 and (
            (doubts[f] != 0) != (doubts[first] != 0) or not similar(seen, away, first, f)
        ):
            continue
        alike[found], costs[found] = place, seen[f, 3] + away[f] + margin[f]
        found += 1
    chosen = alike[draw(costs[:found], temperature, spread)]
    f = pool[chosen]
    for place in range(chosen, 0, -1):
        pool[place] = pool[place - 1]
    pool[0] = f
    return bool(chosen > 0)


@compiled_with(*_PARTS)
def draw(costs: NDArray[np.float64], temperature: float, spread: int) -> int:
    """Return which of some places a spread bucket goes to, as `ledger.temper.pick` has it."""
    least = costs.min()
    if temperature <= 0:
        return int(costs.argmin())
    total = 0.0
    for cost in costs:
        total += math.exp(-(cost - least) / temperature)
    edge, until = (spread + 0.5) / SPREADS * total, 0.0
    for place in range(len(costs)):
        until += math.exp(-(costs[place] - least) / temperature)
        if until >= edge:
            return place
    return len(costs) - 1
