"""Outlooks of many facilities at once, compiled: the arithmetic of `Outlook.seen`, bit for bit."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled

Floats = NDArray[np.float64]
NO_OUTLOOK: Final = -1
UNREACHED: Final = -1
"""In place of an instant."""
POSTED, P10, P50, P90 = range(4)
"""Rows of `nodes`."""
_STEP_MINUTES: Final = 15.0
_STEPS: Final = 12
_MINUTE_US: Final = 60_000_000


@compiled
def find_arrivals(now_us: int, away: Floats) -> NDArray[np.int64]:
    """Return when one arrives at each facility, microseconds since 1970; `UNREACHED`."""
    arrivals = np.full(len(away), UNREACHED, dtype=np.int64)
    for f in range(len(away)):
        if away[f] < np.inf:
            arrivals[f] = _later_us(now_us, away[f])
    return arrivals


@compiled
def find_seen_at(arrivals: NDArray[np.int64], seen: Floats) -> NDArray[np.int64]:
    """Return when one is seen at each, by p50; `UNREACHED` where the wait is unknown too."""
    seen_at = np.full(len(arrivals), UNREACHED, dtype=np.int64)
    for f in range(len(arrivals)):
        if arrivals[f] != UNREACHED and not np.isnan(seen[f, 1]):
            seen_at[f] = _later_us(arrivals[f], seen[f, 1])
    return seen_at


@compiled
def _later_us(now_us: int, minutes: float) -> int:
    """Return the instant `now + timedelta(minutes=minutes)`, rounded as timedelta rounds."""
    whole = int(minutes)
    fraction_us = (minutes - whole) * _MINUTE_US
    whole_us = int(fraction_us)
    rest = fraction_us - whole_us
    ahead_us = whole * _MINUTE_US + whole_us
    if rest > 0.5 or (rest == 0.5 and ahead_us % 2 == 1):  # noqa: PLR2004 - half
        ahead_us += 1
    return now_us + ahead_us


@compiled
def see_waits(
    arrivals: NDArray[np.int64],
    quantiles: Floats,
    as_of_us: NDArray[np.int64],
    half_window_min: Floats,
    nodes: Floats,
) -> Floats:
    """Return p10, p50, p90 and mean of each facility's wait for whoever sets out now; NaN: unknown.

    Args:
        arrivals: by facility, as `find_arrivals` has them.
        quantiles: [facility, 4]: what holds whenever one arrives, where nothing is forecast.
        as_of_us: of each outlook; `NO_OUTLOOK`.
        half_window_min: likewise.
        nodes: [facility, `POSTED` to `P90`, node]: those of its outlook.
    """
    seen = quantiles.copy()
    for f in range(len(arrivals)):
        if as_of_us[f] == NO_OUTLOOK or arrivals[f] == UNREACHED:
            continue
        ahead = (arrivals[f] - as_of_us[f]) / _MINUTE_US
        ahead += half_window_min[f]
        ahead += _at(nodes, f, POSTED, ahead + nodes[f, POSTED, 0])
        p50 = _at(nodes, f, P50, ahead)
        p10, p90 = min(_at(nodes, f, P10, ahead), p50), max(_at(nodes, f, P90, ahead), p50)
        seen[f, 0], seen[f, 1], seen[f, 2] = p10, p50, p90
        # Swanson's rule, as `posted.mean_of_range` has it.
        seen[f, 3] = 0.3 * p10 + 0.4 * p50 + 0.3 * p90
    return seen


@compiled
def _at(nodes: Floats, f: int, row: int, ahead: float) -> float:
    place = min(max(ahead, 0.0), _STEP_MINUTES * _STEPS) / _STEP_MINUTES
    before = min(int(place), _STEPS - 1)
    return float(
        nodes[f, row, before]
        + (place - before) * (nodes[f, row, before + 1] - nodes[f, row, before])
    )


@compiled
def shift_waits(seen: Floats, corrected: Floats) -> Floats:
    """Move each facility's range as its mean was corrected; no end goes below 0.

    The mean is that of the range that is left, so that the two agree (decision 0007). Returns the
    minutes that each was moved by; 0 where the wait is unknown.
    """
    moved = np.zeros(len(corrected))
    for f in range(len(corrected)):
        shift = corrected[f] - seen[f, 3]
        if shift != 0 and not np.isnan(shift):
            for q in range(3):
                seen[f, q] = max(0.0, seen[f, q] + shift)
            seen[f, 3] = 0.3 * seen[f, 0] + 0.4 * seen[f, 1] + 0.3 * seen[f, 2]
            moved[f] = shift
    return moved
