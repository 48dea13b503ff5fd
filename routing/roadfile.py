"""The file of roads: the arrays of `routing.roadarrays.Roads` on disk.

Layout: 8 bytes of magic with the version, the sha256 of all that follows, 8 bytes with the length
of a JSON head, the head, then the arrays one after the other, little-endian, in the head's order.
The checksum is verified before anything is believed, and every index and figure after it.
"""

import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from routing.features import RoadsFault
from routing.roadarrays import Roads
from routing.roadgraph import EVERYBODY, UNSAID
from routing.roadhead import Head, HeadFault, decode_head, encode_head

SUFFIX: Final = ".roads"
MAGIC: Final = b"WLROADS"
VERSION: Final = 3

_DIGEST_BYTES = 32

_ARRAYS: Final[dict[str, tuple[str, str]]] = {
    "osm_ids": ("junctions", "<i8"),
    "copies": ("junctions", "<u2"),
    "lat": ("junctions", "<f8"),
    "lon": ("junctions", "<f8"),
    "joinable": ("junctions", "|u1"),
    "tails": ("edges", "<u4"),
    "heads": ("edges", "<u4"),
    "length_m": ("edges", "<f4"),
    "time_s": ("edges", "<f4"),
    "walk_s": ("paced_edges", "<f4"),
    "cycle_s": ("paced_edges", "<f4"),
    "uses": ("edges", "|u1"),
    "classes": ("edges", "|u1"),
    "roads": ("edges", "<u4"),
    "barrier_lat": ("barrier_points", "<f8"),
    "barrier_lon": ("barrier_points", "<f8"),
    "barrier_sizes": ("barriers", "<u4"),
}
"""Each array of `Roads`: which count of the head is its length, and its type on disk."""

_TOLD: Final = ("meta", "only_met", "class_names", "road_names", "slugs", "titles")
"""Fields of `Roads` that the head tells."""


def save_road_file(roads: Roads, path: Path) -> None:
    """Write a file, whole or not at all: it takes its name once it is complete.

    Raises:
        OSError: it cannot be written.
    """
    head = encode_head(
        Head(
            **{name: getattr(roads, name) for name in _TOLD},
            junctions=len(roads.lat),
            edges=len(roads.tails),
            paced_edges=len(roads.walk_s),
            barrier_points=len(roads.barrier_lat),
            barriers=len(roads.barrier_sizes),
        )
    )
    body = len(head).to_bytes(8, "little") + head
    body += b"".join(getattr(roads, n).astype(kind).tobytes() for n, (_, kind) in _ARRAYS.items())
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + bytes([VERSION]) + sha256(body).digest() + body)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_road_file(path: Path) -> Roads:
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


def _decode_body(body: memoryview) -> Roads:
    """Lay the arrays over the bytes; nothing is copied."""
    size = int.from_bytes(body[:8], "little")
    head = decode_head(bytes(body[8 : 8 + size]))
    arrays: dict[str, Any] = {}
    at = 8 + size
    for name, (count, kind) in _ARRAYS.items():
        arrays[name] = np.frombuffer(body, dtype=kind, count=getattr(head, count), offset=at)
        at += arrays[name].nbytes
    if at != len(body):
        raise HeadFault(f"{len(body) - at} bytes more than the head tells of")
    told = {name: getattr(head, name) for name in _TOLD}
    return Roads(**told, **arrays)


def _find_problem(roads: Roads) -> str | None:
    """Return what is impossible in a file whose checksum is right, None where nothing is."""
    count = len(roads.lat)
    if not count or not len(roads.tails):
        return "no junctions or no edges"
    barrier_points = int(roads.barrier_sizes.sum(dtype=np.int64))
    checks = {
        "a junction that is not on the Earth": _are_on_earth(roads.lat, roads.lon),
        "other names than junctions": len(roads.slugs) in {0, count}
        and len(roads.titles) in {0, count},
        "an edge to a junction that is not there": max(roads.tails.max(), roads.heads.max())
        < count,
        "an edge of a class that is not there": roads.classes.max() < len(roads.class_names),
        "an edge of a road that is not there": roads.roads.max() < len(roads.road_names),
        "an edge for no mode, or for one unknown": (
            ((roads.uses & EVERYBODY) > 0) & (roads.uses <= EVERYBODY | UNSAID)
        ).all(),
        "a length that is not above zero": (
            (roads.length_m > 0) & np.isfinite(roads.length_m)
        ).all(),
        "a time that is not above zero": all(
            (times > 0).all() for times in (roads.time_s, roads.walk_s, roads.cycle_s)
        ),
        "times on foot for some edges only": len(roads.walk_s) in {0, len(roads.tails)},
        "a barrier that is not on the Earth": _are_on_earth(roads.barrier_lat, roads.barrier_lon),
        "barriers of other points than there are": barrier_points == len(roads.barrier_lat)
        and (roads.barrier_sizes > 1).all(),
        "edges that are out of order, or twice": _are_in_order(roads),
    }
    return next((problem for problem, holds in checks.items() if not holds), None)


def _are_on_earth(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> bool:
    return bool(((np.abs(lat) <= 90) & (np.abs(lon) <= 180)).all())  # noqa: PLR2004 - degrees


def _are_in_order(roads: Roads) -> bool:
    """Tell whether edges go up by tail, then head, as looking one up needs."""
    keys = roads.tails.astype(np.uint64) << np.uint64(32) | roads.heads
    return bool((keys[1:] > keys[:-1]).all())


def _refuse(path: Path, field: str, problem: str) -> NoReturn:
    raise RoadsFault(path, 0, field, problem)
