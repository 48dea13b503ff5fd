"""The file of a timetable feed: what `read_gtfs` believed, on disk, ready for any day.

Layout, as road files have it: 8 bytes of magic with the version, the sha256 of all that follows, 8
bytes with the length of a JSON head, the head, then the arrays one after the other, little-endian,
in the head's order. The checksum is verified before anything is believed, and after it whatever
could lead a timetable astray.
"""

import os
import tempfile
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from routing.transit.fields import MOST_S
from routing.transit.model import NO_STATION, Frequency, Gtfs, Service, Transfer
from routing.transit.reports import GtfsFault, GtfsReason, GtfsReport

SUFFIX: Final = ".transit"
MAGIC: Final = b"WLTRANS" + bytes([2])

_DIGEST_BYTES: Final = 32
_LENGTH_BYTES: Final = 8

_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]

_TOLD: Final = (
    *("zone", "stop_ids", "stop_names", "line_names", "line_types", "trip_ids", "trip_headsigns"),
    *("services", "frequencies", "transfers"),
)
"""Fields of `Gtfs` that the head tells."""


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    zone: str
    stop_ids: tuple[str, ...]
    stop_names: tuple[str, ...]
    line_names: tuple[str, ...]
    line_types: tuple[_Count, ...]
    trip_ids: tuple[str, ...]
    trip_headsigns: tuple[str, ...]
    services: tuple[Service, ...]
    frequencies: tuple[Frequency, ...]
    transfers: tuple[Transfer, ...]
    stop_times: _Count
    refused: dict[GtfsReason, _Count]
    """Of each reason how many rows: the report's counts, without its examples."""

    def list_shapes(self) -> dict[str, tuple[str, int]]:
        """Return type and length of each array."""
        stops, trips, times = len(self.stop_ids), len(self.trip_ids), self.stop_times
        return {
            "lat": ("<f8", stops),
            "lon": ("<f8", stops),
            "stations": ("<i4", stops),
            "trip_lines": ("<i4", trips),
            "trip_services": ("<i4", trips),
            "first": ("<i8", trips + 1),
            "sequence": ("<i4", times),
            "stops": ("<i4", times),
            "arrivals_s": ("<i4", times),
            "departures_s": ("<i4", times),
            "boards": ("|b1", times),
            "alights": ("|b1", times),
        }


def save_feed(gtfs: Gtfs, path: Path) -> None:
    """Write a file, whole or not at all: it takes its name once it is complete.

    Raises:
        OSError: it cannot be written.
    """
    told = {name: getattr(gtfs, name) for name in _TOLD}
    head = _Head(**told, stop_times=len(gtfs.stops), refused=dict(gtfs.report.counts))
    encoded = msgspec.json.encode(head, order="deterministic")  # one feed, one file
    body = len(encoded).to_bytes(_LENGTH_BYTES, "little") + encoded
    for name, (kind, _) in head.list_shapes().items():
        body += getattr(gtfs, name).astype(kind).tobytes()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + sha256(body).digest() + body)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_feed(path: Path) -> Gtfs:
    """Read a built file.

    Raises:
        GtfsFault: it cannot be read, is none of ours, of another version, cut off, altered, or says
            something impossible.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GtfsFault(f"{path}: cannot be read: {error}") from error
    start = len(MAGIC) + _DIGEST_BYTES
    if not data.startswith(MAGIC):
        raise GtfsFault(f"{path}: is not a timetable of this version: `waitless transit build`")
    body = memoryview(data)[start:]
    if sha256(body).digest() != data[len(MAGIC) : start]:
        raise GtfsFault(f"{path}: its checksum does not match: it is cut off or has been altered")
    try:
        gtfs = _decode_body(body)
        ZoneInfo(gtfs.zone)
    except (msgspec.MsgspecError, ValueError, LookupError, OSError) as error:
        raise GtfsFault(f"{path}: {error}") from error
    if problem := _find_problem(gtfs):
        raise GtfsFault(f"{path}: {problem}")
    return gtfs


def _decode_body(body: memoryview) -> Gtfs:
    """Lay the arrays over the bytes; nothing is copied."""
    size = int.from_bytes(body[:_LENGTH_BYTES], "little")
    at = _LENGTH_BYTES + size
    head = msgspec.json.decode(body[_LENGTH_BYTES:at], type=_Head)
    arrays: dict[str, Any] = {}
    for name, (kind, length) in head.list_shapes().items():
        arrays[name] = np.frombuffer(body, dtype=kind, count=length, offset=at)
        at += arrays[name].nbytes
    if at != len(body):
        raise ValueError(f"{len(body) - at} bytes more than the head tells of")
    told = {name: getattr(head, name) for name in _TOLD}
    return Gtfs(**told, **arrays, report=GtfsReport(Counter(head.refused)))


def _find_problem(gtfs: Gtfs) -> str | None:
    """Return what is impossible in a file whose checksum is right, None where nothing is."""
    stops, lines, trips = len(gtfs.stop_ids), len(gtfs.line_names), len(gtfs.trip_ids)
    times = len(gtfs.stops)
    checks = {
        "no stop times": times > 0,
        "other names than there are things named": len(gtfs.stop_names) == stops
        and len(gtfs.line_types) == lines
        and len(gtfs.trip_headsigns) == trips,
        "a stop that is not on the Earth": bool(
            ((np.abs(gtfs.lat) <= 90) & (np.abs(gtfs.lon) <= 180)).all()  # noqa: PLR2004 - degrees
        ),
        "a station that is not there": _are_within(gtfs.stations, stops, NO_STATION),
        "a stop that is not there": _are_within(gtfs.stops, stops),
        "a line that is not there": _are_within(gtfs.trip_lines, lines),
        "a service that is not there": _are_within(gtfs.trip_services, len(gtfs.services)),
        "stop times of no trip": gtfs.first[0] == 0
        and gtfs.first[-1] == times
        and bool((np.diff(gtfs.first) >= 0).all()),
        "a week of other than seven days": {len(s.weekdays) for s in gtfs.services} <= {7},
        "a frequency that is impossible": all(
            0 <= f.trip < trips and 0 <= f.starts_s <= f.ends_s < MOST_S and f.headway_s > 0
            for f in gtfs.frequencies
        ),
        "a transfer that is impossible": all(
            0 <= t.start < stops and 0 <= t.end < stops and (t.least_s or 0) >= 0
            for t in gtfs.transfers
        ),
    }
    problem = next((problem for problem, holds in checks.items() if not holds), None)
    return problem or (None if _times_rise(gtfs) else "a time that is impossible or goes back")


def _times_rise(gtfs: Gtfs) -> bool:
    """Tell whether no trip arrives before it left the stop before, nor leaves before it arrives."""
    begins = np.zeros(len(gtfs.stops) + 1, dtype=np.bool_)
    begins[gtfs.first] = True
    return bool(
        ((gtfs.arrivals_s >= 0) & (gtfs.departures_s < MOST_S)).all()
        and (gtfs.departures_s >= gtfs.arrivals_s).all()
        and (begins[1:-1] | (gtfs.arrivals_s[1:] >= gtfs.departures_s[:-1])).all()
    )


def _are_within(numbers: NDArray[np.int32], count: int, least: int = 0) -> bool:
    return bool(((numbers >= least) & (numbers < count)).all())
