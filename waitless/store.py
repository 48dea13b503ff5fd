"""The store: Redis as the shared truth. Key names, encodings and their errors live here.

Keys of an area share one hash tag, so that a Redis cluster keeps them together:
`waitless:{east-kent}:latest` (hash, facility -> reading), `:history:<facility>` (capped stream),
`:feeds` (hash, feed -> health), `:pulse` (the writer's last sign of life), `:belief` (hash, what
belief remembers), `:traffic` (hash, source -> what it said of the roads), `:watch` (what alerts
were raised), `:audit` (capped stream), `:epoch` (counter) and the channel `:changes`. Every write
begins by asking whether this process holds the writer's lease (`waitless.lease`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Self, TypeVar

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from waitless.audit import AuditEntry
from waitless.belief.state import BeliefState, FacilityState
from waitless.belief.state import FeedState as FeedBelief
from waitless.health import FeedHealth, WatchMemory
from waitless.lease import GUARD, Command, Lease
from waitless.pulse import Pulse
from waitless.reading import Reading
from waitless.traffic.picture import SourcePicture

log = logging.getLogger(__name__)

T = TypeVar("T")

HISTORY_LENGTH = 2016
"""Readings kept per facility: a week at one in five minutes."""
HISTORY_PAGE = 200
AUDIT_LENGTH = 10_000

_reading = msgspec.json.Decoder(Reading)
_health = msgspec.json.Decoder(FeedHealth)
_pulse = msgspec.json.Decoder(Pulse)
_watch = msgspec.json.Decoder(WatchMemory)
_audit = msgspec.json.Decoder(AuditEntry)
_traffic = msgspec.json.Decoder(SourcePicture)
_facility_belief = msgspec.json.Decoder(FacilityState)
_feed_belief = msgspec.json.Decoder(FeedBelief)
_encode = msgspec.json.Encoder().encode

_SAVE = (
    GUARD
    + """
for at = 5, #KEYS do
  local facility, id, reading = unpack(ARGV, 3 * at - 11, 3 * at - 9)
  local told = redis.pcall('XADD', KEYS[at], 'MAXLEN', '~', ARGV[3], id, 'reading', reading)
  if told.err and not string.find(told.err, 'equal or smaller') then return told end
  redis.call('HSET', KEYS[2], facility, reading)
end
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[3], ARGV[2]) end
redis.call('PUBLISH', KEYS[4], 'readings')
return redis.call('INCR', KEYS[3])
"""
)
"""What `save_readings` does. A script, for a transaction of as many commands costs our side three
times as much: it has to read an answer to each of them."""


class Store:
    """One area's shared truth. Whoever holds the writer's lease writes; anyone may read.

    Every `save_` and `add_audit` raises one of `StoreAway` where the store cannot be written to
    just now, or the lease is another's; then nothing has changed.
    """

    def __init__(self, redis: Redis, area_id: str, lease: Lease | None = None) -> None:
        """Open nothing yet.

        Args:
            redis: the client; closed with this store.
            area_id: whose truth it is.
            lease: this process's claim to write; None for who only reads, or writes where nobody
                holds the lease.
        """
        self._redis = redis
        self._lease = lease or Lease(redis, area_id)
        self._prefix = f"waitless:{{{area_id}}}:"
        self._save = redis.register_script(_SAVE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()

    async def ping(self) -> None:
        """Raises one of `StoreAway` where Redis does not answer."""
        await self._redis.ping()

    async def load_epoch(self) -> int:
        """The epoch that the store is at; 0 where it holds nothing."""
        return int(await self._redis.get(self._key("epoch")) or 0)

    async def save_readings(self, readings: Sequence[Reading], *, after: int = 0) -> int:
        """Make new readings the truth, all at once; gives the new epoch.

        Args:
            readings: what is believed now.
            after: the new epoch is above this one, whatever the store remembers. 0 goes on from
                where the store is.

        Safe to repeat after a connection that died before its reply: the same reading is set
        again, and its place in the history is its own measurement time, taken only once.
        """
        keys = [self._lease.key, *map(self._key, ("latest", "epoch", "changes"))]
        arguments: list[str | int | bytes] = [self._lease.token, after, HISTORY_LENGTH]
        for reading in readings:
            keys.append(self._key(f"history:{reading.facility_id}"))
            entry_id = f"{int(reading.as_of.timestamp() * 1000)}-0"
            arguments += (reading.facility_id, entry_id, _encode(reading))
        return int(await self._lease.run(self._save, keys, arguments))

    async def load_readings(self) -> tuple[int, dict[str, Reading]]:
        """The epoch and the readings that belong to it. What cannot be read counts as absent."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.get(self._key("epoch"))
            pipe.hgetall(self._key("latest"))
            epoch, latest = await pipe.execute()
        return int(epoch or 0), dict(_decoded(latest, _reading))

    async def load_history(self, facility_id: str, since: datetime) -> AsyncIterator[list[Reading]]:
        """A facility's readings measured since an instant, oldest first, a page at a time.

        A week of them decoded at once would hold up the loop for longer than ten answers take.
        """
        key, first = self._key(f"history:{facility_id}"), str(int(since.timestamp() * 1000))
        while True:
            entries: Any = await self._redis.xrange(key, min=first, count=HISTORY_PAGE)
            fields = {name: entry[b"reading"] for name, entry in entries if b"reading" in entry}
            yield [reading for _, reading in _decoded(fields, _reading)]
            if len(entries) < HISTORY_PAGE:
                return
            first = "(" + entries[-1][0].decode()

    async def save_health(self, feeds: Iterable[FeedHealth], pulse: Pulse) -> None:
        """Make feeds' health known to every reader; feeds no longer among them are forgotten."""
        key = self._key("feeds")
        await self._lease.write(
            ("SET", self._key("pulse"), _encode(pulse)),
            ("DEL", key),
            *[("HSET", key, health.id, _encode(health)) for health in feeds],
            ("PUBLISH", self._key("changes"), "feeds"),
        )

    async def load_health(self) -> dict[str, FeedHealth]:
        """Every feed's health as the ingest process last told it."""
        encoded: Any = await self._redis.hgetall(self._key("feeds"))
        return dict(_decoded(encoded, _health))

    async def load_pulse(self) -> Pulse | None:
        """The writer's last sign of life; None where there never was one."""
        encoded: Any = await self._redis.get(self._key("pulse"))
        return dict(_decoded({b"pulse": encoded}, _pulse)).get("pulse") if encoded else None

    async def save_belief(
        self, state: BeliefState, facilities: Iterable[str], feeds: Iterable[str]
    ) -> None:
        """Keep what belief remembers of the facilities and feeds named."""
        known: list[tuple[str, FacilityState | FeedBelief]] = [
            *(
                (f"facility:{one}", state.facilities[one])
                for one in facilities
                if one in state.facilities
            ),
            *((f"feed:{one}", state.feeds[one]) for one in feeds if one in state.feeds),
        ]
        await self._set("belief", {name: _encode(one) for name, one in known})

    async def load_belief(self) -> BeliefState:
        """What belief remembered; what cannot be read is forgotten."""
        encoded: Any = await self._redis.hgetall(self._key("belief"))

        def of(kind: bytes) -> dict[bytes, bytes]:
            return {
                name.removeprefix(kind): value
                for name, value in encoded.items()
                if name.startswith(kind)
            }

        return BeliefState(
            facilities=dict(_decoded(of(b"facility:"), _facility_belief)),
            feeds=dict(_decoded(of(b"feed:"), _feed_belief)),
        )

    async def save_traffic(self, picture: Mapping[str, SourcePicture]) -> None:
        """Keep what these sources said of the roads."""
        await self._set("traffic", {feed_id: _encode(one) for feed_id, one in picture.items()})

    async def load_traffic(self) -> dict[str, SourcePicture]:
        """What every source said; what cannot be read is forgotten."""
        encoded: Any = await self._redis.hgetall(self._key("traffic"))
        return dict(_decoded(encoded, _traffic))

    async def save_watch(self, memory: WatchMemory) -> None:
        """Keep what was last known, and told, of every feed and facility."""
        await self._lease.write(("SET", self._key("watch"), _encode(memory)))

    async def load_watch(self) -> WatchMemory | None:
        """The same; None where nothing was kept."""
        encoded: Any = await self._redis.get(self._key("watch"))
        return dict(_decoded({b"watch": encoded}, _watch)).get("watch") if encoded else None

    async def add_audit(self, entry: AuditEntry) -> None:
        """Write down what an operator did; the newest ten thousand are kept."""
        words = ("MAXLEN", "~", AUDIT_LENGTH, "*", "entry", _encode(entry))
        await self._lease.write(("XADD", self._key("audit"), *words))

    async def load_audit(self, limit: int) -> list[AuditEntry]:
        """The newest entries, newest first."""
        entries: Any = await self._redis.xrevrange(self._key("audit"), count=limit)
        fields = {name: entry[b"entry"] for name, entry in entries if b"entry" in entry}
        return [entry for _, entry in _decoded(fields, _audit)]

    @asynccontextmanager
    async def changes(self) -> AsyncIterator["Changes"]:
        """Notices of change, from the moment the context is entered."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._key("changes"))
            yield Changes(pubsub)

    async def _set(self, name: str, fields: Mapping[str, bytes]) -> None:
        key = self._key(name)
        commands: list[Command] = [("HSET", key, field, value) for field, value in fields.items()]
        if commands:
            await self._lease.write(*commands)

    def _key(self, name: str) -> str:
        return self._prefix + name


class Changes:
    """A subscription to an area's change notices."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub

    async def wait(self, timeout_s: float) -> bool:
        """Whether a notice came within that time; notices that came together count as one."""
        first = await self._pubsub.get_message(timeout=timeout_s)
        if first is None:
            return False
        await asyncio.sleep(0)
        while await self._pubsub.get_message(timeout=0) is not None:
            pass
        return True


def _decoded(
    encoded: Mapping[bytes, bytes], decoder: msgspec.json.Decoder[T]
) -> Iterable[tuple[str, T]]:
    for name, value in encoded.items():
        try:
            yield name.decode(), decoder.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            log.warning("stored value of %r cannot be read, so counts as absent: %s", name, fault)
