"""Usage in Redis: what every answering process adds to.

Keys, beside those of the ledger, which API workers may write: `:ledger:usage:<day>` (hash,
`answers:<first>:<nearest>` and `journeys:<kind>` to counts; one for each local day, kept for
`KEPT`) and `:ledger:usage:live:<bucket>` (hash, `answers` and `streams`; one for each
`LIVE_BUCKET_S`, kept for two minutes).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from waitless.ledger.entries import ADD, run_script

KEPT = timedelta(days=62)
LIVE_BUCKET_S = 10
LIVE_BUCKETS = 6
"""The last minute, in whole buckets."""
ANSWERS, STREAMS = "answers", "streams"
_DAY_LASTS_MS = (KEPT + timedelta(days=2)) // timedelta(milliseconds=1)
"""From its last count on: a local day may have 25 hours."""
_LIVE_LASTS_MS = 120_000


class UsageStore:
    """One area's counts.

    Every call raises one of `StoreAway` while Redis cannot do it; then nothing has changed, or
    only the reply was lost.
    """

    def __init__(self, redis: Redis, area_id: str) -> None:
        """Open nothing yet; the client is closed by whoever opened it."""
        self._prefix = f"waitless:{{{area_id}}}:ledger:usage:"
        self._redis = redis
        self._add = redis.register_script(ADD)

    async def add(
        self, days: Mapping[date, Mapping[str, int]], live: Mapping[str, int], now: datetime
    ) -> None:
        """Add to counts, all in one call.

        Args:
            days: by local day, by field.
            live: what counts for the bucket of `now`.
            now: aware UTC.
        """
        words: list[str | int] = []
        keys: list[str] = []
        lots = [(day.isoformat(), _DAY_LASTS_MS, fields) for day, fields in days.items()]
        lots.append((f"live:{live_bucket(now)}", _LIVE_LASTS_MS, live))
        for name, lasts_ms, fields in lots:
            if fields:
                keys.append(self._prefix + name)
                words += (lasts_ms, len(fields))
                words += (word for field in fields.items() for word in field)
        if keys:
            await run_script(self._add, keys, words)

    async def load_days(self, days: Iterable[date]) -> dict[date, dict[str, int]]:
        """The counts of days; a day without any has none."""
        wanted = list(days)
        told = await self._load(day.isoformat() for day in wanted)
        return dict(zip(wanted, told, strict=True))

    async def load_live(self, now: datetime) -> list[dict[str, int]]:
        """The counts of the last minute's whole buckets, oldest first."""
        last = live_bucket(now)
        return await self._load(f"live:{one}" for one in range(last - LIVE_BUCKETS, last))

    async def _load(self, names: Iterable[str]) -> list[dict[str, int]]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hgetall(self._prefix + name)
            told: list[dict[bytes, bytes]] = await pipe.execute()
        return [_read(fields) for fields in told]


def live_bucket(now: datetime) -> int:
    """The bucket of an instant."""
    return int(now.timestamp() // LIVE_BUCKET_S)


def _read(fields: Mapping[bytes, Any]) -> dict[str, int]:
    """What is a count; what is none counts as absent."""
    return {
        name.decode(errors="replace"): int(number)
        for name, number in fields.items()
        if number.isdigit()
    }
