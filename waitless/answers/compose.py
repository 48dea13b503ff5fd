"""Compose an answer's JSON from what was ranked, compiled: fragments copied, numbers written.

What is written is what `orjson` makes of `waitless.recommend`'s answer, byte for byte; where
numbers are rounded, the arithmetic is Python's own.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled_with
from waitless.answers import columns, pen
from waitless.answers.columns import (
    BARRED,
    MARKS,
    NO_XRAY,
    ORDER,
    OUT,
    REASON_BITS,
    REPORTED,
    SHUT,
    SIMILAR_TO_PREVIOUS,
    SPAN,
    TOO_FAR,
    UNREACHABLE,
    WHY,
)
from waitless.answers.pen import (
    copy_text,
    round_half_even,
    write_clock,
    write_digits,
    write_tenths,
    write_text,
)
from waitless.recommend import reasons, recommend
from waitless.recommend.reasons import Reason
from waitless.recommend.recommend import NOBODY

_PARTS = (columns, pen, reasons, recommend)
"""Modules of compiled functions and constants that are frozen in."""
_Bytes = NDArray[np.uint8]

ROOM_A_PLACE: Final = 1024
"""More than all that is written for one facility besides its fragments."""
ROOM_BESIDES: Final = 64
"""More than what is written besides facilities."""


def _text(text: bytes) -> _Bytes:
    return np.frombuffer(text, dtype=np.uint8)


_DESTINATIONS = _text(b',"destinations":[')
_NOT_SHOWN, _EXCLUDED, _END = _text(b'],"not_shown":'), _text(b',"excluded":['), _text(b"]}")
_COMMA = _text(b",")
_RANK = _text(b'{"rank":')
_TRAVEL, _DISTANCE = _text(b'},"travel":{"minutes":'), _text(b',"distance_m":')
_BASIS = _text(b',"basis":')
_WAIT, _WHEN_SEEN = _text(b'},"wait":'), _text(b'{"when_seen":')
_OTHERS = _text(b',"others_on_the_way":')
_TOTAL, _NULL = _text(b',"total":'), _text(b"null")
_P10, _P50, _P90 = _text(b'{"p10":'), _text(b',"p50":'), _text(b',"p90":')
_MEAN, _CLOSE = _text(b',"mean":'), _text(b"}")
_REASONS, _SIMILAR = _text(b',"reasons":['), _text(b'],"similar_to_previous":true}')
_NOT_SIMILAR = _text(b'],"similar_to_previous":false}')
_AGE_LIMIT = _text(b'"%b"' % Reason.AGE_LIMIT.encode())
_MARKS = tuple(
    _text(b'"%b"' % reason.encode())
    for reason in (
        Reason.SUREST,
        Reason.ED_KEPT_FREE,
        Reason.SPREAD,
        Reason.SIMILAR_TOTAL,
        Reason.SHORTEST_KNOWN,
        Reason.SHORTEST_TOTAL,
        Reason.NEAREST,
        Reason.SHORTEST_WAIT,
        Reason.XRAY_UNCONFIRMED,
        Reason.OTHER_CLOCK,
        Reason.MAY_CLOSE_BEFORE_SEEN,
        Reason.OTHERS_ON_THE_WAY,
        Reason.POLICY_MARGIN,
    )
)
"""By mark, in the order in which reasons are told."""


@compiled_with(*_PARTS)
def compose(  # noqa: C901, PLR0912, PLR0915, PLR0917 - compiled
    out: _Bytes,
    ranked: int,
    shown: int,
    left_out: int,
    desk: NDArray[np.int64],
    totals: NDArray[np.float64],
    seen: NDArray[np.float64],
    others: NDArray[np.float64],
    arrivals: NDArray[np.int64],
    minutes: NDArray[np.float64],
    distance_m: NDArray[np.float64],
    live: NDArray[np.bool_],
    column: NDArray[np.int64],
    limited: NDArray[np.bool_],
    offset_minutes: NDArray[np.int64],
    arrival_minutes: float,
    places: _Bytes,
    places_first: NDArray[np.int64],
    ways: _Bytes,
    ways_first: NDArray[np.int64],
    bars: _Bytes,
    bars_first: NDArray[np.int64],
    doors: _Bytes,
    doors_first: NDArray[np.int64],
    waits: _Bytes,
    waits_first: NDArray[np.int64],
) -> int:
    """Write destinations and exclusions; return how many bytes that took.

    Args:
        out: written to; long enough (`ROOM_A_PLACE`, `ROOM_BESIDES`).
        ranked: destinations.
        shown: how many of them are told.
        left_out: facilities that are not among them.
        desk: what `rank_places` found, as `columns.Desk` has it.
        totals: likewise.
        seen: p10, p50, p90 and mean of each facility's wait; NaN where none is current.
        others: of each facility how many others are on the way; NaN where nobody counts them.
        arrivals: of each facility when one arrives there, microseconds since 1970.
        minutes: of the journeys to a table's facilities.
        distance_m: likewise; infinite where it is not known.
        live: likewise: whether a live figure is in them.
        column: of each facility its place in these three.
        limited: facilities with an age limit, where the age was not said.
        offset_minutes: of each span of the doors, local time less UTC.
        arrival_minutes: of each journey, what comes after the road; NaN where journeys are by
            timetable: then no leg is written.
        places: texts (`Texts.blob`) that never change, in sections of one for each facility:
            about the place; "no way"; "too far" before the minutes and after them.
        places_first: where each of them begins.
        ways: of the mode: directions to each facility, up to the minutes of the first leg; basis
            of usual and of live journeys; what follows the minutes of the first leg.
        ways_first: likewise.
        bars: why a facility does not treat the need or the age.
        bars_first: likewise.
        doors: of each span the closing time; the exclusion up to the arrival's clock; after it.
        doors_first: likewise.
        waits: of each facility its wait after the numbers, "reported shut", and its reasons.
        waits_first: likewise.
    """
    count, spans = len(column), len(offset_minutes)
    at = write_text(out, 0, _DESTINATIONS)
    for place in range(shown):
        f = desk[ORDER, place]
        if place > 0:
            at = write_text(out, at, _COMMA)
        at = write_digits(out, write_text(out, at, _RANK), place + 1)
        at = copy_text(out, at, places, places_first, f)
        at = copy_text(out, at, doors, doors_first, desk[SPAN, f])
        at = write_tenths(out, write_text(out, at, _TRAVEL), minutes[column[f]])
        at = write_text(out, at, _DISTANCE)
        if distance_m[column[f]] == np.inf:
            at = write_text(out, at, _NULL)
        else:
            at = write_digits(out, at, round_half_even(distance_m[column[f]]))
        at = write_text(out, at, _BASIS)
        at = copy_text(out, at, ways, ways_first, count + int(live[column[f]]))
        at = copy_text(out, at, ways, ways_first, f)
        if not np.isnan(arrival_minutes):
            at = write_tenths(out, at, minutes[column[f]] - arrival_minutes)
        at = copy_text(out, at, ways, ways_first, count + 2)
        at = write_text(out, at, _WAIT)
        if not np.isnan(seen[f, 3]):
            at = _range(out, write_text(out, at, _WHEN_SEEN), seen[f])
        at = copy_text(out, at, waits, waits_first, f)
        at = write_text(out, at, _TOTAL)
        if np.isnan(totals[place, 3]):
            at = write_text(out, at, _NULL)
        else:
            at = write_text(out, _range(out, at, totals[place]), _CLOSE)
        at = write_text(out, at, _OTHERS)
        if np.isnan(others[f]):
            at = write_text(out, at, _NULL)
        else:
            at = write_digits(out, at, count_people(others[f]))
        at = _reasons(out, at, desk[MARKS, place], limited[f], waits, waits_first, 2 * count + f)
    at = write_digits(out, write_text(out, at, _NOT_SHOWN), ranked - shown)
    at = write_text(out, at, _EXCLUDED)
    for i in range(left_out):
        f, why = desk[OUT, i], desk[WHY, i]
        if i > 0:
            at = write_text(out, at, _COMMA)
        if why == UNREACHABLE:
            at = copy_text(out, at, places, places_first, count + f)
        elif why == TOO_FAR:
            at = copy_text(out, at, places, places_first, 2 * count + f)
            at = write_digits(out, at, round_half_even(minutes[column[f]]))
            at = copy_text(out, at, places, places_first, 3 * count + f)
        elif why == BARRED:
            at = copy_text(out, at, bars, bars_first, f)
        elif why == REPORTED:
            at = copy_text(out, at, waits, waits_first, count + f)
        elif why in (SHUT, NO_XRAY):
            span = desk[SPAN, f]
            at = copy_text(out, at, doors, doors_first, spans + span)
            after = 2 * spans + span
            if doors_first[after + 1] > doors_first[after]:
                minute = arrivals[f] // 60_000_000 + offset_minutes[span]
                at = write_clock(out, at, minute % 1440)
                at = copy_text(out, at, doors, doors_first, after)
    return write_text(out, at, _END)


@compiled_with(*_PARTS)
def count_people(number: float) -> int:
    """Return how many people a number of arrivals may be: a part of a bucket may be one."""
    return int(np.ceil(number - NOBODY))


@compiled_with(*_PARTS)
def _range(out: _Bytes, at: int, numbers: NDArray[np.float64]) -> int:
    """Write p10, p50, p90 and mean in whole minutes, and leave the brace open."""
    at = write_digits(out, write_text(out, at, _P10), round_half_even(numbers[0]))
    at = write_digits(out, write_text(out, at, _P50), round_half_even(numbers[1]))
    at = write_digits(out, write_text(out, at, _P90), round_half_even(numbers[2]))
    return write_digits(out, write_text(out, at, _MEAN), round_half_even(numbers[3]))


@compiled_with(*_PARTS)
def _reasons(  # noqa: PLR0917 - compiled
    out: _Bytes,
    at: int,
    marks: int,
    limited: bool,  # noqa: FBT001 - compiled
    waits: _Bytes,
    waits_first: NDArray[np.int64],
    number: int,
) -> int:
    """Write the reasons and the likeness, and close the destination."""
    at = begin = write_text(out, at, _REASONS)
    for bit in range(REASON_BITS):
        if marks & (1 << bit):
            at = write_text(out, at if at == begin else write_text(out, at, _COMMA), _MARKS[bit])
    if limited:
        at = write_text(out, at if at == begin else write_text(out, at, _COMMA), _AGE_LIMIT)
    if waits_first[number + 1] > waits_first[number]:
        at = at if at == begin else write_text(out, at, _COMMA)
        at = copy_text(out, at, waits, waits_first, number)
    return write_text(out, at, _SIMILAR if marks & SIMILAR_TO_PREVIOUS else _NOT_SIMILAR)
