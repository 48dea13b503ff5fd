"""Rate limits: a bucket per client, shared by all workers through Redis, never asked on the way.

A bucket is one instant: when all that its client was given will have been paid back at `rate`
(the theoretical arrival time of the generic cell rate algorithm, ITU-T I.371). A worker judges by
its own copy of the bucket and every `SYNC_S` adds what it gave to the shared one, which holds
every worker's. So a client gets at most `rate * T + workers * burst` requests in any T seconds,
plus what fits in a `SYNC_S`: a worker's copy is behind by what others gave since its last sync,
and what was given too much is a debt in the shared bucket, which is paid back first.

While Redis is away every worker goes on by its own copies.
"""

import asyncio
import logging
import secrets
import socket
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from waitless.redis_link import StoreAway, weather

log = logging.getLogger(__name__)

SYNC_S = 0.1
BATCH = 100
"""Clients in one script: Redis does one thing at a time, and these take it some 0.4 ms."""
MOST_CLIENTS = 100_000
"""Buckets in a worker; the oldest makes room, so a flood of addresses costs memory once."""
FORGET_S = 1.0
"""How often buckets that are full again are dropped, and with them who they were for."""
SECRET_FOR_S = 86_400
"""Clients' digests change this often; it makes them as good as new."""
_V4_IN_V6 = bytes(10) + b"\xff\xff"
_NETWORK_BYTES = 8

_SYNC = """
local secret = redis.call('GET', KEYS[1])
if not secret then
  secret = ARGV[2]
  redis.call('SET', KEYS[1], secret, 'EX', ARGV[3])
end
if secret ~= ARGV[1] then return secret end
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local debts = {}
for at = 2, #KEYS do
  local paid = math.max(tonumber(redis.call('GET', KEYS[at]) or now), now) + ARGV[at + 2]
  redis.call('SET', KEYS[at], string.format('%.3f', paid), 'PX', math.max(1, math.ceil(paid - now)))
  debts[at - 1] = string.format('%.3f', paid - now)
end
return debts
"""
"""Add what was given (ms of debt) to shared buckets; tells each one's debt, or, where it is not
the one that was used, the secret that digests are to be made with. By Redis's clock, so that
workers' need not agree."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What becomes of a request."""

    admitted: bool
    remaining: int
    """Requests the client could make at once now."""
    reset_s: int
    """Seconds until the bucket is full again."""
    retry_after_s: int
    """Seconds until the next request is admitted; 0 where this one is."""


@dataclass(slots=True)
class _Bucket:
    paid_at: float
    """When all that was given is paid back, by our clock."""
    given: int = 0
    """Requests admitted that the shared bucket does not know of."""


class Limiter:
    """One worker's part of the rate limit."""

    def __init__(
        self,
        redis: Redis,
        area_id: str,
        *,
        rate: float,
        burst: int,
        clock: Callable[[], float],
        on_sync: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Nothing given yet.

        Args:
            redis: where buckets are shared.
            area_id: names the keys.
            rate: requests a second that a client can make for good.
            burst: requests that it can make at once.
            clock: monotonic seconds.
            on_sync: told of every sync, whether it worked.
        """
        self.rate = rate
        self.burst = burst
        self._cost_s = 1 / rate
        self._most_s = burst / rate
        self._redis = redis
        self._prefix = f"waitless:{{{area_id}}}:limits:"
        self._sync = redis.register_script(_SYNC)
        self._secret = secrets.token_hex(16)
        self._clock = clock
        self._on_sync = on_sync
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._changed: dict[str, _Bucket] = {}
        self._shared = True
        on_sync(True)

    def admit(self, peer: str) -> Verdict:
        """Judge one request, and count it where it is admitted. Never waits.

        Args:
            peer: an IP address, or any other name of a client. Addresses of one IPv6 network of
                64 bits are one client.
        """
        now = self._clock()
        client = client_of(peer)
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._make_bucket(client, now)
        paid_at = max(now, bucket.paid_at) + self._cost_s
        over_s = paid_at - now - self._most_s
        # A part in a million of a request, for sums of fractions.
        if over_s > self._cost_s * 1e-6:
            owed_s = paid_at - self._cost_s - now
            return Verdict(False, 0, _up(owed_s), _up(over_s))
        bucket.paid_at = paid_at
        bucket.given += 1
        self._changed[client] = bucket
        return Verdict(True, int(-over_s * self.rate + 1e-6), _up(paid_at - now), 0)

    async def run(self) -> None:
        """Share what was given, every `SYNC_S`, until cancelled."""
        forgot_at = self._clock()
        while True:
            await asyncio.sleep(SYNC_S)
            with suppress(*StoreAway):
                await self.share()
            if self._clock() - forgot_at >= FORGET_S:
                forgot_at = self._clock()
                self._forget(forgot_at)

    async def share(self) -> None:
        """Add what was given to the shared buckets, and take over what others gave.

        Raises:
            StoreAway: what was not shared is kept for the next time. Where only the reply was
                lost it counts twice.
        """
        changed, self._changed = list(self._changed.items()), {}
        for start in range(0, len(changed), BATCH):
            try:
                await self._share(changed[start : start + BATCH])
            except StoreAway as fault:
                self._changed = dict(changed[start:]) | self._changed
                self._note(str(fault))
                raise
        if changed:
            self._note(None)

    async def _share(self, changed: Sequence[tuple[str, _Bucket]]) -> None:
        given = [bucket.given for _, bucket in changed]
        now = self._clock()
        debts_s = [number * self._cost_s for number in given]
        if not self._shared:  # after an outage, what was paid back meanwhile is no debt
            owed_s = (max(bucket.paid_at - now, 0.0) for _, bucket in changed)
            debts_s = [min(pair) for pair in zip(debts_s, owed_s, strict=True)]
        told: Any = b""
        while isinstance(told, bytes):
            self._secret = told.decode() or self._secret
            told = await self._add([client for client, _ in changed], debts_s)
        now = self._clock()
        for (_, bucket), number, debt_ms in zip(changed, given, told, strict=True):
            bucket.given -= number
            bucket.paid_at = now + float(debt_ms) / 1000 + bucket.given * self._cost_s

    async def _add(self, clients: Sequence[str], debts_s: Sequence[float]) -> list[bytes] | bytes:
        """What the script tells: every client's debt in ms, or the secret to be used."""
        secret = self._secret.encode()
        digests = (blake2b(one.encode(), key=secret, digest_size=16).hexdigest() for one in clients)
        keys = [self._prefix + name for name in ("secret", *digests)]
        fresh = secrets.token_hex(16)
        arguments: list[str | float] = [self._secret, fresh, SECRET_FOR_S]
        arguments.extend(one * 1000 for one in debts_s)
        try:
            told: Any = await self._sync(keys=keys, args=arguments)
        except ResponseError as fault:
            raise weather(fault) from fault
        return cast("list[bytes] | bytes", told)

    def _make_bucket(self, client: str, now: float) -> _Bucket:
        if len(self._buckets) >= MOST_CLIENTS:
            oldest, _ = self._buckets.popitem(last=False)
            self._changed.pop(oldest, None)
        bucket = self._buckets[client] = _Bucket(now)
        return bucket

    def _forget(self, now: float) -> None:
        """Drop buckets that are full again, by our own copy: they say nothing."""
        full = [client for client, bucket in self._buckets.items() if bucket.paid_at <= now]
        for client in full:
            del self._buckets[client]
            self._changed.pop(client, None)

    def _note(self, fault: str | None) -> None:
        shared = fault is None
        if shared != self._shared:
            if shared:
                log.info("rate limits are shared again")
            else:
                log.warning("store away (%s): every worker limits rates by itself", fault)
        self._shared = shared
        self._on_sync(shared)


def client_of(peer: str) -> str:
    """Whom an address counts for: itself, of IPv6 its network of 64 bits."""
    return peer if ":" not in peer else _network_of(peer)


def _network_of(address: str) -> str:
    """An IPv6 address's network of 64 bits, as text; the IPv4 address that is mapped into one.

    What is no address is taken as it is.
    """
    try:
        packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    except OSError:
        return address
    if packed.startswith(_V4_IN_V6):
        return socket.inet_ntoa(packed[len(_V4_IN_V6) :])
    return packed[:_NETWORK_BYTES].hex()


def _up(seconds: float) -> int:
    return int(-(-seconds // 1))
