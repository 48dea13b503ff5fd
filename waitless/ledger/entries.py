"""The ledger in Redis: what every worker adds to, reads and takes back.

Keys, beside those of `waitless.store`, which API workers may write: `:ledger:<bucket>` (hash,
`journeys:<facility>` and `served:<facility>` to counts; one for each five minutes of arrival),
`:ledger:journey:<id>` (string, one journey). Both expire by themselves. `:ledger:learnt` is the
writer's: what is usual, and where the correction is suspended.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError

from routing.modes import Mode
from waitless.lease import Lease
from waitless.ledger.counts import BUCKET_S, KEEPS, bucket_of
from waitless.ledger.usual import HOURS, Usual
from waitless.redis_link import weather

log = logging.getLogger(__name__)

MOST_ETA = timedelta(minutes=360)
JOURNEYS, SERVED = "journeys", "served"
Counts = dict[str, dict[int, int]]
"""Arrivals by facility and bucket."""
_SPARE = timedelta(minutes=1)
"""Clocks of workers may differ by this much."""
_encode = msgspec.json.Encoder().encode

_ENTER = """
local known = redis.call('GET', KEYS[1])
if known then return known end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('HINCRBY', KEYS[2], ARGV[3], 1)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return ARGV[1]
"""
"""One entry for an id, however often and by whichever workers it is asked for."""
_CANCEL = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], 0)
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HINCRBY', KEYS[2], ARGV[2], -1) end
return 1
"""
"""Take an entry back, if it is still the one that was read. An expiry of 0 deletes: workers may
not do it by DEL."""
ADD = """
local at = 1
for _, key in ipairs(KEYS) do
  local last = at + 2 * ARGV[at + 1]
  for field = at + 2, last, 2 do redis.call('HINCRBY', key, ARGV[field], ARGV[field + 1]) end
  redis.call('PEXPIRE', key, ARGV[at])
  at = last + 2
end
"""
"""For each key: how long it lasts, ms, how many fields are counted in it, and those."""
_READ = """
local told = {redis.call('GET', KEYS[1])}
for at = 2, #KEYS do told[at] = redis.call('HGETALL', KEYS[at]) end
return told
"""


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: somebody says that they are on their way. Nothing in it says who."""

    facility: str
    mode: Mode
    arrives_at: datetime
    expires_at: datetime
    """From then on it neither counts nor can be cancelled."""


class Learnt(msgspec.Struct, kw_only=True):
    """What the writer made of the ledger."""

    usual: Usual = msgspec.field(default_factory=Usual)
    until: int = 0
    """The first bucket that is not in `usual` yet; 0 before any."""
    suspended: dict[str, datetime] = {}
    """Facilities whose counts nobody can believe, and since when."""
    told_at: dict[str, datetime] = {}
    """When people were last told of each."""


class Held(msgspec.Struct, frozen=True):
    """All that the ledger held at one instant."""

    journeys: Counts
    served: Counts
    learnt: Learnt


class LedgerStore:
    """One area's ledger, shared by all of its workers.

    Every call raises one of `StoreAway` while Redis cannot do it; then nothing has changed, or
    only the reply was lost.
    """

    def __init__(self, redis: Redis, area_id: str) -> None:
        """Open nothing yet; the client is closed by whoever opened it."""
        self._prefix = f"waitless:{{{area_id}}}:ledger:"
        self._enter = redis.register_script(_ENTER)
        self._cancel = redis.register_script(_CANCEL)
        self._add = redis.register_script(ADD)
        self._read = redis.register_script(_READ)
        self._redis = redis

    async def enter(self, journey_id: str, journey: Journey, now: datetime) -> Journey:
        """Count a journey, once; gives the entry that stands under the id, new or known."""
        bucket = bucket_of(journey.arrives_at)
        words = (
            _encode(journey),
            _milliseconds(journey.expires_at - now),
            f"{JOURNEYS}:{journey.facility}",
            _lasts_ms(bucket, now),
        )
        told = await run_script(
            self._enter, [self._journey(journey_id), self._bucket(bucket)], words
        )
        return _journey(told) or journey

    async def cancel(self, journey_id: str, now: datetime) -> bool:
        """Take a journey back; False where there is none, or no longer."""
        known: Any = await self._redis.get(self._journey(journey_id))
        journey = None if known is None else _journey(known)
        if journey is None or journey.expires_at <= now:
            return False
        keys = [self._journey(journey_id), self._bucket(bucket_of(journey.arrives_at))]
        return bool(await run_script(self._cancel, keys, (known, f"{JOURNEYS}:{journey.facility}")))

    async def add_served(self, served: Mapping[tuple[str, int], int], now: datetime) -> None:
        """Count answers by facility and bucket of arrival, all in one call.

        Where only the reply is lost, and it is tried again, they count twice.
        """
        fields = defaultdict[int, list[str | int]](list)
        for (facility_id, bucket), number in served.items():
            fields[bucket] += (f"{SERVED}:{facility_id}", number)
        words: list[str | int] = []
        for bucket, told in fields.items():
            words += (_lasts_ms(bucket, now), len(told) // 2, *told)
        if fields:
            await run_script(self._add, [self._bucket(bucket) for bucket in fields], words)

    async def load(self, now: datetime) -> Held:
        """All that counts at an instant. What cannot be read is reported and left out."""
        buckets = range(bucket_of(now - KEEPS), bucket_of(now + MOST_ETA) + 1)
        keys = [self._learnt, *map(self._bucket, buckets)]
        learnt, *told = await run_script(self._read, keys, ())
        held = Held({}, {}, _learnt(learnt))
        for bucket, fields in zip(buckets, told, strict=True):
            for name, number in zip(fields[::2], fields[1::2], strict=True):
                kind, _, facility_id = name.decode(errors="replace").partition(":")
                counts = {JOURNEYS: held.journeys, SERVED: held.served}.get(kind)
                if counts is None or not number.isdigit():
                    log.warning("bucket %d: %r: %r is no count: left out", bucket, name, number)
                elif int(number):
                    counts.setdefault(facility_id, {})[bucket] = int(number)
        return held

    async def save_learnt(self, learnt: Learnt, lease: Lease) -> None:
        """Keep what the writer learnt. Only the holder of the lease may."""
        await lease.write(("SET", self._learnt, _encode(learnt)))

    @property
    def _learnt(self) -> str:
        return self._prefix + "learnt"

    def _journey(self, journey_id: str) -> str:
        return f"{self._prefix}journey:{journey_id}"

    def _bucket(self, bucket: int) -> str:
        return f"{self._prefix}{bucket}"


async def run_script(
    script: AsyncScript, keys: Sequence[str], words: Iterable[str | int | bytes]
) -> Any:  # noqa: ANN401 - scripts answer anything
    """Run a script that any worker may; raises one of `StoreAway` while Redis cannot."""
    try:
        return await script(keys=keys, args=words)
    except ResponseError as fault:
        raise weather(fault) from fault


def _journey(encoded: bytes) -> Journey | None:
    try:
        return msgspec.json.decode(encoded, type=Journey)
    except msgspec.MsgspecError as fault:
        log.warning("a stored journey cannot be read, so counts as absent: %s", fault)
        return None


def _learnt(encoded: bytes | None) -> Learnt:
    try:
        learnt = Learnt() if encoded is None else msgspec.json.decode(encoded, type=Learnt)
    except msgspec.MsgspecError as fault:
        log.warning("what was learnt of the ledger cannot be read, so counts as absent: %s", fault)
        return Learnt()
    if any(len(rates) != HOURS for rates in learnt.usual.per_minute.values()):
        log.warning("what was learnt of the ledger has not %d hours, so counts as absent", HOURS)
        return Learnt()
    return learnt


def _lasts_ms(bucket: int, now: datetime) -> int:
    """How long a bucket is kept: past the time that its last arrival counts."""
    ends = (bucket + 1) * BUCKET_S - now.timestamp()
    return _milliseconds(timedelta(seconds=ends) + KEEPS + _SPARE)


def _milliseconds(time: timedelta) -> int:
    """At least 1: less would delete what was just written."""
    return max(1, round(time.total_seconds() * 1000))
