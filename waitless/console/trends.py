"""Trends: a drawing of every facility's last day, made before anybody asks for it."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime

from feeds.model import Wait
from waitless.board import Board
from waitless.console.spark import CELL, PAST_CELLS, Spark, draw_spark, point_of
from waitless.redis_link import StoreAway
from waitless.store import Store

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
BACK = PAST_CELLS * CELL


class Trends:
    """Reads each facility's history once, then what is new in it.

    A drawing is made anew when its facility has another reading, and each minute, as time goes on.
    One facility at a time, and the loop is let go after each: 300 drawings hold nobody up. While
    the store is away the last drawings stay.

    Attributes:
        sparks: drawings by facility; those never drawn are absent.
    """

    def __init__(
        self,
        facility_ids: Collection[str],
        store: Store,
        board: Callable[[], Board],
        *,
        now: Callable[[], datetime],
    ) -> None:
        self.sparks: dict[str, Spark] = {}
        self._points: dict[str, dict[datetime, float]] = {one: {} for one in facility_ids}
        self._drawn: dict[str, tuple[datetime, datetime | None]] = {}
        """The minute and the reading that each drawing is of."""
        self._store = store
        self._board = board
        self._now = now

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.refresh()
            except StoreAway as fault:
                log.debug("store away (%s): the drawings stay as they are", fault)
            await asyncio.sleep(LOOK_EVERY_S)

    async def refresh(self) -> None:
        """Draw every facility whose drawing is out of date. Raises one of `StoreAway`."""
        for facility_id, points in self._points.items():
            now, reading = self._now(), self._board().readings.get(facility_id)
            as_of = None if reading is None else reading.wait_as_of
            state = now.replace(second=0, microsecond=0), as_of
            if self._drawn.get(facility_id) == state:
                continue
            await self._read(facility_id, points, now - BACK)
            outlook = self._board().live_outlook(facility_id, now)
            self.sparks[facility_id] = draw_spark(points.items(), outlook, now)
            self._drawn[facility_id] = state
            await asyncio.sleep(0)

    async def _read(self, facility_id: str, points: dict[datetime, float], since: datetime) -> None:
        for old in [at for at in points if at < since]:
            del points[old]
        newest = max(points, default=since)
        async for page in self._store.load_history(facility_id, max(since, newest)):
            for reading in page:
                if isinstance(reading.wait, Wait) and reading.wait_as_of is not None:
                    minutes = point_of(reading.wait)
                    if minutes is not None:
                        points[reading.wait_as_of] = minutes
