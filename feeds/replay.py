"""Playing a recorded series back as a live feed: the original gaps, at any speed."""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from feeds.backoff import backoff_delays
from feeds.events import encode_event
from feeds.model import Observation
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import ConnectionLost, connect_provider
from feeds.topics import WaitTopic

log = logging.getLogger(__name__)

SOURCE = "urn:waitless:replay"


class ReplayFault(ValueError):
    """A series, or a speed, that cannot be played; the message says why."""


def schedule(
    observations: Sequence[Observation], start: datetime, speed: float
) -> Iterator[Observation]:
    """The observations as they are published: the first at `start`, labelled simulated.

    Each is due at its own new `as_of`. Gaps are the recorded ones divided by `speed`; all of an
    observation's times move with its `as_of`.

    Args:
        observations: earliest first.
        start: aware UTC.
        speed: more than 0; 60 plays an hour in a minute.

    Raises:
        ReplayFault: a speed that is none, or observations out of order or ages apart.
    """
    if not (math.isfinite(speed) and speed > 0):
        raise ReplayFault(f"a speed of {speed} cannot be played")
    if any(later.as_of < earlier.as_of for earlier, later in pairwise(observations)):
        raise ReplayFault("the observations are out of order")
    if not observations:
        return iter(())
    first = observations[0].as_of
    try:
        _ = start + (observations[-1].as_of - first) / speed
    except OverflowError as fault:
        raise ReplayFault(f"at a speed of {speed} it would outlast the calendar") from fault
    return (
        _shifted(observed, start + (observed.as_of - first) / speed) for observed in observations
    )


def _shifted(observed: Observation, due: datetime) -> Observation:
    ahead: timedelta = due - observed.as_of
    published_at = observed.published_at
    return replace(
        observed,
        as_of=due,
        received_at=observed.received_at + ahead,
        published_at=None if published_at is None else published_at + ahead,
        simulated=True,
    )


def encode_replayed(observed: Observation, *, area: str, provider: str) -> tuple[str, bytes]:
    """The topic and the message of one observation."""
    topic = WaitTopic(area, provider, observed.facility_id)
    return str(topic), encode_event(observed, source=SOURCE)


class Replay:
    """A recording being played; it can be interrupted and goes on where it was.

    The time starts when the first observation can be published. What falls due while nothing can
    be published is published late, in order, with the times that it should have had.

    Attributes:
        played: how many observations have been published.
    """

    def __init__(
        self,
        observations: Sequence[Observation],
        *,
        speed: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        heard: Callable[[Observation], None] = lambda _: None,
    ) -> None:
        self.played = 0
        self._observations = observations
        self._speed = speed
        self._now = now
        self._sleep = sleep
        self._heard = heard
        self._left: Iterator[Observation] | None = None
        self._next: Observation | None = None

    async def play(self, publish: Callable[[Observation], Awaitable[None]]) -> None:
        """Publish what is left, each observation when it is due.

        One whose publishing fails is the first when this is called again.
        """
        if self._left is None:
            self._left = schedule(self._observations, self._now(), self._speed)
            self._next = next(self._left, None)
        while self._next is not None:
            ahead = (self._next.as_of - self._now()).total_seconds()
            if ahead > 0:
                await self._sleep(ahead)
            await publish(self._next)
            self.played += 1
            self._heard(self._next)
            self._next = next(self._left, None)


async def play_to_broker(
    replay: Replay, endpoint: MqttEndpoint, *, area: str, provider: str, chance: random.Random
) -> None:
    """Play to the end as one provider, coming back with backoff when the broker is lost.

    Raises:
        ConnectionLost: the broker was not there to begin with.
    """
    delays = backoff_delays(chance)
    was_connected = False
    while True:
        try:
            async with connect_provider(endpoint, area=area, provider=provider) as connection:
                delays, was_connected = backoff_delays(chance), True

                async def publish(observed: Observation) -> None:
                    await connection.publish(
                        *encode_replayed(observed, area=area, provider=provider)
                    )

                await replay.play(publish)
                return
        except ConnectionLost as fault:
            if _is_cancelled():
                # Saying goodbye to a broker that is gone failed, and hid the cancellation.
                raise asyncio.CancelledError from fault
            if not was_connected:
                raise
            delay = next(delays)
            log.warning("%r: %s; again in %.1f s", endpoint, fault, delay)
            await asyncio.sleep(delay)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
