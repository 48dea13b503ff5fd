"""Twenty dots for a range: each is one patient of twenty, placed at the minutes until seen.

People decide better with dots to count than with a range in words (Kay and others, "When (ish) is
my bus?", CHI 2016). The quantiles between and beyond p10, p50 and p90 are those of two halves of a
normal curve that meet at p50, so that the longer side stays the longer.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from waitless.recommend.answer import Minutes

DOTS = 20
MOST_COLUMNS = 20
WIDTH, MARGIN, AXIS_HEIGHT = 320.0, 22.0, 22.0
"""In units of the drawing, which is as wide as a narrow telephone."""
LEAST_TICKS, TICK_ROOM = 2, 64
"""One alone gives no scale; so far from each other there is room for `1 h 20 min`."""
_COLUMN_MINUTES = (5, 10, 15, 20, 30, 60, 120, 240)
_TICK_MINUTES = (10, 15, 20, 30, 60, 120, 180, 240, 480)
_NORMAL = NormalDist()
_Z90 = _NORMAL.inv_cdf(0.9)


@dataclass(frozen=True, slots=True)
class DotPlot:
    """A drawing: where its dots and ticks stand."""

    height: float
    radius: float
    dots: list[tuple[float, float]]
    """x and y of each."""
    ticks: list[tuple[float, int]]
    """x of each, and its minutes."""


def list_quantiles(total: Minutes, least: float) -> list[float]:
    """The minutes of twenty patients, the shortest first.

    Args:
        total: the range until seen.
        least: minutes of the journey: nobody is seen before.
    """
    quantiles = []
    for i in range(DOTS):
        z = _NORMAL.inv_cdf((i + 0.5) / DOTS)
        half = total.p50 - total.p10 if z < 0 else total.p90 - total.p50
        quantiles.append(max(least, total.p50 + half * z / _Z90))
    return quantiles


def plot_dots(total: Minutes, least: float) -> DotPlot:
    """The drawing of a range; arguments as of `list_quantiles`."""
    quantiles = list_quantiles(total, least)
    column = _column_minutes(quantiles[-1] - quantiles[0])
    first = math.floor(quantiles[0] / column)
    columns = math.floor(quantiles[-1] / column) - first + 1
    pitch = min((WIDTH - 2 * MARGIN) / columns, 16.0)
    left = (WIDTH - pitch * columns) / 2
    counts = [0] * columns
    places = []
    for minutes in quantiles:
        at = math.floor(minutes / column) - first
        places.append((at, counts[at]))
        counts[at] += 1
    base = pitch * max(counts)
    return DotPlot(
        height=round(base + AXIS_HEIGHT, 1),
        radius=round(pitch * 0.44, 2),
        dots=[
            (round(left + pitch * (at + 0.5), 1), round(base - pitch * (up + 0.5), 1))
            for at, up in places
        ],
        ticks=_ticks(first * column, columns * column, left, pitch / column),
    )


def _column_minutes(breadth: float) -> int:
    for minutes in _COLUMN_MINUTES:
        if breadth / minutes <= MOST_COLUMNS - 1:
            return minutes
    return math.ceil(breadth / (MOST_COLUMNS - 1))


def _ticks(start: int, breadth: int, left: float, per_minute: float) -> list[tuple[float, int]]:
    """Ticks at round minutes that stand apart; at both ends where fewer than two do."""
    end = start + breadth
    apart = [step for step in _TICK_MINUTES if step * per_minute >= TICK_ROOM]
    step = apart[0] if apart else breadth
    ticks = list(range(math.ceil(start / step) * step, end + 1, step))
    if len(ticks) < LEAST_TICKS:
        ticks = [start, end] if breadth * per_minute >= TICK_ROOM else [start]
    return [(round(left + (minutes - start) * per_minute, 1), minutes) for minutes in ticks]
