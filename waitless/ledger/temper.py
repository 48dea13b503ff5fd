"""Without a shared ledger: send people apart by chance, so that not all go to one place. Pure.

Everybody who reads the same old figures would choose the same place. A softmax over the costs,
exp(-cost / T), spreads them; it stays stable only while T is large enough for how many follow and
how old the figures are.
"""

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from waitless.cell import Cell
from waitless.ledger.counts import Floats

SAFETY = 1.25
"""How far above the least stable temperature we stay: its terms are estimates."""
SPREADS = 16
"""Spread buckets: an answer can be kept for each, and each holds 1 in 16 of those who ask."""
_GOLDEN = 0x9E3779B1
"""2 ** 32 over the golden ratio, odd: steps of it fill a circle evenly (Weyl's sequence)."""
_CIRCLE = 2**32


def choose_temperature(
    *,
    informed_share: float,
    demand_per_minute: float,
    age_minutes: float,
    sites: int,
    per_minute: float,
) -> float:
    """The temperature in minutes that keeps queues from swinging: a L delta / (N c T) < pi / 2.

    Args:
        informed_share: a, the part of all patients who follow answers, 0 to 1.
        demand_per_minute: L, patients of the area per minute.
        age_minutes: delta, from a change of the queue to its effect on an arrival: averaging of
            the feed, its cadence, and the journey.
        sites: N, the places they spread over.
        per_minute: c, patients one site sees per minute, above 0.

    Raises:
        ValueError: no site, or nobody seen.
    """
    if sites < 1 or not per_minute > 0:
        raise ValueError("at least one site that sees patients is wanted")
    bound = 2 * informed_share * demand_per_minute * age_minutes / (math.pi * sites * per_minute)
    return SAFETY * bound


def find_spread(origin: Cell, at: datetime) -> int:
    """The spread bucket of a question, 0 to 15: the same for all who ask there in that minute.

    It holds nothing of who asks. Minute after minute it visits the buckets evenly, and cells that
    are neighbours are not in step.
    """
    minute = math.floor(at.timestamp() / 60)
    # Two odd multipliers mix row and column; the top bits are the ones that mix well.
    place = (origin.row * 0x85EBCA6B) ^ (origin.column * 0xC2B2AE35)
    place = ((place % _CIRCLE) ^ (place % _CIRCLE >> 15)) * 0x27D4EB2F
    return (place + minute * _GOLDEN) % _CIRCLE * SPREADS // _CIRCLE


def share_out(costs: Sequence[float], temperature: float) -> Floats:
    """The share of people that each place gets; they add up to 1.

    Args:
        costs: minutes, at least one, all finite: the places that are near-equal.
        temperature: minutes; 0 gives all to the cheapest, the first of them where they tie.

    Raises:
        ValueError: no cost, or one that is not finite.
    """
    if not costs or not all(map(math.isfinite, costs)):
        raise ValueError("finite costs are wanted, at least one")
    above = np.array(costs) - min(costs)
    if temperature <= 0:
        shares = np.zeros(len(costs))
        shares[int(above.argmin())] = 1.0
        return shares
    weights = np.exp(-above / temperature)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def pick(costs: Sequence[float], temperature: float, spread: int) -> int:
    """Which of some near-equal places a spread bucket goes to; raises as `share_out`.

    Over all buckets each place is picked as often as its share says, to within one bucket.
    """
    edges = np.cumsum(share_out(costs, temperature))
    return min(int(np.searchsorted(edges, (spread + 0.5) / SPREADS)), len(costs) - 1)
