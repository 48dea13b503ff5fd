"""Keeping timetables: in every answering process the days on which somebody may depart."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from routing.transit.changes import TripChange
from routing.transit.timetable import TimetableFault
from waitless.area.pack import Area, AreaFault
from waitless.travel.timetables import TimetableBuilder, Timetables

log = logging.getLogger(__name__)

EVERY_S = 5.0
"""How often it is looked whether another day has come near; news of trips are taken at once."""


class TimetableKeeper:
    """Keeps `tables` those of today, tomorrow and, late in the day, the day after.

    Attributes:
        tables: the ones there are, replaced as one reference; None before the first, and for good
            where the area has no timetable.
    """

    tables: Timetables | None = None

    def __init__(
        self,
        area: Area,
        *,
        now: Callable[[], datetime],
        on_renewal: Callable[[Timetables], None] = lambda _: None,
    ) -> None:
        """No tables yet.

        Args:
            area: the area pack.
            now: the clock.
            on_renewal: told of every replacement.

        Raises:
            AreaFault: the timetable cannot be walked.
        """
        self._now = now
        self._on_renewal = on_renewal
        self._changes: tuple[tuple[TripChange, ...], datetime | None] = ((), None)
        self._made: tuple[object, ...] | None = None
        """What `tables` were made of."""
        self._told = asyncio.Event()
        self._builder: TimetableBuilder | None = None
        if area.timetable is not None:
            try:
                self._builder = TimetableBuilder(area, area.timetable)
            except TimetableFault as fault:
                raise AreaFault([f"timetable: {fault}"]) from fault

    async def start(self) -> None:
        """Have tables, before anything is answered."""
        await self.look()

    async def run(self) -> None:
        """Keep them until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._told.wait()
            self._told.clear()
            await self.look()

    def take(self, changes: tuple[TripChange, ...], as_of: datetime | None) -> None:
        """Take what is told of trips now, and since when; none and None: all run as planned."""
        self._changes = changes, as_of
        self._told.set()

    async def look(self) -> None:
        """Make what is missing for now, in a thread: answers go on from what there is."""
        if self._builder is None:
            return
        wanted = self._builder.list_days(self._now()), *self._changes
        if wanted != self._made:
            self.tables = await asyncio.to_thread(self._builder.build, *wanted)
            self._made = wanted
            self._on_renewal(self.tables)
