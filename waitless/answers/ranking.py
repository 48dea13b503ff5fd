"""The compiled ranking: `waitless.recommend.recommend`'s rules over columns, a call an answer."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled_with
from waitless.answers import columns
from waitless.answers.columns import (
    BARRED,
    DOUBT_CLOCK,
    DOUBT_CLOSING,
    DOUBT_XRAY,
    ED_KEPT_FREE,
    HELD_BACK,
    MARKS,
    NEAREST,
    NEVER,
    NO_XRAY,
    ORDER,
    OTHERS_COME,
    OUT,
    REPORTED,
    SHORTEST_KNOWN,
    SHORTEST_TOTAL,
    SHORTEST_WAIT,
    SHUT,
    SIMILAR_TO_PREVIOUS,
    SIMILAR_TOTAL,
    SPAN,
    SPREAD,
    SUREST,
    TOO_FAR,
    UNREACHABLE,
    WHY,
    XRAY_UNCONFIRMED,
)
from waitless.ledger import temper
from waitless.ledger.temper import SPREADS
from waitless.recommend import reasons
from waitless.recommend.reasons import TOLD_FROM_MINUTES

_PARTS = (columns, temper, reasons)
"""Modules of constants that are frozen in."""
_SIMILAR_OVERLAP: Final = 0.5


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
    _put_best_first(pool, shown, seen, away, margin, doubts, id_order)
    drawn = spread >= 0 and _draw_first(
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
        if margin[f] > 0 and _is_held_back(seen, away, doubts, pool[1 if drawn else 0 : place], f):
            marks |= HELD_BACK
        if place == 0:
            if drawn:
                marks |= SPREAD
            elif not other_clock[f]:
                marks |= _mark_first(seen, away, doubts, pool)
        elif _similar(seen, away, f, pool[place - 1]):
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


@compiled_with(*_PARTS)
def _put_best_first(  # noqa: C901, PLR0917 - compiled
    pool: NDArray[np.int64],
    shown: int,
    seen: NDArray[np.float64],
    away: NDArray[np.float64],
    margin: NDArray[np.float64],
    doubts: NDArray[np.int64],
    id_order: NDArray[np.int64],
) -> None:
    """Bring the best so many to the front, in the order that `routing.rank.rank` has.

    By selection: few are shown of many.
    """
    mean, p50 = np.zeros(len(pool)), np.zeros(len(pool))
    likes = np.zeros(len(pool), dtype=np.int64)
    for i, f in enumerate(pool):
        if np.isnan(seen[f, 3]):
            likes[i] = 2
        else:
            mean[i] = seen[f, 3] + away[f] + margin[f]
            p50[i] = seen[f, 1] + away[f] + margin[f]
        if doubts[f] != 0:
            likes[i] += 1
    for place in range(shown):
        best = place
        for i in range(place + 1, len(pool)):
            if likes[i] != likes[best]:
                better = likes[i] < likes[best]
            elif mean[i] != mean[best]:
                better = mean[i] < mean[best]
            elif p50[i] != p50[best]:
                better = p50[i] < p50[best]
            elif away[pool[i]] != away[pool[best]]:
                better = away[pool[i]] < away[pool[best]]
            else:
                better = id_order[pool[i]] < id_order[pool[best]]
            if better:
                best = i
        pool[place], pool[best] = pool[best], pool[place]
        mean[place], mean[best] = mean[best], mean[place]
        p50[place], p50[best] = p50[best], p50[place]
        likes[place], likes[best] = likes[best], likes[place]


@compiled_with(*_PARTS)
def _draw_first(  # noqa: PLR0917 - compiled
    pool: NDArray[np.int64],
    shown: int,
    seen: NDArray[np.float64],
    away: NDArray[np.float64],
    margin: NDArray[np.float64],
    doubts: NDArray[np.int64],
    id_order: NDArray[np.int64],
    temperature: float,
    spread: int,
) -> bool:
    """Bring one of those like the first to the front, as `recommend.spread` does; return if so."""
    if shown == 0 or np.isnan(seen[pool[0], 3]):
        return False
    _put_best_first(pool, len(pool), seen, away, margin, doubts, id_order)
    first = pool[0]
    alike = np.empty(len(pool), dtype=np.int64)
    costs = np.empty(len(pool))
    found = 0
    for place in range(len(pool)):
        f = pool[place]
        if place > 0 and (
            (doubts[f] != 0) != (doubts[first] != 0) or not _similar(seen, away, first, f)
        ):
            continue
        alike[found], costs[found] = place, seen[f, 3] + away[f] + margin[f]
        found += 1
    chosen = alike[draw(costs[:found], temperature, spread)]
    f = pool[chosen]
    for place in range(chosen, 0, -1):
        pool[place] = pool[place - 1]
    pool[0] = f
    return bool(chosen > 0)


@compiled_with(*_PARTS)
def draw(costs: NDArray[np.float64], temperature: float, spread: int) -> int:
    """Return which of some places a spread bucket goes to, as `ledger.temper.pick` has it."""
    least = costs.min()
    if temperature <= 0:
        return int(costs.argmin())
    total = 0.0
    for cost in costs:
        total += math.exp(-(cost - least) / temperature)
    edge, until = (spread + 0.5) / SPREADS * total, 0.0
    for place in range(len(costs)):
        until += math.exp(-(costs[place] - least) / temperature)
        if until >= edge:
            return place
    return len(costs) - 1


@compiled_with(*_PARTS)
def _is_held_back(
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
def _mark_first(
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
            like |= _may_be_as_quick(seen, away, first, f)
    if kept_free:
        return ED_KEPT_FREE
    if surer:
        return SUREST
    if like:
        return SIMILAR_TOTAL
    return SHORTEST_KNOWN if nearer_unknown else SHORTEST_TOTAL


@compiled_with(*_PARTS)
def _similar(seen: NDArray[np.float64], away: NDArray[np.float64], one: int, other: int) -> bool:
    """Tell whether two totals overlap as `routing.rank.similar` has it; unknown ones do not."""
    if np.isnan(seen[one, 3]) or np.isnan(seen[other, 3]):
        return False
    one_low, one_high = seen[one, 0] + away[one], seen[one, 2] + away[one]
    other_low, other_high = seen[other, 0] + away[other], seen[other, 2] + away[other]
    shared = min(one_high, other_high) - max(one_low, other_low)
    return bool(shared > _SIMILAR_OVERLAP * (max(one_high, other_high) - min(one_low, other_low)))


@compiled_with(*_PARTS)
def _may_be_as_quick(
    seen: NDArray[np.float64], away: NDArray[np.float64], one: int, other: int
) -> bool:
    """Tell whether two totals overlap as `routing.rank.may_be_as_quick` has it; both are known."""
    one_low, one_high = seen[one, 0] + away[one], seen[one, 2] + away[one]
    other_low, other_high = seen[other, 0] + away[other], seen[other, 2] + away[other]
    shared = min(one_high, other_high) - max(one_low, other_low)
    return bool(shared > _SIMILAR_OVERLAP * min(one_high - one_low, other_high - other_low))
