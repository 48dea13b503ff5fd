"""How long to wait before trying again."""

import random
from collections.abc import Iterator

FIRST_S = 0.5
LONGEST_S = 30.0


def backoff_delays(chance: random.Random) -> Iterator[float]:
    """Seconds before each next attempt: doubling, capped, with "full jitter".

    Jitter spreads a thousand clients that lost the same server at the same instant. Full jitter
    (uniform between a tenth of the cap so far and the cap) is the variant that the AWS
    architecture blog's "Exponential backoff and jitter" measured to do least work.
    """
    cap = FIRST_S
    while True:
        yield chance.uniform(cap / 10, cap)
        cap = min(cap * 2, LONGEST_S)
