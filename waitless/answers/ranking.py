"""The compiled ranking: `waitless.recommend.recommend`'s rules over arrays, one call per answer."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled

OPEN, XRAY_UNCONFIRMED, SHUT, NO_XRAY = range(4)
"""What a door says to an arrival, in `Doors.code`."""
TOO_FAR, UNREACHABLE, BARRED, REPORTED = 4, 5, 6, 7
"""Why a facility is left out, besides `SHUT` and `NO_XRAY`."""
NEVER: Final = 2**62
"""Later than any instant."""

(
    SUREST, SIMILAR_TOTAL, SHORTEST_KNOWN, SHORTEST_TOTAL, NEAREST, SHORTEST_WAIT,
    DOUBT_XRAY, DOUBT_CLOCK, DOUBT_CLOSING, SIMILAR_TO_PREVIOUS,
) = (1 << bit for bit in range(10))  # fmt: skip
"""Bits of a destination's marks: its reasons in the order they are told, and the likeness."""
_SIMILAR_OVERLAP: Final = 0.5
_MINUTE_US: Final = 60_000_000


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
    """The waits of one board at one instant, a row per facility."""

    quantiles: NDArray[np.float64]
    """p10, p50, p90 and mean in minutes; all NaN where no wait is current."""
    p50_us: NDArray[np.int64]
    other_clock: NDArray[np.bool_]
    reported_until: NDArray[np.int64]
    """Arrivals before it meet a door reported shut; 0 where nothing is reported."""
    live_until: NDArray[np.int64]
    """When the wait stops being live, microseconds since 1970; `NEVER` where there is none."""


class Ranked(NamedTuple):
    """What the ranking found."""

    ranked: int
    """Destinations, shown or not."""
    shown: int
    valid_until: int
    """First end of a live wait among those shown, microseconds since 1970; `NEVER`."""
    order: NDArray[np.int64]
    """Facilities, best first, as many as are shown."""
    marks: NDArray[np.int64]
    """Of those shown, in their order."""
    totals: NDArray[np.float64]
    """Of those shown: p10, p50, p90 and mean, rounded to whole minutes; NaN where unknown."""
    span: NDArray[np.int64]
    """Of each facility: the span of its door that the arrival falls in."""
    arrival: NDArray[np.int64]
    """Of each facility that has a span: the arrival, microseconds since 1970."""
    out: NDArray[np.int64]
    """Facilities left out, in the order they are told."""
    why: NDArray[np.int64]
    """Beside `out`: the reason."""


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
def rank_places(  # noqa: C901, PLR0912, PLR0915, PLR0917 - compiled: one pass, no calls
    minutes: NDArray[np.float64],
    column: NDArray[np.int64],
    barred: NDArray[np.bool_],
    id_order: NDArray[np.int64],
    doors: DoorColumns,
    waits: WaitColumns,
    now_us: int,
    most_minutes: float,
    limit: int,
) -> Ranked:
    """Sort out and rank.

    Args:
        minutes: of the journeys to a table's facilities; infinite where there is none.
        column: of each facility its place in `minutes`; -1 where it is not in the table.
        barred: facilities that do not treat the need, or not the age.
        id_order: of each facility its place by id, for ties.
        doors: of the need.
        waits: of the board and instant.
        now_us: the instant of the answer, microseconds since 1970.
        most_minutes: journeys longer than this are too far, but for the nearest.
        limit: most destinations shown.
    """
    count = len(column)
    span = np.zeros(count, dtype=np.int64)
    arrivals = np.zeros(count, dtype=np.int64)
    fate = np.zeros(count, dtype=np.int64)
    doubts = np.zeros(count, dtype=np.int64)
    away = np.full(count, np.inf)
    nearest = np.inf
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
        arrivals[f] = arrival
        at = doors.first[f]
        while at + 1 < doors.first[f + 1] and doors.since[at + 1] <= arrival:
            at += 1
        span[f] = at
        code = doors.code[at]
        if code == SHUT:
            fate[f] = SHUT
        elif arrival < waits.reported_until[f]:
            fate[f] = REPORTED
        elif code == NO_XRAY:
            fate[f] = NO_XRAY
        else:
            if code == XRAY_UNCONFIRMED:
                doubts[f] |= DOUBT_XRAY
            if waits.other_clock[f]:
                doubts[f] |= DOUBT_CLOCK
            if (
                not np.isnan(waits.quantiles[f, 3])
                and arrival + waits.p50_us[f] > doors.closing[at]
            ):
                doubts[f] |= DOUBT_CLOSING
            nearest = min(nearest, away[f])
    reach = max(most_minutes, nearest) if nearest < np.inf else most_minutes

    out = np.empty(count, dtype=np.int64)
    why = np.empty(count, dtype=np.int64)
    left_out = 0
    pool = np.empty(count, dtype=np.int64)
    ranked = 0
    for f in range(count):
        if fate[f] != 0:
            out[left_out], why[left_out] = f, fate[f]
            left_out += 1
        elif away[f] <= reach:
            pool[ranked] = f
            ranked += 1
    for f in range(count):
        if fate[f] == 0 and away[f] > reach:
            out[left_out], why[left_out] = f, TOO_FAR
            left_out += 1

    shown = min(limit, ranked)
    least_wait = np.inf
    for i in range(ranked):
        wait = waits.quantiles[pool[i], 3]
        least_wait = min(least_wait, wait)
    # The best so many, by selection: few are shown of many.
    for place in range(shown):
        best = place
        for i in range(place + 1, ranked):
            if _comes_before(waits.quantiles, away, doubts, id_order, pool[i], pool[best]):
                best = i
        pool[place], pool[best] = pool[best], pool[place]

    totals = np.empty((shown, 4))
    marks = np.zeros(shown, dtype=np.int64)
    valid_until = NEVER
    for place in range(shown):
        f = pool[place]
        for q in range(4):
            totals[place, q] = np.rint(waits.quantiles[f, q] + away[f])
        marks[place] = doubts[f]
        if away[f] <= nearest:
            marks[place] |= NEAREST
        if waits.quantiles[f, 3] <= least_wait:
            marks[place] |= SHORTEST_WAIT
        valid_until = min(valid_until, waits.live_until[f])
        if place > 0 and _similar(waits.quantiles, away, f, pool[place - 1]):
            marks[place] |= SIMILAR_TO_PREVIOUS
    if shown > 0 and not np.isnan(totals[0, 3]):
        first = pool[0]
        mean = waits.quantiles[first, 3] + away[first]
        surer = like = nearer_unknown = False
        for i in range(1, ranked):
            f = pool[i]
            if np.isnan(waits.quantiles[f, 3]):
                nearer_unknown |= away[f] < mean
            else:
                surer |= waits.quantiles[f, 3] + away[f] < mean
                like |= _similar(waits.quantiles, away, first, f)
        if surer:
            marks[0] |= SUREST
        elif like:
            marks[0] |= SIMILAR_TOTAL
        elif nearer_unknown:
            marks[0] |= SHORTEST_KNOWN
        else:
            marks[0] |= SHORTEST_TOTAL
    return Ranked(
        ranked, shown, valid_until, pool[:shown], marks, totals, span, arrivals,
        out[:left_out], why[:left_out],
    )  # fmt: skip


@compiled
def _comes_before(  # noqa: PLR0917 - compiled
    quantiles: NDArray[np.float64],
    away: NDArray[np.float64],
    doubts: NDArray[np.int64],
    id_order: NDArray[np.int64],
    one: int,
    other: int,
) -> bool:
    """Tell which of two facilities ranks first, as `routing.rank.rank` has it."""
    mean, other_mean = quantiles[one, 3] + away[one], quantiles[other, 3] + away[other]
    unknown, other_unknown = np.isnan(mean), np.isnan(other_mean)
    if unknown != other_unknown:
        return bool(other_unknown)
    if (doubts[one] != 0) != (doubts[other] != 0):
        return bool(doubts[one] == 0)
    if not unknown:
        if mean != other_mean:
            return bool(mean < other_mean)
        p50, other_p50 = quantiles[one, 1] + away[one], quantiles[other, 1] + away[other]
        if p50 != other_p50:
            return bool(p50 < other_p50)
    if away[one] != away[other]:
        return bool(away[one] < away[other])
    return bool(id_order[one] < id_order[other])


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
