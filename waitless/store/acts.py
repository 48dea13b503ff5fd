"""What operators say of facilities and what they did, in Redis (`waitless.store`)."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from redis.asyncio import Redis

from waitless.audit import AuditEntry
from waitless.lease import Command, Lease
from waitless.override import Override
from waitless.store.codec import encode, list_decoded

AUDIT_LENGTH = 10_000
ACTS, SIGN_INS = "audit", "signin:audit"
SAID_LENGTH = 500
"""What operators said of one facility that is kept for its history."""
_audit = msgspec.json.Decoder(AuditEntry)
_override = msgspec.json.Decoder(Override)


class Acts:
    """One area's overrides and audit. Whoever holds the writer's lease writes; anyone may read.

    What writes raises as `Store.save_readings` does.
    """

    def __init__(self, redis: Redis, lease: Lease, prefix: str) -> None:
        """Open nothing; `prefix` begins every key of the area."""
        self._redis = redis
        self._lease = lease
        self._prefix = prefix

    async def add_audit(self, entry: AuditEntry) -> str:
        """Write down what an operator did; gives the entry's id.

        Ten thousand are kept, and as many apart of those about signing in.
        """
        told: bytes = await self._lease.write(self._auditing(entry))
        return told.decode()

    async def save_override(
        self, override: Override, *, lifted: bool, ended: Iterable[str], entry: AuditEntry
    ) -> str:
        """Make an operator's word on a facility the truth, with its audit entry, at once.

        Args:
            override: what is said; where it is lifted, what the history says of it from now on.
            lifted: whether nothing is said any more.
            ended: other facilities whose overrides have ended, to be forgotten.
            entry: the act.

        Returns:
            The id of the entry.
        """
        key, facility_id = self._key("overrides"), override.facility_id
        said = ("MAXLEN", "~", SAID_LENGTH, "*", "override", encode(override))
        standing: Command = ("HDEL", key, facility_id)
        if not lifted:
            standing = ("HSET", key, facility_id, encode(override))
        told: bytes = await self._lease.write(
            *[("HDEL", key, one) for one in ended],
            standing,
            ("XADD", self._key(f"said:{facility_id}"), *said),
            ("INCR", self._key("epoch")),
            ("PUBLISH", self._key("changes"), "overrides"),
            self._auditing(entry),
        )
        return told.decode()

    async def save_overrides(self, overrides: Mapping[str, Override]) -> None:
        """Write what operators say again, where the store has lost it."""
        key = self._key("overrides")
        if overrides:
            fields = [("HSET", key, name, encode(one)) for name, one in overrides.items()]
            await self._lease.write(*fields)

    async def load_overrides(self) -> dict[str, Override]:
        """What operators say of facilities, ended or not; what cannot be read counts as absent."""
        encoded: Any = await self._redis.hgetall(self._key("overrides"))
        return read_overrides(encoded)

    async def load_said(self, facility_id: str) -> list[Override]:
        """What operators said of a facility, oldest first; one that says nothing ends another."""
        entries: Any = await self._redis.xrange(self._key(f"said:{facility_id}"))
        fields = {name: entry[b"override"] for name, entry in entries if b"override" in entry}
        return [one for _, one in list_decoded(fields, _override)]

    async def load_audit(
        self, limit: int, *, sign_ins: bool = False
    ) -> list[tuple[str, AuditEntry]]:
        """The newest entries by id, newest first; about signing in only where that is wanted."""
        found: list[tuple[str, AuditEntry]] = []
        for stream in (ACTS, SIGN_INS) if sign_ins else (ACTS,):
            found += _read_audit(await self._redis.xrevrange(self._key(stream), count=limit))
        found.sort(key=lambda one: [int(part) for part in one[0].split("-")], reverse=True)
        return found[:limit]

    async def load_audit_since(self, entry_id: str) -> list[tuple[str, AuditEntry]]:
        """An entry and all that came after it, oldest first; empty where there is none of that id.

        Ids have the form of a Redis stream's.
        """
        entries = _read_audit(await self._redis.xrange(self._key(ACTS), min=entry_id))
        return entries if entries and entries[0][0] == entry_id else []

    def _auditing(self, entry: AuditEntry) -> Command:
        words = ("MAXLEN", "~", AUDIT_LENGTH, "*", "entry", encode(entry))
        stream = SIGN_INS if entry.action.is_about_signing_in else ACTS
        return ("XADD", self._key(stream), *words)

    def _key(self, name: str) -> str:
        return self._prefix + name


def read_overrides(encoded: Mapping[bytes, bytes]) -> dict[str, Override]:
    """Overrides as they are stored, by facility; what cannot be read counts as absent."""
    return dict(list_decoded(encoded, _override))


def _read_audit(entries: Any) -> list[tuple[str, AuditEntry]]:  # noqa: ANN401 - as Redis tells it
    fields = {name: entry[b"entry"] for name, entry in entries if b"entry" in entry}
    return list(list_decoded(fields, _audit))
