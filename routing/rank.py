"""Ranking: who is first among places with a journey and an uncertain wait.

Pure and general: it knows minutes and ranges, nothing of patients or facilities.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SIMILAR_OVERLAP = 0.5
"""Two ranges are "similar" when they share more than this part of the span of both together: a
narrow range within a wide one is not, for one of the two is a safer choice than the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An uncertain number of minutes: 8 in 10 lie between p10 and p90."""

    p10: float
    p50: float
    p90: float
    mean: float

    def plus(self, minutes: float) -> "Range":
        """The range that many minutes later."""
        return Range(
            p10=self.p10 + minutes,
            p50=self.p50 + minutes,
            p90=self.p90 + minutes,
            mean=self.mean + minutes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One place to rank. `wait` None means that nothing believable is known of it."""

    id: str
    travel_minutes: float
    wait: Range | None
    tier: int = 0
    """Lower tiers rank first whatever their minutes: 0 surely suitable, 1 perhaps."""
    margin_minutes: float = 0.0
    """Added to its cost and to nothing that is shown: what a policy holds against it."""

    @property
    def total(self) -> Range | None:
        """Journey plus wait; None where the wait is unknown."""
        return None if self.wait is None else self.wait.plus(self.travel_minutes)


def rank(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first: unknown waits last, then by tier, then by mean total minutes and the margin.

    A total order: ties go to the shorter journey, then to the id. A place that another of its
    tier and margin beats in journey and in every figure of the wait is never first.
    """
    return sorted(candidates, key=_key)


def _key(candidate: Candidate) -> tuple[bool, int, float, float, float, str]:
    total = candidate.total
    if total is None:
        return True, candidate.tier, candidate.travel_minutes, 0.0, 0.0, candidate.id
    return (
        False,
        candidate.tier,
        total.mean + candidate.margin_minutes,
        total.p50 + candidate.margin_minutes,
        candidate.travel_minutes,
        candidate.id,
    )


def similar(one: Range, other: Range) -> bool:
    """Whether two ranges overlap so far that calling one of them quicker would be untrue."""
    shared = min(one.p90, other.p90) - max(one.p10, other.p10)
    together = max(one.p90, other.p90) - min(one.p10, other.p10)
    return shared > SIMILAR_OVERLAP * together


def may_be_as_quick(one: Range, other: Range) -> bool:
    """Whether more than half of the narrower range lies within the other.

    So it is where two are similar, and also where a narrow range lies within a wide one: neither
    may then be called the quickest.
    """
    shared = min(one.p90, other.p90) - max(one.p10, other.p10)
    narrower = min(one.p90 - one.p10, other.p90 - other.p10)
    return shared > SIMILAR_OVERLAP * narrower
