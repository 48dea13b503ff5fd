"""The shelf: where the writer puts travel tables and every answering process finds them.

Keys of an area, beside those of `waitless.store`: `:reach` (hash, mode -> what is current),
`:reach:<mode>:<version>` (list, the pieces of a table) and the channel `:tables`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec
from redis.asyncio import Redis

from routing.modes import Mode
from waitless.lease import Command, Lease
from waitless.store import Changes

log = logging.getLogger(__name__)

PIECE_BYTES = 4 * 1024 * 1024 - 64
"""Redis does one thing at a time: in such pieces a table of hundreds of MB holds nobody up. With
what Redis puts around it a piece fits into 4 MiB; a byte more would take 5."""
SUPERSEDED_FOR_S = 60
"""How long a superseded table can still be fetched by whoever has just read its name."""
UNFINISHED_FOR_S = 3600
"""When the pieces of a table whose writer died half-way are dropped."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is current for one mode."""

    pack: str
    """Version of the roads and facilities that it was made for."""
    frame: str
    """Version of the part that changes only with those."""
    table: str
    """Version of the times."""
    as_of: datetime | None
    """The instant whose traffic and time of day are in it; None where it has neither."""


_entry = msgspec.json.Decoder(Entry)
_encode = msgspec.json.Encoder().encode


class Shelf:
    """One area's travel tables. Whoever holds the writer's lease puts; anyone may fetch."""

    def __init__(self, redis: Redis, area_id: str, lease: Lease | None = None) -> None:
        """Open nothing yet; the arguments are those of `Store`."""
        self._redis = redis
        self._lease = lease or Lease(redis, area_id)
        self._prefix = f"waitless:{{{area_id}}}:"

    async def put(self, mode: Mode, entry: Entry, frame: bytes, table: bytes) -> None:
        """Make a table the current one, all at once; what it replaces goes a minute later.

        Raises:
            StoreAway: what is current has not changed; safe to repeat.
        """
        before = (await self.list_current()).get(mode)
        wanted = {self._key(mode, entry.frame): frame, self._key(mode, entry.table): table}
        for key, content in wanted.items():
            await self._write(key, content)
        commands: list[Command] = [("PERSIST", key) for key in wanted]
        if before is not None:
            old = {self._key(mode, before.frame), self._key(mode, before.table)}
            commands += [("EXPIRE", key, SUPERSEDED_FOR_S) for key in old - wanted.keys()]
        await self._lease.write(
            *commands,
            ("HSET", self._prefix + "reach", mode.value, _encode(entry)),
            ("PUBLISH", self._prefix + "tables", mode.value),
        )

    async def list_current(self) -> Mapping[Mode, Entry]:
        """What is current, by mode; what cannot be read counts as absent."""
        stored: Any = await self._redis.hgetall(self._prefix + "reach")
        current: dict[Mode, Entry] = {}
        for mode, encoded in stored.items():
            try:
                current[Mode(mode.decode())] = _entry.decode(encoded)
            except (ValueError, msgspec.MsgspecError) as fault:
                log.warning("the shelf's entry %r cannot be read: %s", mode, fault)
        return current

    async def fetch(self, mode: Mode, version: str) -> bytes | None:
        """A table or frame by its version; None where it is not there (any more)."""
        key = self._key(mode, version)
        pieces: list[bytes] = []
        while True:
            piece: Any = await self._redis.lindex(key, len(pieces))
            if piece is None:
                # Hundreds of MB: in a thread (the interpreter's lock is let go), so that answers
                # go on.
                return await asyncio.to_thread(b"".join, pieces) or None
            pieces.append(piece)

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[Changes]:
        """Notices of new tables, from the moment the context is entered."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._prefix + "tables")
            yield Changes(pubsub)

    async def _write(self, key: str, content: bytes) -> None:
        """Write a table's pieces, unless they are there: a version names one content."""
        pieces = -(-len(content) // PIECE_BYTES)
        if int(await self._redis.llen(key)) == pieces:
            return
        await self._lease.write(("DEL", key))
        for number in range(pieces):
            piece = content[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]
            await self._lease.write(("RPUSH", key, piece), ("EXPIRE", key, UNFINISHED_FOR_S))

    def _key(self, mode: Mode, version: str) -> str:
        return f"{self._prefix}reach:{mode.value}:{version}"
