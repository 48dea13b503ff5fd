"""Recorded series of waits (CSV, also gzipped) as observations."""

import csv
import gzip
import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from feeds.events import MAX_MINUTES, MAX_PEOPLE
from feeds.model import NoFigure, Observation, Statistic, Wait
from feeds.times import TimeFault, parse_time
from feeds.topics import MAX_SLUG_LENGTH, is_slug

FEED_ID = "recording"

_NEEDED = ("facility", "observed_at_utc")
_WAIT_FORMS = (("wait_min",), ("longest_wait_min",), ("wait_lo_min", "wait_hi_min"))
_MORE = (
    "patients_waiting", "patients_in_department", "site_id", "category", "published_text", "commit"
)  # fmt: skip
_KNOWN = frozenset([*_NEEDED, *_MORE, *(name for form in _WAIT_FORMS for name in form)])
_OTHER_KINDS = {
    "mise_a_jour": "a log of polls",
    "attendances": "monthly attendances",
}
_NUMBER = re.compile(r"\d{1,7}(?:\.\d{1,9})?")
_DIFFERENT_TIMES = 65_536


class RecordingFault(ValueError):
    """A recording that cannot be played; the message names the file, the line and the column."""


def load_recording(path: Path, facilities: Mapping[str, str] | None = None) -> list[Observation]:
    """A whole recording, earliest reading first; of one instant, in the file's order.

    Args:
        path: `.csv` or `.csv.gz`.
        facilities: the recording's names of facilities -> our ids. Given, only these are read;
            otherwise all are, each under a slug of its name.

    Raises:
        RecordingFault: not such a file, nothing in it, or a name that is not in it.
    """
    rows = list(read_recording(path, facilities))
    if not rows:
        raise RecordingFault(f"{path.name}: no reading in it")
    rows.sort(key=lambda row: row.as_of)
    return rows


def read_recording(
    path: Path, facilities: Mapping[str, str] | None = None
) -> Iterator[Observation]:
    """Every reading in the file's order, one line in memory at a time; as `load_recording`."""
    wanted = facilities or {}
    for name, facility_id in wanted.items():
        if not is_slug(facility_id):
            raise RecordingFault(f"{facility_id!r}, given for {name!r}, is not a slug")
    try:
        with _open(path) as file:
            yield from _Reader(path.name, file, wanted).read()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as fault:
        raise RecordingFault(f"{path.name}: {fault}") from fault


def facility_slug(name: str) -> str:
    """A name as a slug, cut at a word to fit; empty where nothing in it can stand in one."""
    plain = unicodedata.normalize("NFKD", re.sub("['’]", "", name))
    words = re.findall("[a-z0-9]+", plain.encode("ascii", "ignore").decode().lower())
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:MAX_SLUG_LENGTH]
        if len(longer) > MAX_SLUG_LENGTH:
            break
        slug = longer
    return slug


def _open(path: Path) -> TextIO:
    if path.name.endswith(".csv.gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    if path.name.endswith(".csv"):
        return path.open(encoding="utf-8-sig", newline="")
    raise RecordingFault(f"{path.name}: a .csv or .csv.gz file is wanted")


class _Reader:
    """Reads one file; knows where it is, for its faults."""

    def __init__(self, name: str, file: TextIO, facilities: Mapping[str, str]) -> None:
        self._name = name
        self._rows = csv.reader(file, strict=True)
        self._facilities = facilities
        self._names: dict[str, str] = {}
        """By slug: the name that gave it."""
        self._used: set[str] = set()
        """Which of the names wanted have come up."""
        self._ids: dict[str, str | None] = {}
        self._time = lru_cache(_DIFFERENT_TIMES)(_parse_time)
        self._wait = lru_cache(_DIFFERENT_TIMES)(_wait_of)

    def read(self) -> Iterator[Observation]:
        try:
            header = next(self._rows, [])
            self._check_header(header)
            for cells in self._rows:
                if cells:
                    observed = self._observe(header, cells)
                    if observed is not None:
                        yield observed
        except csv.Error as fault:
            raise self._fault(str(fault)) from fault
        unused = [name for name in self._facilities if name not in self._used]
        if unused:
            raise RecordingFault(f"{self._name}: no reading of {', '.join(map(repr, unused))}")

    def _fault(self, words: str) -> RecordingFault:
        return RecordingFault(f"{self._name} line {self._rows.line_num}: {words}")

    def _check_header(self, header: list[str]) -> None:
        for column, kind in _OTHER_KINDS.items():
            if column in header:
                raise self._fault(f"{kind}, not a series of waits")
        missing = [name for name in _NEEDED if name not in header]
        if missing:
            raise self._fault(f"not a series of waits: no column {', '.join(missing)}")
        forms = [form for form in _WAIT_FORMS if set(form) & set(header)]
        if len(forms) != 1 or not set(forms[0]) <= set(header):
            wanted = "; ".join(" and ".join(form) for form in _WAIT_FORMS)
            raise self._fault(f"exactly one of these is wanted: {wanted}")
        unknown = [name for name in header if name not in _KNOWN]
        if unknown:
            raise self._fault(f"unknown column {', '.join(map(repr, unknown))}")
        if len(set(header)) != len(header):
            raise self._fault("a column comes twice")

    def _observe(self, header: list[str], cells: list[str]) -> Observation | None:
        if len(cells) != len(header):
            raise self._fault(f"{len(cells)} columns where the header has {len(header)}")
        row = dict(zip(header, cells, strict=True))
        try:
            facility_id = self._facility(row["facility"])
            if facility_id is None:
                return None
            as_of = self._time(row["observed_at_utc"])
            return Observation(
                facility_id=facility_id,
                feed_id=FEED_ID,
                as_of=as_of,
                received_at=as_of,
                wait=self._wait(
                    row.get("wait_min"),
                    row.get("longest_wait_min"),
                    row.get("wait_lo_min"),
                    row.get("wait_hi_min"),
                ),
                patients_waiting=_people("patients_waiting", row.get("patients_waiting")),
                patients_in_department=_people(
                    "patients_in_department", row.get("patients_in_department")
                ),
            )
        except ValueError as fault:
            raise self._fault(str(fault)) from fault

    def _facility(self, name: str) -> str | None:
        """The id of a name; None where only others are wanted."""
        if name not in self._ids:
            self._ids[name] = self._new_facility(name)
        return self._ids[name]

    def _new_facility(self, name: str) -> str | None:
        slug = facility_slug(name)
        if self._facilities:
            found = name if name in self._facilities else slug
            self._used.add(found)
            return self._facilities.get(found)
        if not slug:
            raise ValueError(f"facility: {name[:64]!r} gives no slug")
        if slug in self._names:
            raise ValueError(f"facility: {name!r} and {self._names[slug]!r} are both {slug}")
        self._names[slug] = name
        return slug


def _parse_time(text: str) -> datetime:
    try:
        return parse_time(text, None)
    except TimeFault as fault:
        raise ValueError(f"observed_at_utc: {fault}") from fault


def _wait_of(
    minutes: str | None, longest: str | None, low: str | None, high: str | None
) -> Wait | NoFigure:
    """The wait of the cells that a file's form has (the others are None)."""
    figure = _number("wait_min", minutes, MAX_MINUTES)
    if figure is not None:
        return Wait(minutes=figure)
    figure = _number("longest_wait_min", longest, MAX_MINUTES)
    if figure is not None:
        return Wait(minutes=figure, statistic=Statistic.LONGEST)
    lower = _number("wait_lo_min", low, MAX_MINUTES)
    upper = _number("wait_hi_min", high, MAX_MINUTES)
    if lower is None and upper is None:
        return NoFigure.UNKNOWN
    if lower is not None and upper is not None and lower > upper:
        raise ValueError(f"wait_lo_min {low} is more than wait_hi_min {high}")
    return Wait(low=lower, high=upper, statistic=Statistic.BAND)


def _people(name: str, cell: str | None) -> int | None:
    number = _number(name, cell, MAX_PEOPLE)
    if number is not None and number != int(number):
        raise ValueError(f"{name}: {cell} is not a count")
    return None if number is None else int(number)


def _number(name: str, cell: str | None, most: float) -> float | None:
    if cell is None or cell == "":
        return None
    if _NUMBER.fullmatch(cell) is None:
        raise ValueError(f"{name}: {cell[:40]!r} is not a number")
    number = float(cell)
    if number > most:
        raise ValueError(f"{name}: {cell} is more than {most}")
    return number
