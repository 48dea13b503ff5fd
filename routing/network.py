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
    from routing.roadarrays import Roads  # noqa: PLC0415 - which imports this module to compile

    return Roads.from_graph(graph).compile(mode)


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
