"""A process that only answers: it maps the newest table and never has the roads."""

import asyncio
import sys
import time
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from redis.asyncio import Redis

import waitless.app  # noqa: F401 - so that its memory is that of a process that really answers
from loadtests.benchmarks.countrywide import AREA
from loadtests.benchmarks.countrywide.process import Memory, read_memory
from routing.modes import Mode
from routing.table import ReachTable
from routing.tablefile import decode_frame, decode_table
from waitless.redis_link import open_redis
from waitless.travel.shelf import Entry, Shelf
from waitless.travel.tables import ModeTable, TravelTables

ANSWERS_A_ROUND: Final = 3_000
ANSWER_EVERY_S: Final = 0.001
ROUNDS: Final = 5
LOOK_S: Final = 5.0
TICK_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Swapped:
    """A newer table in use; a moment is by `time.monotonic`."""

    noticed: float
    done: float
    version: str
    stalled_ms: float
    """The longest that the event loop did not turn meanwhile."""


class Reader:
    """Follows the shelf as `waitless.travel.follow` does, tables kept as files and mapped."""

    def __init__(self, link: Connection, redis_url: str, folder: Path) -> None:
        self._link = link
        self._redis_url = redis_url
        self._folder = folder
        self._table: ReachTable | None = None
        self.before: Memory = read_memory()

    def list_memory(self) -> tuple[Memory, Memory, list[str]]:
        """Return memory without a table and now, and what is imported that need not be."""
        held = [name for name in ("networkx", "osmium", "scipy.sparse") if name in sys.modules]
        return self.before, read_memory(), held

    def follow(self, after: str | None) -> Swapped:
        """Wait for a table of another version than `after` and use it."""
        return asyncio.run(self._follow(after))

    def answer_p99_ms(self, origins: NDArray[np.float64]) -> float:
        """Answer in an open loop and return the 99th percentile from due to done, milliseconds.

        Answers fall due every `ANSWER_EVERY_S`, and are late by the clock, not by the answer
        before.
        """
        tables = TravelTables({Mode.DRIVE: ModeTable(self._held(), "usual")})
        took_s = np.empty(ANSWERS_A_ROUND)
        began = time.perf_counter()
        for number, (lat, lon) in enumerate(np.resize(origins, (ANSWERS_A_ROUND, 2)).tolist()):
            due = began + number * ANSWER_EVERY_S
            if (ahead := due - time.perf_counter()) > 0:
                time.sleep(ahead)
            tables.journeys_from_point(lat, lon, Mode.DRIVE)
            took_s[number] = time.perf_counter() - due
        return float(np.percentile(took_s, 99) * 1000)

    def time_crowd(self, path: Path, origins: NDArray[np.float64]) -> tuple[float, float, float]:
        """Look up patients of the crowded city.

        Returns:
            Microseconds of a look-up; the same with a record for each facility, as answers are
            made of them; facilities in reach on average.
        """
        table = decode_table(_map(path), self._held().frame)
        tables = TravelTables({Mode.DRIVE: ModeTable(table, "usual")})
        points = origins.tolist()
        in_reach = [len(table.travel_from_within(lat, lon).facility) for lat, lon in points]
        rounds_us = np.empty((ROUNDS, 2))
        for number in range(ROUNDS):
            began = time.perf_counter()
            for lat, lon in points:
                table.travel_from_within(lat, lon)
            looked_up = time.perf_counter()
            for lat, lon in points:
                tables.journeys_from_point(lat, lon, Mode.DRIVE)
            ended = time.perf_counter()
            rounds_us[number] = (looked_up - began, ended - looked_up)
        lookup_us, journeys_us = (np.median(rounds_us, axis=0) / len(points) * 1e6).tolist()
        return lookup_us, journeys_us, float(np.mean(in_reach))

    async def _follow(self, after: str | None) -> Swapped:
        redis: Redis = open_redis(self._redis_url)
        async with redis:
            shelf = Shelf(redis, AREA)
            async with shelf.changes() as changes:
                while True:
                    entry = (await shelf.list_current()).get(Mode.DRIVE)
                    if entry is not None and entry.table != after:
                        break
                    await changes.wait(LOOK_S)
            noticed = time.monotonic()
            ticking = asyncio.create_task(_watch_turns())
            table = await self._fetch(shelf, entry)
            self._table = table
            done = time.monotonic()
            ticking.cancel()
            return Swapped(noticed, done, table.table_version, await ticking)

    async def _fetch(self, shelf: Shelf, entry: Entry) -> ReachTable:
        """Fetch what is not here yet, as files, and lay the table over them."""
        if self._table is None or self._table.frame.version != entry.frame:
            path = await self._keep(shelf, entry.frame)
            frame = await asyncio.to_thread(decode_frame, _map(path))
        else:
            frame = self._table.frame
        path = await self._keep(shelf, entry.table)
        return await asyncio.to_thread(decode_table, _map(path), frame)

    async def _keep(self, shelf: Shelf, version: str) -> Path:
        content = await shelf.fetch(Mode.DRIVE, version)
        if content is None:
            raise RuntimeError(f"the shelf has no {version}")
        path = self._folder / version
        await asyncio.to_thread(path.write_bytes, content)
        return path

    def _held(self) -> ReachTable:
        if self._table is None:
            raise RuntimeError("nothing has been followed yet")
        return self._table


def _map(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))


async def _watch_turns() -> float:
    """Turn until cancelled; gives the longest that a turn came late, milliseconds."""
    latest_s, due = 0.0, time.monotonic()
    try:
        while True:
            latest_s = max(latest_s, time.monotonic() - due)
            due = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
    except asyncio.CancelledError:
        return max(latest_s, time.monotonic() - due) * 1000
