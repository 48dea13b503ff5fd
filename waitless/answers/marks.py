"""What may be said of a place's rank, compiled: `recommend.reasons` over columns."""

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled_with
from waitless.answers import alike, columns
from waitless.answers.alike import may_be_as_quick
from waitless.answers.columns import (
    ED_KEPT_FREE,
    SHORTEST_KNOWN,
    SHORTEST_TOTAL,
    SIMILAR_TOTAL,
    SUREST,
)

_PARTS = (alike, columns)
"""Modules that are frozen in."""


@compiled_with(*_PARTS)
def is_held_back(
    seen: NDArray[np.float64],
    away: NDArray[np.float64],
    doubts: NDArray[np.int64],
    before: NDArray[np.int64],
    f: int,
) -> bool:
    """Tell whether a slower place stands before one for the margin alone."""
    mean = seen[f, 3] + away[f]
    for other in before:
        if (doubts[other] != 0) == (doubts[f] != 0) and seen[other, 3] + away[other] > mean:
            return True
    return False


@compiled_with(*_PARTS)
def mark_first(
    seen: NDArray[np.float64],
    away: NDArray[np.float64],
    doubts: NDArray[np.int64],
    pool: NDArray[np.int64],
) -> int:
    """Return what may be said of the first: never that it is quickest where that is not known."""
    first = pool[0]
    mean = seen[first, 3] + away[first]
    if np.isnan(mean):
        return 0
    surer = kept_free = like = nearer_unknown = False
    for f in pool[1:]:
        if np.isnan(seen[f, 3]):
            nearer_unknown |= away[f] < mean
        else:
            if seen[f, 3] + away[f] < mean:
                if (doubts[f] != 0) == (doubts[first] != 0):
                    kept_free = True  # only a margin can have put it behind
                else:
                    surer = True
            like |= may_be_as_quick(seen, away, first, f)
    if kept_free:
        return ED_KEPT_FREE
    if surer:
        return SUREST
    if like:
        return SIMILAR_TOTAL
    return SHORTEST_KNOWN if nearer_unknown else SHORTEST_TOTAL
