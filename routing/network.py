"""Compile a road graph into arrays for one mode."""

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

    Raises:
        NetworkFault: the mode has no roads, or an edge's time or length is not a positive number.
    """
    pace = PACES.get(mode)
    if pace is None:
        raise NetworkFault(f"{mode} does not travel by road")
    edges: dict[tuple[str, str], tuple[float, float]] = {}
    for start, end, edge in graph.edges(data=True):
        travel = _edge_travel(start, end, edge, pace)
        if travel is None:
            continue
        edges[start, end] = travel
        if mode is Mode.WALK:
            edges.setdefault((end, start), travel)
    met = {node for pair in edges for node in pair}
    junction_ids = tuple(node for node in graph if mode is Mode.DRIVE or node in met)
    if not junction_ids:
        raise NetworkFault(f"the graph has no junctions for {mode}")
    return _to_arrays(graph, mode, pace, junction_ids, edges)


def _edge_travel(
    start: str, end: str, edge: dict[str, object], pace: Pace
) -> tuple[float, float] | None:
    """Return an edge's time in seconds and length in metres; None when the mode cannot use it."""
    length_m = _get_positive(start, end, edge, "length_m")
    if pace.road_speed_kmh is None:
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
    pace: Pace,
    junction_ids: tuple[str, ...],
    edges: dict[tuple[str, str], tuple[float, float]],
) -> Network:
    """Lay junctions, links and water out as arrays."""
    number = {node: i for i, node in enumerate(junction_ids)}
    lat = np.array([graph.nodes[node]["lat"] for node in junction_ids], dtype=np.float64)
    lon = np.array([graph.nodes[node]["lon"] for node in junction_ids], dtype=np.float64)
    if not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        raise NetworkFault("every junction needs a latitude and a longitude")
    plane = Plane(float((lat.min() + lat.max()) / 2))
    starts = np.array([number[start] for start, _ in edges], dtype=np.int32)
    ends = np.array([number[end] for _, end in edges], dtype=np.int32)
    travel = np.array(list(edges.values()), dtype=np.float64).reshape(-1, 2)
    shape = (len(junction_ids), len(junction_ids))
    points_m = np.column_stack(plane.project(lat, lon))
    barriers_m = _project_barriers(graph, plane)
    digest = sha256(repr((mode, pace, junction_ids)).encode())
    for array in (points_m, barriers_m, starts, ends, travel):
        digest.update(array.tobytes())
    return Network(
        mode=mode,
        pace=pace,
        junction_ids=junction_ids,
        plane=plane,
        points_m=points_m,
        barriers_m=barriers_m,
        times_s=csr_array((travel[:, 0], (starts, ends)), shape=shape),
        lengths_m=csr_array((travel[:, 1], (starts, ends)), shape=shape),
        version=digest.hexdigest()[:16],
    )


def _project_barriers(graph: "nx.DiGraph[str]", plane: Plane) -> NDArray[np.float64]:
    """Return the graph's water lines as segments on the plane."""
    rows = [
        (*plane.project_point(*start), *plane.project_point(*end))
        for line in graph.graph.get("barriers", ())
        for start, end in pairwise(line)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
