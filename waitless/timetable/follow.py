"""Following the shelf of trip updates, in every answering process."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from routing.transit.changes import TripChange
from waitless.redis_link import StoreAway
from waitless.timetable.shelf import Telling, TripShelf

log = logging.getLogger(__name__)

REFRESH_S = 5.0
"""The shelf is looked at this often even without a notice: one can be lost."""
RETRY_S = 0.5

OnChanges = Callable[[tuple[TripChange, ...], datetime | None], None]


class TripFollower:
    """Tells which changes are in force, whenever these have become others.

    What has lapsed is in force no more, whether or not the shelf can be reached: then trips run as
    planned.
    """

    def __init__(
        self, shelf: TripShelf, on_changes: OnChanges, *, now: Callable[[], datetime]
    ) -> None:
        """Nothing is in force until `on_changes` has been called.

        Args:
            shelf: where changes are fetched from.
            on_changes: called in the event loop with all changes in force, and the earliest
                instant at which a source told any of them; with none and None once they lapse.
            now: the clock.
        """
        self._shelf = shelf
        self._on_changes = on_changes
        self._now = now
        self._held: dict[str, tuple[bytes, Telling]] = {}
        self._told: dict[str, bytes] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                async with self._shelf.notices() as notices:
                    while True:
                        await self._fetch()
                        self._tell()
                        await notices.wait(self._find_patience_s())
            except StoreAway as fault:
                log.warning("store away (%s): trips as they were told, until that lapses", fault)
            self._tell()
            await asyncio.sleep(RETRY_S)

    async def _fetch(self) -> None:
        """Hold what is on the shelf."""
        held: dict[str, tuple[bytes, Telling]] = {}
        for source, token in (await self._shelf.list_tokens()).items():
            known = self._held.get(source)
            if known is not None and known[0] == token:
                held[source] = known
            elif (telling := await self._shelf.find(source)) is not None:
                held[source] = (token, telling)
        self._held = held

    def _tell(self) -> None:
        """Tell what is in force now, if it is not what was told last."""
        now = self._now()
        live = {source: one for source, one in self._held.items() if now < one[1].until}
        tokens = {source: token for source, (token, _) in live.items()}
        if tokens == self._told:
            return
        self._told = tokens
        tellings = [telling for _, telling in live.values()]
        changes = tuple(change for telling in tellings for change in telling.changes)
        self._on_changes(changes, min((one.as_of for one in tellings), default=None))

    def _find_patience_s(self) -> float:
        """Up to the next look, or the next lapse."""
        now = self._now()
        lapses = [(telling.until - now).total_seconds() for _, telling in self._held.values()]
        return min([REFRESH_S, *(left_s for left_s in lapses if left_s > 0)])
