"""Cut ways at their junctions into directed edges, with time and length."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from routing.geo import line_length_m
from routing.osm.access import Use, find_stopped, find_too_rough, find_use
from routing.osm.extract import Extract, RawWay, Tags
from routing.osm.junctions import Junctions
from routing.osm.paces import find_cycle_speed, find_walk_speed
from routing.osm.speeds import BUILT_UP_LIMIT_KMH, find_limit, find_usual_speed, looks_built_up

Spot: TypeAlias = tuple[int, int]
"""A junction: the OpenStreetMap node, and which copy of it (0 but where turns are forbidden)."""

FERRY: Final = "ferry"
FERRY_BOARDING_S: Final = 900.0
"""Waiting for and boarding a ferry; its timetable is not known here. Calibrated."""
FERRY_KMH: Final = 20.0
"""Speed of a ferry that has no `duration` tag. Calibrated."""

_STRAY_QUANTILES = (0.005, 0.995)
_STRAY_SLACK_DEG = 0.05
_SHORTEST_M = 0.1
_DURATION = re.compile(r"(?:PT)?(?:(\d+)[:H])?(\d+)M?(?::\d\d)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One direction of a road between two junctions."""

    way: int
    tail: Spot
    head: Spot
    length_m: float
    time_s: float
    """Usual, by car; infinite where no car may go (but a ferry's crossing takes its time)."""
    walk_s: float
    """Usual, on foot; infinite where nobody may walk."""
    cycle_s: float
    """Usual, by bicycle; infinite where nobody may cycle or push one."""
    use: Use
    road_class: str
    road: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a way from one junction to the next, in the way's direction."""

    way: RawWay
    nodes: tuple[int, ...]
    uses: tuple[Use, Use]
    """Along the way and against it."""


def split_ways(extract: Extract, *, ferries: bool) -> list[Edge]:
    """Cut ways into edges; what is left out is counted in `extract.dropped`."""
    usable = [(way, uses) for way, uses in _list_usable(extract, ferries=ferries) if any(uses)]
    pieces = list(_list_pieces(extract, usable))
    junctions = _see_junctions(extract, pieces)
    return [edge for piece in pieces for edge in _make_edges(extract, piece, junctions)]


def _list_usable(extract: Extract, *, ferries: bool) -> Iterator[tuple[RawWay, tuple[Use, Use]]]:
    """Yield each way with who may use it, counting those of no use to anybody."""
    for way in extract.ways:
        if "highway" not in way.tags and not ferries:
            extract.dropped["ferries (left out without --ferries)"] += 1
            continue
        uses = find_use(way.tags)
        if any(uses) and any(name.endswith(":conditional") for name in way.tags):
            extract.dropped["conditions of ways at certain times (not honoured)"] += 1
        if not any(uses):
            extract.dropped[f"closed or no road: {way.tags.get('highway', FERRY)}"] += 1
        yield way, uses


def _list_pieces(
    extract: Extract, usable: list[tuple[RawWay, tuple[Use, Use]]]
) -> Iterator[_Piece]:
    """Yield the stretches between junctions, no two between the same pair of junctions."""
    met = Counter(node for way, _ in usable for node in way.nodes)
    for way, _ in usable:
        met.update((way.nodes[0], way.nodes[-1]))
    for restriction in extract.restrictions:
        if restriction.via in met:
            met[restriction.via] += 1
    strays = _find_strays(extract, list(met))
    taken: set[frozenset[int]] = set()
    for way, uses in usable:
        cuts = [i for i, node in enumerate(way.nodes) if met[node] > 1]
        for low, high in pairwise(cuts):
            for nodes in _part(way.nodes[low : high + 1], taken):
                if strays and not strays.isdisjoint(nodes):
                    extract.dropped["stretches to nodes far outside"] += 1
                else:
                    yield _Piece(way, nodes, uses)


def _part(nodes: tuple[int, ...], taken: set[frozenset[int]]) -> list[tuple[int, ...]]:
    """Cut a loop, or a second way between two junctions, at nodes of its own."""
    pair = frozenset((nodes[0], nodes[-1]))
    last = len(nodes) - 1
    if len(pair) == 1:
        cuts = sorted({0, last // 3 or 1, max(2 * last // 3, 1), last})
    elif pair in taken and last > 1:
        cuts = [0, last // 2, last]
    else:
        cuts = [0, last]
    taken.add(pair)
    return [nodes[low : high + 1] for low, high in pairwise(cuts)]


def _find_strays(extract: Extract, nodes: list[int]) -> set[int]:
    """Return the nodes far outside the box that holds nearly all: over a box's size from it."""
    points = np.array([extract.points[node] for node in nodes]).reshape(-1, 2)
    if not len(points):
        return set()
    low, high = np.quantile(points, _STRAY_QUANTILES, axis=0)
    slack = (high - low) + _STRAY_SLACK_DEG
    outside = ((points < low - slack) | (points > high + slack)).any(axis=1)
    return {nodes[i] for i in np.flatnonzero(outside).tolist()}


def _see_junctions(extract: Extract, pieces: list[_Piece]) -> Junctions:
    """Look at every junction once, as cars meet it."""
    junctions = Junctions(extract.node_tags)
    for piece in pieces:
        tags = piece.way.tags
        if not (piece.uses[0] | piece.uses[1]) & Use.DRIVE:
            continue
        junctions.add(extract, tags, piece.nodes, piece.uses)
        limit = find_limit(tags, "forward")
        if limit <= BUILT_UP_LIMIT_KMH if limit is not None else looks_built_up(tags):
            junctions.town.update((piece.nodes[0], piece.nodes[-1]))
    for node, tags in extract.node_tags.items():
        if junctions.is_met(node) and find_stopped(tags):
            extract.dropped["barriers on a junction of three roads or more (not kept)"] += 1
    return junctions


def _make_edges(extract: Extract, piece: _Piece, junctions: Junctions) -> Iterator[Edge]:
    """Yield the one or two edges of a stretch, less those for whom it is closed or too rough."""
    tags = piece.way.tags
    stopped = _find_closed(extract, piece, junctions)
    points = [extract.points[node] for node in piece.nodes]
    length_m = max(line_length_m(points), _SHORTEST_M)
    built_up = looks_built_up(tags) or {piece.nodes[0], piece.nodes[-1]} <= junctions.town
    road_class = tags.get("highway", FERRY)
    for direction, step, given in (("forward", 1, piece.uses[0]), ("backward", -1, piece.uses[1])):
        nodes, ordered = piece.nodes[::step], points[::step]
        use = given & ~stopped
        if not use:
            continue
        time_s = walk_s = cycle_s = float("inf")
        if road_class == FERRY:
            time_s = walk_s = cycle_s = _find_crossing_s(tags, length_m)
        else:
            if use & Use.DRIVE:
                time_s = length_m * 3.6 / find_usual_speed(tags, direction, built_up=built_up)
                time_s += junctions.find_delay(tags, nodes, ordered, direction)
            if use & Use.WALK:
                walk_s = length_m * 3.6 / find_walk_speed(tags)
            if use & Use.CYCLE:
                cycle_s = length_m * 3.6 / find_cycle_speed(tags)
                cycle_s += junctions.find_cycle_delay(tags, nodes, ordered, direction)
        yield Edge(
            way=piece.way.id,
            tail=(nodes[0], 0),
            head=(nodes[-1], 0),
            length_m=length_m,
            time_s=time_s,
            walk_s=walk_s,
            cycle_s=cycle_s,
            use=use,
            road_class=road_class,
            road=tags.get("ref") or tags.get("name") or "",
        )


def _find_closed(extract: Extract, piece: _Piece, junctions: Junctions) -> Use:
    """Return whom barriers stop on a stretch, or for whom it is too rough; both are counted."""
    given = piece.uses[0] | piece.uses[1]
    stopped = Use.NONE
    for node in piece.nodes:
        if node in extract.node_tags and not junctions.is_met(node):
            stopped |= find_stopped(extract.node_tags[node])
    if stopped & given:
        extract.dropped["stretches that a barrier closes to somebody"] += 1
    rough = find_too_rough(piece.way.tags)
    if rough & given:
        extract.dropped["stretches too rough for walkers or bicycles"] += 1
    return stopped | rough


def _find_crossing_s(tags: Tags, length_m: float) -> float:
    """Return a ferry's time over one stretch, boarding included, seconds."""
    told = _DURATION.fullmatch(tags.get("duration", ""))
    if told is None:
        return FERRY_BOARDING_S + length_m * 3.6 / FERRY_KMH
    return FERRY_BOARDING_S + int(told[1] or 0) * 3600 + int(told[2]) * 60
