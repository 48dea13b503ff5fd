"""A day of posted waits and the fan of what is forecast, as the paths of an SVG drawing. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from feeds.model import Wait
from waitless.forecast.outlook import STEP_MINUTES, Outlook

CELL = timedelta(minutes=5)
"""One unit across. Of several readings in one cell the last is drawn."""
PAST_CELLS = 288
AHEAD_CELLS = 36
"""A day back, and the three hours of an outlook ahead."""
WIDTH, HEIGHT = PAST_CELLS + AHEAD_CELLS, 40
GAP_CELLS = 9
"""Readings further apart than this (45 minutes) are not joined: in between nothing was live."""
LEAST_TOP = 60.0
"""Minutes at the upper edge, at least: a wait of 5 minutes shall not look like a peak."""

Point = tuple[datetime, float]
"""When a wait was measured, and its minutes."""


@dataclass(frozen=True, slots=True)
class Spark:
    """One drawing of `WIDTH` by `HEIGHT` units."""

    past: str
    """Path of the posted waits; empty where there are none."""
    fan: str
    """Closed path between the 10th and the 90th percentile ahead; empty without an outlook."""
    ahead: str
    """Path of the median ahead; empty without an outlook."""
    top_minutes: int
    """What the upper edge stands for."""
    words: str
    """The same as a sentence, for who cannot see it."""


def point_of(wait: Wait) -> float | None:
    """The minutes that a posted wait is drawn at: the figure, a band's middle, or its one limit."""
    if wait.minutes is not None:
        return wait.minutes
    known = [limit for limit in (wait.low, wait.high) if limit is not None]
    return sum(known) / len(known) if known else None


def draw_spark(points: Iterable[Point], outlook: Outlook | None, now: datetime) -> Spark:
    """Draw.

    Args:
        points: posted waits, in any order; those outside the last day are left out.
        outlook: the forecast from the live reading; None where there is none.
        now: the instant between past and future, aware.
    """
    cells = _by_cell(points, now)
    nodes = [] if outlook is None else _nodes(outlook, now)
    highest = max([*cells.values(), *(p90 for _, _, _, p90 in nodes)], default=0.0)
    top = max(LEAST_TOP, highest)

    def height(minutes: float) -> int:
        return round(HEIGHT - min(max(minutes, 0.0), top) / top * HEIGHT)

    lower = [(x, height(p10)) for x, p10, _, _ in nodes]
    upper = [(x, height(p90)) for x, _, _, p90 in reversed(nodes)]
    return Spark(
        past=_line([(x, height(minutes)) for x, minutes in sorted(cells.items())]),
        fan=_join([*lower, *upper]) + "Z" if nodes else "",
        ahead=_join([(x, height(p50)) for x, _, p50, _ in nodes]),
        top_minutes=round(top),
        words=_describe(cells, nodes),
    )


def _by_cell(points: Iterable[Point], now: datetime) -> dict[int, float]:
    latest: dict[int, Point] = {}
    for point in points:
        cell = PAST_CELLS + (point[0] - now) // CELL
        if 0 <= cell <= PAST_CELLS and (cell not in latest or latest[cell][0] <= point[0]):
            latest[cell] = point
    return {cell: minutes for cell, (_, minutes) in latest.items()}


def _nodes(outlook: Outlook, now: datetime) -> list[tuple[int, float, float, float]]:
    """The outlook's nodes that are not past: place across, 10th, 50th and 90th percentile."""
    step = timedelta(minutes=STEP_MINUTES)
    places = [
        PAST_CELLS + round((outlook.as_of + number * step - now) / CELL)
        for number in range(len(outlook.p50))
    ]
    nodes = zip(places, outlook.p10, outlook.p50, outlook.p90, strict=True)
    return [node for node in nodes if PAST_CELLS - GAP_CELLS <= node[0] <= WIDTH]


def _line(points: Sequence[tuple[int, int]]) -> str:
    """A path that breaks where nothing was live. What lies on a level run is left out."""
    runs: list[list[tuple[int, int]]] = [list(points[:1])] if points else []
    for before, after in pairwise(points):
        if after[0] - before[0] > GAP_CELLS:
            runs.append([after])
        else:
            runs[-1].append(after)
    return "".join(_join(_without_level(run)) for run in runs)


def _without_level(run: list[tuple[int, int]]) -> list[tuple[int, int]]:
    inner = [
        point
        for before, point, after in zip(run, run[1:], run[2:], strict=False)
        if not before[1] == point[1] == after[1]
    ]
    return [run[0], *inner, run[-1]]  # of a single point twice: a dot, with round line ends


def _join(points: Sequence[tuple[int, int]]) -> str:
    return "M" + " ".join(f"{x} {y}" for x, y in points) if points else ""


def _describe(cells: dict[int, float], nodes: list[tuple[int, float, float, float]]) -> str:
    if not cells:
        return "no waits in the last day"
    waits = cells.values()
    newest = cells[max(cells)]
    told = f"last day {min(waits):.0f} to {max(waits):.0f} min, newest {newest:.0f}"
    if nodes:
        _, p10, p50, p90 = nodes[-1]
        told += f"; ahead about {p50:.0f} ({p10:.0f} to {p90:.0f})"
    return told
