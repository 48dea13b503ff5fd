"""Rules about size: the hard limit, the plausible but extreme, longer than the door is open."""

from datetime import timedelta

from feeds.model import Statistic
from waitless.belief.case import Case

GREW_WITHIN = timedelta(hours=1)
GREW_MINUTES = 60.0
"""An extreme wait that grew there, by at most this much within the hour, needs no confirming."""
OPEN_GRACE_MINUTES = 30.0
"""Doors open early, and the first in the queue came before: R16."""


def is_over_limit(case: Case) -> str | None:
    """Over the hard limit, by any of its figures: WaitLess once showed three days.

    KentOnline, 30 October 2024 (FAILURES.md 1).
    """
    wait = case.wait
    if wait is None:
        return None
    limit = case.rules.hard_limit_minutes
    for figure in (wait.minutes, wait.low, wait.high):
        if figure is not None and figure > limit:
            return f"{figure:.0f} minutes, over the limit of {limit:.0f}"
    return None


def is_longer_than_open(case: Case) -> str | None:
    """A wait that began before the door opened: Penrith posted over 4 h at 9.03, open since 8.

    FAILURES.md 14. An estimate for newcomers may be longer than the door has been open; a figure
    measured on people who waited may not.
    """
    opened, wait = case.opened_minutes, case.wait
    if opened is None or opened < 0 or wait is None or wait.statistic is Statistic.ESTIMATE:
        return None
    if wait.floor_minutes <= opened + OPEN_GRACE_MINUTES:
        return None
    return f"{wait.floor_minutes:.0f} minutes waited, {opened:.0f} minutes open"


def is_extreme(case: Case) -> str | None:
    """Over the soft limit, and not grown there step by step."""
    wait = case.wait
    limit = case.rules.soft_limit_minutes
    if wait is None or wait.floor_minutes <= limit:
        return None
    figure, before = case.facility.figure, case.facility.believed_wait
    if figure is not None and before is not None:
        recent = case.measured_at - figure.measured_at <= GREW_WITHIN
        if recent and abs(wait.floor_minutes - before.floor_minutes) <= GREW_MINUTES:
            return None
    return f"{wait.floor_minutes:.0f} minutes, over the plausible {limit:.0f}"
