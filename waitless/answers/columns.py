"""The columns that compiled ranking and composing work on, and what their numbers mean."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

OPEN, XRAY_UNCONFIRMED, SHUT, NO_XRAY = range(4)
"""What a door says to an arrival, in `DoorColumns.code`."""
TOO_FAR, UNREACHABLE, BARRED, REPORTED = 4, 5, 6, 7
"""Why a facility is left out, besides `SHUT` and `NO_XRAY`."""
NEVER: Final = 2**62
"""Later than any instant."""

(
    SUREST, ED_KEPT_FREE, SPREAD, SIMILAR_TOTAL, SHORTEST_KNOWN, SHORTEST_TOTAL, NEAREST,
    SHORTEST_WAIT, DOUBT_XRAY, DOUBT_CLOCK, DOUBT_CLOSING, OTHERS_COME, HELD_BACK,
    SIMILAR_TO_PREVIOUS,
) = (1 << bit for bit in range(14))  # fmt: skip
"""Bits of a destination's marks: its reasons in the order they are told, and the likeness."""
REASON_BITS: Final = 13

ORDER, MARKS, SPAN, OUT, WHY = range(5)
"""Rows of a `Desk`'s numbers."""


class DoorColumns(NamedTuple):
    """Spans of arrivals with one answer at the door, facility after facility."""

    first: NDArray[np.int64]
    """Where each facility's spans begin; one more at the end."""
    since: NDArray[np.int64]
    """Begin of each span, microseconds since 1970."""
    code: NDArray[np.int64]
    closing: NDArray[np.int64]
    """When the door closes after such an arrival, microseconds since 1970; `NEVER`."""


class WaitColumns(NamedTuple):
    """What else ranking asks of the waits of one board at one instant, a row per facility."""

    other_clock: NDArray[np.bool_]
    reported_until: NDArray[np.int64]
    """Arrivals before it meet a door reported shut; 0 where nothing is reported."""
    live_until: NDArray[np.int64]
    """When the wait stops being live, microseconds since 1970; `NEVER` where there is none."""


class Desk(NamedTuple):
    """Where the ranking writes what it finds; used again for every answer."""

    numbers: NDArray[np.int64]
    """A row each, and a column for each facility: the facilities shown, best first; the marks of
    those shown; by facility the span of its door that the arrival falls in; the facilities left
    out in the order they are told, and why."""
    totals: NDArray[np.float64]
    """Of those shown: p10, p50, p90 and mean in whole minutes; NaN where unknown."""


def make_desk(facilities: int) -> Desk:
    """Room for so many facilities."""
    return Desk(np.zeros((5, facilities), dtype=np.int64), np.zeros((facilities, 4)))
