"""Columns of a road graph: what `routing.roadarrays.Roads` holds, read out of a networkx graph."""

import re
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from routing.modes import PACES, Mode
from routing.network import NetworkFault

if TYPE_CHECKING:
    import networkx as nx

BITS: Final = {Mode.DRIVE: 1, Mode.WALK: 2, Mode.CYCLE: 4}
UNSAID: Final = 8
"""Set where an edge was given without `modes`: walkers may go against it, too."""
EVERYBODY: Final = 7

_OSM_NAME: Final = re.compile(r"n([1-9]\d{0,13})(?:/([1-9]\d{0,3}))?")
_MOST_CLASSES: Final = 256


def list_columns(graph: "nx.DiGraph[str]") -> dict[str, Any]:
    """Return the fields of `Roads` for a graph that `routing.roads.load_roads` describes.

    Edges that no mode may use are left out.

    Raises:
        NetworkFault: an edge's length or time is not a positive number, or there are more than 256
            classes.
    """
    number = {node: i for i, node in enumerate(graph)}
    nodes = list(graph.nodes.values())
    rows = sorted(_list_rows(graph, number), key=lambda row: row[:2])
    columns = zip(*rows, strict=True) if rows else repeat((), 9)
    tails, heads, length_m, time_s, walk_s, cycle_s, uses, classes, roads = columns
    class_names, class_numbers = _number(classes)
    road_names, road_numbers = _number(roads)
    if len(class_names) > _MOST_CLASSES:
        raise NetworkFault(f"{len(class_names)} classes of road are more than {_MOST_CLASSES}")
    lines = [line for line in graph.graph.get("barriers", ()) if len(line) > 1]
    points = np.array([point for line in lines for point in line], dtype=np.float64).reshape(-1, 2)
    return {
        "meta": dict(graph.graph.get("meta", {})),
        "only_met": bool(graph.graph.get("only_met")),
        "class_names": class_names,
        "road_names": road_names,
        **_name_columns(graph),
        "lat": np.array([node.get("lat", np.nan) for node in nodes], dtype=np.float64),
        "lon": np.array([node.get("lon", np.nan) for node in nodes], dtype=np.float64),
        "joinable": np.array([node.get("joinable", True) for node in nodes], dtype=np.uint8),
        "tails": np.array(tails, dtype=np.uint32),
        "heads": np.array(heads, dtype=np.uint32),
        "length_m": np.array(length_m, dtype=np.float32),
        "time_s": np.array(time_s, dtype=np.float32),
        **_pace_columns(length_m, walk_s, cycle_s),
        "uses": np.array(uses, dtype=np.uint8),
        "classes": np.array(class_numbers, dtype=np.uint8),
        "roads": np.array(road_numbers, dtype=np.uint32),
        "barrier_lat": points[:, 0].copy(),
        "barrier_lon": points[:, 1].copy(),
        "barrier_sizes": np.array([len(line) for line in lines], dtype=np.uint32),
    }


def parse_osm_name(name: str) -> tuple[int, int] | None:
    """Return the node and the copy that `n123` or `n123/1` names; None where it is no such name."""
    match = _OSM_NAME.fullmatch(name)
    return (int(match[1]), int(match[2] or 0)) if match else None


def find_paced_s(mode: Mode, length_m: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the time over each length at the mode's own speed, seconds; NaN by car."""
    return length_m.astype(np.float64) * 3.6 / (PACES[mode].road_speed_kmh or np.nan)


def _name_columns(graph: "nx.DiGraph[str]") -> dict[str, Any]:
    """Return ids as OpenStreetMap's numbers where all are such, else as they are, with titles."""
    pairs = [parse_osm_name(node) for node in graph]
    known = [pair for pair in pairs if pair is not None]
    from_osm = len(known) == len(pairs)
    if not from_osm:
        known = [(0, 0)] * len(pairs)
    return {
        "osm_ids": np.array([node for node, _ in known], dtype=np.int64),
        "copies": np.array([copy for _, copy in known], dtype=np.uint16),
        "slugs": () if from_osm else tuple(graph),
        "titles": () if from_osm else tuple(str(n.get("name", i)) for i, n in graph.nodes.items()),
    }


def _list_rows(
    graph: "nx.DiGraph[str]", number: dict[str, int]
) -> Iterator[tuple[int, int, float, float, float, float, int, str, str]]:
    """Yield the columns of each edge that has a use, in the order that `list_columns` takes.

    Times on foot and by bicycle are NaN where they are not given.
    """
    for start, end, edge in graph.edges(data=True):
        modes = edge.get("modes")
        uses = EVERYBODY | UNSAID if modes is None else sum(BITS.get(mode, 0) for mode in modes)
        if edge.get("motor_only"):
            uses &= ~(BITS[Mode.WALK] | BITS[Mode.CYCLE])
        if not uses & EVERYBODY:
            continue
        road_class = edge.get("road_class", "")
        timed = uses & BITS[Mode.DRIVE] or "travel_time_s" in edge
        yield (
            number[start],
            number[end],
            _get_positive(start, end, edge, "length_m"),
            _get_positive(start, end, edge, "travel_time_s") if timed else float("inf"),
            *(
                _get_positive(start, end, edge, name) if name in edge else float("nan")
                for name in ("walk_time_s", "cycle_time_s")
            ),
            uses,
            road_class,
            edge.get("road", ""),
        )


def _pace_columns(
    length_m: Iterable[float], walk_s: Iterable[float], cycle_s: Iterable[float]
) -> dict[str, Any]:
    """Return times on foot and by bicycle, the mode's own where not given; none if none is."""
    metres = np.array(length_m, dtype=np.float32)
    told = {
        Mode.WALK: np.array(walk_s, dtype=np.float64),
        Mode.CYCLE: np.array(cycle_s, dtype=np.float64),
    }
    if all(np.isnan(times).all() for times in told.values()):
        return {}
    return {
        f"{mode}_s": np.where(np.isnan(times), find_paced_s(mode, metres), times).astype(np.float32)
        for mode, times in told.items()
    }


def _get_positive(start: str, end: str, edge: dict[str, object], name: str) -> float:
    """Return an edge's figure, which must be above zero."""
    value = edge.get(name)
    if not isinstance(value, int | float) or not value > 0:
        raise NetworkFault(f"{start} to {end}: {name} must be a number above zero")
    return float(value)


def _number(words: Iterable[str]) -> tuple[tuple[str, ...], list[int]]:
    """Return the different words, sorted, and each word's number among them."""
    listed = list(words)
    names = tuple(sorted(set(listed)))
    numbers = {name: i for i, name in enumerate(names)}
    return names, [numbers[word] for word in listed]
