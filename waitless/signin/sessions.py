"""Sessions in Redis: who is signed in, since when, and until when.

Key, beside those of `waitless.store`: `:signin:sessions` (hash: SHA-256 of a session's id to
`Session`). The id itself, 256 random bits, is in the browser's cookie and nowhere else.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from waitless.keys import Holder, How, Role
from waitless.redis_link import weather
from waitless.store.codec import encode, list_decoded

ID_BYTES = 32
SEEN_EVERY = timedelta(seconds=30)
"""How exactly it is known when a session was last used: not every request is a write."""
_TOUCH = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
"""
"""One that was ended meanwhile stays ended."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One browser that is signed in."""

    name: str
    role: Role
    how: How
    subject: str
    """The account's name, or the provider's `sub`: whose session it is."""
    stamp: str
    """What it stands on: of an account its password, of OpenID Connect the issuer."""
    begun_at: datetime
    seen_at: datetime

    @property
    def holder(self) -> Holder:
        """Whose acts are done in it."""
        return Holder(self.name, self.role, self.how)

    def is_same_person(self, other: "Session") -> bool:
        """Whether both are of one person."""
        return (self.how, self.subject) == (other.how, other.subject)


_decoder = msgspec.json.Decoder(Session)


class Sessions:
    """Every session of an area. Every call raises one of `StoreAway` while Redis is away."""

    def __init__(
        self,
        redis: Redis,
        area_id: str,
        *,
        idle: timedelta,
        longest: timedelta,
        role_now: Callable[[Session], Role | None],
        now: Callable[[], datetime],
    ) -> None:
        """Open nothing yet.

        Args:
            redis: the client; closed by whoever opened it.
            area_id: names the key.
            idle: how long a session lasts without a request.
            longest: how long it lasts at all.
            role_now: what a session may do as settings are now; None ends it.
            now: the clock.
        """
        self._redis = redis
        self._key = f"waitless:{{{area_id}}}:signin:sessions"
        self._touch = redis.register_script(_TOUCH)
        self._idle = idle
        self._longest = longest
        self._role_now = role_now
        self._now = now

    async def begin(self, session: Session, *, instead_of: str | None = None) -> str:
        """Begin a session under a new id, which is told this once.

        Args:
            session: whose it is.
            instead_of: the id of the session that the browser had until now; it ends.
        """
        await self._weed()
        if instead_of is not None:
            await self.end(name_of(instead_of))
        session_id = secrets.token_urlsafe(ID_BYTES)
        await self._redis.hset(self._key, name_of(session_id), encode(session))
        return session_id

    async def find(self, session_id: str) -> Session | None:
        """The session with that id, with the role it has now; None where there is none (now)."""
        name, now = name_of(session_id), self._now()
        known = await self._load(name)
        found = None if known is None else self._living(known)
        if found is None:
            return None
        if now - found.seen_at >= SEEN_EVERY:
            found = msgspec.structs.replace(found, seen_at=now)
            try:
                await self._touch(keys=[self._key], args=[name, encode(found)])
            except ResponseError as fault:
                raise weather(fault) from fault
        return found

    async def list_all(self) -> dict[str, Session]:
        """Every session by its name (of which no id can be made), the newest first."""
        known = {
            name: session
            for name, session in await self._load_all()
            if self._living(session) is not None
        }
        return dict(sorted(known.items(), key=lambda one: one[1].begun_at, reverse=True))

    async def end(self, name: str) -> Session | None:
        """End the session of that name; gives what it was, None where there was none."""
        known = await self._load(name)
        # Where two end it at once, one of them did.
        return known if await self._redis.hdel(self._key, name) else None

    async def _weed(self) -> None:
        over = [name for name, one in await self._load_all() if self._living(one) is None]
        if over:
            await self._redis.hdel(self._key, *over)

    async def _load(self, name: str) -> Session | None:
        encoded: Any = await self._redis.hget(self._key, name)
        if encoded is None:
            return None
        return dict(list_decoded({name.encode(): encoded}, _decoder)).get(name)

    async def _load_all(self) -> list[tuple[str, Session]]:
        encoded: Any = await self._redis.hgetall(self._key)
        return list(list_decoded(encoded, _decoder))

    def _living(self, session: Session) -> Session | None:
        """The session with its role of now; None where it is over."""
        now = self._now()
        if now - session.seen_at >= self._idle or now - session.begun_at >= self._longest:
            return None
        role = self._role_now(session)
        return None if role is None else msgspec.structs.replace(session, role=role)


def name_of(session_id: str) -> str:
    """What Redis knows a session by; the id has 256 random bits, so one round is enough."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogateescape")).hexdigest()


def csrf_token_of(session_id: str) -> str:
    """What a form of the session's own pages is sent with: nobody else can make it."""
    key = session_id.encode("utf-8", "surrogateescape")
    return hmac.new(key, b"waitless csrf", hashlib.sha256).hexdigest()


def is_csrf_token(token: str, session_id: str) -> bool:
    """Whether it is that session's, compared in constant time."""
    sent = token.encode("utf-8", "surrogateescape")
    return hmac.compare_digest(sent, csrf_token_of(session_id).encode())
