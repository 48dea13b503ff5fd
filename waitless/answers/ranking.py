"""The compiled ranking: `waitless.recommend.recommend`'s rules over columns, a call an answer."""

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled_with
from waitless.answers import alike, columns, order
from waitless.answers import marks as marking
from waitless.answers.alike import similar
from waitless.answers.columns import (
    BARRED,
    DOUBT_CLOCK,
    DOUBT_CLOSING,
    DOUBT_XRAY,
    HELD_BACK,
    MARKS,
    NEAREST,
    NEVER,
    NO_XRAY,
    ORDER,
    OTHERS_COME,
    OUT,
    REPORTED,
    SHORTEST_WAIT,
    SHUT,
    SIMILAR_TO_PREVIOUS,
    SPAN,
    SPREAD,
    TOO_FAR,
    UNREACHABLE,
    WHY,
    XRAY_UNCONFIRMED,
)
from waitless.answers.marks import is_held_back, mark_first
from waitless.answers.order import draw_first, put_best_first
from waitless.ledger import temper
from waitless.recommend import reasons
from waitless.recommend.reasons import TOLD_FROM_MINUTES

_PARTS = (alike, columns, marking, order, temper, reasons)
"""Modules of compiled functions and constants that are frozen in."""


@compiled_with(*_PARTS)
def find_away(minutes: NDArray[np.float64], column: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the minutes to each facility, infinite where there is no way.

    Args:
        minutes: of the journeys to a table's facilities.
        column: of each facility its place in `minutes`; -1 where it is not in the table.
    """
    away = np.full(len(column), np.inf)
    for f in range(len(column)):
        if column[f] >= 0:
            away[f] = minutes[column[f]]
    return away


@compiled_with(*_PARTS)
def rank_places(  # noqa: C901, D417, PLR0912, PLR0915, PLR0917 - compiled: one pass, flat
    numbers: NDArray[np.int64],
    totals: NDArray[np.float64],
    away: NDArray[np.float64],
    arrivals: NDArray[np.int64],
    seen_at: NDArray[np.int64],
    seen: NDArray[np.float64],
    moved: NDArray[np.float64],
    margin: NDArray[np.float64],
    barred: NDArray[np.bool_],
    id_order: NDArray[np.int64],
    first: NDArray[np.int64],
    since: NDArray[np.int64],
    code: NDArray[np.int64],
    closing: NDArray[np.int64],
    other_clock: NDArray[np.bool_],
    reported_until: NDArray[np.int64],
    live_until: NDArray[np.int64],
    most_minutes: float,
    spread_minutes: float,
    spread: int,
    limit: int,
) -> tuple[int, int, int, int]:
    """Sort out and rank.

    Args:
        numbers: written to, as `columns.Desk` has it.
        totals: likewise.
        away: minutes of the journey to each facility; infinite where there is none.
        arrivals: when one arrives, microseconds since 1970.
        seen_at: when one is seen, by p50; below 0 where the wait is unknown.
        seen: p10, p50, p90 and mean of each wait; NaN where unknown.
        moved: minutes that others on the way move each wait by.
        margin: what the policy adds to each cost.
        barred: facilities that do not treat the need, or not the age.
        id_order: of each facility its place by id, for ties.
        first, since, code, closing: the columns of `DoorColumns`, of the need.
        other_clock, reported_until, live_until: those of `WaitColumns`.
        most_minutes: journeys longer than this are too far, but for the nearest.
        spread_minutes: the temperature at which the first is drawn among its like.
        spread: the bucket that draws it; below 0 where it is not drawn.
        limit: most destinations shown.

    Returns:
        How many destinations there are, how many of them are shown, how many facilities are left
        out, and the first end of a live wait among those shown (`NEVER`).
    """
    count = len(away)
    fate, doubts = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    nearest = np.inf
    # All in one loop: an array that is handed on for each facility costs more than its use.
    for f in range(count):
        if away[f] == np.inf:
            fate[f] = UNREACHABLE
            continue
        if barred[f]:
            fate[f] = BARRED
            continue
        at = first[f]
        while at + 1 < first[f + 1] and since[at + 1] <= arrivals[f]:
            at += 1
        numbers[SPAN, f] = at
        if code[at] == SHUT:
            fate[f] = SHUT
        elif arrivals[f] < reported_until[f]:
            fate[f] = REPORTED
        elif code[at] == NO_XRAY:
            fate[f] = NO_XRAY
        else:
            nearest = min(nearest, away[f])
            if code[at] == XRAY_UNCONFIRMED:
                doubts[f] |= DOUBT_XRAY
            if other_clock[f]:
                doubts[f] |= DOUBT_CLOCK
            if seen_at[f] > closing[at]:
                doubts[f] |= DOUBT_CLOSING
    reach = max(most_minutes, nearest) if nearest < np.inf else most_minutes
    pool, left_out = _part(numbers, fate, away, reach)
    ranked, shown = len(pool), min(limit, len(pool))
    put_best_first(pool, shown, seen, away, margin, doubts, id_order)
    drawn = spread >= 0 and draw_first(
        pool, shown, seen, away, margin, doubts, id_order, spread_minutes, spread
    )
    least_wait = np.inf
    for f in pool:
        if np.isnan(seen[f, 3]):
            least_wait = -np.inf  # whose wait is unknown may have the shortest
        least_wait = min(least_wait, seen[f, 3])
    valid_until = NEVER
    for place in range(shown):
        f = pool[place]
        numbers[ORDER, place] = f
        marks = doubts[f]
        for q in range(4):
            totals[place, q] = np.rint(seen[f, q] + away[f])
        if away[f] <= nearest:
            marks |= NEAREST
        if seen[f, 3] <= least_wait and not other_clock[f]:
            marks |= SHORTEST_WAIT
        if moved[f] >= TOLD_FROM_MINUTES:
            marks |= OTHERS_COME
        if margin[f] > 0 and is_held_back(seen, away, doubts, pool[1 if drawn else 0 : place], f):
            marks |= HELD_BACK
        if place == 0:
            if drawn:
                marks |= SPREAD
            elif not other_clock[f]:
                marks |= mark_first(seen, away, doubts, pool)
        elif similar(seen, away, f, pool[place - 1]):
            marks |= SIMILAR_TO_PREVIOUS
        numbers[MARKS, place] = marks
        valid_until = min(valid_until, live_until[f])
    return ranked, shown, left_out, valid_until


@compiled_with(*_PARTS)
def _part(
    numbers: NDArray[np.int64],
    fate: NDArray[np.int64],
    away: NDArray[np.float64],
    reach: float,
) -> tuple[NDArray[np.int64], int]:
    """Write those left out, too far ones last; return the others, and how many are left out."""
    pool = np.empty(len(fate), dtype=np.int64)
    ranked = left_out = 0
    for f in range(len(fate)):
        if fate[f] != 0:
            numbers[OUT, left_out], numbers[WHY, left_out] = f, fate[f]
            left_out += 1
        elif away[f] <= reach:
            pool[ranked] = f
            ranked += 1
    for f in range(len(fate)):
        if fate[f] == 0 and away[f] > reach:
            numbers[OUT, left_out], numbers[WHY, left_out] = f, TOO_FAR
            left_out += 1
    return pool[:ranked], left_out
