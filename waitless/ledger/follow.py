"""Following the ledger: every answering process's own picture of it, on a short cadence."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from waitless.ledger.entries import Held, LedgerStore
from waitless.ledger.picture import LedgerPicture, no_picture, picture_of
from waitless.redis_link import StoreAway

log = logging.getLogger(__name__)

EVERY_S = 5.0
OLDEST = timedelta(seconds=15)
"""A picture that could not be renewed for so long is none: two reads may fail in between."""


class LedgerFollower:
    """Keeps `picture` the newest that the store gave; the only one who replaces it.

    A picture with the same content stays the same object, so that answers made of it stay good.
    """

    def __init__(
        self,
        store: LedgerStore,
        facility_ids: Sequence[str],
        *,
        served_share: float,
        now: Callable[[], datetime],
        on_shared: Callable[[bool], None],
    ) -> None:
        """Nothing is known yet.

        Args:
            store: where it is.
            facility_ids: the rows of every picture.
            served_share: how much a served answer counts.
            now: the clock.
            on_shared: told after every look, whether the ledger is that of all workers.
        """
        self.picture: LedgerPicture = no_picture(facility_ids)
        self._held: Held | None = None
        self._read_at: datetime | None = None
        self._store = store
        self._facility_ids = tuple(facility_ids)
        self._served_share = served_share
        self._now = now
        self._on_shared = on_shared

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Read it once; without an answer the last picture stays until it is too old."""
        now = self._now()
        try:
            held = await self._store.load(now)
        except StoreAway as fault:
            if self._read_at is None or now - self._read_at >= OLDEST:
                self._lose(fault)
        else:
            self._read_at = now
            if held != self._held:
                self.picture = picture_of(held, self._facility_ids, self._served_share)
                self._held = held
        self._on_shared(self.picture.shared)

    def _lose(self, fault: BaseException) -> None:
        if self.picture.shared:
            log.warning("store away (%s): waits are not corrected by who is on the way", fault)
            self.picture = no_picture(self._facility_ids)
            self._held = None
