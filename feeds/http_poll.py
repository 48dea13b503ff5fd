"""Polling a source over HTTP, at its cadence, with patience where it fails."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime

import aiohttp

from feeds.backoff import backoff_delays
from feeds.breaker import Breaker, BreakerState
from feeds.definition import FeedDefinition
from feeds.http_fetch import Fetcher, PollFault
from feeds.model import Delivery
from feeds.timetable.definition import TripUpdatesDefinition
from feeds.traffic.definition import TrafficDefinition

__all__ = ["HttpPoller", "PollFault"]

log = logging.getLogger(__name__)

FIRST_WITHIN_S = 1.0
"""The first polls of all feeds are spread over this, shorter only for a shorter cadence."""
FIRST_RETRY_S = 1.0
SHORTEST_PAUSE_S, LONGEST_FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 300.0, 900.0
"""What the breaker's pause starts from (the cadence, within the first two) and grows to: half of
the 30 minutes for which a wait is live."""

_JITTER = 0.05
"""Share of the cadence by which polls are spread, so that many pollers do not knock at once."""


class HttpPoller:
    """Fetches one source at its cadence and hands every new body on, for as long as it runs.

    Each poller is a task of its own and shares nothing with another but the session, so a source
    that hangs delays only itself.

    Attributes:
        connected: whether the last fetch gave a usable body, or word that nothing is new.
        primed: whether any fetch has given a body that was handed on.
        fault: why it is not connected: the `code` of the last `PollFault`, kept while the breaker
            is open; None while connected and before the first answer.
        last_contact_at: when the source last gave a body or said that nothing is new.
    """

    def __init__(
        self,
        definition: FeedDefinition | TrafficDefinition | TripUpdatesDefinition,
        *,
        session: aiohttp.ClientSession,
        sink: Callable[[Delivery], Awaitable[None]],
        now: Callable[[], datetime],
        chance: random.Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.connected = False
        self.primed = False
        self.fault: str | None = None
        self.last_contact_at: datetime | None = None
        self._definition = definition
        self._fetcher = Fetcher(definition, session=session, now=now)
        self._sink = sink
        self._now = now
        self._chance = chance
        self._sleep = sleep
        first_pause_s = min(max(definition.cadence_s, SHORTEST_PAUSE_S), LONGEST_FIRST_PAUSE_S)
        self._breaker = Breaker(first_s=first_pause_s, longest_s=LONGEST_PAUSE_S)
        self._delays = backoff_delays(chance, first_s=FIRST_RETRY_S)

    @property
    def breaker(self) -> BreakerState:
        """Whether the source is being asked, left alone, or tried once more."""
        return self._breaker.state

    async def run(self) -> None:
        """Fetch until cancelled.

        A failed fetch is retried with backoff, and no sooner than the source asks (Retry-After);
        after repeated failure the source is left alone and probed ever more rarely.
        """
        await self._sleep(self._chance.uniform(0, min(FIRST_WITHIN_S, self._definition.cadence_s)))
        while True:
            await self._sleep(await self._poll())

    async def fetch(self) -> bytes | None:
        """One body; None where the source says that it is still the last one (304).

        Raises:
            PollFault: no connection, no time left, not 200, a redirect elsewhere, a content type
                that the definition's rows cannot be, or more bytes than it allows.
        """
        return await self._fetcher.fetch()

    async def _poll(self) -> float:
        """Fetch if the breaker lets us, hand on what came, and say in how many seconds again."""
        if not self._breaker.admit(self._now()):
            return self._breaker.wait_s(self._now())
        try:
            payload = await self.fetch()
        except PollFault as fault:
            return self._note_fault(fault)
        self._note_contact()
        if payload is not None:
            await self._hand_on(payload)
        return self._definition.cadence_s * self._chance.uniform(1 - _JITTER, 1 + _JITTER)

    def _note_fault(self, fault: PollFault) -> float:
        now = self._now()
        self.connected = False
        self.fault = fault.code
        self._breaker.failed(now)
        least_s = max(next(self._delays), self._breaker.wait_s(now), fault.retry_after_s or 0.0)
        delay = least_s * self._chance.uniform(1, 1 + _JITTER)
        log.warning(
            "feed %s: %s; again in %.1f s (breaker %s)",
            self._definition.id,
            fault,
            delay,
            self._breaker.state,
        )
        return delay

    def _note_contact(self) -> None:
        if self.fault is not None:
            log.info("feed %s: answers again", self._definition.id)
        self.connected = True
        self.fault = None
        self.last_contact_at = self._now()
        self._breaker.succeeded()
        self._delays = backoff_delays(self._chance, first_s=FIRST_RETRY_S)

    async def _hand_on(self, payload: bytes) -> None:
        await self._sink(
            Delivery(
                feed_id=self._definition.id,
                topic=self._definition.id,
                payload=payload,
                received_at=self._now(),
                acknowledge=_nothing,
            )
        )
        self.primed = True


def _nothing() -> None:
    """HTTP has nothing to acknowledge: the next poll brings the figures again."""
