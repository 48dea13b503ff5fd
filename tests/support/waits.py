"""Made-up readings of one facility, with a usual day that can be learnt."""

import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from feeds.model import Observation, Statistic, Wait

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def usual_day(at: datetime) -> float:
    """Highest at six in the evening, lowest at six in the morning."""
    hour = at.hour + at.minute / 60
    return 90 - 60 * math.sin(math.pi * hour / 12)


def observe(at: datetime, wait: Wait, facility_id: str = "deal-utc") -> Observation:
    return Observation(
        facility_id=facility_id, feed_id="recording", as_of=at, received_at=at, wait=wait
    )


def made_up(
    days: float,
    *,
    every_min: float = 15,
    noise: float = 10,
    seed: int = 1,
    start: datetime = MONDAY,
) -> Iterator[tuple[datetime, Wait]]:
    """Readings that wander about the usual day, coming back to it in some two hours."""
    chance, off = random.Random(seed), 0.0
    for number in range(round(days * 1440 / every_min)):
        at = start + timedelta(minutes=number * every_min)
        off = off * math.exp(-every_min / 120) + chance.gauss(0, noise)
        minutes = float(max(0, round(usual_day(at) + off)))
        yield at, Wait(minutes=minutes, statistic=Statistic.MEDIAN)
