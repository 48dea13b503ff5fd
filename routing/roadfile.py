"""The file of a built road graph: arrays on disk, arrays in memory, a graph to inspect and edit.

Layout: 8 bytes of magic with the version, the sha256 of all that follows, 8 bytes with the length
of a JSON head, the head, then the arrays one after the other, little-endian, in the head's order.
The checksum is verified before anything is believed, and every index and figure after it.
"""

import os
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NoReturn

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from routing.features import RoadsFault
from routing.modes import PACES, Mode
from routing.network import Network, NetworkFault, join_arrays
from routing.roadhead import HeadFault, decode_head, encode_head

SUFFIX: Final = ".roads"
MAGIC: Final = b"WLROADS"
VERSION: Final = 1

_DIGEST_BYTES = 32
_BITS: Final = {Mode.DRIVE: 1, Mode.WALK: 2, Mode.CYCLE: 4}
_FERRY = "ferry"

NODE_ARRAYS: Final[dict[str, str]] = {
    "osm_ids": "<i8",
    "copies": "<u2",
    "lat": "<f8",
    "lon": "<f8",
    "joinable": "|u1",
}
EDGE_ARRAYS: Final[dict[str, str]] = {
    "tails": "<u4",
    "heads": "<u4",
    "length_m": "<f4",
    "time_s": "<f4",
    "uses": "|u1",
    "classes": "|u1",
    "roads": "<u4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadFile:
    """A built road graph as arrays; edges are sorted by tail, then head."""

    meta: dict[str, Any]
    """`source`, `ferries` and the build's `summary`."""
    class_names: tuple[str, ...]
    road_names: tuple[str, ...]
    osm_ids: NDArray[np.int64]
    """OpenStreetMap node of each junction."""
    copies: NDArray[np.uint16]
    """0, or which copy of its node a junction is where turns are forbidden."""
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    joinable: NDArray[np.uint8]
    """1 where a journey may begin or end."""
    tails: NDArray[np.uint32]
    heads: NDArray[np.uint32]
    length_m: NDArray[np.float32]
    time_s: NDArray[np.float32]
    """Usual, by car; infinite where no car may go."""
    uses: NDArray[np.uint8]
    """Modes as bits: drive 1, walk 2, cycle 4."""
    classes: NDArray[np.uint8]
    roads: NDArray[np.uint32]

    def name_junctions(self) -> list[str]:
        """Return an id for each junction: `n` and the node's number, `/` and the copy's if any."""
        pairs = zip(self.osm_ids.tolist(), self.copies.tolist(), strict=True)
        return [f"n{node}/{copy}" if copy else f"n{node}" for node, copy in pairs]

    def to_graph(self) -> "nx.DiGraph[str]":
        """Return the graph that `routing.roads.load_roads` describes; edges also have `modes`."""
        graph: nx.DiGraph[str] = nx.DiGraph(meta=self.meta, barriers=(), only_met=True)
        names = self.name_junctions()
        places = zip(
            names, self.lat.tolist(), self.lon.tolist(), self.joinable.tolist(), strict=True
        )
        for name, lat, lon, joinable in places:
            graph.add_node(name, lat=lat, lon=lon, name=name, joinable=bool(joinable))
        modes = [frozenset(mode for mode, bit in _BITS.items() if use & bit) for use in range(8)]
        rows = zip(
            *(getattr(self, name).tolist() for name in EDGE_ARRAYS),
            strict=True,
        )
        for tail, head, length_m, time_s, use, road_class, road in rows:
            graph.add_edge(
                names[tail],
                names[head],
                road=self.road_names[road],
                road_class=self.class_names[road_class],
                length_m=length_m,
                travel_time_s=time_s,
                motor_only=not use & ~1,
                modes=modes[use],
            )
        return graph

    def compile(self, mode: Mode) -> Network:
        """Compile for one mode: what `compile_network` makes of the graph, without the graph.

        Raises:
            NetworkFault: the mode does not travel by road, or has no roads here.
        """
        if mode not in _BITS:
            raise NetworkFault(f"{mode} does not travel by road")
        speed_kmh = PACES[mode].road_speed_kmh
        mine = (self.uses & _BITS[mode]).astype(bool)
        length_m = self.length_m.astype(np.float64)
        time_s = self.time_s.astype(np.float64)
        if speed_kmh is not None:
            by_car = np.array([name == _FERRY for name in self.class_names])[self.classes]
            time_s = np.where(by_car, time_s, length_m * 3.6 / speed_kmh)
            barred = np.array([name == "motorway" for name in self.class_names])[self.classes]
            mine &= ~barred
        mine &= np.isfinite(time_s)
        met = np.zeros(len(self.lat), dtype=bool)
        met[self.tails[mine]] = met[self.heads[mine]] = True
        if not met.any():
            raise NetworkFault(f"the graph has no junctions for {mode}")
        number = np.cumsum(met, dtype=np.int32) - np.int32(1)
        return join_arrays(
            mode,
            lat=self.lat[met],
            lon=self.lon[met],
            joinable=np.flatnonzero(self.joinable[met]),
            starts=number[self.tails[mine]],
            ends=number[self.heads[mine]],
            travel=np.column_stack((time_s[mine], length_m[mine])),
            junctions=np.flatnonzero(met),
            edges=np.flatnonzero(mine),
            edge_count=len(self.tails),
        )


def save_road_file(roads: RoadFile, path: Path) -> None:
    """Write a file, whole or not at all: it takes its name once it is complete.

    Raises:
        OSError: it cannot be written.
    """
    arrays = {**NODE_ARRAYS, **EDGE_ARRAYS}
    head = encode_head(
        roads.meta, roads.class_names, roads.road_names, len(roads.lat), len(roads.tails)
    )
    body = len(head).to_bytes(8, "little") + head
    body += b"".join(getattr(roads, n).astype(kind).tobytes() for n, kind in arrays.items())
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + bytes([VERSION]) + sha256(body).digest() + body)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_road_file(path: Path) -> "nx.DiGraph[str]":
    """Load a built file as a graph.

    Raises:
        RoadsFault: as for `read_road_file`.
    """
    return read_road_file(path).to_graph()


def read_road_file(path: Path) -> RoadFile:
    """Read a built file as arrays.

    Raises:
        RoadsFault: the file cannot be read, is none of ours, of another version, cut off, altered,
            or says something impossible.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        _refuse(path, "file", f"cannot be read: {error}")
    start = len(MAGIC) + 1 + _DIGEST_BYTES
    if not data.startswith(MAGIC):
        _refuse(path, "magic", "is not a built road file (`waitless roads build` makes one)")
    if data[len(MAGIC) : len(MAGIC) + 1] != bytes([VERSION]):
        _refuse(path, "version", f"is not {VERSION}: build the file again")
    body = memoryview(data)[start:]
    if sha256(body).digest() != data[len(MAGIC) + 1 : start]:
        _refuse(path, "checksum", "does not match: the file is cut off or has been altered")
    try:
        roads = _decode_body(body)
    except (HeadFault, ValueError) as error:
        _refuse(path, "content", str(error))
    if problem := _find_problem(roads):
        _refuse(path, "content", problem)
    return roads


def _decode_body(body: memoryview) -> RoadFile:
    """Lay the arrays over the bytes; nothing is copied."""
    size = int.from_bytes(body[:8], "little")
    head = decode_head(bytes(body[8 : 8 + size]))
    counts = dict.fromkeys(NODE_ARRAYS, head.junctions) | dict.fromkeys(EDGE_ARRAYS, head.edges)
    arrays: dict[str, Any] = {}
    at = 8 + size
    for name, kind in {**NODE_ARRAYS, **EDGE_ARRAYS}.items():
        arrays[name] = np.frombuffer(body, dtype=kind, count=counts[name], offset=at)
        at += arrays[name].nbytes
    if at != len(body):
        raise HeadFault(f"{len(body) - at} bytes more than the head tells of")
    return RoadFile(
        meta=head.meta, class_names=head.class_names, road_names=head.road_names, **arrays
    )


def _find_problem(roads: RoadFile) -> str | None:
    """Return what is impossible in a file whose checksum is right, None where nothing is."""
    count = len(roads.lat)
    if not count or not len(roads.tails):
        return "no junctions or no edges"
    on_earth = (np.abs(roads.lat) <= 90) & (np.abs(roads.lon) <= 180)  # noqa: PLR2004 - degrees
    checks = {
        "a junction that is not on the Earth": on_earth.all(),
        "an edge to a junction that is not there": max(roads.tails.max(), roads.heads.max())
        < count,
        "an edge of a class that is not there": roads.classes.max() < len(roads.class_names),
        "an edge of a road that is not there": roads.roads.max() < len(roads.road_names),
        "an edge for no mode, or for one unknown": ((roads.uses > 0) & (roads.uses < 8)).all(),  # noqa: PLR2004 - three bits
        "a length that is not above zero": (
            (roads.length_m > 0) & np.isfinite(roads.length_m)
        ).all(),
        "a time that is not above zero": (roads.time_s > 0).all(),
    }
    return next((problem for problem, holds in checks.items() if not holds), None)


def _refuse(path: Path, field: str, problem: str) -> NoReturn:
    raise RoadsFault(path, 0, field, problem)
