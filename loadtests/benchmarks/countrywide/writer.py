"""The process that ingests: it has the roads, makes tables and shares them."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from redis.asyncio import Redis

from loadtests.benchmarks.countrywide import AREA
from loadtests.benchmarks.countrywide.changes import Change
from loadtests.benchmarks.countrywide.places import Places
from loadtests.benchmarks.countrywide.process import forget_peak, read_memory
from routing.modes import Mode
from routing.reach import build_table, renew
from routing.roadfile import read_road_file
from routing.table import ReachTable
from routing.tablefile import encode_frame, encode_table
from routing.targets import find_targets
from waitless.redis_link import open_redis
from waitless.travel.shelf import Entry, Shelf

HORIZON_MINUTES: Final = 60.0
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Built:
    """What building the table took and gave."""

    seconds: float
    table_bytes: int
    """Frame included."""
    in_reach: float
    """Facilities within the horizon of a junction, on average."""
    before_mib: float
    """Resident with the roads alone."""
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Shown:
    """How changed figures became a shared table; a moment is by `time.monotonic`."""

    begun: float
    conditions_s: float
    renew_s: float
    encode_s: float
    put_s: float
    searched: int
    version: str


class Writer:
    """Loads the roads from their file and holds the newest table."""

    def __init__(self, link: Connection, roads: Path, places: Places, redis_url: str) -> None:
        self._link = link
        self._redis_url = redis_url
        self._network = read_road_file(roads).compile(Mode.DRIVE)
        self._targets = find_targets(self._network, places)
        self._conditions = self._network.usual_conditions()
        self._times_s = np.empty(self._network.edge_count)
        self._times_s[self._network.source] = self._network.usual_s
        self._live = np.zeros(self._network.edge_count, dtype=np.bool_)
        self._table = self._build(5.0)  # compiles
        renew(
            *(self._table, self._network, self._targets),
            *(self._conditions, self._conditions),
        )

    def build(self) -> Built:
        """Make the table."""
        forget_peak()
        before = read_memory()
        began = time.perf_counter()
        self._table = self._build(HORIZON_MINUTES)
        took_s = time.perf_counter() - began
        entries = len(self._table.rows.facility)
        return Built(
            seconds=took_s,
            table_bytes=self._table.nbytes,
            in_reach=entries / self._network.junction_count,
            before_mib=before.resident,
            peak_mib=read_memory().peak,
        )

    def recompute(self) -> list[float]:
        """Make the table again and again until nudged; gives seconds, the last cut off."""
        took_s: list[float] = []
        while not self._link.poll():
            began = time.perf_counter()
            self._build(HORIZON_MINUTES)
            took_s.append(time.perf_counter() - began)
        self._link.recv()
        return took_s

    def be_nice(self, by: int) -> None:
        """Let other processes go first, from now on."""
        os.nice(by)

    def share(self) -> None:
        """Put the table on the shelf."""
        self._on_shelf(self._put)

    def change(self, change: Change) -> Shown:
        """Bring the table to changed figures and share it."""
        began = time.monotonic()
        self._times_s[change.edges] = change.times_s
        self._live[change.edges] = True
        after = self._network.conditions(self._times_s, self._live)
        known = time.monotonic()
        self._table, searched = renew(
            self._table, self._network, self._targets, self._conditions, after
        )
        self._conditions = after
        renewed = time.monotonic()
        encode_s = self._on_shelf(self._put)
        return Shown(
            begun=began,
            conditions_s=known - began,
            renew_s=renewed - known,
            encode_s=encode_s,
            put_s=time.monotonic() - renewed - encode_s,
            searched=len(searched),
            version=self._table.table_version,
        )

    def is_as_built_afresh(self) -> bool:
        """Tell whether the table, after all changes, is the one that a full recompute gives."""
        fresh = self._build(HORIZON_MINUTES)
        pairs = zip(fresh.rows, self._table.rows, strict=True)
        return all(np.array_equal(one, other) for one, other in pairs)

    def save_crowd(self, places: Places, path: Path) -> None:
        """Save a table of other facilities for the reader."""
        targets = find_targets(self._network, places)
        table = build_table(
            self._network, targets, self._network.usual_conditions(), HORIZON_MINUTES
        )
        path.write_bytes(encode_table(table))

    def _build(self, horizon_minutes: float) -> ReachTable:
        return build_table(self._network, self._targets, self._conditions, horizon_minutes)

    async def _put(self, shelf: Shelf) -> float:
        """Encode as `waitless.travel.retime` does, and share; gives the seconds of encoding."""
        began = time.monotonic()
        frame = encode_frame(self._table.frame)
        content = encode_table(self._table)
        encode_s = time.monotonic() - began
        entry = Entry(
            pack=AREA,
            frame=self._table.frame.version,
            table=self._table.table_version,
            as_of=None,
        )
        await shelf.put(Mode.DRIVE, entry, frame, content)
        return encode_s

    def _on_shelf(self, ask: Callable[[Shelf], Awaitable[_Result]]) -> _Result:
        async def asked() -> _Result:
            redis: Redis = open_redis(self._redis_url)
            async with redis:
                return await ask(Shelf(redis, AREA))

        return asyncio.run(asked())
