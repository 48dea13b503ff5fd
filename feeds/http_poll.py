"""Polling a source over HTTP: the only module that asks the web for waits."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime

import aiohttp

from feeds.backoff import backoff_delays
from feeds.definition import FeedDefinition
from feeds.model import Delivery

log = logging.getLogger(__name__)

_JITTER = 0.05
"""Share of the cadence by which polls are spread, so that many pollers do not knock at once."""


class PollFault(Exception):
    """A fetch that gave no usable body: a status, a content type, a size, a timeout."""


class HttpPoller:
    """Fetches one source at its cadence and hands every body on, for as long as it runs.

    Attributes:
        connected: whether the last fetch gave a usable body.
        primed: whether any fetch has.
    """

    def __init__(
        self,
        definition: FeedDefinition,
        *,
        session: aiohttp.ClientSession,
        sink: Callable[[Delivery], Awaitable[None]],
        now: Callable[[], datetime],
        chance: random.Random,
    ) -> None:
        self.connected = False
        self.primed = False
        self._definition = definition
        self._session = session
        self._sink = sink
        self._now = now
        self._chance = chance

    async def run(self) -> None:
        """Fetch until cancelled; a failed fetch is retried with backoff, never faster than it."""
        delays = backoff_delays(self._chance)
        while True:
            try:
                payload = await self.fetch()
            except PollFault as fault:
                self.connected = False
                delay = next(delays)
                log.warning("feed %s: %s; again in %.1f s", self._definition.id, fault, delay)
            else:
                self.connected = True
                delays = backoff_delays(self._chance)
                spread = self._chance.uniform(1 - _JITTER, 1 + _JITTER)
                delay = self._definition.cadence_s * spread
                await self._sink(
                    Delivery(
                        feed_id=self._definition.id,
                        topic=self._definition.transport.url,
                        payload=payload,
                        received_at=self._now(),
                        acknowledge=_nothing,
                    )
                )
                self.primed = True
            await asyncio.sleep(delay)

    async def fetch(self) -> bytes:
        """One body.

        Raises:
            PollFault: no connection, not 200, not JSON, or larger than the definition allows.
        """
        transport = self._definition.transport
        timeout = aiohttp.ClientTimeout(total=transport.timeout_s)
        try:
            async with self._session.get(
                transport.url, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != 200:  # noqa: PLR2004 - HTTP's own word for "here it is"
                    raise PollFault(f"status {response.status}")
                if "json" not in response.content_type:
                    raise PollFault(f"content type {response.content_type}")
                body = await response.content.read(transport.max_bytes + 1)
                while len(body) <= transport.max_bytes and not response.content.at_eof():
                    body += await response.content.read(transport.max_bytes + 1 - len(body))
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise PollFault(f"{type(fault).__name__}: {fault}") from fault
        if len(body) > transport.max_bytes:
            raise PollFault(f"more than {transport.max_bytes} bytes")
        return body


def _nothing() -> None:
    """HTTP has nothing to acknowledge: the next poll brings the figures again."""
