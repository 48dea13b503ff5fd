"""Counting: in the process, in plain numbers; told to Redis in batches."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta, tzinfo

from waitless.redis_link import StoreAway
from waitless.usage.store import ANSWERS, KEPT, STREAMS, UsageStore, live_bucket

EVERY_S = 2.0


class UsageCounts:
    """One process's counts since it last told them.

    They count for the local day on which they are told, at most `EVERY_S` later. While Redis is
    away they are kept, each day's for itself, and no more days than are kept there.
    """

    def __init__(
        self,
        store: UsageStore,
        zone: tzinfo,
        *,
        now: Callable[[], datetime],
        streams: Callable[[], int],
    ) -> None:
        """Nothing counted yet.

        Args:
            store: where all processes' counts come together.
            zone: whose days they are.
            now: the clock.
            streams: how many event streams this process holds open.
        """
        self._store = store
        self._zone = zone
        self._now = now
        self._streams = streams
        self._streams_told_in = 0
        self._answers: dict[tuple[str, str], int] = {}
        self._journeys: dict[str, int] = {}
        self._untold: dict[date, dict[str, int]] = {}

    def count_answer(self, pointed: tuple[str, str]) -> None:
        """Count one answer by the kinds of its first place and of the nearest. Never waits."""
        self._answers[pointed] = self._answers.get(pointed, 0) + 1

    def count_journey(self, kind: str) -> None:
        """Count one journey that was begun to a place of a kind."""
        self._journeys[kind] = self._journeys.get(kind, 0) + 1

    async def run(self) -> None:
        """Tell them every `EVERY_S`, until cancelled; then once more."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                with suppress(*StoreAway):
                    await self.tell()
        finally:
            with suppress(*StoreAway):
                await self.tell()

    async def tell(self) -> None:
        """Tell what was counted.

        Raises:
            StoreAway: it is kept for the next time, but for what counts for this minute.
        """
        now = self._now()
        today = now.astimezone(self._zone).date()
        live = {ANSWERS: sum(self._answers.values()), STREAMS: self._count_streams(now)}
        self._take_over(today)
        days, self._untold = self._untold, {}
        try:
            await self._store.add(
                days, {name: number for name, number in live.items() if number}, now
            )
        except StoreAway:
            self._untold = days
            raise

    def _take_over(self, today: date) -> None:
        """What was counted belongs to today; what is older than anybody wants is forgotten."""
        answers, self._answers = self._answers, {}
        journeys, self._journeys = self._journeys, {}
        counted = {f"answers:{first}:{nearest}": n for (first, nearest), n in answers.items()}
        counted |= {f"journeys:{kind}": n for kind, n in journeys.items()}
        if counted:
            fields = self._untold.setdefault(today, defaultdict(int))
            for name, number in counted.items():
                fields[name] += number
        first = today - KEPT + timedelta(days=1)
        self._untold = {day: one for day, one in self._untold.items() if day >= first}

    def _count_streams(self, now: datetime) -> int:
        """The open streams, once for each bucket: what is added up is then their number."""
        bucket = live_bucket(now)
        if bucket == self._streams_told_in:
            return 0
        self._streams_told_in = bucket
        return self._streams()
