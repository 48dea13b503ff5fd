"""The small map: an area's roads as one drawing, and its places as marks. No tiles are needed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from routing.roadarrays import Roads
from waitless.area.bounds import Bounds
from waitless.area.pack import Area
from waitless.recommend.answer import Recommendation
from waitless.web.shown import Shown
from waitless.web.states import say_excluded
from waitless.web.tongues import Say, mark

WIDTH = 1000
"""Of the drawing, in its own units: about 130 m each over a county."""
MOST_LINES = 5000
"""The quickest classes of roads are drawn up to so many lines, or a country would not load."""
SHORT_MINUTES, LONG_MINUTES = 30, 90
"""A wait up to the first is marked short, one over the second long."""
LEVELS = {
    "short": (mark("wait up to {m} min"), SHORT_MINUTES),
    "middle": (mark("up to {m} min"), LONG_MINUTES),
    "long": (mark("longer"), None),
    "unknown": (mark("not known"), None),
    "out": (mark("closed or not suitable"), None),
}
"""What a colour means, in the order of the key."""


@dataclass(frozen=True, slots=True)
class MapMark:
    """A place on the map."""

    name: str
    words: str
    kind: str
    """Gives the shape."""
    level: str
    """Gives the colour: short, middle, long, unknown or out."""
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles of somebody else's map, where an operator wants them."""

    url: str
    attribution: str

    def widen(self, policy: str) -> str:
        """A content policy that lets these tiles be loaded, too."""
        scheme, host = urlsplit(self.url)[:2]
        return policy.replace("img-src", f"img-src {scheme}://{host}")


def draw_roads(roads: Roads, bounds: Bounds) -> bytes:
    """An SVG of the roads between their junctions, in Mercator's projection over the bounds."""
    top, bottom = _mercator(bounds.north), _mercator(bounds.south)
    scale = WIDTH / math.radians(bounds.east - bounds.west)
    height = round((top - bottom) * scale)
    x = np.rint(np.radians(roads.lon - bounds.west) * scale).astype(np.int64)
    y = np.rint((top - np.arcsinh(np.tan(np.radians(roads.lat)))) * scale).astype(np.int64)
    lines: dict[tuple[int, int, int, int], None] = {}
    for edge in _quickest_first(roads):
        tail, head = roads.tails[edge], roads.heads[edge]
        ends = sorted([(int(x[tail]), int(y[tail])), (int(x[head]), int(y[head]))])
        if ends[0] != ends[1]:
            lines[*ends[0], *ends[1]] = None
        if len(lines) == MOST_LINES:
            break
    path = "".join(f"M{a} {b}l{c - a} {d - b}" for a, b, c, d in lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}"><path d="{path}" fill="none" stroke="#66737d" '
        'stroke-width="1.5" vector-effect="non-scaling-stroke"/></svg>'
    ).encode()


def mark_places(
    answer: Recommendation, shown: Sequence[Shown], area: Area, say: Say, *, english: bool
) -> list[MapMark]:
    """Every place that an answer names, with its figure or why it is left out."""
    marks = [
        MapMark(
            one.facility.short_name, words.figure, one.facility.kind,
            _level(None if one.wait is None else one.wait.when_seen.mean),
            one.facility.lat, one.facility.lon,
        )
        for one, words in zip(answer.destinations, shown, strict=True)
    ]  # fmt: skip
    for left_out in answer.excluded:
        facility = area.facilities[left_out.facility_id]
        words = say_excluded(left_out, say, english=english)
        marks.append(
            MapMark(facility.short_name, words, facility.kind, "out", facility.lat, facility.lon)
        )
    return marks


def _level(wait_minutes: float | None) -> str:
    if wait_minutes is None:
        return "unknown"
    if wait_minutes <= SHORT_MINUTES:
        return "short"
    return "middle" if wait_minutes <= LONG_MINUTES else "long"


def _mercator(lat: float) -> float:
    return math.asinh(math.tan(math.radians(lat)))


def _quickest_first(roads: Roads) -> list[int]:
    """Edges that cars may use, those of the quickest classes first."""
    open_to_cars = np.flatnonzero(np.isfinite(roads.time_s) & (roads.time_s > 0))
    classes = roads.classes[open_to_cars]
    pace = roads.length_m[open_to_cars] / roads.time_s[open_to_cars]
    usual = {one: float(np.median(pace[classes == one])) for one in np.unique(classes).tolist()}
    order = sorted(range(len(open_to_cars)), key=lambda i: -usual[int(classes[i])])
    return [int(open_to_cars[i]) for i in order]
