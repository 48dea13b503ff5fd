"""The shelf of trip updates: where the writer puts what is told, and answering processes find it.

Keys of an area, beside those of `waitless.travel.shelf`: `:trips` (hash, source -> token of what
it tells) and `:trips:<source>` (string, what it tells, MessagePack); notices on the channel
`:tables`.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
from redis.asyncio import Redis

from routing.transit.changes import TripChange
from waitless.lease import Command, Lease
from waitless.store import Changes

log = logging.getLogger(__name__)

KEPT_S = 3600
"""Nothing is told for longer than an hour (`valid_s` of a definition)."""


class Telling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that one source tells. Times are aware UTC."""

    as_of: datetime
    """When the source made it."""
    until: datetime
    """When it lapses: from then on trips run as planned."""
    changes: tuple[TripChange, ...]


_telling = msgspec.msgpack.Decoder(Telling)
_encode = msgspec.msgpack.Encoder().encode


class TripShelf:
    """One area's trip updates. Whoever holds the writer's lease puts; anyone may fetch."""

    def __init__(self, redis: Redis, area_id: str, lease: Lease | None = None) -> None:
        """Open nothing yet; the arguments are those of `Store`."""
        self._redis = redis
        self._lease = lease or Lease(redis, area_id)
        self._prefix = f"waitless:{{{area_id}}}:"

    async def put(self, told: Mapping[str, Telling]) -> None:
        """Make this all that is told, at once.

        Raises:
            StoreAway: nothing has changed; safe to repeat.
        """
        key = self._prefix + "trips"
        commands: list[Command] = [("DEL", key)]
        for source, telling in told.items():
            body = _encode(telling)
            commands += [
                ("SET", f"{key}:{source}", body, "EX", KEPT_S),
                ("HSET", key, source, sha256(body).hexdigest()),
                ("EXPIRE", key, KEPT_S),
            ]
        await self._lease.write(*commands, ("PUBLISH", self._prefix + "tables", "trips"))

    async def is_empty(self) -> bool:
        """Whether nothing is told, or it was lost."""
        return not await self._redis.exists(self._prefix + "trips")

    async def list_tokens(self) -> Mapping[str, bytes]:
        """By source, what changes whenever it tells something else."""
        stored: Any = await self._redis.hgetall(self._prefix + "trips")
        return {source.decode(errors="replace"): token for source, token in stored.items()}

    async def find(self, source: str) -> Telling | None:
        """What a source tells; None where it is not there (any more), or cannot be read."""
        body: Any = await self._redis.get(f"{self._prefix}trips:{source}")
        if body is None:
            return None
        try:
            return _telling.decode(body)
        except msgspec.MsgspecError as fault:
            log.warning("what %r tells of trips cannot be read, so is absent: %s", source, fault)
            return None

    @asynccontextmanager
    async def notices(self) -> AsyncIterator[Changes]:
        """Notices that something else is told, from the moment the context is entered."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._prefix + "tables")
            yield Changes(pubsub)
