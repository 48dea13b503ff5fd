"""Who drains a backlog: a bare subscriber, and ingest."""

import asyncio
import random
import time
from datetime import UTC, datetime

import aiohttp
from prometheus_client import CollectorRegistry

from feeds.model import Delivery
from feeds.mqtt import MqttEndpoint, MqttSubscriber
from feeds.topics import subscriptions
from loadtests.benchmarks.servers import Servers
from loadtests.benchmarks.throughput.backlog import AREA, open_client
from waitless.alerts import AlertSender
from waitless.area.pack import Area
from waitless.health import HealthWatch
from waitless.ingest import BROKER, Desk, FeedMetrics, Ingest, keep_pulse
from waitless.metrics import IngestMetrics
from waitless.redis_link import open_redis
from waitless.store import Store

SEED = 20261122
BARE, OURS = "bench-bare", "bench-ours"


async def drain_bare(servers: Servers, count: int) -> float:
    """Seconds from the first to the last message of a subscriber that only counts."""
    async with open_client(servers, BARE) as client:
        await client.subscribe([(topic, 1) for topic in subscriptions(AREA)])
        seen, started = 0, 0.0
        async for _ in client.messages:
            if not seen:
                started = time.perf_counter()
            seen += 1
            if seen == count:
                break
        return time.perf_counter() - started


async def drain_ours(area: Area, servers: Servers, count: int) -> float:
    """Seconds from the first message in hand to the last acknowledgement."""
    metrics = IngestMetrics(CollectorRegistry())
    desk = Desk(area, now=_now, metrics=metrics, listens_to_mqtt=True)
    chance = random.Random(SEED)
    async with (
        aiohttp.ClientSession() as session,
        Store(open_redis(servers.redis_url), area.id) as store,
    ):
        ingest = Ingest(desk, store, metrics)
        tally = _Tally(ingest, count)
        subscriber = MqttSubscriber(
            MqttEndpoint(host="127.0.0.1", port=servers.mqtt_port),
            area=area.id,
            identifier=OURS,
            sink=tally.accept,
            now=_now,
            chance=chance,
        )
        alerts = AlertSender(area.id, webhook_url=None, session=session, chance=chance)
        watch, feeds = HealthWatch(_now()), FeedMetrics(CollectorRegistry())
        works = [
            asyncio.create_task(work)
            for work in (
                ingest.run(),
                subscriber.run(),
                keep_pulse(ingest, store, {BROKER: subscriber}, watch, alerts, metrics=feeds),
            )
        ]
        try:
            await asyncio.wait(
                [asyncio.ensure_future(tally.done.wait()), *works],
                return_when=asyncio.FIRST_COMPLETED,
            )
            for work in works:
                if work.done():
                    work.result()
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
    believed = sum(health.believed for health in desk.feeds.values())
    if believed != count:
        raise RuntimeError(f"{count} published, {believed} believed")
    return tally.finished - tally.started


class _Tally:
    """Stands before ingest's door with a stopwatch."""

    def __init__(self, ingest: Ingest, count: int) -> None:
        self.started = self.finished = 0.0
        self.done = asyncio.Event()
        self._ingest = ingest
        self._left = count

    async def accept(self, delivery: Delivery) -> None:
        """Pass a delivery on, with an acknowledgement that is also counted."""
        if not delivery.topic.endswith("/wait"):  # a heartbeat
            await self._ingest.accept(delivery)
            return
        if not self.started:
            self.started = time.perf_counter()

        def acknowledge() -> None:
            delivery.acknowledge()
            self._left -= 1
            if not self._left:
                self.finished = time.perf_counter()
                self.done.set()

        feed_id, topic, payload = delivery.feed_id, delivery.topic, delivery.payload
        await self._ingest.accept(
            Delivery(feed_id, topic, payload, delivery.received_at, acknowledge)
        )


def _now() -> datetime:
    return datetime.now(UTC)
