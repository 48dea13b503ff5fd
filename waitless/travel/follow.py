"""Following the shelf: every answering process's own tables, replaced as one reference."""

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path

from routing.frame import Frame
from routing.modes import Mode
from routing.table import ReachTable
from routing.tablefile import TableFault, decode_frame, decode_table
from waitless.area.pack import Area
from waitless.redis_link import StoreAway
from waitless.travel.builder import MODES, TravelBuilder, basis_of, find_pack_version
from waitless.travel.shelf import SUPERSEDED_FOR_S, Entry, Shelf
from waitless.travel.tables import ModeTable, TravelTables

log = logging.getLogger(__name__)

REFRESH_S = 5.0
"""The shelf is looked at this often even without a notice: one can be lost."""
RETRY_S = 0.5


class TravelFollower:
    """Keeps `tables` the newest on the shelf that are of our roads and facilities.

    Until there are any, and whenever the shelf is away, the last ones stay; `start` builds the
    usual ones where the shelf lacks any, so that there are always some for every mode.
    """

    tables: TravelTables

    def __init__(
        self,
        area: Area,
        shelf: Shelf,
        on_renewal: Callable[[TravelTables], None],
        *,
        horizon_minutes: float,
        folder: Path | None = None,
    ) -> None:
        """No tables yet.

        Args:
            area: the area pack.
            shelf: where tables are fetched from.
            on_renewal: told of every replacement.
            horizon_minutes: of the tables built here.
            folder: where tables are kept as files that all processes of this machine map and
                share, in a folder of the area's own; superseded ones are removed, which leaves
                them to whoever still has them mapped. None keeps a copy in this process.
        """
        self._area = area
        self._shelf = shelf
        self._on_renewal = on_renewal
        self._horizon_minutes = horizon_minutes
        self._folder = None if folder is None else folder / area.id
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._pack = find_pack_version(area)
        self._held: dict[Mode, Entry] = {}

    async def start(self) -> None:
        """Have tables, before anything is answered.

        Raises:
            AreaFault: the shelf has none, and none can be built.
        """
        try:
            found = await self._fetch()
        except StoreAway as fault:
            log.warning("store away (%s): travel tables are built here", fault)
            found = {}
        if len(found) < len(MODES):  # none, or the writer has put only some of them yet
            builder = await asyncio.to_thread(TravelBuilder, self._area, self._horizon_minutes)
            self.tables = await asyncio.to_thread(builder.build)
        self._replace(found)

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                async with self._shelf.changes() as changes:
                    while True:
                        if found := await self._fetch():
                            self._replace(found)
                        await changes.wait(REFRESH_S)
            except StoreAway as fault:
                log.warning("store away (%s): travel tables stay as they are", fault)
            await asyncio.sleep(RETRY_S)

    async def _fetch(self) -> dict[Mode, ModeTable]:
        """The tables that are newer than ours."""
        found: dict[Mode, ModeTable] = {}
        for mode, entry in (await self._shelf.list_current()).items():
            if entry.pack != self._pack or entry == self._held.get(mode):
                continue
            reach = await self._reach(mode, entry)
            if reach is not None:
                found[mode] = ModeTable(reach, basis_of(self._area, mode), entry.as_of)
                self._held[mode] = entry
        if found and self._folder is not None:
            await asyncio.to_thread(_prune, self._folder, self._names())
        return found

    def _names(self) -> set[str]:
        """The files that hold what is current."""
        return {
            _name(mode, version)
            for mode, entry in self._held.items()
            for version in (entry.frame, entry.table)
        }

    async def _reach(self, mode: Mode, entry: Entry) -> ReachTable | None:
        """The times that an entry names: those we have, or new ones. None where they are gone."""
        held = self._held.get(mode)
        ours = self.tables.by_mode[mode].reach if held is not None else None
        if ours is not None and ours.table_version == entry.table:
            return ours
        try:
            if ours is not None and ours.frame.version == entry.frame:
                frame = ours.frame
            else:
                content = await self._content(mode, entry.frame)
                if content is None:
                    return None
                frame = await asyncio.to_thread(decode_frame, memoryview(content))
            content = await self._content(mode, entry.table)
            if content is None:
                return None
            return await asyncio.to_thread(_open_warm, memoryview(content), frame)
        except TableFault:
            log.exception("the travel table %s of %s cannot be used", entry.table, mode)
            return None

    async def _content(self, mode: Mode, version: str) -> bytes | mmap | None:
        if self._folder is None:
            return await self._shelf.fetch(mode, version)
        path = self._folder / _name(mode, version)
        try:
            return _map(path)
        except FileNotFoundError:
            content = await self._shelf.fetch(mode, version)
        if content is None:
            return None
        await asyncio.to_thread(_write_whole, path, content)
        try:
            return _map(path)
        except FileNotFoundError:  # superseded, and removed by another process, in between
            return content

    def _replace(self, found: dict[Mode, ModeTable]) -> None:
        before = self.tables.by_mode if hasattr(self, "tables") else {}
        self.tables = TravelTables({**before, **found})
        self._on_renewal(self.tables)


def _open_warm(content: memoryview, frame: Frame) -> ReachTable:
    """A table that has been asked once: the first question of a process compiles the look-up."""
    table = decode_table(content, frame)
    table.travel_from_within(frame.plane.middle_lat, 0.0)
    return table


def _name(mode: Mode, version: str) -> str:
    return f"{mode.value}-{version}.reach"


def _map(path: Path) -> mmap:
    with path.open("rb") as file:
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def _prune(folder: Path, current: Collection[str]) -> None:
    """Remove what is not current, and what processes that died while they wrote left behind.

    What is younger may be current for another process that has already seen more than we.
    """
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process was quicker
            age_s = time.time() - path.stat().st_mtime
            if path.name not in current and age_s > SUPERSEDED_FOR_S:
                path.unlink()


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that has its name only once it is complete; if it exists, it is that."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        with suppress(FileExistsError):
            path.hardlink_to(name)
    finally:
        Path(name).unlink()
