"""Retiming: the writer's travel tables made again as traffic and the hour change, and shared."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ParamSpec, TypeVar

import numpy as np

from routing.tablefile import encode_frame, encode_table
from waitless.area.pack import Area
from waitless.metrics import TrafficMetrics
from waitless.redis_link import StoreAway
from waitless.traffic.desk import TrafficDesk
from waitless.traffic.edges import EdgeTimes, take_edge_times
from waitless.traffic.locate import Locator
from waitless.traffic.picture import SourcePicture, find_next_change, is_fading
from waitless.traffic.profile import slot_middle
from waitless.travel.builder import TravelBuilder
from waitless.travel.shelf import Entry, Shelf
from waitless.travel.tables import TravelTables

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

LOOK_EVERY_S = 1.0
"""How often it is asked whether anything has changed; what comes in between comes as one."""
MODEST = 10
"""Niceness of the thread that searches."""
FADE_EVERY = timedelta(minutes=1)
"""How often times are taken anew while an expired figure decays."""


class Retimer:
    """Looks every second; searches in a modest thread, so that nothing else waits for it."""

    def __init__(
        self,
        area: Area,
        desk: TrafficDesk,
        shelf: Shelf,
        *,
        now: Callable[[], datetime],
        metrics: TrafficMetrics,
        horizon_minutes: float,
    ) -> None:
        self._area = area
        self._desk = desk
        self._shelf = shelf
        self._now = now
        self._metrics = metrics
        self._horizon_minutes = horizon_minutes
        self._thread = ThreadPoolExecutor(1, "retime", initializer=_be_modest)
        self._locator = Locator(area.roads)
        self._usual_at: datetime | None = None
        self._usual_s = area.roads.time_s
        self._turns = -1
        self._due: datetime | None = None

    async def run(self) -> None:
        """Make and share tables until cancelled."""
        with self._thread:
            await self._run()

    async def _run(self) -> None:
        builder = await self._aside(TravelBuilder, self._area, self._horizon_minutes)
        times = await self._take()
        tables = await self._aside(builder.build, times)
        while True:
            await self._share(builder.pack, tables)
            await asyncio.sleep(LOOK_EVERY_S)
            if not self._is_due():
                continue
            began = asyncio.get_running_loop().time()
            newer = await self._take()
            searched = 0
            if _differ(times, newer):
                tables, searched = await self._aside(builder.renew, tables, newer)
            else:
                tables = tables.dated(newer.taken_at)
            times = newer
            self._metrics.retimed(asyncio.get_running_loop().time() - began, searched)

    async def _aside(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do work in the thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *args, **named))

    def _is_due(self) -> bool:
        now = self._now()
        return (
            self._turns != self._desk.turns
            or self._usual_at != slot_middle(now)
            or (self._due is not None and now >= self._due)
        )

    async def _take(self) -> EdgeTimes:
        """What every edge takes now; the picture is copied first, for it goes on changing."""
        now = self._now().replace(microsecond=0)
        self._turns = self._desk.turns
        self._desk.prune()
        picture = {
            feed_id: replace(source, figures=dict(source.figures), events=dict(source.events))
            for feed_id, source in self._desk.picture.items()
        }
        self._due = find_next_change(picture, now)
        if is_fading(picture, now):
            self._due = min(self._due or now + FADE_EVERY, now + FADE_EVERY)
        times = await self._aside(self._take_times, picture, now)
        self._desk.note(times)
        for feed_id, counts in times.counts.items():
            self._metrics.counted(feed_id, asdict(counts))
        return times

    def _take_times(self, picture: Mapping[str, SourcePicture], now: datetime) -> EdgeTimes:
        if self._usual_at != slot_middle(now):
            roads, self._usual_at = self._area.roads, slot_middle(now)
            factors = self._area.profile.factors(
                roads.class_names, self._usual_at, self._area.calendar
            )
            self._usual_s = roads.time_s * factors.astype(np.float32)[roads.classes]
        return take_edge_times(
            self._area.roads,
            self._usual_s,
            picture,
            tables=self._area.links,
            locate=self._locator.locate,
            now=now,
        )

    async def _share(self, pack: str, tables: TravelTables) -> None:
        """See to it that the shelf has these tables: it may have lost what it held."""
        try:
            current = await self._shelf.list_current()
            for mode, table in tables.by_mode.items():
                reach = table.reach
                entry = Entry(
                    pack=pack,
                    frame=reach.frame.version,
                    table=reach.table_version,
                    as_of=table.as_of,
                )
                if current.get(mode) != entry:
                    frame = await self._aside(encode_frame, reach.frame)
                    content = await self._aside(encode_table, reach)
                    await self._shelf.put(mode, entry, frame, content)
        except StoreAway as fault:
            log.warning("store away (%s): travel tables not shared yet", fault)


def _be_modest() -> None:
    """Leave the processor to whoever answers. On Linux this is the thread's own niceness."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), MODEST)


def _differ(before: EdgeTimes, after: EdgeTimes) -> bool:
    return not (
        np.array_equal(before.times_s, after.times_s) and np.array_equal(before.live, after.live)
    )
