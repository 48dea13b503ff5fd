"""Lines that nobody crosses between an origin and its first junction: water, railways, motorways.

Where a road or path crosses them, on a bridge or otherwise, it is an edge of the graph; a straight
access leg may not. Lines in tunnels and on bridges are left out, as one passes over or under them.
"""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.geo import Plane
from routing.osm.access import is_one_way
from routing.osm.extract import Extract, Tags
from routing.osm.speeds import BUILT_UP_LIMIT_KMH, find_limit

TOLERANCE_M: Final = 5.0
"""How far a simplified line may run from the mapped one: roads follow banks more closely than 10 m
would allow."""

GAP_M: Final = 15.0
"""A line stops this far short of a junction on it, where a journey may begin: there one can cross,
or is upon it."""

_SMALLEST_M: Final = 60.0
"""Water less wide and long than this is walked round."""

_SLACK_DEG: Final = 0.1
"""A line this far from all junctions is out of an access leg's way: 6 km or more to 57 degrees."""

_WATERWAYS: Final = {"river", "canal"}
_RAILWAYS: Final = {"rail", "light_rail", "narrow_gauge", "subway", "funicular"}
_ASIDE: Final = {"siding", "yard", "spur", "crossover"}
"""Tracks beside a line that is a barrier already."""
_NONE: Final = {None, "no"}

Line = tuple[tuple[float, float], ...]


def draw_barriers(
    extract: Extract, open_nodes: AbstractSet[int]
) -> tuple[list[Line], Counter[str]]:
    """Return the barriers of an extract as (latitude, longitude) points, and lines by kind.

    Args:
        extract: as read.
        open_nodes: nodes that are junctions where a journey may begin or end, at least one. Lines
            farther than any access leg from all of them are left out.
    """
    lines: list[Line] = []
    kinds: Counter[str] = Counter()
    known = np.array([extract.points[node] for node in open_nodes])
    low, high = known.min(axis=0) - _SLACK_DEG, known.max(axis=0) + _SLACK_DEG
    plane = Plane(float(low[0] + high[0]) / 2)
    for way in [*extract.ways, *extract.lines]:
        kind = find_barrier(way.tags)
        if kind is None:
            continue
        places = np.array([extract.points[node] for node in way.nodes])
        if (places.max(axis=0) < low).any() or (places.min(axis=0) > high).any():
            continue
        points_m = np.column_stack(plane.project(places[:, 0], places[:, 1]))
        small = (np.ptp(points_m, axis=0) < _SMALLEST_M).all()
        if kind == "water" and small:
            continue
        for part_m in _cut(points_m, [node in open_nodes for node in way.nodes]):
            kept_m = simplify(part_m, TOLERANCE_M)
            lines.append(tuple(plane.unproject_point(*point) for point in kept_m.tolist()))
            kinds[kind] += 1
    return lines, kinds


def find_barrier(tags: Tags) -> str | None:
    """Return the kind of barrier that a way is; None where one can cross it."""
    if tags.get("tunnel") not in _NONE or tags.get("bridge") not in _NONE:
        return None
    if tags.get("covered") == "yes" or tags.get("location") == "underground":
        return None
    if tags.get("natural") == "coastline":
        return "coast"
    if tags.get("natural") == "water" or tags.get("waterway") == "riverbank":
        return "water"
    if tags.get("waterway") in _WATERWAYS and tags.get("intermittent") != "yes":
        return "river"
    # Whole rivers are given a layer below the ground; railways and roads only where it is so.
    if tags.get("layer", "0") != "0":
        return None
    if tags.get("railway") in _RAILWAYS and tags.get("service") not in _ASIDE:
        return "railway"
    return "road" if _is_motor_road(tags) else None


def _is_motor_road(tags: Tags) -> bool:
    """Tell whether a road is a motorway, or a fast dual carriageway."""
    road = tags.get("highway")
    if road == "motorway" or (road and tags.get("motorroad") == "yes"):
        return True
    limit_kmh = find_limit(tags, "forward") or 0.0
    fast = limit_kmh > BUILT_UP_LIMIT_KMH
    return road == "trunk" and fast and is_one_way(tags) and "junction" not in tags


def _cut(points_m: NDArray[np.float64], is_open: list[bool]) -> Iterator[NDArray[np.float64]]:
    """Yield the parts of a line between open points, each short of them by the gap."""
    last = len(points_m) - 1
    ends = sorted({0, last, *np.flatnonzero(is_open).tolist()})
    for first, final in pairwise(ends):
        part_m = points_m[first : final + 1]
        along_m = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(part_m, axis=0).T))))
        begin_m = GAP_M if is_open[first] else 0.0
        end_m = along_m[-1] - (GAP_M if is_open[final] else 0.0)
        if end_m <= begin_m:
            continue
        inner_m = along_m[(along_m > begin_m) & (along_m < end_m)]
        wanted_m = np.concatenate(([begin_m], inner_m, [end_m]))
        yield np.column_stack([np.interp(wanted_m, along_m, part_m[:, axis]) for axis in (0, 1)])


def simplify(points_m: NDArray[np.float64], tolerance_m: float) -> NDArray[np.float64]:
    """Return a line with fewer points, nowhere farther from the given one than the tolerance.

    Ramer, Douglas and Peucker: keep the point farthest from the chord, and look at both halves.
    """
    kept = {0, len(points_m) - 1}
    open_parts = [(0, len(points_m) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        if last - first < 2:  # noqa: PLR2004 - nothing between
            continue
        away_m = _measure_away(points_m[first + 1 : last], points_m[first], points_m[last])
        farthest = int(away_m.argmax())
        if away_m[farthest] > tolerance_m:
            middle = first + 1 + farthest
            kept.add(middle)
            open_parts += [(first, middle), (middle, last)]
    return points_m[sorted(kept)]


def _measure_away(
    points_m: NDArray[np.float64], start_m: NDArray[np.float64], end_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distance of points from the stretch between two points."""
    chord = end_m - start_m
    square = float(chord @ chord)
    share = (
        np.clip((points_m - start_m) @ chord / square, 0, 1) if square else np.zeros(len(points_m))
    )
    return np.asarray(np.linalg.norm(points_m - start_m - share[:, None] * chord, axis=1))
