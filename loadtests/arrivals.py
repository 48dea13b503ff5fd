"""When patients come: at random (Poisson), as many as a Monday morning has of them. Pure."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from random import Random

from waitless.demo.demand import ARRIVALS_BY_HOUR

MORNING_HOURS = (8, 12)
"""A run plays these hours of a Monday, however short it is: the busiest of the week (Mondays have
16% of England's attendances, most from 10 to 12: NHS Digital, 2019/20)."""
_SHARES = ARRIVALS_BY_HOUR[slice(*MORNING_HOURS)]
_WAYS = tuple(accumulate(share / sum(_SHARES) for share in _SHARES))


def monday_factor(share: float) -> float:
    """How many times the run's mean rate comes at a share (0 to 1) of the run."""
    hour = min(int(share * len(_SHARES)), len(_SHARES) - 1)
    return _SHARES[hour] * len(_SHARES) / sum(_SHARES)


def poisson_times(rate: float, seconds: float, chance: Random) -> Iterator[float]:
    """Seconds from now at which arrivals fall due, at an even mean rate a second."""
    at = chance.expovariate(rate)
    while at < seconds:
        yield at
        at += chance.expovariate(rate)


def monday_times(rate: float, seconds: float, chance: Random) -> Iterator[float]:
    """The same mean rate over the whole run, spread as over a Monday morning."""
    for at in poisson_times(rate, seconds, chance):
        yield seconds * _share_at(at / seconds)


def _share_at(arrived: float) -> float:
    """At which share of the run a share of all arrivals has come: the rates' sum, inverted."""
    hour = min(bisect_right(_WAYS, arrived), len(_WAYS) - 1)
    before = _WAYS[hour - 1] if hour else 0.0
    within = (arrived - before) / (_WAYS[hour] - before)
    return min(1.0, (hour + within) / len(_WAYS))
