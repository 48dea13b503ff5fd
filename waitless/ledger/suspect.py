"""Counts that nobody can believe: more on their way than there can be. Pure.

Anyone may say that they are going somewhere, and could so empty a place for others or fill it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from waitless.area.facility import Facility
from waitless.ledger.correct import seen_per_minute
from waitless.ledger.counts import KEEPS, bucket_of
from waitless.ledger.entries import Held

AHEAD = timedelta(minutes=60)
"""Arrivals from `KEEPS` ago until then are judged together."""
TIMES_SEEN = 3.0
"""Advice does not fill a place with thrice as many as it sees: the wait would turn them away."""
TIMES_SERVED = 2.0
"""Some go who read the answer on another's screen, or from a cache that does not tell us."""
ALWAYS = 10.0
"""As many are never suspect, however small the place."""
CALM = 0.5
"""A suspicion ends when no more than this part of what could be explained is left."""


def find_suspects(
    held: Held,
    facilities: Iterable[Facility],
    now: datetime,
    *,
    served_share: float,
) -> dict[str, str]:
    """Facilities whose counts cannot be explained, and why in a few words fit for the public.

    Args:
        held: the ledger.
        facilities: all of the area.
        now: aware UTC.
        served_share: above 0, served answers are counted, so journeys need answers before them.
    """
    suspects = {}
    for facility in facilities:
        calm = CALM if facility.id in held.learnt.suspended else 1.0
        journeys = _near(held.journeys.get(facility.id, {}), now)
        served = _near(held.served.get(facility.id, {}), now)
        minutes = (KEEPS + AHEAD).total_seconds() / 60
        seen = ALWAYS + TIMES_SEEN * seen_per_minute(facility) * minutes
        answered = ALWAYS + TIMES_SERVED * served
        advised = journeys + served_share * served
        if advised > calm * seen:
            suspects[facility.id] = (
                f"{advised:.0f} on their way within {minutes:.0f} minutes, "
                f"{seen:.0f} at most can be explained by how many are seen there"
            )
        elif served_share > 0 and journeys > calm * answered:
            suspects[facility.id] = (
                f"{journeys} journeys within {minutes:.0f} minutes, "
                f"{answered:.0f} at most can be explained by {served} answers served"
            )
    return suspects


def _near(buckets: Mapping[int, int], now: datetime) -> int:
    first, last = bucket_of(now - KEEPS), bucket_of(now + AHEAD)
    return sum(number for bucket, number in buckets.items() if first <= bucket <= last)
