"""The compiled ranking: `waitless.recommend.recommend`'s rules over columns, a call an answer."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from waitless.answers.columns import (
    ARRIVAL,
    BARRED,
    DOUBT_CLOCK,
    DOUBT_CLOSING,
    DOUBT_XRAY,
    MARKS,
    NEAREST,
    NEVER,
    NO_XRAY,
    ORDER,
    OUT,
    REPORTED,
    SHORTEST_KNOWN,
    SHORTEST_TOTAL,
    SHORTEST_WAIT,
    SHUT,
    SIMILAR_TO_PREVIOUS,
    SIMILAR_TOTAL,
    SPAN,
    SUREST,
    TOO_FAR,
    UNREACHABLE,
    WHY,
    XRAY_UNCONFIRMED,
)

_SIMILAR_OVERLAP: Final = 0.5
_MINUTE_US: Final = 60_000_000


@compiled
def arrival_us(now_us: int, minutes: float) -> int:
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
def rank_places(  # noqa: C901, D417, PLR0912, PLR0915, PLR0917 - compiled: one pass, flat
    numbers: NDArray[np.int64],
    totals: NDArray[np.float64],
    minutes: NDArray[np.float64],
    column: NDArray[np.int64],
    barred: NDArray[np.bool_],
    id_order: NDArray[np.int64],
    first: NDArray[np.int64],
    since: NDArray[np.int64],
    code: NDArray[np.int64],
    closing: NDArray[np.int64],
    quantiles: NDArray[np.float64],
    p50_us: NDArray[np.int64],
    other_clock: NDArray[np.bool_],
    reported_until: NDArray[np.int64],
    live_until: NDArray[np.int64],
    now_us: int,
    most_minutes: float,
    limit: int,
) -> tuple[int, int, int, int]:
    """Sort out and rank.

    Args:
        numbers: written to, as `columns.Desk` has it.
        totals: likewise.
        minutes: of the journeys to a table's facilities; infinite where there is none.
        column: of each facility its place in `minutes`; -1 where it is not in the table.
        barred: facilities that do not treat the need, or not the age.
        id_order: of each facility its place by id, for ties.
        first, since, code, closing: the columns of `DoorColumns`, of the need.
        quantiles, p50_us, other_clock, reported_until, live_until: those of `WaitColumns`.
        now_us: the instant of the answer, microseconds since 1970.
        most_minutes: journeys longer than this are too far, but for the nearest.
        limit: most destinations shown.

    Returns:
        How many destinations there are, how many of them are shown, how many facilities are left
        out, and the first end of a live wait among those shown (`NEVER`).
    """
    count = len(column)
    away, fate, doubts = (
        np.full(count, np.inf),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
    )
    nearest = np.inf
    # All in one loop: an array that is handed on for each facility costs more than its use.
    for f in range(count):
        if column[f] >= 0:
            away[f] = minutes[column[f]]
        if away[f] == np.inf:
            fate[f] = UNREACHABLE
            continue
        if barred[f]:
            fate[f] = BARRED
            continue
        arrival = arrival_us(now_us, away[f])
        at = first[f]
        while at + 1 < first[f + 1] and since[at + 1] <= arrival:
            at += 1
        numbers[ARRIVAL, f], numbers[SPAN, f] = arrival, at
        if code[at] == SHUT:
            fate[f] = SHUT
        elif arrival < reported_until[f]:
            fate[f] = REPORTED
        elif code[at] == NO_XRAY:
            fate[f] = NO_XRAY
        else:
            nearest = min(nearest, away[f])
            if code[at] == XRAY_UNCONFIRMED:
                doubts[f] |= DOUBT_XRAY
            if other_clock[f]:
                doubts[f] |= DOUBT_CLOCK
            if not np.isnan(quantiles[f, 3]) and arrival + p50_us[f] > closing[at]:
                doubts[f] |= DOUBT_CLOSING
    reach = max(most_minutes, nearest) if nearest < np.inf else most_minutes
    pool, left_out = _part(numbers, fate, away, reach)
    ranked, shown = len(pool), min(limit, len(pool))
    _put_best_first(pool, shown, quantiles, away, doubts, id_order)
    least_wait = np.inf
    for f in pool:
        least_wait = min(least_wait, quantiles[f, 3])  # unknown ones are never less
    valid_until = NEVER
    for place in range(shown):
        f = pool[place]
        numbers[ORDER, place] = f
        marks = doubts[f]
        for q in range(4):
            totals[place, q] = np.rint(quantiles[f, q] + away[f])
        if away[f] <= nearest:
            marks |= NEAREST
        if quantiles[f, 3] <= least_wait:
            marks |= SHORTEST_WAIT
        if place == 0:
            marks |= _mark_first(quantiles, away, pool)
        elif _similar(quantiles, away, f, pool[place - 1]):
            marks |= SIMILAR_TO_PREVIOUS
        numbers[MARKS, place] = marks
        valid_until = min(valid_until, live_until[f])
    return ranked, shown, left_out, valid_until


@compiled
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


@compiled
def _put_best_first(  # noqa: C901, PLR0917 - compiled
    pool: NDArray[np.int64],
    shown: int,
    quantiles: NDArray[np.float64],
    away: NDArray[np.float64],
    doubts: NDArray[np.int64],
    id_order: NDArray[np.int64],
) -> None:
    """Bring the best so many to the front, in the order that `routing.rank.rank` has.

    By selection: few are shown of many.
    """
    mean, p50 = np.zeros(len(pool)), np.zeros(len(pool))
    likes = np.zeros(len(pool), dtype=np.int64)
    for i, f in enumerate(pool):
        if np.isnan(quantiles[f, 3]):
            likes[i] = 2
        else:
            mean[i], p50[i] = quantiles[f, 3] + away[f], quantiles[f, 1] + away[f]
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


@compiled
def _mark_first(
    quantiles: NDArray[np.float64], away: NDArray[np.float64], pool: NDArray[np.int64]
) -> int:
    """Return what may be said of the first: never that it is quickest where that is not known."""
    first = pool[0]
    mean = quantiles[first, 3] + away[first]
    if np.isnan(mean):
        return 0
    surer = like = nearer_unknown = False
    for f in pool[1:]:
        if np.isnan(quantiles[f, 3]):
            nearer_unknown |= away[f] < mean
        else:
            surer |= quantiles[f, 3] + away[f] < mean
            like |= _similar(quantiles, away, first, f)
    if surer:
        return SUREST
    if like:
        return SIMILAR_TOTAL
    return SHORTEST_KNOWN if nearer_unknown else SHORTEST_TOTAL


@compiled
def _similar(
    quantiles: NDArray[np.float64], away: NDArray[np.float64], one: int, other: int
) -> bool:
    """Tell whether two totals overlap as `routing.rank.similar` has it; unknown ones do not."""
    if np.isnan(quantiles[one, 3]) or np.isnan(quantiles[other, 3]):
        return False
    one_low, one_high = quantiles[one, 0] + away[one], quantiles[one, 2] + away[one]
    other_low, other_high = quantiles[other, 0] + away[other], quantiles[other, 2] + away[other]
    shared = min(one_high, other_high) - max(one_low, other_low)
    return bool(shared > _SIMILAR_OVERLAP * (max(one_high, other_high) - min(one_low, other_low)))
