"""Lockout: how often somebody may fail to sign in, by account and by address.

Counted in Redis, so that a standby that takes over knows. A try is counted before the password is
looked at and taken back where it was right, so that many at once gain nothing. Names that nobody
has are counted like others: being locked out says nothing about who has an account.

Keys, beside those of `waitless.store`: `:signin:secret` (what names and addresses are hashed
with; a day) and `:signin:failures:<keyed hash>` (hash: `failed`, `until`; an hour from the last).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from waitless.limits import client_of
from waitless.redis_link import weather
from waitless.signin.refusal import SignInRefused, Why

ACCOUNT_MAY_FAIL, ADDRESS_MAY_FAIL = 5, 20
"""Failures before the first delay; an address may be that of a whole hospital."""
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
"""Each failure after that doubles the delay, up to this: who knows a name can lock its owner out,
so not for longer."""
FORGOTTEN_AFTER = timedelta(hours=1)
"""From the last failure."""
SECRET_FOR = timedelta(days=1)

_ADMIT = """
local now, forget = tonumber(ARGV[1]), tonumber(ARGV[2])
local first, longest = tonumber(ARGV[3]), tonumber(ARGV[4])
local left = 0
for _, key in ipairs(KEYS) do
  left = math.max(left, tonumber(redis.call('HGET', key, 'until') or now) - now)
end
if left > 0 then return {left} end
local told = {0}
for at, key in ipairs(KEYS) do
  local over = redis.call('HINCRBY', key, 'failed', 1) - ARGV[4 + at]
  local delay = 0
  if over >= 0 then delay = math.min(first * 2 ^ math.min(over, 30), longest) end
  redis.call('HSET', key, 'until', string.format('%.0f', now + delay))
  redis.call('PEXPIRE', key, forget)
  told[at + 1] = delay
end
return told
"""
"""Tells how long (ms) until a try is admitted; where it is, 0 and the delay that its failing
would make for each key."""
_FORGIVE = """
redis.call('DEL', KEYS[1])
if redis.call('HINCRBY', KEYS[2], 'failed', -1) <= 0 then redis.call('DEL', KEYS[2])
else redis.call('HDEL', KEYS[2], 'until') end
"""
"""The account's failures are forgotten, the address's are not: an account of one's own would open
an address again for guessing at others'."""


@dataclass(frozen=True, slots=True)
class Try:
    """An admitted try, counted as failed until it is forgiven. A delay of 0 locks nobody out."""

    account_delay: timedelta
    address_delay: timedelta
    keys: Sequence[str]


class Lockout:
    """Admits tries. Every call raises one of `StoreAway` while Redis is away."""

    def __init__(self, redis: Redis, area_id: str) -> None:
        self._redis = redis
        self._prefix = f"waitless:{{{area_id}}}:signin:"
        self._admit = redis.register_script(_ADMIT)
        self._forgive = redis.register_script(_FORGIVE)

    async def admit(self, name: str, address: str, now: datetime) -> Try:
        """Count a try.

        Raises:
            SignInRefused: the account or the address is locked out; nothing is counted then.
        """
        secret = await self._load_secret()
        who = (("account", name), ("address", client_of(address)))
        keys = [f"{self._prefix}failures:{_digest(secret, kind, value)}" for kind, value in who]
        words = _words(now, ACCOUNT_MAY_FAIL, ADDRESS_MAY_FAIL)
        left_ms, *delays_ms = await self._run(self._admit, keys, words)
        if left_ms > 0:
            raise SignInRefused(Why.LOCKED_OUT, again_in_s=-(-left_ms // 1000))
        account, address_delay = (timedelta(milliseconds=one) for one in delays_ms)
        return Try(account, address_delay, keys)

    async def forgive(self, admitted: Try) -> None:
        """The password was right."""
        await self._run(self._forgive, admitted.keys, ())

    async def is_worth_a_line(self, address: str, now: datetime) -> bool:
        """Count a failure that locks nobody out; whether its address had few enough of them lately.

        For what a stranger can make fail as often as he likes: written down each time it would
        drive out of the audit what others did.
        """
        secret = await self._load_secret()
        keys = [f"{self._prefix}failures:{_digest(secret, 'stray', client_of(address))}"]
        left_ms, *_ = await self._run(self._admit, keys, _words(now, ADDRESS_MAY_FAIL))
        return bool(left_ms == 0)

    async def _load_secret(self) -> bytes:
        key = self._prefix + "secret"
        known: Any = await self._redis.get(key)
        if known is None:
            await self._redis.set(key, secrets.token_hex(16), ex=SECRET_FOR, nx=True)
            known = await self._redis.get(key)
        return bytes(known or b"")

    async def _run(self, script: Any, keys: Sequence[str], words: Sequence[int]) -> Any:  # noqa: ANN401
        try:
            return await script(keys=keys, args=words)
        except ResponseError as fault:
            raise weather(fault) from fault


def _words(now: datetime, *may_fail: int) -> tuple[int, ...]:
    """The arguments of `_ADMIT`, with how often each key may fail."""
    times = (FORGOTTEN_AFTER, FIRST_DELAY, LONGEST_DELAY)
    return round(now.timestamp() * 1000), *map(_ms, times), *may_fail


def _digest(secret: bytes, kind: str, value: str) -> str:
    text = f"{kind} {value}".encode("utf-8", "surrogateescape")
    return blake2b(text, key=secret, digest_size=16).hexdigest()


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
