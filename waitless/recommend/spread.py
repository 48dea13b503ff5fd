"""Spreading people over places that are alike, where nobody knows who else is on the way.

All who read the same figures would go to the same place. Which of the places that are about as
quick comes first is drawn, by a bucket of the question's cell and minute: whoever asks again there
in that minute is told the same (`ledger.temper`).
"""

from datetime import datetime

from routing.rank import Candidate, similar
from waitless.cell import Cell
from waitless.ledger.policy import Policy
from waitless.ledger.temper import find_spread, pick


def spread_first(ranked: list[Candidate], origin: Cell, now: datetime, policy: Policy) -> bool:
    """Bring one of those that are like the first to the front; tells whether that changed it."""
    if not ranked or (first := ranked[0].total) is None:
        return False
    alike = [0]
    for place, other in enumerate(ranked[1:], start=1):
        total = other.total
        if total is not None and other.tier == ranked[0].tier and similar(first, total):
            alike.append(place)
    costs = [cost(ranked[place]) for place in alike]
    chosen = alike[pick(costs, policy.spread_minutes, find_spread(origin, now))]
    ranked.insert(0, ranked.pop(chosen))
    return chosen > 0


def cost(candidate: Candidate) -> float:
    """What a candidate with a known wait ranks by, minutes."""
    total = candidate.total
    if total is None:
        raise ValueError("an unknown wait has no cost")
    return total.mean + candidate.margin_minutes
