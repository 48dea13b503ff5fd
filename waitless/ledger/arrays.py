"""The ledger's arithmetic over arrays, compiled: counting in windows, and the corrected wait."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled

Floats = NDArray[np.float64]
_BUCKET_S: Final = 300.0
_MINUTE_S: Final = 60.0


@compiled
def _count_before(first_s: float, until: Floats, row: int, at_s: float) -> float:
    """Return a row's arrivals before an instant, a cut bucket in proportion."""
    last = until.shape[1] - 1
    place = (at_s - first_s) / _BUCKET_S
    if not place > 0.0:
        return 0.0
    if place >= last:
        return float(until[row, last])
    bucket = int(place)
    below = until[row, bucket]
    return float(below + (place - bucket) * (until[row, bucket + 1] - below))


@compiled
def count_windows(first_s: float, until: Floats, since_s: Floats, until_s: Floats) -> Floats:
    """Return, for each row of a `LedgerSnapshot`, the arrivals in its window; 0 where it is empty.

    Args:
        first_s: when the first bucket begins.
        until: arrivals before each bucket, facility after facility.
        since_s: begin of each facility's window, seconds since 1970.
        until_s: its end.
    """
    counts = np.zeros(until.shape[0])
    for row in range(until.shape[0]):
        if until_s[row] > since_s[row]:
            counts[row] = _count_before(first_s, until, row, until_s[row]) - _count_before(
                first_s, until, row, since_s[row]
            )
    return counts


@compiled
def corrected_minutes(  # noqa: PLR0917 - compiled functions take no keywords
    mean: float,
    advised: float,
    usual: float,
    per_minute: float,
    kappa: float,
    omega: float,
    most_minutes: float,
) -> float:
    """Return max(0, f + kappa (n - omega N) / c); NaN for NaN.

    The shift is at most `most_minutes`, up or down.
    """
    shift = kappa * (advised - omega * usual) / per_minute
    # In this order a mean that is NaN stays NaN: an unknown wait is not 0.
    return max(mean + max(min(shift, most_minutes), -most_minutes), 0.0)


@compiled
def correct_waits(  # noqa: PLR0917 - compiled functions take no keywords
    mean: Floats,
    first_s: float,
    until: Floats,
    since_s: Floats,
    until_s: Floats,
    usual_per_minute: Floats,
    per_minute: Floats,
    counts: NDArray[np.bool_],
    kappa: float,
    omega: float,
    most_minutes: float,
) -> Floats:
    """Return the corrected wait of every facility; the mean as it is where `counts` is False."""
    waits = mean.copy()
    advised = count_windows(first_s, until, since_s, until_s)
    for row in range(waits.size):
        if counts[row]:
            window_min = max(0.0, until_s[row] - since_s[row]) / _MINUTE_S
            waits[row] = corrected_minutes(
                mean[row],
                advised[row],
                usual_per_minute[row] * window_min,
                per_minute[row],
                kappa,
                omega,
                most_minutes,
            )
    return waits
