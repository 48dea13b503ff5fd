"""The whole of an answer in one compiled call: journeys, waits, ranking, bytes."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing import frame, lookup
from routing.compiled import compiled_with
from routing.lookup import look_up
from waitless.answers import alike, columns, compose, marks, order, pen, ranking
from waitless.answers.columns import MARKS, NEAREST, ORDER, OUT
from waitless.answers.compose import compose as compose_answer
from waitless.answers.ranking import find_away, rank_places
from waitless.forecast import arrays as forecast_arrays
from waitless.forecast.arrays import find_arrivals, find_seen_at, see_waits, shift_waits
from waitless.ledger import arrays as ledger_arrays
from waitless.ledger import temper
from waitless.ledger.arrays import correct_waits, count_windows
from waitless.recommend import reasons, recommend

_Ints: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]
_Flags: TypeAlias = NDArray[np.bool_]
_Bytes: TypeAlias = NDArray[np.uint8]

ALL_WET = -1
"""In place of a length: the nearest junctions are all across water, so that the journeys are still
to be found (`ReachTable.travel_from`)."""
NOBODY = -1
"""In place of a facility."""


LOOKED_UP = 18
"""How many arguments `look_up` has after the origin."""
_PARTS = (
    lookup, frame, alike, columns, marks, order, ranking, pen, compose, forecast_arrays,
    ledger_arrays, temper, reasons, recommend,
)  # fmt: skip
"""Modules of compiled functions and constants that are frozen in."""


@compiled_with(*_PARTS)
def find_nearest(numbers: _Ints, shown: int, left_out: int, away: _Floats) -> int:
    """Return the facility with the shortest journey of those that are not left out."""
    for place in range(shown):
        if numbers[MARKS, place] & NEAREST:
            return int(numbers[ORDER, place])
    nearest, out = NOBODY, np.zeros(len(away), dtype=np.bool_)
    for i in range(left_out):
        out[numbers[OUT, i]] = True
    for f in range(len(away)):
        if not out[f] and (nearest == NOBODY or away[f] < away[nearest]):
            nearest = f
    return nearest


@compiled_with(*_PARTS)
def answer_from(  # noqa: PLR0917 - compiled; one by one is quicker to hand over than in tuples
    minutes: _Floats,
    distance_m: _Floats,
    live: _Flags,
    limit: int,
    spread: int,
    numbers: _Ints,
    totals: _Floats,
    column: _Ints,
    barred: _Flags,
    id_order: _Ints,
    margin: _Floats,
    door_first: _Ints,
    since: _Ints,
    code: _Ints,
    closing: _Ints,
    now_us: int,
    quantiles: _Floats,
    as_of_us: _Ints,
    half_window_min: _Floats,
    nodes: _Floats,
    first_s: float,
    until: _Floats,
    since_s: _Floats,
    usual_per_minute: _Floats,
    per_minute: _Floats,
    counted: _Flags,
    kappa: float,
    omega: float,
    most_moved: float,
    other_clock: _Flags,
    reported_until: _Ints,
    live_until: _Ints,
    most_minutes: float,
    spread_minutes: float,
    out: _Bytes,
    limited: _Flags,
    offset_minutes: _Ints,
    arrival_minutes: float,
    places: _Bytes,
    places_first: _Ints,
    ways: _Bytes,
    ways_first: _Ints,
    bars: _Bytes,
    bars_first: _Ints,
    doors: _Bytes,
    doors_first: _Ints,
    waits: _Bytes,
    waits_first: _Ints,
) -> tuple[int, int, int, int, int]:
    """Answer from journeys that are found already; arguments and result as `answer_whole`'s."""
    away = find_away(minutes, column)
    arrivals = find_arrivals(now_us, away)
    # What `recommend.waits.Waits.expect` does, in its order.
    seen = see_waits(arrivals, quantiles, as_of_us, half_window_min, nodes)
    until_s = now_us / 1_000_000 + away * 60.0
    corrected = correct_waits(
        seen[:, 3].copy(), first_s, until, since_s, until_s, usual_per_minute, per_minute,
        counted, kappa, omega, most_moved,
    )  # fmt: skip
    moved = shift_waits(seen, corrected)
    others = count_windows(first_s, until, since_s, until_s)
    for f in range(len(others)):
        if not counted[f]:
            others[f] = np.nan
    ranked, shown, left_out, first_end = rank_places(
        numbers, totals, away, arrivals, find_seen_at(arrivals, seen), seen, moved, margin,
        barred, id_order, door_first, since, code, closing, other_clock, reported_until,
        live_until, most_minutes, spread_minutes, spread, limit,
    )  # fmt: skip
    length = compose_answer(
        out, ranked, shown, left_out, numbers, totals, seen, others, arrivals, minutes,
        distance_m, live, column, limited, offset_minutes, arrival_minutes, places, places_first,
        ways, ways_first, bars, bars_first, doors, doors_first, waits, waits_first,
    )  # fmt: skip
    if shown == 0:
        return length, first_end, NOBODY, 0, NOBODY
    first = numbers[ORDER, 0]
    return length, first_end, first, arrivals[first], find_nearest(numbers, shown, left_out, away)


@compiled_with(*_PARTS)
def answer_whole(
    east: float,
    north: float,
    limit: int,
    spread: int,
    *asked: Any,  # noqa: ANN401
) -> tuple[int, int, int, int, int]:
    """Write an answer.

    Args:
        east: of the origin, metres.
        north: likewise.
        limit: most destinations shown.
        spread: the bucket that draws the first; below 0 where it is not drawn.
        asked: `ReachTable.asked`, and after it what comes after the bucket in `answer_from`.

    Returns:
        How many bytes that took (or `ALL_WET`), the first end of a live wait among the
        destinations shown (`columns.NEVER`), the facility shown first (or `NOBODY`), when one
        arrives there, microseconds since 1970, and the nearest that could be (or `NOBODY`).
    """
    all_wet, minutes, distance_m, live = look_up(east, north, *asked[:LOOKED_UP])
    if all_wet:
        return ALL_WET, 0, NOBODY, 0, NOBODY
    return answer_from(minutes, distance_m, live, limit, spread, *asked[LOOKED_UP:])
