"""Compile a road graph into arrays for one mode."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from routing.conditions import Conditions, gather_conditions
from routing.frame import Frame
from routing.geo import Plane, sort_morton
from routing.modes import PACES, Mode, Pace
from routing.nearest import build_grid


class NetworkFault(Exception):
    """A graph cannot be compiled for a mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The roads of one mode as arrays.

    Junctions near one another have numbers near one another (Morton order). The links that arrive
    at junction j are those from `first[j]` up to `first[j + 1]`.
    """

    frame: Frame
    points_m: NDArray[np.float64]
    """One row (easting, northing) on the frame's plane per junction, metres."""
    first: NDArray[np.int32]
    tails: NDArray[np.int32]
    """Number of the junction that each link leaves; only links open as a rule are stored."""
    usual_s: NDArray[np.float32]
    """Usual travel time of each link, seconds."""
    length_m: NDArray[np.float32]
    junctions: NDArray[np.int32]
    """Number of each junction in the source: the graph's order, or that of the arrays given."""
    source: NDArray[np.int32]
    """Number of each link's edge in the source."""
    edge_count: int
    """Edges in the source."""

    @property
    def mode(self) -> Mode:
        """The way of travelling."""
        return self.frame.mode

    @property
    def pace(self) -> Pace:
        """What it does off the roads."""
        return self.frame.pace

    @property
    def plane(self) -> Plane:
        """The map that `points_m` and `barriers_m` lie on."""
        return self.frame.plane

    @property
    def barriers_m(self) -> NDArray[np.float64]:
        """One row (easting, northing, easting, northing) per stretch of water, metres."""
        return self.frame.barriers_m

    @property
    def version(self) -> str:
        """Changes with the mode, the junctions, the water, the links and their usual times."""
        return self.frame.version

    @property
    def junction_count(self) -> int:
        """How many junctions there are."""
        return len(self.points_m)

    def list_heads(self) -> NDArray[np.int32]:
        """Return the number of the junction that each link leads to."""
        return np.repeat(
            np.arange(self.junction_count, dtype=np.int32), np.diff(self.first).astype(np.intp)
        )

    def usual_conditions(self) -> Conditions:
        """Return the usual times, none of them live."""
        return Conditions(times_s=self.usual_s, live=np.zeros(len(self.usual_s), dtype=np.bool_))

    def conditions(self, times_s: NDArray[np.floating], live: NDArray[np.bool_]) -> Conditions:
        """Return the times of one moment, handed over by edge of the source.

        Args:
            times_s: seconds for each edge of the source, infinite where it is closed now; those of
                edges that this mode does not use are not looked at. A time too long for 32 bits
                counts as closed.
            live: whether a live figure is in that time.

        Raises:
            ConditionsFault: a time is not above zero or not a number, or there are not as many as
                the source has edges.
        """
        return gather_conditions(times_s, live, self.source, self.edge_count)


def join_arrays(
    mode: Mode,
    *,
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    joinable: NDArray[np.integer],
    starts: NDArray[np.integer],
    ends: NDArray[np.integer],
    travel: NDArray[np.float64],
    barriers: Iterable[Sequence[tuple[float, float]]] = (),
    junctions: NDArray[np.integer] | None = None,
    edges: NDArray[np.integer] | None = None,
    edge_count: int | None = None,
) -> Network:
    """Make a network of arrays: what `Roads.compile` does once it knows the links of a mode.

    Args:
        mode: one that travels by road.
        lat: latitude of each junction, degrees.
        lon: longitude of each junction, degrees.
        joinable: numbers of the junctions where a journey may begin or end.
        starts: number of the junction that each link leaves.
        ends: number of the junction that each link leads to.
        travel: a row (seconds, metres) for each link; all finite and above zero.
        barriers: lines of water through (latitude, longitude) points.
        junctions: what the caller's source calls each junction; the order given when None.
        edges: what the caller's source calls each link; the order given when None.
        edge_count: edges in that source; as many as links when None.

    Raises:
        NetworkFault: a junction without a position, none where a journey could begin, or a time or
            length that is not above zero.
    """
    if not (np.isfinite(lat).all() and np.isfinite(lon).all()):
        raise NetworkFault("every junction needs a latitude and a longitude")
    if not len(joinable):
        raise NetworkFault(f"the graph has no junction where a journey for {mode} could begin")
    figures = travel.astype(np.float32)
    if not ((figures > 0) & np.isfinite(figures)).all():
        raise NetworkFault("every link needs a time and a length above zero")
    plane = Plane(float((lat.min() + lat.max()) / 2))
    given_m = np.column_stack(plane.project(lat, lon))
    order = sort_morton(given_m)
    number = np.empty(len(order), dtype=np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    points_m = given_m[order]
    tails, heads = number[starts], number[ends]
    by_head = np.lexsort((tails, heads))
    first = np.searchsorted(heads[by_head], np.arange(len(order) + 1)).astype(np.int32)
    tails, figures = tails[by_head], figures[by_head]
    members = np.sort(number[joinable])
    barriers_m = plane.project_lines(barriers)
    digest = sha256(repr((mode, PACES[mode])).encode())
    for array in (points_m, members, barriers_m, first, tails, figures):
        digest.update(array.tobytes())
    frame = Frame(
        mode=mode,
        pace=PACES[mode],
        plane=plane,
        junction_count=len(order),
        grid=build_grid(points_m, members),
        barriers_m=barriers_m,
        version=digest.hexdigest()[:16],
    )
    return Network(
        frame=frame,
        points_m=points_m,
        first=first,
        tails=tails,
        usual_s=np.ascontiguousarray(figures[:, 0]),
        length_m=np.ascontiguousarray(figures[:, 1]),
        junctions=(order if junctions is None else junctions[order]).astype(np.int32),
        source=(by_head if edges is None else edges[by_head]).astype(np.int32),
        edge_count=len(tails) if edge_count is None else edge_count,
    )
