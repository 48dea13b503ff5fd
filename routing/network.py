"""Compile a road graph into arrays for one mode."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from routing.geo import Plane
from routing.modes import PACES, Mode, Pace

_MOTORWAY = "motorway"
_FERRY = "ferry"


class NetworkFault(Exception):
    """A graph cannot be compiled for a mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The roads of one mode as arrays. Junctions are numbered in the graph's order."""

    mode: Mode
    pace: Pace
    junction_ids: tuple[str, ...]
    plane: Plane
    points_m: NDArray[np.float64]
    """One row (easting, northing) on the plane per junction, metres."""
    joinable: NDArray[np.intp]
    """Numbers of the junctions where a journey may begin or end: not amid a motorway."""
    barriers_m: NDArray[np.float64]
    """One row (easting, northing, easting, northing) on the plane per stretch of water, metres."""
    times_s: "csr_array[np.float64]"
    """Usual travel time from junction to junction, seconds; only open links are stored."""
    lengths_m: "csr_array[np.float64]"
    """Length of the same links, metres, stored in the same places."""
    version: str
    """Changes whenever anything above does."""

    def access_s(self, straight_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the time on the streets that lie under a straight access leg, seconds."""
        return straight_m * (self.pace.access_detour * 3.6 / self.pace.access_speed_kmh)


def compile_network(graph: "nx.DiGraph[str]", mode: Mode) -> Network:
    """Compile a graph for one mode.

    Driving takes each edge's `travel_time_s`; an edge with an infinite time is closed. Walking and
    cycling take `length_m` at the mode's own speed, leave out motorways and edges marked
    `motor_only`, and leave out the junctions where nothing else meets. Walkers go both ways along
    a one-way road.

    An edge that has `modes` is used by those and in its own direction only, and only junctions
    that such edges meet are kept for driving, too; `ferry` takes its `travel_time_s` in all modes.
    A node with `joinable` false is no place to begin or end.

    Raises:
        NetworkFault: the mode has no roads, or an edge's time or length is not a positive number.
    """
    pace = PACES.get(mode)
    if pace is None:
        raise NetworkFault(f"{mode} does not travel by road")
    edges: dict[tuple[str, str], tuple[float, float]] = {}
    for start, end, edge in graph.edges(data=True):
        modes = edge.get("modes")
        if modes is not None and mode not in modes:
            continue
        travel = _edge_travel(start, end, edge, pace)
        if travel is None:
            continue
        edges[start, end] = travel
        if mode is Mode.WALK and modes is None:
            edges.setdefault((end, start), travel)
    met = {node for pair in edges for node in pair}
    all_kept = mode is Mode.DRIVE and not graph.graph.get("only_met")
    junction_ids = tuple(node for node in graph if all_kept or node in met)
    if not junction_ids:
        raise NetworkFault(f"the graph has no junctions for {mode}")
    return _to_arrays(graph, mode, junction_ids, edges)


def _edge_travel(
    start: str, end: str, edge: dict[str, object], pace: Pace
) -> tuple[float, float] | None:
    """Return an edge's time in seconds and length in metres; None when the mode cannot use it."""
    length_m = _get_positive(start, end, edge, "length_m")
    if pace.road_speed_kmh is None or edge.get("road_class") == _FERRY:
        time_s = _get_positive(start, end, edge, "travel_time_s")
    elif edge.get("road_class") == _MOTORWAY or edge.get("motor_only"):
        return None
    else:
        time_s = length_m * 3.6 / pace.road_speed_kmh
    return None if np.isinf(time_s) else (time_s, length_m)


def _get_positive(start: str, end: str, edge: dict[str, object], name: str) -> float:
    """Return an edge's figure, which must be above zero."""
    value = edge.get(name)
    if not isinstance(value, int | float) or not value > 0:
        raise NetworkFault(f"{start} to {end}: {name} must be a number above zero")
    return float(value)


def _to_arrays(
    graph: "nx.DiGraph[str]",
    mode: Mode,
    junction_ids: tuple[str, ...],
    edges: dict[tuple[str, str], tuple[float, float]],
) -> Network:
    """Lay junctions, links and water out as arrays."""
    number = {node: i for i, node in enumerate(junction_ids)}
    nodes = [graph.nodes[node] for node in junction_ids]
    travel = np.array(list(edges.values()), dtype=np.float64).reshape(-1, 2)
    return join_arrays(
        mode,
        junction_ids,
        lat=np.array([node["lat"] for node in nodes], dtype=np.float64),
        lon=np.array([node["lon"] for node in nodes], dtype=np.float64),
        joinable=np.flatnonzero([node.get("joinable", True) for node in nodes]),
        starts=np.array([number[start] for start, _ in edges], dtype=np.int32),
        ends=np.array([number[end] for _, end in edges], dtype=np.int32),
        travel=travel,
        barriers=graph.graph.get("barriers", ()),
    )


def join_arrays(
    mode: Mode,
    junction_ids: tuple[str, ...],
    *,
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    joinable: NDArray[np.intp],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    travel: NDArray[np.float64],
    barriers: Iterable[Sequence[tuple[float, float]]] = (),
) -> Network:
    """Make a network of arrays: what `compile_network` does once a graph is laid out.

    Args:
        mode: one that travels by road.
        junction_ids: one for each junction.
        lat: latitude of each junction, degrees.
        lon: longitude of each junction, degrees.
        joinable: numbers of the junctions where a journey may begin or end.
        starts: number of the junction that each link leaves.
        ends: number of the junction that each link leads to.
        travel: a row (seconds, metres) for each link; all finite and above zero.
        barriers: lines of water through (latitude, longitude) points.

    Raises:
        NetworkFault: a junction without a position, or none where a journey could begin.
    """
    if not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        raise NetworkFault("every junction needs a latitude and a longitude")
    if not len(joinable):
        raise NetworkFault(f"the graph has no junction where a journey for {mode} could begin")
    pace = PACES[mode]
    plane = Plane(float((lat.min() + lat.max()) / 2))
    shape = (len(junction_ids), len(junction_ids))
    points_m = np.column_stack(plane.project(lat, lon))
    barriers_m = _project_barriers(barriers, plane)
    digest = sha256(repr((mode, pace, junction_ids)).encode())
    for array in (points_m, joinable, barriers_m, starts, ends, travel):
        digest.update(array.tobytes())
    return Network(
        mode=mode,
        pace=pace,
        junction_ids=junction_ids,
        plane=plane,
        points_m=points_m,
        joinable=joinable,
        barriers_m=barriers_m,
        times_s=csr_array((travel[:, 0], (starts, ends)), shape=shape),
        lengths_m=csr_array((travel[:, 1], (starts, ends)), shape=shape),
        version=digest.hexdigest()[:16],
    )


def _project_barriers(
    barriers: Iterable[Sequence[tuple[float, float]]], plane: Plane
) -> NDArray[np.float64]:
    """Return lines of water as segments on the plane."""
    rows = [
        (*plane.project_point(*start), *plane.project_point(*end))
        for line in barriers
        for start, end in pairwise(line)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
