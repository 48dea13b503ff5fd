"""Published postcodes, read from the files of one form, and those of an area kept."""

import csv
import gzip
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from waitless.area.bounds import Bounds
from waitless.area.postcodefile import PlacesFault
from waitless.area.postcodeforms import KNOWN_FORMS, Drop, Form, Taken, find_form
from waitless.area.postcodes import Postcodes, key_of, split_postcode

_SUFFIXES: Final = (".csv", ".csv.gz")
_TOLD_EVERY_LINES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Source:
    """What was read of a source."""

    postcodes: Postcodes
    rows: int
    dropped: Counter[Drop]
    first: dict[Drop, str]
    """Where the first row of each kind stands: file and line; not those outside or repeated."""


def read_source(source: Path, bounds: Bounds, report: Callable[[int], None]) -> Source:
    """Read the postcodes within a box.

    Args:
        source: a file, or a folder of files of one form.
        bounds: what lies outside is left out.
        report: told now and then how many more bytes of the files have been read.

    Raises:
        PlacesFault: a file that cannot be read or is of neither form, or not one postcode inside.
    """
    reading = _Reading()
    for path in list_files(source):
        reading.add(path, report)
    return reading.finish(source, bounds)


def list_files(source: Path) -> list[Path]:
    """The CSV files (`.csv`, `.csv.gz`) of a folder in order of name, or the one file.

    Raises:
        PlacesFault: a folder without any.
    """
    if not source.is_dir():
        return [source]
    files = sorted(one for one in source.iterdir() if one.name.lower().endswith(_SUFFIXES))
    if not files:
        raise PlacesFault(source, "folder", "no .csv files in it")
    return files


class _Reading:
    """Rows as columns, so that positions are converted all at once, and what was dropped."""

    def __init__(self) -> None:
        self._form: Form | None = None
        self._keys = array("Q")
        self._x, self._y = array("d"), array("d")
        self._rows = 0
        self._dropped = Counter[Drop]()
        self._first: dict[Drop, str] = {}

    def add(self, path: Path, report: Callable[[int], None]) -> None:
        """Take a file's rows."""
        rows = _read_rows(path, report)
        line, row = next(rows, (0, []))
        form = find_form(row)
        if form is None:
            raise PlacesFault(path, "line 1", f"of no known form: {KNOWN_FORMS}")
        if self._form is not None and self._form.name != form.name:
            raise PlacesFault(path, "line 1", f"{form.name}, but another is {self._form.name}")
        self._form = form
        if not form.headed:
            self._take(path, line, form.take(row))
        for line, row in rows:
            self._take(path, line, form.take(row))

    def _take(self, path: Path, line: int, taken: Taken | Drop) -> None:
        self._rows += 1
        if not isinstance(taken, Drop):
            postcode = split_postcode(taken[0])
            if postcode is not None:
                self._keys.append(key_of(*postcode))
                self._x.append(taken[1])
                self._y.append(taken[2])
                return
            taken = Drop.BAD_POSTCODE
        self._dropped[taken] += 1
        self._first.setdefault(taken, f"{path.name} line {line}")

    def finish(self, source: Path, bounds: Bounds) -> Source:
        """Keep what lies within the box."""
        keys = np.array(self._keys, dtype=np.uint64)
        lon, lat = np.array(self._x), np.array(self._y)
        if self._form is not None and self._form.grid:
            lon, lat = _from_grid(lon, lat)
        inside = (bounds.south <= lat) & (lat <= bounds.north)
        inside &= (bounds.west <= lon) & (lon <= bounds.east)
        count = int(inside.sum())
        name = f"{self._form.name if self._form else ''}: {source.name}"
        postcodes = Postcodes.lay_out(name, bounds, keys[inside], lat[inside], lon[inside])
        self._dropped[Drop.OUTSIDE] = len(keys) - count
        self._dropped[Drop.REPEATED] = count - len(postcodes.keys)
        if not count:
            told = ", ".join(f"{number} {drop}" for drop, number in (+self._dropped).items())
            raise PlacesFault(
                source, "rows", f"no postcode of the area in {self._rows}: {told or 'no rows'}"
            )
        return Source(postcodes, self._rows, +self._dropped, self._first)


def _from_grid(
    easting: NDArray[np.float64], northing: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude, degrees WGS84, within some metres."""
    from pyproj import Transformer  # noqa: PLC0415 - only this form pays for it

    lon, lat = Transformer.from_crs(27700, 4326, always_xy=True).transform(easting, northing)
    return lon, lat


def _read_rows(path: Path, report: Callable[[int], None]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with its line.

    Raises:
        PlacesFault: the file cannot be read to its end.
    """
    line, told = 0, 0
    try:
        with path.open("rb") as raw:
            opened = gzip.GzipFile(fileobj=raw) if path.suffix.lower() == ".gz" else raw
            text = TextIOWrapper(opened, encoding="utf-8-sig", newline="")
            reader = csv.reader(text, strict=True)
            for row in reader:
                line = reader.line_num
                if row:
                    yield line, row
                if line % _TOLD_EVERY_LINES == 0:
                    told, before = raw.tell(), told
                    report(told - before)
            report(raw.tell() - told)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as fault:
        raise PlacesFault(path, f"after line {line}", f"cannot be read: {fault}") from fault
