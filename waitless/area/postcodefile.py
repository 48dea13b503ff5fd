"""The file of an area's full postcodes: the arrays of `Postcodes` on disk.

Layout: 7 bytes of magic and one of version, the sha256 of all that follows, 8 bytes with the length
of a JSON head, the head, then the arrays one after the other, little-endian. The checksum is
verified before anything is believed, and every figure after it.
"""

import os
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from waitless.area.bounds import Bounds
from waitless.area.postcodes import STEPS, Postcodes

SUFFIX: Final = ".places"
MAGIC: Final = b"WLPLACE"
VERSION: Final = 1

_DIGEST_BYTES = 32
_ARRAYS: Final = {"keys": "<u8", "lat": "<i4", "lon": "<i4"}


class PlacesFault(ValueError):
    """Postcodes that cannot be used: which file, what of it, and why."""

    def __init__(self, path: Path, field: str, problem: str) -> None:
        super().__init__(f"{path}: {field}: {problem}")


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    """What a file says before its arrays."""

    source: str
    bounds: Bounds
    postcodes: int


def save_postcodes(postcodes: Postcodes, path: Path) -> None:
    """Write a file, whole or not at all: it takes its name once it is complete.

    Raises:
        OSError: it cannot be written.
    """
    head = msgspec.json.encode(
        _Head(postcodes.source, postcodes.bounds, len(postcodes.keys)), order="deterministic"
    )
    body = len(head).to_bytes(8, "little") + head
    body += b"".join(getattr(postcodes, n).astype(kind).tobytes() for n, kind in _ARRAYS.items())
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + bytes([VERSION]) + sha256(body).digest() + body)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_postcodes(path: Path, bounds: Bounds) -> Postcodes:
    """Read a built file for an area.

    Args:
        path: what `save_postcodes` wrote.
        bounds: of the area; a file that does not hold all of it would call postcodes unknown that
            are only left out.

    Raises:
        PlacesFault: the file cannot be read, is none of ours, of another version, cut off, altered,
            for another area, or says something impossible.
    """
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise PlacesFault(path, "file", f"cannot be read: {fault}") from fault
    start = len(MAGIC) + 1 + _DIGEST_BYTES
    if not data.startswith(MAGIC):
        raise PlacesFault(path, "magic", "not a places file (`waitless places build` makes one)")
    if data[len(MAGIC) : len(MAGIC) + 1] != bytes([VERSION]):
        raise PlacesFault(path, "version", f"is not {VERSION}: build the file again")
    body = memoryview(data)[start:]
    if sha256(body).digest() != data[len(MAGIC) + 1 : start]:
        raise PlacesFault(path, "checksum", "wrong: the file is cut off or has been altered")
    try:
        postcodes = _decode(body)
    except ValueError as fault:
        raise PlacesFault(path, "content", str(fault)) from fault
    if not postcodes.bounds.cover(bounds):
        raise PlacesFault(
            path,
            "bounds",
            f"built for {postcodes.bounds}, which is not all of this area's {bounds}",
        )
    return postcodes


def _decode(body: memoryview) -> Postcodes:
    """Copy the arrays out of the bytes: one that is not aligned would be copied at every look-up.

    Raises:
        ValueError: says what is impossible.
    """
    at = 8 + int.from_bytes(body[:8], "little")
    if at > len(body):
        raise ValueError("a head longer than the file")
    head = msgspec.json.decode(body[8:at], type=_Head)
    if head.postcodes < 1:
        raise ValueError("no postcodes")
    arrays = {}
    for name, kind in _ARRAYS.items():
        arrays[name] = np.frombuffer(body, dtype=kind, count=head.postcodes, offset=at).copy()
        at += arrays[name].nbytes
    if at != len(body):
        raise ValueError(f"{len(body) - at} bytes more than the head tells of")
    keys, lat, lon = arrays.values()
    if not (keys[1:] > keys[:-1]).all():
        raise ValueError("postcodes that are out of order, or twice")
    corners = np.rint(np.array(msgspec.structs.astuple(head.bounds)) * STEPS)
    south, west, north, east = corners.tolist()
    inside = (south <= lat) & (lat <= north) & (west <= lon) & (lon <= east)
    if not inside.all():
        raise ValueError("a postcode outside the bounds")
    return Postcodes(source=head.source, bounds=head.bounds, keys=keys, lat=lat, lon=lon)
