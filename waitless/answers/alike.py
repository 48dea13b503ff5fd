"""Which totals are alike, compiled: `routing.rank`'s rules over columns."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled

_SIMILAR_OVERLAP: Final = 0.5


@compiled
def similar(seen: NDArray[np.float64], away: NDArray[np.float64], one: int, other: int) -> bool:
    """Tell whether two totals overlap as `routing.rank.similar` has it; unknown ones do not."""
    if np.isnan(seen[one, 3]) or np.isnan(seen[other, 3]):
        return False
    one_low, one_high = seen[one, 0] + away[one], seen[one, 2] + away[one]
    other_low, other_high = seen[other, 0] + away[other], seen[other, 2] + away[other]
    shared = min(one_high, other_high) - max(one_low, other_low)
    return bool(shared > _SIMILAR_OVERLAP * (max(one_high, other_high) - min(one_low, other_low)))


@compiled
def may_be_as_quick(
    seen: NDArray[np.float64], away: NDArray[np.float64], one: int, other: int
) -> bool:
    """Tell whether two totals overlap as `routing.rank.may_be_as_quick` has it; both are known."""
    one_low, one_high = seen[one, 0] + away[one], seen[one, 2] + away[one]
    other_low, other_high = seen[other, 0] + away[other], seen[other, 2] + away[other]
    shared = min(one_high, other_high) - max(one_low, other_low)
    return bool(shared > _SIMILAR_OVERLAP * min(one_high - one_low, other_high - other_low))
