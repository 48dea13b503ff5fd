"""Reading a pack's files: every fault is gathered, with its file and row."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from feeds.definition import DefinitionFault
from routing.features import RoadsFault
from routing.transit.reports import GtfsFault

T = TypeVar("T")


class AreaFault(Exception):
    """A pack that cannot be used; `faults` lists every reason found, each with its place."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(slots=True)
class PackReader:
    """Reads a pack's files, gathering faults instead of stopping at the first."""

    folder: Path
    faults: list[str] = field(default_factory=list)

    def document(self, name: str) -> dict[str, Any]:
        """A TOML file's tables; none of them where it cannot be read."""
        try:
            return tomllib.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as fault:
            self.faults.append(f"{name}: {fault}")
            return {}

    def rows(self, name: str, key: str, kind: type[T]) -> Iterator[tuple[str, T]]:
        """Each table under `key` with its place in the file, those that are faulty left out."""
        document = self.document(name)
        for unknown in document.keys() - {key}:
            self.faults.append(f"{name}: unknown table {unknown!r}")
        for number, table in enumerate(document.get(key, []), start=1):
            label = table.get("id") or table.get("name") if isinstance(table, dict) else None
            where = f"{name}: {key} {number} ({label})" if label else f"{name}: {key} {number}"
            row = self.attempt(where, partial(msgspec.convert, table, kind))
            if row is not None:
                yield where, row

    def attempt(self, where: str, make: Callable[[], T]) -> T | None:
        """What is made, or None where that fails: then the fault is noted with its place."""
        try:
            return make()
        except (ValueError, RoadsFault, DefinitionFault, GtfsFault) as fault:
            self.faults.append(f"{where}: {fault}")
            return None
