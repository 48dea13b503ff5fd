"""From which adoption on A&E minors are shifted by so much: played over a range, then read off."""

from collections.abc import Sequence
from typing import Any, NamedTuple

ADOPTIONS = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)
"""Those played; at 0 nothing is shifted."""
PUBLISHED_SHIFT = 0.064
"""WaitLess's own record: just over 6% of minor attendances moved from A&E to MIUs in its first ten
months. A fraction of the A&E minors there would be without it."""


class Shifted(NamedTuple):
    """A&E minors shifted away at one adoption, as a fraction; low and high of its 95% interval."""

    adoption: float
    mean: float
    low: float
    high: float


def find_adoption(points: Sequence[Shifted], shift: float) -> dict[str, Any]:
    """Where the shift first passes a bar, linear between the adoptions played.

    Args:
        points: in order of adoption; before the first is nobody and no shift.
        shift: the bar, above 0.

    Returns:
        `adoption` and `adoption_ci95`: where the mean, and the ends of the interval, pass it; None
        where they do not within what was played.
    """
    return {
        "adoption": _crossing([(one.adoption, one.mean) for one in points], shift),
        "adoption_ci95": [
            _crossing([(one.adoption, one.high) for one in points], shift),
            _crossing([(one.adoption, one.low) for one in points], shift),
        ],
    }


def _crossing(points: list[tuple[float, float]], bar: float) -> float | None:
    before = (0.0, 0.0)
    for at, height in points:
        if height >= bar:
            share = (bar - before[1]) / (height - before[1])
            return round(before[0] + share * (at - before[0]), 4)
        before = (at, height)
    return None
