"""How long to wait before trying again."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_S = 0.5
LONGEST_S = 30.0

LONGEST_RETRY_AFTER_S = 3600.0
"""However long a source asks to be left alone, it is asked again after an hour: a wrong header
must not silence a feed for days."""


def backoff_delays(
    chance: random.Random, *, first_s: float = FIRST_S, longest_s: float = LONGEST_S
) -> Iterator[float]:
    """Seconds before each next attempt: doubling, capped, with "full jitter".

    Jitter spreads a thousand clients that lost the same server at the same instant. Full jitter
    (uniform between a tenth of the cap so far and the cap) is the variant that the AWS
    architecture blog's "Exponential backoff and jitter" measured to do least work.
    """
    cap = first_s
    while True:
        yield chance.uniform(cap / 10, cap)
        cap = min(cap * 2, longest_s)


def find_retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for: 0 to an hour; None where it says nothing.

    Args:
        header: the value: whole seconds, or an HTTP date.
        now: aware UTC, for dates.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        asked_s = (moment - now).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(asked_s, 0.0), LONGEST_RETRY_AFTER_S)
