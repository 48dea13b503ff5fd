"""Locate events that come with coordinates: on which edges of our roads are they?

Edges are known here as straight chords from junction to junction, so an event is located only
where it lies along one of them: what is doubtful stays unlocated, and is counted.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from feeds.traffic.model import EventPlace, Ways
from routing.geo import Plane
from routing.roadarrays import Roads

TOLERANCE_M = 60.0
"""How far an event may lie from a chord: a carriageway's width, and the bend of a short edge."""
_TIE_M = 15.0
"""Edges as near as this to the nearest are as good; two roads so near make a place ambiguous."""
_COVERED = 0.6
"""Share of a line's length that the edges found must make up."""
_ONWARD = 0.7
"""Least progress along the line, as a share of the chord, that makes an edge run its way."""
_MARGIN_DEGREES = 0.05
_WORDS = re.compile(r"[^A-Z0-9()]+")


@dataclass(frozen=True, slots=True)
class _Near:
    """The drivable edges near a place: their numbers and chords, metres on the plane."""

    edges: NDArray[np.intp]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


class Locator:
    """Finds the edges of places; what was once looked for is remembered."""

    def __init__(self, roads: Roads) -> None:
        self._roads = roads
        self._plane = Plane(float((roads.lat.min() + roads.lat.max()) / 2))
        self._drivable = np.isfinite(roads.time_s)
        self._tails = roads.tails.astype(np.intp)
        self._heads = roads.heads.astype(np.intp)
        self._found: dict[EventPlace, tuple[int, ...]] = {}

    def locate(self, place: EventPlace) -> tuple[int, ...]:
        """The edges of a place that has points; none where it is not on one road for certain."""
        if place not in self._found:
            if len(self._found) > 10_000:  # noqa: PLR2004 - a bound on memory, nothing more
                self._found.clear()
            self._found[place] = self._locate(place)
        return self._found[place]

    def _locate(self, place: EventPlace) -> tuple[int, ...]:
        points = np.array(place.points, dtype=np.float64).reshape(-1, 2)
        if not len(points):
            return ()
        near = self._list_near(points, place.road)
        line = np.column_stack(self._plane.project(points[:, 0], points[:, 1]))
        along = _edges_along(near, line, place.ways) if len(line) > 1 else ()
        return along or _edge_under(near, line, place.ways)

    def _list_near(self, points: NDArray[np.float64], road: str | None) -> _Near:
        roads = self._roads
        (south, west), (north, east) = points.min(axis=0), points.max(axis=0)
        lat, lon = roads.lat[self._tails], roads.lon[self._tails]
        wanted = (
            self._drivable
            & (lat > south - _MARGIN_DEGREES) & (lat < north + _MARGIN_DEGREES)
            & (lon > west - 2 * _MARGIN_DEGREES) & (lon < east + 2 * _MARGIN_DEGREES)
        )  # fmt: skip
        edges = np.flatnonzero(wanted)
        if road is not None:
            edges = edges[[_same_road(road, roads.road_names[n]) for n in roads.roads[edges]]]
        tails, heads = self._tails[edges], self._heads[edges]
        return _Near(
            edges,
            np.column_stack(self._plane.project(roads.lat[tails], roads.lon[tails])),
            np.column_stack(self._plane.project(roads.lat[heads], roads.lon[heads])),
        )


def _edges_along(near: _Near, line: NDArray[np.float64], ways: Ways) -> tuple[int, ...]:
    """Edges whose both ends lie on the line; none unless they make up most of it."""
    if ways is Ways.UNKNOWN:
        return ()
    start_off, start_at = _along(near.start, line)
    end_off, end_at = _along(near.end, line)
    chord = np.hypot(*(near.end - near.start).T)
    progress = end_at - start_at
    if ways is Ways.BOTH:
        progress = np.abs(progress)
    fits = (start_off <= TOLERANCE_M) & (end_off <= TOLERANCE_M) & (progress >= _ONWARD * chord)
    fits &= chord > 0
    length = np.hypot(*np.diff(line, axis=0).T).sum()
    covered = progress[fits].sum() / (2 if ways is Ways.BOTH else 1)
    return tuple(near.edges[fits].tolist()) if covered >= _COVERED * length else ()


def _edge_under(near: _Near, line: NDArray[np.float64], ways: Ways) -> tuple[int, ...]:
    """The one edge, or the two of one road, that all points lie on."""
    if not len(near.edges):
        return ()
    chord = near.end - near.start
    squared = np.maximum((chord**2).sum(axis=1), 1e-9)
    off = np.zeros(len(chord))
    for point in line:
        share = np.clip(((point - near.start) * chord).sum(axis=1) / squared, 0, 1)
        foot = near.start + share[:, np.newaxis] * chord
        off = np.maximum(off, np.hypot(*(point - foot).T))
    if off.min() > TOLERANCE_M:
        return ()
    best = np.flatnonzero(off <= off.min() + _TIE_M)
    ends = {frozenset((tuple(near.start[i]), tuple(near.end[i]))) for i in best}
    if len(ends) > 1:
        return ()
    if ways is Ways.ONE and len(line) > 1:
        best = best[chord[best] @ (line[-1] - line[0]) > 0]
    if ways is not Ways.BOTH and len(best) > 1:
        return ()
    return tuple(near.edges[best].tolist())


def _along(
    points: NDArray[np.float64], line: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each point is off a line, and how far along it its foot lies, metres."""
    off = np.full(len(points), np.inf)
    at = np.zeros(len(points))
    gone_m = 0.0
    for begin, end in pairwise(line):
        way = end - begin
        length_m = float(np.hypot(*way))
        share = np.clip((points - begin) @ way / max(length_m**2, 1e-9), 0, 1)
        away = np.hypot(*(points - begin - share[:, np.newaxis] * way).T)
        nearer = away < off
        off[nearer] = away[nearer]
        at[nearer] = gone_m + share[nearer] * length_m
        gone_m += length_m
    return off, at


def _same_road(wanted: str, ours: str) -> bool:
    """Whether a road's number or name is among ours: "A2" is in "A2;A299", not in "A28"."""
    return not set(_words(wanted)).isdisjoint(_words(ours))


def _words(text: str) -> list[str]:
    return [word for word in _WORDS.split(text.upper()) if word]
