"""Served answers: counted in the process, told to the ledger in batches."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from waitless.ledger.counts import BUCKET_S, KEEPS, bucket_of
from waitless.ledger.entries import MOST_ETA, LedgerStore
from waitless.redis_link import StoreAway

EVERY_S = 2.0


class ServedAnswers:
    """One process's count of whom it sent where, since it last told the ledger.

    It holds at most one number for each facility and bucket within `MOST_ETA`, however many
    answers are served and however long Redis is away.
    """

    def __init__(
        self,
        store: LedgerStore,
        *,
        now: Callable[[], datetime],
        on_told: Callable[[int], None],
    ) -> None:
        """Nothing counted yet.

        Args:
            store: where all processes' counts come together.
            now: the clock.
            on_told: told how many answers a batch held.
        """
        self._store = store
        self._now = now
        self._on_told = on_told
        self._counted: dict[tuple[str, int], int] = {}

    def count(self, facility_id: str, eta_s: float) -> None:
        """Count one answer. Never waits.

        Args:
            facility_id: the place it named first.
            eta_s: when somebody who follows it arrives there, seconds since 1970.
        """
        key = (facility_id, int(eta_s // BUCKET_S))
        self._counted[key] = self._counted.get(key, 0) + 1

    async def run(self) -> None:
        """Tell the ledger every `EVERY_S`, until cancelled; then once more."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                with suppress(*StoreAway):
                    await self.tell()
        finally:
            with suppress(*StoreAway):
                await self.tell()

    async def tell(self) -> None:
        """Tell the ledger what was counted; arrivals that no longer count are dropped.

        Raises:
            StoreAway: it is all kept for the next time.
        """
        now = self._now()
        first, last = bucket_of(now - KEEPS), bucket_of(now + MOST_ETA)
        counted, self._counted = self._counted, {}
        counted = {key: number for key, number in counted.items() if first <= key[1] <= last}
        try:
            await self._store.add_served(counted, now)
        except StoreAway:
            for key, number in counted.items():
                self._counted[key] = self._counted.get(key, 0) + number
            raise
        self._on_told(sum(counted.values()))
