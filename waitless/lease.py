"""The writer's lease: who may write an area's truth, and a store that takes it from nobody else.

Key of an area, beside those of `waitless.store`: `:writer` (hash: `token`, to whom the lease was
granted last, `until`, in milliseconds of Redis's own clock, and `leaving`, 1 where that process is
about to end). It never expires, so that a writer that lost its lease while it was stopped is
refused for as long as anybody remembers, and so that no eviction takes it. docs/decisions/0012
says why a token and not a number.
"""

import asyncio
import logging
import math
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError

from waitless.redis_link import StoreAway, weather

log = logging.getLogger(__name__)

LASTS_S = 3.0
RENEW_EVERY_S = 0.75
ASK_EVERY_S = 0.25
"""A killed writer's lease lapses at most 3 s later; a standby asks for it four times a second."""

GUARD = """
if (redis.call('HGET', KEYS[1], 'token') or '') ~= ARGV[1] then
  return redis.error_reply('FENCED this process does not hold the lease of the writer')
end
"""
"""Begins every script that writes: KEYS[1] is the lease, ARGV[1] the writer's token."""

_WRITE = (
    GUARD
    + """
local at, told = 2, false
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  told = redis.call(unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
return told
"""
)
_GRANT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lasts, how = tonumber(ARGV[2]), ARGV[3]
local token, ends = unpack(redis.call('HMGET', KEYS[1], 'token', 'until'))
if how == 'look' and not token then return {now, 0, 0, 0} end
if token and token ~= ARGV[1] then
  local left = tonumber(ends) - now
  local lives = left > 0 and left <= lasts
  if how ~= 'take' or lives then
    local shown = redis.call('HGET', KEYS[1], 'leaving') == '1' and 0 or tonumber(ends)
    return {now, shown, lives and 1 or 0, 1}
  end
end
if how == 'take' and token ~= ARGV[1] and now - tonumber(ARGV[4]) > lasts / 6 then
  return {now, 0, 1, 1}
end
local leaving = how == 'leave' and 1 or 0
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'until', now + lasts, 'leaving', leaving)
return {now, -1, 0, 1}
"""
"""Tells Redis's time; -1 where it is granted, else until when another has it, 0 where that one is
about to end or it is anybody's; whether that other may live; whether it was ever granted. A
lease that has lapsed is granted to the first who takes it, but renewed to whom it was granted last.
Who takes it says when it was seen to have lapsed: what a hung Redis finds in its sockets when it
goes on is too old, unless it only repeats itself. More time left than a lease lasts means that
Redis's clock was set back: that counts for nothing."""
_RELEASE = GUARD + "redis.call('HSET', KEYS[1], 'until', 0)"

Command = Sequence[str | int | bytes]


class LeaseLost(Exception):
    """Another process writes now; what this one remembers is out of date."""


class _Told(NamedTuple):
    """What `_GRANT` tells."""

    now_ms: int
    until_ms: int
    lives: int
    known: int

    @property
    def granted(self) -> bool:
        return self.until_ms < 0


class Lease:
    """One process's claim to be the area's writer.

    Before it is granted, `write` and every script that begins with `GUARD` succeed only in an
    area whose lease was never granted to anybody.
    """

    def __init__(self, redis: Redis, area_id: str) -> None:
        self.key = f"waitless:{{{area_id}}}:writer"
        self.token = ""
        self._grant = redis.register_script(_GRANT)
        self._release = redis.register_script(_RELEASE)
        self._write = redis.register_script(_WRITE)
        self._granted = False
        self._leaving = False
        self._refusals = 0
        self._rival_until = 0
        self._away = False
        self._blank = False
        self._back_at = -math.inf

    @property
    def held(self) -> bool:
        """Whether it has been granted to us; the store alone knows whether it still is."""
        return self._granted

    async def is_granted_within(self, seconds: float) -> bool:
        """Whether it is granted to us within a time, while somebody else asks for it (`win`).

        False as soon as another process is seen to renew it meanwhile, which is not about to end:
        that one lives. What it renewed before may be the lease of one that has just died.
        """
        loop = asyncio.get_running_loop()
        deadline, refusals, until = loop.time() + seconds, self._refusals, None
        while not self._granted:
            if until is None and self._refusals > refusals:
                until = self._rival_until
            renewed = until is not None and self._rival_until > until
            if renewed or loop.time() >= deadline:
                return False
            await asyncio.sleep(ASK_EVERY_S / 5)
        return True

    def leave(self) -> None:
        """Let a standby know that this process is about to end; until then it writes on."""
        self._leaving = True

    async def win(self) -> None:
        """Ask until it is granted, while the store is away or another process holds it."""
        while True:
            if self.held or await self.ask():
                return
            await asyncio.sleep(ASK_EVERY_S)

    async def ask(self) -> bool:
        """Ask once; whether it has been granted."""
        token = secrets.token_hex(16)
        try:
            told = await self._ask(token, "look")
            gives_way = self._gives_way(told)
            if not told.lives and not gives_way:
                told = await self._ask(token, "take", told.now_ms)
        except StoreAway as fault:
            log.debug("store away (%s): nobody can become the writer", fault)
            self._away = True
            return False
        if not told.granted:
            self._refusals += 1
            self._rival_until = told.until_ms
            return False
        self.token = token
        self._granted = True
        log.info("this process is the writer now")
        return True

    def _gives_way(self, told: _Told) -> bool:
        """Whether one who writes may live, and could not renew its lease: let it do so first.

        So it is for a lease's length after the store was away, or has forgotten a lease that we saw
        in it. That process knows what a store that comes back may have lost.
        """
        now, blank = asyncio.get_running_loop().time(), not told.known
        if self._away or (blank and not self._blank and self._refusals):
            self._back_at = now
        self._away, self._blank = False, blank
        return now < self._back_at + LASTS_S

    async def keep(self) -> None:
        """Renew it until cancelled. A store that lost everything grants it anew.

        Raises:
            LeaseLost: it has been granted to another process.
        """
        away = False
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                told = await self._ask(self.token, "leave" if self._leaving else "renew")
                if not told.granted:
                    self._granted = False
                    raise LeaseLost("another process has become the writer")
                away = False
            except StoreAway as fault:
                level = logging.DEBUG if away else logging.WARNING
                log.log(level, "store away (%s): the writer's lease is not renewed", fault)
                away = True

    async def release(self) -> None:
        """Let another process have it at once; nothing may be written after that."""
        self._granted = False
        try:
            await self._release(keys=[self.key], args=[self.token])
        except (*StoreAway, ResponseError) as fault:
            log.info("the writer's lease lapses by itself: %s", fault)

    async def write(self, *commands: Command) -> Any:  # noqa: ANN401 - commands answer anything
        """Do commands in order, all of them or, where the lease is another's, none.

        Gives what the last of them answers.

        Args:
            commands: name, key (of a PUBLISH: channel) and the rest of each; all keys have the
                hash tag of the area.

        Raises:
            StoreAway: it cannot be done, now or for as long as another process holds the lease.
        """
        keys = [self.key, *dict.fromkeys(str(one[1]) for one in commands if one[0] != "PUBLISH")]
        words: list[str | int | bytes] = [self.token]
        for command in commands:
            words += (len(command), *command)
        return await self.run(self._write, keys, words)

    async def run(
        self, script: AsyncScript, keys: Sequence[str], words: Sequence[str | int | bytes]
    ) -> Any:  # noqa: ANN401 - scripts answer anything
        """Run a script that begins with `GUARD`; raises as `write` does."""
        try:
            return await script(keys=keys, args=words)
        except ResponseError as fault:
            raise weather(fault) from fault

    async def _ask(self, token: str, how: str, seen_ms: int = 0) -> _Told:
        words = (token, round(LASTS_S * 1000), how, seen_ms)
        return _Told(*await self.run(self._grant, [self.key], words))
