"""Roads as arrays: the one form that every source of roads is laid out in.

.roads file -> read_road_file, OpenStreetMap -> build_roads, DiGraph -> Roads.from_graph
Roads -> compile(mode) -> Network, to query; Roads -> to_graph -> DiGraph, to inspect and edit
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from routing.modes import Mode
from routing.network import Network, NetworkFault, join_arrays
from routing.roadgraph import BITS, EVERYBODY, UNSAID, find_paced_s, list_columns, parse_osm_name

if TYPE_CHECKING:
    import networkx as nx

_COPIES: Final = 1 << 16
_FERRY = "ferry"
_MOTORWAY = "motorway"

_NO_TIMES: Final = np.empty(0, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class Roads:
    """Junctions, directed edges sorted by tail, then head, and lines that nobody crosses."""

    meta: dict[str, Any]
    """What the source says of itself: `source` and, where built, `ferries` and `summary`."""
    only_met: bool
    """Whether driving keeps only junctions that an open edge meets, as other modes always do."""
    class_names: tuple[str, ...]
    road_names: tuple[str, ...]
    slugs: tuple[str, ...] = ()
    """Id of each junction; empty where OpenStreetMap's numbers are the ids."""
    titles: tuple[str, ...] = ()
    """Name of each junction for people; empty where that is its id."""
    osm_ids: NDArray[np.int64]
    """OpenStreetMap node of each junction; all 0 where junctions have slugs."""
    copies: NDArray[np.uint16]
    """0, or which copy of its node a junction is where turns are forbidden or cost."""
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    joinable: NDArray[np.uint8]
    """1 where a journey may begin or end."""
    tails: NDArray[np.uint32]
    heads: NDArray[np.uint32]
    length_m: NDArray[np.float32]
    time_s: NDArray[np.float32]
    """Usual, by car; infinite where no car may go or the road is closed."""
    walk_s: NDArray[np.float32] = field(default_factory=_NO_TIMES.copy)
    """Usual, on foot; empty where all edges are walked at the mode's own speed."""
    cycle_s: NDArray[np.float32] = field(default_factory=_NO_TIMES.copy)
    """The same by bicycle."""
    uses: NDArray[np.uint8]
    """Modes as bits: drive 1, walk 2, cycle 4; 8 where walkers may go against the edge, too."""
    classes: NDArray[np.uint8]
    """Number of each edge's class in `class_names`."""
    roads: NDArray[np.uint32]
    """Number of each edge's road in `road_names`."""
    barrier_lat: NDArray[np.float64]
    barrier_lon: NDArray[np.float64]
    """Points of the lines that no access leg crosses, line after line, degrees."""
    barrier_sizes: NDArray[np.uint32]
    """Points in each line, two or more."""

    @classmethod
    def from_graph(cls, graph: "nx.DiGraph[str]") -> "Roads":
        """Lay out a graph that `routing.roads.load_roads` describes.

        Edges that no mode may use are left out, and so are attributes other than those described.
        Lengths and times keep seven figures.

        Raises:
            NetworkFault: an edge's length or time is not a positive number, or there are more than
                256 classes.
        """
        return cls(**list_columns(graph))

    def to_graph(self) -> "nx.DiGraph[str]":
        """Return the graph that `routing.roads.load_roads` describes."""
        import networkx as nx  # noqa: PLC0415 - 13 MB that whoever only answers does without

        graph: nx.DiGraph[str] = nx.DiGraph(
            meta=self.meta, barriers=tuple(self.list_barriers()), only_met=self.only_met
        )
        names = self.name_junctions()
        columns = (self.lat.tolist(), self.lon.tolist(), self.joinable.tolist())
        for name, title, lat, lon, joinable in zip(
            names, self.titles or names, *columns, strict=True
        ):
            graph.add_node(name, lat=lat, lon=lon, name=title, joinable=bool(joinable))
        modes = [frozenset(mode for mode, bit in BITS.items() if use & bit) for use in range(16)]
        numbers = (self.tails, self.heads, self.roads, self.classes, self.uses)
        told = {"walk_time_s": self.walk_s.tolist(), "cycle_time_s": self.cycle_s.tolist()}
        figures = (self.length_m, self.time_s)
        rows = zip(*(column.tolist() for column in (*numbers, *figures)), strict=True)
        for edge, (tail, head, road, road_class, use, length_m, time_s) in enumerate(rows):
            graph.add_edge(
                names[tail],
                names[head],
                road=self.road_names[road],
                road_class=self.class_names[road_class],
                length_m=length_m,
                travel_time_s=time_s,
                motor_only=use & EVERYBODY == BITS[Mode.DRIVE],
                **{name: times[edge] for name, times in told.items() if times},
                **({} if use & UNSAID else {"modes": modes[use]}),
            )
        return graph

    def compile(self, mode: Mode) -> Network:
        """Compile for one mode.

        Driving takes each edge's own time; so do walking and cycling where the edges have theirs,
        else they take its length at the mode's own speed; motorways are left out. A ferry takes
        the car's time in all modes. An edge with an infinite time is closed to those who go by it.

        Raises:
            NetworkFault: the mode does not travel by road, has no roads here, or a junction has no
                position.
        """
        if mode not in BITS:
            raise NetworkFault(f"{mode} does not travel by road")
        mine, time_s = self._find_open(mode)
        edges = np.flatnonzero(mine)
        tails, heads = self.tails[edges], self.heads[edges]
        if mode is Mode.WALK:
            back = edges[self._list_unanswered(tails, heads, self.uses[edges])]
            edges = np.concatenate((edges, back))
            tails = np.concatenate((tails, self.heads[back]))
            heads = np.concatenate((heads, self.tails[back]))
        kept = np.full(len(self.lat), mode is Mode.DRIVE and not self.only_met)
        kept[tails] = kept[heads] = True
        if not kept.any():
            raise NetworkFault(f"the graph has no junctions for {mode}")
        number = np.cumsum(kept, dtype=np.int32) - np.int32(1)
        return join_arrays(
            mode,
            lat=self.lat[kept],
            lon=self.lon[kept],
            joinable=np.flatnonzero(self.joinable[kept]),
            starts=number[tails],
            ends=number[heads],
            travel=np.column_stack((time_s[edges], self.length_m[edges].astype(np.float64))),
            barriers=self.list_barriers(),
            junctions=np.flatnonzero(kept),
            edges=edges,
            edge_count=len(self.tails),
        )

    def name_junctions(self) -> list[str]:
        """Return an id for each junction; OpenStreetMap's are `n123`, and `n123/1` for a copy."""
        return self._name(np.arange(len(self.lat)))

    def number_of(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the number of each junction named, -1 where there is none of that name."""
        if self.slugs:
            return np.array([self._numbers.get(name, -1) for name in names], dtype=np.int64)
        keys, order = self._keys
        pairs = [parse_osm_name(name) or (-1, 0) for name in names]
        wanted = np.array([node * _COPIES + copy for node, copy in pairs], dtype=np.int64)
        if not len(keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, order[at], -1)

    def find_edge(self, from_name: str, to_name: str) -> int | None:
        """Return the number of the edge from one junction to another; None where there is none."""
        tail, head = self.number_of((from_name, to_name)).tolist()
        return None if tail < 0 or head < 0 else self._find_between(tail, head)

    def _find_between(self, tail: int, head: int) -> int | None:
        first, last = np.searchsorted(self.tails, np.array([tail, tail + 1], dtype=np.uint32))
        at = int(first + np.searchsorted(self.heads[first:last], np.uint32(head)))
        return at if at < last and self.heads[at] == head else None

    def find_edges(self, from_name: str, to_name: str) -> tuple[int, ...]:
        """Return every edge of the road from one junction to another, none where there is none.

        Where turns are forbidden a junction is several copies, and the road into it several edges;
        the one between the junctions as they are named comes first.
        """
        tails, heads = self._list_copies(from_name), self._list_copies(to_name)
        found = [self._find_between(tail, head) for tail in tails for head in heads]
        return tuple(edge for edge in found if edge is not None)

    def get_class(self, edge: int) -> str:
        """Return the class of an edge, such as `primary`."""
        return self.class_names[int(self.classes[edge])]

    def get_road(self, edge: int) -> str:
        """Return the number or name of an edge's road; empty where it has none."""
        return self.road_names[int(self.roads[edge])]

    def list_barriers(self) -> Iterator[tuple[tuple[float, float], ...]]:
        """Yield the lines that no access leg crosses, as (latitude, longitude) points."""
        points = list(zip(self.barrier_lat.tolist(), self.barrier_lon.tolist(), strict=True))
        bounds = np.concatenate(([0], np.cumsum(self.barrier_sizes, dtype=np.int64)))
        for first, last in pairwise(bounds.tolist()):
            yield tuple(points[first:last])

    def _find_open(self, mode: Mode) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Tell which edges a mode may take in their own direction, and its time on each, s."""
        mine = (self.uses & BITS[mode]).astype(bool)
        time_s = self.time_s.astype(np.float64)
        if mode is not Mode.DRIVE:
            own_time = np.array([name == _FERRY for name in self.class_names], bool)[self.classes]
            barred = np.array([name == _MOTORWAY for name in self.class_names], bool)[self.classes]
            told_s = (self.walk_s if mode is Mode.WALK else self.cycle_s).astype(np.float64)
            paced_s = told_s if len(told_s) else find_paced_s(mode, self.length_m)
            time_s = np.where(own_time, time_s, paced_s)
            mine &= ~barred
        return mine & np.isfinite(time_s), time_s

    @staticmethod
    def _list_unanswered(
        tails: NDArray[np.uint32], heads: NDArray[np.uint32], uses: NDArray[np.uint8]
    ) -> NDArray[np.intp]:
        """Return which edges walkers may take backwards and no other edge leads back along."""
        there = tails.astype(np.uint64) << np.uint64(32) | heads
        back = heads.astype(np.uint64) << np.uint64(32) | tails
        return np.flatnonzero((uses & UNSAID).astype(bool) & ~np.isin(back, there))

    def _list_copies(self, name: str) -> list[int]:
        """Return the junction of a name, and after it all copies of the same node."""
        number = int(self.number_of((name,))[0])
        if number < 0 or self.slugs:
            return [number] if number >= 0 else []
        keys, order = self._keys
        node = self.osm_ids[number] * _COPIES
        first, last = np.searchsorted(keys, (node, node + _COPIES))
        return [number, *(other for other in order[first:last].tolist() if other != number)]

    def _name(self, numbers: NDArray[np.intp]) -> list[str]:
        if self.slugs:
            return [self.slugs[i] for i in numbers.tolist()]
        pairs = zip(self.osm_ids[numbers].tolist(), self.copies[numbers].tolist(), strict=True)
        return [f"n{node}/{copy}" if copy else f"n{node}" for node, copy in pairs]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.slugs)}

    @cached_property
    def _keys(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Nodes and copies as one sorted number each, and the junctions they are."""
        keys = self.osm_ids * _COPIES + self.copies
        order = np.argsort(keys, kind="stable")
        return keys[order], order
