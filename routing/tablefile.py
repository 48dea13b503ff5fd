"""Travel tables as bytes, to be laid over a buffer by a process that only answers.

Two parts: the frame changes with the roads, the table with traffic. A part is 8 bytes of magic with
its kind and version, the sha256 of all that follows, 8 bytes with the length of a JSON head, the
head, then its arrays, little-endian, each beginning at a multiple of 8 bytes. The checksum is
verified before anything is believed, and after it whatever could lead a look-up astray. The table
names the frame's version. Bytes laid over are not copied and may not change.
"""

from collections.abc import Mapping
from hashlib import sha256
from math import prod
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from routing.frame import Frame
from routing.geo import Plane
from routing.modes import Mode, Pace
from routing.nearest import Grid
from routing.rows import Rows
from routing.table import FACILITIES_MOST, ReachTable

VERSION: Final = 1
_FRAME: Final = b"WLFRAME" + bytes([VERSION])
_TABLE: Final = b"WLREACH" + bytes([VERSION])
_DIGEST_BYTES: Final = 32
_LENGTH_BYTES: Final = 8
_ALIGNMENT: Final = 8


_Head = TypeVar("_Head", bound=msgspec.Struct)


class TableFault(Exception):
    """Bytes are not a table, or not one that can be read here and now."""


_Shapes: TypeAlias = Mapping[str, tuple[str, tuple[int, ...]]]
"""Type and shape of each array."""

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class _FrameHead(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    mode: Mode
    pace: Pace
    middle_lat: float
    junctions: _Count
    joinable: _Count
    barriers: _Count
    corner_m: tuple[float, float]
    cell_m: float
    rows: _Count
    columns: _Count


class _TableHead(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    frame_version: str
    facility_ids: tuple[str, ...]
    horizon_minutes: float
    as_of: str | None
    basis: str
    junctions: _Count
    entries: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


def encode_frame(frame: Frame) -> bytes:
    """Return the part that changes only with the roads."""
    grid = frame.grid
    head = _FrameHead(
        version=frame.version,
        mode=frame.mode,
        pace=frame.pace,
        middle_lat=frame.plane.middle_lat,
        junctions=frame.junction_count,
        joinable=len(grid.order),
        barriers=len(frame.barriers_m),
        corner_m=grid.corner_m,
        cell_m=grid.cell_m,
        rows=grid.rows,
        columns=grid.columns,
    )
    return _encode(_FRAME, head, grid.order, grid.first, grid.points_m, frame.barriers_m)


def decode_frame(data: bytes | memoryview) -> Frame:
    """Lay a frame over bytes.

    Raises:
        TableFault: they are no frame, of another version, cut off, altered or impossible.
    """
    head, body = _open(_FRAME, _FrameHead, data)
    shapes: _Shapes = {
        "order": ("<i4", (head.joinable,)),
        "first": ("<i4", (head.rows * head.columns + 1,)),
        "points_m": ("<f8", (head.joinable, 2)),
        "barriers_m": ("<f8", (head.barriers, 4)),
    }
    arrays = _lay_over(body, shapes)
    order = arrays["order"]
    if not (_rises(arrays["first"], head.joinable) and head.joinable and head.cell_m > 0):
        raise TableFault("the frame's grid is impossible")
    if order.min() < 0 or order.max() >= head.junctions:
        raise TableFault("the frame names a junction that is not there")
    return Frame(
        mode=head.mode,
        pace=head.pace,
        plane=Plane(head.middle_lat),
        junction_count=head.junctions,
        grid=Grid(
            corner_m=head.corner_m,
            cell_m=head.cell_m,
            rows=head.rows,
            columns=head.columns,
            order=order,
            first=arrays["first"],
            points_m=arrays["points_m"],
        ),
        barriers_m=arrays["barriers_m"],
        version=head.version,
    )


def encode_table(table: ReachTable) -> bytes:
    """Return the part that traffic changes; the frame goes by itself."""
    head = _TableHead(
        version=table.table_version,
        frame_version=table.frame.version,
        facility_ids=table.facility_ids,
        horizon_minutes=table.horizon_minutes,
        as_of=table.as_of,
        basis=table.basis,
        junctions=table.frame.junction_count,
        entries=len(table.rows.facility),
    )
    return _encode(_TABLE, head, *table.rows)


def decode_table(data: bytes | memoryview, frame: Frame) -> ReachTable:
    """Lay a table over bytes.

    Raises:
        TableFault: they are no table, of another version, cut off, altered, impossible, or of
            another frame.
    """
    head, body = _open(_TABLE, _TableHead, data)
    if (head.frame_version, head.junctions) != (frame.version, frame.junction_count):
        raise TableFault(
            f"the table is for the roads {head.frame_version}, the frame is of {frame.version}"
        )
    shapes: _Shapes = {
        "first": ("<i8", (head.junctions + 1,)),
        "facility": ("<u2", (head.entries,)),
        "tenths": ("<u2", (head.entries,)),
        "decametres": ("<u2", (head.entries,)),
        "live": ("|b1", (head.entries,)),
    }
    rows = Rows(**_lay_over(body, shapes))
    count = len(head.facility_ids)
    if not _rises(rows.first, head.entries):
        raise TableFault("the table's rows are impossible")
    if count > FACILITIES_MOST or (head.entries and rows.facility.max() >= count):
        raise TableFault("the table names a facility that is not there")
    return ReachTable(
        frame=frame,
        facility_ids=head.facility_ids,
        horizon_minutes=head.horizon_minutes,
        rows=rows,
        table_version=head.version,
        as_of=head.as_of,
        basis=head.basis,
    )


def read_frame_version(data: bytes | memoryview) -> str:
    """Return the version of the frame that a table needs, so that it can be fetched.

    Raises:
        TableFault: as for `decode_table`, but for the frame.
    """
    return _open(_TABLE, _TableHead, data)[0].frame_version


def _encode(magic: bytes, head: msgspec.Struct, *arrays: NDArray[Any]) -> bytes:
    """Return a part's bytes."""
    text = _pad(msgspec.json.encode(head), b" ")
    little = [array.astype(array.dtype.newbyteorder("<"), copy=False) for array in arrays]
    body = [
        len(text).to_bytes(_LENGTH_BYTES, "little"),
        text,
        *(_pad(array.tobytes(), b"\0") for array in little),
    ]
    digest = sha256()
    for piece in body:
        digest.update(piece)
    return b"".join((magic, digest.digest(), *body))


def _pad(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _ALIGNMENT)


def _open(magic: bytes, kind: type[_Head], data: bytes | memoryview) -> tuple[_Head, memoryview]:
    """Verify a part and return its head and the bytes of its arrays."""
    view = memoryview(data).cast("B")
    if bytes(view[: len(magic) - 1]) != magic[:-1]:
        raise TableFault(f"the bytes do not begin with {magic[:-1].decode()}")
    if bytes(view[len(magic) - 1 : len(magic)]) != magic[-1:]:
        raise TableFault(f"the bytes are not of version {VERSION}")
    start = len(magic) + _DIGEST_BYTES
    if sha256(view[start:]).digest() != bytes(view[len(magic) : start]):
        raise TableFault("the checksum does not match: the bytes are cut off or have been altered")
    begin = start + _LENGTH_BYTES
    end = begin + int.from_bytes(view[start:begin], "little")
    try:
        return msgspec.json.decode(view[begin:end], type=kind), view[end:]
    except (msgspec.DecodeError, RecursionError) as error:
        raise TableFault(f"the head says something impossible: {error}") from error


def _lay_over(body: memoryview, shapes: _Shapes) -> dict[str, NDArray[Any]]:
    """Lay arrays over bytes, one after the other; nothing is copied."""
    arrays: dict[str, NDArray[Any]] = {}
    at = 0
    for name, (kind, shape) in shapes.items():
        try:
            flat = np.frombuffer(body, dtype=kind, count=prod(shape), offset=at)
        except ValueError as error:
            raise TableFault(f"{name} is longer than the bytes") from error
        if not flat.flags.aligned:
            raise TableFault(f"the bytes do not begin at a multiple of {_ALIGNMENT} in memory")
        arrays[name] = flat.reshape(shape)
        at += flat.nbytes + (-flat.nbytes % _ALIGNMENT)
    if at != len(body):
        raise TableFault(f"{len(body) - at} bytes more than the head tells of")
    return arrays


def _rises(first: NDArray[Any], end: int) -> bool:
    """Tell whether bounds begin at 0, never fall and end where they must."""
    return bool(first[0] == 0 and first[-1] == end and (np.diff(first) >= 0).all())
