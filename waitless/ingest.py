"""Ingest: deliveries in, believed readings into the store. The area's one writer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from feeds.definition import FeedDefinition
from feeds.events import decode_message
from feeds.model import Decoded, Delivery, Observation, ProviderNotice, Refusal
from feeds.rows import decode_document
from waitless.area.pack import Area
from waitless.belief import Held, find_rule_against
from waitless.health import FeedHealth
from waitless.metrics import IngestMetrics
from waitless.reading import Reading, apply_observation
from waitless.store import Store, StoreAway

log = logging.getLogger(__name__)

QUEUE_LENGTH = 1000
BATCH = 200
HEALTH_EVERY_S = 1.0
RETRY_FIRST_S, RETRY_LONGEST_S = 0.1, 2.0
MQTT_CADENCE_S = 300.0
"""Providers are asked to publish every 5 minutes (the NHS capacity form's cadence)."""
BROKER = "mqtt"
"""The feed that stands for the broker connection itself; messages on no provider's topic are
counted under it."""


class Transport(Protocol):
    """What ingest asks of a transport: is its source there, and has it delivered once?"""

    connected: bool
    primed: bool


class Ingest:
    """Decodes, judges and stores every delivery; acknowledges it when it is safe.

    A delivery is acknowledged after the store holds what was believed of it, so a message is
    never lost between broker and store; while the store is away, deliveries wait unacknowledged
    and the bounded queue holds the transports back.
    """

    def __init__(
        self,
        area: Area,
        store: Store,
        *,
        now: Callable[[], datetime],
        metrics: IngestMetrics,
        listens_to_mqtt: bool,
    ) -> None:
        self.feeds = _initial_health(area, listens_to_mqtt=listens_to_mqtt)
        self._area = area
        self._store = store
        self._now = now
        self._metrics = metrics
        self._definitions: Mapping[str, FeedDefinition] = {feed.id: feed for feed in area.feeds}
        self._providers = {facility.id: facility.provider for facility in area.facilities.values()}
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue(QUEUE_LENGTH)
        self._readings: dict[str, Reading] = {}
        self._held: dict[str, Held] = {}
        self._epoch = 0

    async def accept(self, delivery: Delivery) -> None:
        """Where transports hand over; waits while the queue is full."""
        await self._queue.put(delivery)

    async def run(self) -> None:
        """Work until cancelled, starting from what the store already holds."""
        await self._patiently(self._restore)
        while True:
            batch = [await self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self.process(batch)

    async def process(self, batch: Iterable[Delivery]) -> None:
        """One batch, from bytes to acknowledgement."""
        batch = list(batch)
        changed: list[Reading] = []
        for delivery in batch:
            self._count_message(delivery)
            for decoded in self._decode(delivery):
                reading = self._judge(decoded)
                if reading is not None:
                    changed.append(reading)
        if changed:
            await self._patiently(lambda: self._save(changed))
        for delivery in batch:
            delivery.acknowledge()

    async def run_health(self, transports: Mapping[str, Transport]) -> None:
        """Tell the store of every feed's health, again and again, until cancelled.

        Args:
            transports: by feed; the one under `BROKER` stands for every MQTT provider.
        """
        while True:
            for health in self.feeds.values():
                key = BROKER if health.transport == "mqtt" else health.id
                health.connected = transports[key].connected
                health.primed = transports[key].primed
                health.told_at = self._now()
            try:
                await self._store.save_health(self.feeds.values())
            except StoreAway as fault:
                log.debug("feed health not saved: %s", fault)
            await asyncio.sleep(HEALTH_EVERY_S)

    def _count_message(self, delivery: Delivery) -> None:
        if delivery.feed_id in self._definitions:
            self.feeds[delivery.feed_id].count_message(delivery.received_at)

    def _decode(self, delivery: Delivery) -> Iterable[Decoded]:
        definition = self._definitions.get(delivery.feed_id)
        if definition is not None:
            return decode_document(definition, delivery.payload, delivery.received_at)
        decoded = decode_message(
            delivery.topic,
            delivery.payload,
            area=self._area.id,
            providers=self._providers,
            now=delivery.received_at,
        )
        self._health(decoded.feed_id).count_message(delivery.received_at)
        return [decoded]

    def _judge(self, decoded: Decoded) -> Reading | None:
        """The new reading where an observation is believed; None for everything else."""
        health = self._health(decoded.feed_id)
        match decoded:
            case Refusal():
                health.count_refusal(decoded)
                self._metrics.refused(decoded)
                log.info("refused %s at %s: %s", decoded.reason, decoded.where, decoded.detail)
            case ProviderNotice():
                health.note(decoded)
            case Observation():
                return self._believe(decoded, health)
        return None

    def _believe(self, observation: Observation, health: FeedHealth) -> Reading | None:
        facility_id = observation.facility_id
        believed = self._readings.get(facility_id)
        rule = find_rule_against(
            observation,
            kind=self._area.facilities[facility_id].kind,
            believed=believed,
            held=self._held.get(facility_id),
        )
        if rule is not None:
            health.count_held(observation, rule)
            self._metrics.held(observation, rule)
            if rule.is_suspicion:
                self._held[facility_id] = Held(observation, rule)
                log.warning("held a reading of %s back: %s", facility_id, rule)
            return None
        self._held.pop(facility_id, None)
        health.count_believed(observation)
        self._metrics.believed(observation)
        reading = apply_observation(believed, observation)
        self._readings[facility_id] = reading
        return reading

    def _health(self, feed_id: str) -> FeedHealth:
        return self.feeds.get(feed_id) or self.feeds[BROKER]

    async def _restore(self) -> None:
        self._epoch, self._readings = await self._store.load_readings()

    async def _save(self, changed: list[Reading]) -> None:
        epoch = await self._store.save_readings(changed)
        if epoch <= self._epoch:
            log.warning("the store has lost its epoch (%d): saving every reading again", epoch)
            epoch = await self._store.save_readings(list(self._readings.values()))
        self._epoch = epoch
        self._metrics.saved(epoch)

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do store work, again and again while the store is away."""
        delay = RETRY_FIRST_S
        while True:
            try:
                return await work()
            except StoreAway as fault:
                log.warning("store away (%s); again in %.1f s", fault, delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY_LONGEST_S)


def _initial_health(area: Area, *, listens_to_mqtt: bool) -> dict[str, FeedHealth]:
    polled = [
        FeedHealth(
            id=feed.id, transport="http-poll", cadence_s=feed.cadence_s, required=feed.required
        )
        for feed in area.feeds
    ]
    subscribed = [
        FeedHealth(
            id=feed_id,
            transport="mqtt",
            cadence_s=MQTT_CADENCE_S,
            carries_waits=feed_id != BROKER,
            required=feed_id == BROKER,
        )
        for feed_id in [*area.list_providers(), BROKER]
        if listens_to_mqtt
    ]
    return {health.id: health for health in [*subscribed, *polled]}
