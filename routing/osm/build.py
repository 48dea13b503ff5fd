"""Compose the stages of a build, and sum up what came of it."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from routing.osm.access import Use
from routing.osm.barriers import Line, draw_barriers
from routing.osm.connect import keep_connected
from routing.osm.extract import Extract, ExtractFault, read_extract
from routing.osm.split import FERRY, Edge, Spot, split_ways
from routing.osm.turns import expand_turns
from routing.roadarrays import Roads

STAGES: Final = ("reading", "splitting", "turns", "connecting", "laying out")
"""What `report` is told, in this order, as each stage begins."""

_NO_ACCESS: Final = {"motorway", "motorway_link", FERRY}
"""Classes from which one cannot turn into a side street: no journey begins or ends there."""

_ATTRIBUTION: Final = "© OpenStreetMap contributors, Open Database Licence 1.0 (ODbL)"


def build_roads(
    path: Path, *, ferries: bool = False, report: Callable[[str], object] = lambda _: None
) -> Roads:
    """Build the roads of an extract.

    The same extract always gives the same roads; its summary is in their `meta`.

    Args:
        path: an extract in any form that osmium reads.
        ferries: whether ferry routes are taken.
        report: told the name of each stage as it begins.

    Raises:
        ExtractFault: the extract cannot be read, or has no roads that connect.
    """
    report(STAGES[0])
    extract = read_extract(path)
    report(STAGES[1])
    edges = split_ways(extract, ferries=ferries)
    report(STAGES[2])
    edges, honoured = expand_turns(edges, extract.restrictions, extract.dropped)
    report(STAGES[3])
    edges = keep_connected(_merge(edges), extract.dropped)
    if not any(edge.use & Use.DRIVE for edge in edges):
        raise ExtractFault(path, "holds no roads that a car may use and that connect")
    report(STAGES[4])
    joinable = {
        spot
        for edge in edges
        if edge.road_class not in _NO_ACCESS
        for spot in (edge.tail, edge.head)
    }
    if not joinable:
        raise ExtractFault(path, "holds no road where a journey could begin: motorways alone")
    barriers, kinds = draw_barriers(extract, {node for node, _ in joinable})
    meta: dict[str, object] = {
        "source": f"{path.name}: {_ATTRIBUTION}",
        "ferries": ferries,
        "summary": _sum_up(extract, edges, honoured) | {"barriers": dict(sorted(kinds.items()))},
    }
    return _lay_out(extract, edges, joinable, barriers, meta)


def _merge(edges: list[Edge]) -> list[Edge]:
    """Keep the fastest of edges between the same two spots, mode by mode; the length is a car's."""
    best: dict[tuple[object, object], Edge] = {}
    for edge in edges:
        pair = (edge.tail, edge.head)
        known = best.setdefault(pair, edge)
        if known is not edge:
            fastest = min(known, edge, key=lambda one: (one.time_s, one.length_m))
            best[pair] = replace(
                fastest,
                use=known.use | edge.use,
                walk_s=min(known.walk_s, edge.walk_s),
                cycle_s=min(known.cycle_s, edge.cycle_s),
            )
    return list(best.values())


def _sum_up(extract: Extract, edges: list[Edge], honoured: int) -> dict[str, object]:
    """Return the figures of a build: plain numbers by name, lengths in km of directed edges."""
    km: defaultdict[str, float] = defaultdict(float)
    for edge in edges:
        km[edge.road_class] += edge.length_m / 1000
    modes = {
        str(mode.name).lower(): {
            "junctions": len({s for e in edges if e.use & mode for s in (e.tail, e.head)}),
            "edges": sum(1 for edge in edges if edge.use & mode),
        }
        for mode in (Use.DRIVE, Use.WALK, Use.CYCLE)
    }
    return {
        "ways": len(extract.ways),
        "modes": modes,
        "km": {name: round(length, 1) for name, length in sorted(km.items())},
        "turn_restrictions_honoured": honoured,
        "dropped": dict(extract.dropped.most_common()),
    }


def _lay_out(
    extract: Extract,
    edges: list[Edge],
    joinable: set[Spot],
    barriers: list[Line],
    meta: dict[str, object],
) -> Roads:
    """Lay edges and junctions out as arrays, in the order of OpenStreetMap's numbers."""
    spots = sorted({spot for edge in edges for spot in (edge.tail, edge.head)})
    number = {spot: i for i, spot in enumerate(spots)}
    edges = sorted(edges, key=lambda edge: (edge.tail, edge.head))
    class_names = tuple(sorted({edge.road_class for edge in edges}))
    road_names = tuple(sorted({edge.road for edge in edges}))
    class_number = {name: i for i, name in enumerate(class_names)}
    road_number = {name: i for i, name in enumerate(road_names)}
    points = np.array([extract.points[node] for node, _ in spots], dtype=np.float64)
    shore = np.array([point for line in barriers for point in line]).reshape(-1, 2)
    return Roads(
        meta=meta,
        only_met=True,
        class_names=class_names,
        road_names=road_names,
        osm_ids=np.array([node for node, _ in spots], dtype=np.int64),
        copies=np.array([copy for _, copy in spots], dtype=np.uint16),
        lat=points[:, 0].copy(),
        lon=points[:, 1].copy(),
        joinable=np.array([spot in joinable for spot in spots], dtype=np.uint8),
        tails=np.array([number[edge.tail] for edge in edges], dtype=np.uint32),
        heads=np.array([number[edge.head] for edge in edges], dtype=np.uint32),
        length_m=np.array([edge.length_m for edge in edges], dtype=np.float32),
        time_s=np.array([edge.time_s for edge in edges], dtype=np.float32),
        walk_s=np.array([edge.walk_s for edge in edges], dtype=np.float32),
        cycle_s=np.array([edge.cycle_s for edge in edges], dtype=np.float32),
        uses=np.array([edge.use.value for edge in edges], dtype=np.uint8),
        classes=np.array([class_number[edge.road_class] for edge in edges], dtype=np.uint8),
        roads=np.array([road_number[edge.road] for edge in edges], dtype=np.uint32),
        barrier_lat=shore[:, 0].copy(),
        barrier_lon=shore[:, 1].copy(),
        barrier_sizes=np.array([len(line) for line in barriers], dtype=np.uint32),
    )
