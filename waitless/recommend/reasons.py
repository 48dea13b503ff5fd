"""Reasons: why a destination stands where it stands, as codes that docs/api.md explains."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from feeds.model import NoFigure, Statistic, Wait
from routing.rank import Candidate, may_be_as_quick
from waitless.override import Override
from waitless.reading import LIVE_FOR, Reading
from waitless.recommend.option import Option
from waitless.recommend.suit import Doubt

TOLD_FROM_MINUTES = 1.0
"""Others on the way are a reason from so many minutes on."""


class Reason(StrEnum):
    """What can be said of a destination's rank."""

    SHORTEST_TOTAL = "shortest_total"
    SIMILAR_TOTAL = "similar_total"
    SHORTEST_KNOWN = "shortest_known"
    SUREST = "surest"
    ED_KEPT_FREE = "ed_kept_free"
    SPREAD = "spread"
    NEAREST = "nearest"
    SHORTEST_WAIT = "shortest_wait"
    XRAY_UNCONFIRMED = "xray_unconfirmed"
    OTHER_CLOCK = "other_clock"
    MAY_CLOSE_BEFORE_SEEN = "may_close_before_seen"
    OTHERS_ON_THE_WAY = "others_on_the_way"
    POLICY_MARGIN = "policy_margin"
    AGE_LIMIT = "age_limit"
    WAIT_UNKNOWN = "wait_unknown"
    WAIT_WITHHELD = "wait_withheld"
    WAIT_NOT_CURRENT = "wait_not_current"
    WAIT_NOT_FORESEEN = "wait_not_foreseen"
    WAIT_ENTERED = "wait_entered"
    WAIT_CLEARED = "wait_cleared"
    POSTED_LONGEST = "posted_longest"
    POSTED_AS_BAND = "posted_as_band"
    POSTED_WITHOUT_UPPER_LIMIT = "posted_without_upper_limit"


REASON_TEXTS = {
    Reason.SHORTEST_TOTAL: "Likely the shortest time until you are seen.",
    Reason.SIMILAR_TOTAL: "Others may be as quick: the ranges overlap.",
    Reason.SHORTEST_KNOWN: "The shortest known; a nearer place publishes no current wait.",
    Reason.SUREST: "Others may be quicker, but something about each of them is not certain.",
    Reason.ED_KEPT_FREE: "An emergency department may be about as quick: it is kept for those "
    "who can go nowhere else.",
    Reason.SPREAD: "One of several that are about as quick: not all who ask now are sent to the "
    "same.",
    Reason.NEAREST: "The nearest that can see you.",
    Reason.SHORTEST_WAIT: "The shortest wait once there.",
    Reason.XRAY_UNCONFIRMED: "Nobody could confirm an X-ray for that time: ring first.",
    Reason.OTHER_CLOCK: "The published wait does not count from arrival to treatment.",
    Reason.MAY_CLOSE_BEFORE_SEEN: "May close before you are seen: ring first.",
    Reason.OTHERS_ON_THE_WAY: "Others are on their way there: the wait counts them.",
    Reason.POLICY_MARGIN: "Stands lower than its minutes: emergency departments are kept for "
    "those who can go nowhere else.",
    Reason.AGE_LIMIT: "Does not see babies under a certain age: say the age to be sure.",
    Reason.WAIT_UNKNOWN: "No waiting time is published.",
    Reason.WAIT_WITHHELD: "The unit is withholding its waiting time.",
    Reason.WAIT_NOT_CURRENT: "No current figure: the last one is over 30 minutes old.",
    Reason.WAIT_NOT_FORESEEN: "Waits are not foretold more than two hours ahead.",
    Reason.WAIT_ENTERED: "The wait was entered by the unit’s operator; it is not from its feed.",
    Reason.WAIT_CLEARED: "The unit’s operator has asked that no wait be shown.",
    Reason.POSTED_LONGEST: "The published figure is the longest wait; most are seen sooner.",
    Reason.POSTED_AS_BAND: "The wait is published as a range.",
    Reason.POSTED_WITHOUT_UPPER_LIMIT: "The wait is published as “over” a figure, with no limit.",
}
"""Every reason as a sentence for a patient."""


def list_reasons(
    place: int,
    ranked: Sequence[Candidate],
    option: Option,
    age_years: int | None,
    now: datetime,
    *,
    spread: bool = False,
    foreseen: bool = True,
) -> list[Reason]:
    """The reasons of the destination at `place` (0 is first) of a ranking.

    `spread` says that the first was chosen among its like, `foreseen` that waits are told at all.
    """
    candidate = ranked[place]
    reasons: list[Reason] = []
    if place == 0:
        if spread:
            reasons = [Reason.SPREAD]
        elif Doubt.OTHER_CLOCK not in option.doubts:
            reasons = _first_reasons(ranked)
    if candidate.travel_minutes <= min(other.travel_minutes for other in ranked):
        reasons.append(Reason.NEAREST)
    if Doubt.OTHER_CLOCK not in option.doubts and _waits_least(candidate, ranked):
        reasons.append(Reason.SHORTEST_WAIT)
    reasons.extend(Reason(doubt) for doubt in option.doubts)
    if option.moved_minutes >= TOLD_FROM_MINUTES:
        reasons.append(Reason.OTHERS_ON_THE_WAY)
    if _is_held_back(candidate, ranked[1 if spread else 0 : place]):
        reasons.append(Reason.POLICY_MARGIN)
    if age_years is None and option.facility.min_age_months is not None:
        reasons.append(Reason.AGE_LIMIT)
    if not foreseen:
        return [*reasons, Reason.WAIT_NOT_FORESEEN]
    return reasons + list_wait_reasons(option.wait, option.reading, now, option.override)


def _waits_least(candidate: Candidate, ranked: Sequence[Candidate]) -> bool:
    """Whether its wait is the shortest, and every other is known."""
    waits = [other.wait for other in ranked]
    return candidate.wait is not None and all(
        wait is not None and candidate.wait.mean <= wait.mean for wait in waits
    )


def _is_held_back(candidate: Candidate, before: Sequence[Candidate]) -> bool:
    """Whether a place that is slower stands before one for the margin alone."""
    total = candidate.total
    return (
        candidate.margin_minutes > 0
        and total is not None
        and any(
            other.total is not None
            and other.tier == candidate.tier
            and other.total.mean > total.mean
            for other in before
        )
    )


def _first_reasons(ranked: Sequence[Candidate]) -> list[Reason]:
    """What may be said of the first: never that it is quickest where that is not known."""
    first = ranked[0].total
    if first is None:
        return []
    rivals = [other.total for other in ranked[1:] if other.total is not None]
    quicker = [
        other for other in ranked[1:] if other.total is not None and other.total.mean < first.mean
    ]
    if any(other.tier == ranked[0].tier for other in quicker):
        return [Reason.ED_KEPT_FREE]  # only a margin can have put it behind
    if quicker:
        return [Reason.SUREST]
    if any(may_be_as_quick(first, rival) for rival in rivals):
        return [Reason.SIMILAR_TOTAL]
    if any(other.wait is None and other.travel_minutes < first.mean for other in ranked[1:]):
        return [Reason.SHORTEST_KNOWN]
    return [Reason.SHORTEST_TOTAL]


def list_wait_reasons(
    wait: Wait | None, reading: Reading | None, now: datetime, override: Override | None = None
) -> list[Reason]:
    """What is to be said of a facility's wait, or of there being none.

    Args:
        wait: what may be shown as live; None where nothing may.
        reading: what is believed; None where nothing ever was.
        now: the time of the answer.
        override: what an operator says of the facility, where it holds now.
    """
    if override is not None and override.wait_cleared:
        return [Reason.WAIT_CLEARED]
    if override is not None and override.wait_minutes is not None and wait is not None:
        return [Reason.WAIT_ENTERED]
    if wait is not None:
        if wait.minutes is None:
            bounded = wait.high is not None
            return [Reason.POSTED_AS_BAND if bounded else Reason.POSTED_WITHOUT_UPPER_LIMIT]
        return [Reason.POSTED_LONGEST] if wait.statistic is Statistic.LONGEST else []
    if reading is None or reading.wait_as_of is None:
        return [Reason.WAIT_UNKNOWN]
    if isinstance(reading.wait, Wait) or now - reading.wait_as_of > LIVE_FOR:
        return [Reason.WAIT_NOT_CURRENT]
    withheld = reading.wait is NoFigure.SUPPRESSED
    return [Reason.WAIT_WITHHELD if withheld else Reason.WAIT_UNKNOWN]
