"""Publishing a simulated area: each provider on an MQTT connection of its own, as real ones are."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from feeds.backoff import backoff_delays
from feeds.events import encode_event
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import ConnectionLost, MqttPublisher, connect_provider, connect_source
from feeds.topics import TrafficTopic, WaitTopic
from feeds.traffic.messages import encode_traffic
from waitless.area.facility import Facility
from waitless.demo.traffic import TrafficWorld
from waitless.demo.world import World
from waitless.traffic.simulated import SOURCE

log = logging.getLogger(__name__)

CADENCE_S = (60.0, 300.0)
"""A facility publishes again after a period of its own between these."""
TRAFFIC_LASTS = timedelta(minutes=3)
"""How long invented traffic vouches for its figures: two messages may be lost."""
FASTEST_S = 2.0
"""However fast the world runs, no facility publishes more often than this."""


async def run_publishers(
    endpoint: MqttEndpoint,
    *,
    area_id: str,
    facilities: Mapping[str, Facility],
    world: World,
    now: Callable[[], datetime],
    chance: Random,
    speed: float = 1.0,
) -> None:
    """Publish every facility of the world, at once and then at its cadence, until cancelled.

    Each provider says `ready` on connecting and `disconnected` when this is cancelled. One whose
    broker goes away comes back by itself, and then tells of all its facilities at once.

    Args:
        endpoint: the broker.
        area_id: the area, for the topics.
        facilities: by id; their `provider` is whose connection tells of them.
        world: what is observed. Only this may advance it meanwhile.
        now: the real clock, aware.
        chance: spreads the cadences.
        speed: divides the cadence; the same as the world's.
    """
    async with asyncio.TaskGroup() as group:
        for provider, own in _by_provider(facilities).items():
            publisher = _ProviderPublisher(
                endpoint,
                area_id=area_id,
                provider=provider,
                rounds=[_Round(facility.id, draw_period_s(chance, speed)) for facility in own],
                world=world,
                now=now,
                chance=Random(chance.getrandbits(64)),  # noqa: S311 - a model, not a secret
            )
            group.create_task(publisher.run(), name=f"demo.publish.{provider}")


async def run_traffic(
    endpoint: MqttEndpoint,
    *,
    area_id: str,
    world: TrafficWorld,
    now: Callable[[], datetime],
    chance: Random,
) -> None:
    """Publish the traffic of the world, at once and then every minute, until cancelled.

    Args:
        endpoint: the broker.
        area_id: the area, for the topic.
        world: what is told of. Only this may advance it meanwhile.
        now: the real clock, aware.
        chance: spreads attempts to reach a broker that is gone.
    """
    delays = backoff_delays(chance)
    topic = str(TrafficTopic(area_id, SOURCE.id))
    every = timedelta(seconds=SOURCE.cadence_s)
    while True:
        try:
            async with connect_source(endpoint, area=area_id, source=SOURCE.id) as connection:
                delays = backoff_delays(chance)
                while True:
                    report = world.report(now(), source=SOURCE.id, lasts=TRAFFIC_LASTS)
                    payload = encode_traffic(report, source=f"urn:waitless:demo:{SOURCE.id}")
                    await connection.publish(topic, payload)
                    await asyncio.sleep(every.total_seconds())
        except ConnectionLost as fault:
            delay = next(delays)
            log.info("traffic: %s; again in %.1f s", fault, delay)
            await asyncio.sleep(delay)


def _by_provider(facilities: Mapping[str, Facility]) -> dict[str, list[Facility]]:
    grouped: dict[str, list[Facility]] = {}
    for facility in facilities.values():
        grouped.setdefault(facility.provider, []).append(facility)
    return grouped


def draw_period_s(chance: Random, speed: float) -> float:
    """Seconds between a facility's messages, at a speed."""
    return max(FASTEST_S, chance.uniform(*CADENCE_S) / speed)


@dataclass(slots=True)
class _Round:
    """When a facility is next told of."""

    facility_id: str
    period_s: float
    due_s: float = 0.0
    """By the event loop's clock."""
    sequence: int = 0


class _ProviderPublisher:
    """One provider's connection and its facilities' rounds."""

    def __init__(
        self,
        endpoint: MqttEndpoint,
        *,
        area_id: str,
        provider: str,
        rounds: list[_Round],
        world: World,
        now: Callable[[], datetime],
        chance: Random,
    ) -> None:
        self._endpoint = endpoint
        self._area_id = area_id
        self._provider = provider
        self._rounds = rounds
        self._world = world
        self._now = now
        self._chance = chance

    async def run(self) -> None:
        """Stay connected and publish until cancelled; only a lost connection is retried."""
        delays = backoff_delays(self._chance)
        while True:
            try:
                async with connect_provider(
                    self._endpoint, area=self._area_id, provider=self._provider
                ) as connection:
                    delays = backoff_delays(self._chance)
                    await self._publish_rounds(connection)
            except ConnectionLost as fault:
                if _is_cancelled():
                    # Saying goodbye to a broker that is gone failed, and hid the cancellation.
                    raise asyncio.CancelledError from fault
                delay = next(delays)
                log.info("%s: %s; again in %.1f s", self._provider, fault, delay)
                await asyncio.sleep(delay)

    async def _publish_rounds(self, connection: MqttPublisher) -> None:
        """All facilities now, then each when it is due, until the connection is lost."""
        clock = asyncio.get_running_loop()
        for due in self._rounds:
            due.due_s = 0.0
        while True:
            due = min(self._rounds, key=lambda round_: round_.due_s)
            await asyncio.sleep(due.due_s - clock.time())
            await self._publish(connection, due)
            due.due_s = clock.time() + due.period_s

    async def _publish(self, connection: MqttPublisher, due: _Round) -> None:
        due.sequence += 1
        observed = self._world.observe(due.facility_id, self._now())
        topic = WaitTopic(self._area_id, self._provider, due.facility_id)
        await connection.publish(
            str(topic),
            encode_event(
                replace(observed, sequence=due.sequence),
                source=f"urn:waitless:demo:{self._provider}",
            ),
        )


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
