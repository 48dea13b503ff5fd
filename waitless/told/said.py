"""What a facility's forecast said from one reading on, and which of them stood at an instant."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import isfinite

import msgspec

from waitless.forecast.predict import Course
from waitless.reading import LIVE_FOR

HORIZONS = (timedelta(minutes=30), timedelta(minutes=60), timedelta(minutes=120))
SLACK = timedelta(minutes=10)
"""A source that posts hourly is live for half of the time: what stood nearest to so long ago, and
no further off than this, is what was told then."""
STEP_MINUTES = 15.0
STEPS = 11
"""At 15, 30 ... 165 minutes after the reading: the longest horizon, the slack and half an hour of
age are 160."""
KEEPS = timedelta(minutes=160)
APART = timedelta(minutes=4)
"""Those kept lie so far apart, but for the newest: 42 of them at most."""

Nodes = tuple[float, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The figure that would be posted, as forecast from one reading: its mean and 80% range."""

    made_at: datetime
    as_of: datetime
    """When the reading was measured."""
    mean: Nodes
    p10: Nodes
    p90: Nodes

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what has too few or too many numbers."""
        for nodes in (self.mean, self.p10, self.p90):
            if len(nodes) != STEPS or not isfinite(sum(nodes)):
                raise ValueError(f"{STEPS} waits are wanted: {nodes}")

    def expect(self, at: datetime) -> tuple[float, float, float]:
        """Mean, p10 and p90 of the figure posted at an instant, linear between nodes."""
        place = (at - self.as_of) / timedelta(minutes=STEP_MINUTES) - 1
        place = min(max(place, 0.0), STEPS - 1.0)
        before = min(int(place), STEPS - 2)
        share = place - before
        mean, p10, p90 = (
            nodes[before] + share * (nodes[before + 1] - nodes[before])
            for nodes in (self.mean, self.p10, self.p90)
        )
        return mean, p10, p90


def say(course: Course, as_of: datetime, now: datetime) -> Said:
    """Lay out what a forecast says; to a tenth of a minute, as much of it is stored."""
    told = [course.expect(step * STEP_MINUTES) for step in range(1, STEPS + 1)]
    return Said(
        made_at=now,
        as_of=as_of,
        mean=tuple(round(one.mean, 1) for one in told),
        p10=tuple(round(one.p10, 1) for one in told),
        p90=tuple(round(one.p90, 1) for one in told),
    )


def keep(said: Sequence[Said], newest: Said) -> list[Said]:
    """Those to keep, oldest first, with the newest."""
    kept = [one for one in said if newest.as_of - one.as_of <= KEEPS]
    if len(kept) > 1 and kept[-1].made_at - kept[-2].made_at < APART:
        kept.pop()
    return [*kept, newest]


def find_standing(said: Sequence[Said], at: datetime) -> Said | None:
    """What stood at an instant, or nearest to it within the slack; None where nothing did.

    Each stands from when it was made until the next one, while its reading is live.
    """
    until = [after.made_at for _, after in pairwise(said)]
    found: tuple[timedelta, Said] | None = None
    for place, one in enumerate(said):
        ends = one.as_of + LIVE_FOR
        if place < len(until):
            ends = min(ends, until[place])
        if one.made_at > ends:
            continue
        off = max(one.made_at - at, at - ends, timedelta())
        if off <= SLACK and (found is None or off < found[0]):
            found = off, one
    return None if found is None else found[1]
