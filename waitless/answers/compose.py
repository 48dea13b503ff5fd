"""Compose an answer's JSON from what was ranked, compiled: fragments copied, numbers written.

What is written is what `orjson` makes of `waitless.recommend`'s answer, byte for byte; where
numbers are rounded, the arithmetic is Python's own.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled_with
from waitless.answers import columns
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
from waitless.recommend import reasons, recommend
from waitless.recommend.reasons import Reason
from waitless.recommend.recommend import NOBODY

_PARTS = (columns, reasons, recommend)
"""Modules of constants that are frozen in."""
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
    at = _write(out, 0, _DESTINATIONS)
    for place in range(shown):
        f = desk[ORDER, place]
        if place > 0:
            at = _write(out, at, _COMMA)
        at = _digits(out, _write(out, at, _RANK), place + 1)
        at = _copy(out, at, places, places_first, f)
        at = _copy(out, at, doors, doors_first, desk[SPAN, f])
        at = _tenths(out, _write(out, at, _TRAVEL), minutes[column[f]])
        at = _write(out, at, _DISTANCE)
        if distance_m[column[f]] == np.inf:
            at = _write(out, at, _NULL)
        else:
            at = _digits(out, at, round_half_even(distance_m[column[f]]))
        at = _write(out, at, _BASIS)
        at = _copy(out, at, ways, ways_first, count + int(live[column[f]]))
        at = _copy(out, at, ways, ways_first, f)
        if not np.isnan(arrival_minutes):
            at = _tenths(out, at, minutes[column[f]] - arrival_minutes)
        at = _copy(out, at, ways, ways_first, count + 2)
        at = _write(out, at, _WAIT)
        if not np.isnan(seen[f, 3]):
            at = _range(out, _write(out, at, _WHEN_SEEN), seen[f])
        at = _copy(out, at, waits, waits_first, f)
        at = _write(out, at, _TOTAL)
        if np.isnan(totals[place, 3]):
            at = _write(out, at, _NULL)
        else:
            at = _write(out, _range(out, at, totals[place]), _CLOSE)
        at = _write(out, at, _OTHERS)
        if np.isnan(others[f]):
            at = _write(out, at, _NULL)
        else:
            at = _digits(out, at, count_people(others[f]))
        at = _reasons(out, at, desk[MARKS, place], limited[f], waits, waits_first, 2 * count + f)
    at = _digits(out, _write(out, at, _NOT_SHOWN), ranked - shown)
    at = _write(out, at, _EXCLUDED)
    for i in range(left_out):
        f, why = desk[OUT, i], desk[WHY, i]
        if i > 0:
            at = _write(out, at, _COMMA)
        if why == UNREACHABLE:
            at = _copy(out, at, places, places_first, count + f)
        elif why == TOO_FAR:
            at = _copy(out, at, places, places_first, 2 * count + f)
            at = _digits(out, at, round_half_even(minutes[column[f]]))
            at = _copy(out, at, places, places_first, 3 * count + f)
        elif why == BARRED:
            at = _copy(out, at, bars, bars_first, f)
        elif why == REPORTED:
            at = _copy(out, at, waits, waits_first, count + f)
        elif why in (SHUT, NO_XRAY):
            span = desk[SPAN, f]
            at = _copy(out, at, doors, doors_first, spans + span)
            after = 2 * spans + span
            if doors_first[after + 1] > doors_first[after]:
                minute = arrivals[f] // 60_000_000 + offset_minutes[span]
                at = _clock(out, at, minute % 1440)
                at = _copy(out, at, doors, doors_first, after)
    return _write(out, at, _END)


@compiled_with(*_PARTS)
def round_half_even(value: float) -> int:
    """Return the nearest whole number, as Python's `round` has it."""
    return int(np.rint(value))


@compiled_with(*_PARTS)
def count_people(number: float) -> int:
    """Return how many people a number of arrivals may be: a part of a bucket may be one."""
    return int(np.ceil(number - NOBODY))


@compiled_with(*_PARTS)
def round_to_tenths(value: float) -> int:
    """Return the tenths that Python's `round(value, 1)` has: correctly rounded, ties to even."""
    product = value * 10
    whole = np.floor(product)
    if product - whole != 0.5:  # noqa: PLR2004 - half
        return int(np.rint(product))
    # What the product lost in rounding decides; its halves are exact (Dekker 1971).
    upper = value * 134217729.0
    upper -= upper - value
    lost = (upper * 10 - product) + (value - upper) * 10
    if lost != 0:
        return int(whole) + (1 if lost > 0 else 0)
    return int(np.rint(product))


@compiled_with(*_PARTS)
def _write(out: _Bytes, at: int, text: _Bytes) -> int:
    # Unsigned indices cannot mean "from the end"; so the loop becomes one wide copy.
    to = np.uint64(at)
    for i in range(np.uint64(len(text))):
        out[to + i] = text[i]
    return at + len(text)


@compiled_with(*_PARTS)
def _copy(out: _Bytes, at: int, blob: _Bytes, first: NDArray[np.int64], number: int) -> int:
    begin, end = first[number], first[number + 1]
    to, since = np.uint64(at), np.uint64(begin)
    for i in range(np.uint64(end - begin)):
        out[to + i] = blob[since + i]
    return at + int(end - begin)


@compiled_with(*_PARTS)
def _digits(out: _Bytes, at: int, number: int) -> int:
    """Write a whole number that is not negative."""
    length, rest = 1, number // 10
    while rest > 0:
        length, rest = length + 1, rest // 10
    rest = number
    for i in range(length):
        out[at + length - 1 - i] = 48 + rest % 10
        rest //= 10
    return at + length


@compiled_with(*_PARTS)
def _tenths(out: _Bytes, at: int, value: float) -> int:
    tenths = round_to_tenths(value)
    at = _digits(out, at, tenths // 10)
    out[at], out[at + 1] = 46, 48 + tenths % 10
    return at + 2


@compiled_with(*_PARTS)
def _clock(out: _Bytes, at: int, minute: int) -> int:
    """Write HH:MM."""
    hour, minute = minute // 60, minute % 60
    out[at], out[at + 1], out[at + 2] = 48 + hour // 10, 48 + hour % 10, 58
    out[at + 3], out[at + 4] = 48 + minute // 10, 48 + minute % 10
    return at + 5


@compiled_with(*_PARTS)
def _range(out: _Bytes, at: int, numbers: NDArray[np.float64]) -> int:
    """Write p10, p50, p90 and mean in whole minutes, and leave the brace open."""
    at = _digits(out, _write(out, at, _P10), round_half_even(numbers[0]))
    at = _digits(out, _write(out, at, _P50), round_half_even(numbers[1]))
    at = _digits(out, _write(out, at, _P90), round_half_even(numbers[2]))
    return _digits(out, _write(out, at, _MEAN), round_half_even(numbers[3]))


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
    at = begin = _write(out, at, _REASONS)
    for bit in range(REASON_BITS):
        if marks & (1 << bit):
            at = _write(out, at if at == begin else _write(out, at, _COMMA), _MARKS[bit])
    if limited:
        at = _write(out, at if at == begin else _write(out, at, _COMMA), _AGE_LIMIT)
    if waits_first[number + 1] > waits_first[number]:
        at = at if at == begin else _write(out, at, _COMMA)
        at = _copy(out, at, waits, waits_first, number)
    return _write(out, at, _SIMILAR if marks & SIMILAR_TO_PREVIOUS else _NOT_SIMILAR)
