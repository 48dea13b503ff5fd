"""How fast does ingest take a backlog, next to a bare aiomqtt subscriber that only counts?

Both have a persistent QoS 1 session at one mosquitto (in-flight window 100, as in production). The
same wait messages are published while neither is connected, so that the broker holds them for both;
then one after the other connects and drains its own. Publishing is therefore never inside a
measurement. The order changes from round to round.

The time runs from the first message in hand to the last one done with: for the bare subscriber
that is counted, for ingest it is acknowledged, after the Redis transaction that holds it. Ingest is
the production pipeline, put together as `waitless.app` does it: `MqttSubscriber`, `Desk` (decode
and belief), `Store` on a real Redis with its append-only file, and the pulse beside them. A round
in which not every message was believed does not count: it raises.
"""

import asyncio
import gc
import logging
import multiprocessing
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

import aiohttp
import aiomqtt
import paho.mqtt.client as paho
from matplotlib import figure as plotting
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from feeds.events import encode_event
from feeds.model import Delivery, Observation, Statistic, Wait
from feeds.mqtt import MqttEndpoint, MqttSubscriber
from feeds.topics import WaitTopic, subscriptions
from loadtests.benchmarks.figures import RESULTS, Figure
from loadtests.benchmarks.servers import Servers, running_servers
from waitless.alerts import AlertSender
from waitless.area.pack import Area, find_pack, load_area
from waitless.health import HealthWatch
from waitless.ingest import BROKER, Desk, Ingest, keep_pulse
from waitless.metrics import IngestMetrics
from waitless.redis_link import open_redis
from waitless.store import Store

PLOT = RESULTS / "ingest_throughput.png"
AREA = "east-kent"
MESSAGES = 20_000
ROUNDS = 5
BAR = 0.35
STEP = timedelta(seconds=1)
SEED = 20261122
BARE, OURS = "bench-bare", "bench-ours"
DRAINED_WITHIN_S = 120.0

Message = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Round:
    """Messages per second of both, over the same messages."""

    bare_per_s: float
    ours_per_s: float
    published_per_s: float

    @property
    def ratio(self) -> float:
        """Ours over bare."""
        return self.ours_per_s / self.bare_per_s


def run() -> list[Figure]:
    """Measure, print every round, save the plot and give the figures."""
    logging.getLogger("waitless").setLevel(logging.ERROR)
    logging.getLogger("feeds").setLevel(logging.ERROR)
    area = load_area(find_pack(AREA))
    with running_servers() as servers:
        asyncio.run(_measure_round(area, servers, 0, MESSAGES // 4))  # warms both up
        rounds = []
        for number in range(1, ROUNDS + 1):
            one = asyncio.run(_measure_round(area, servers, number, MESSAGES))
            rounds.append(one)
            print(
                f"  round {number}: bare {one.bare_per_s:,.0f}/s, ingest {one.ours_per_s:,.0f}/s, "
                f"ratio {one.ratio:.3f} (published beforehand at {one.published_per_s:,.0f}/s)",
                flush=True,
            )
    _save_plot(rounds)
    reference = f"bare aiomqtt subscriber, {MESSAGES} messages, median of {ROUNDS} rounds"
    bare = median(one.bare_per_s for one in rounds)
    ours = median(one.ours_per_s for one in rounds)
    return [
        Figure(
            name="ingest_throughput.ratio",
            value=ours / bare,
            unit="ratio",
            bar=BAR,
            better="higher",
            reference=reference,
        ),
        Figure(
            name="ingest_throughput.worst_round_ratio",
            value=min(one.ratio for one in rounds),
            unit="ratio",
            better="higher",
            reference=reference,
        ),
        Figure(
            name="ingest_throughput.believed_per_s",
            value=ours,
            unit="msg/s",
            better="higher",
            reference=reference,
        ),
        Figure(
            name="ingest_throughput.bare_per_s",
            value=bare,
            unit="msg/s",
            better="higher",
            reference="itself",
        ),
    ]


async def _measure_round(area: Area, servers: Servers, number: int, count: int) -> Round:
    """Publish once, drain twice."""
    await _empty(servers)
    for identifier in (BARE, OURS):
        await _leave_session(servers, identifier)
    messages = _make_messages(area, count, random.Random(SEED + number))
    published_per_s = await asyncio.to_thread(_publish_all, servers.mqtt_port, messages)
    del messages
    drains: dict[str, Callable[[], Awaitable[float]]] = {
        BARE: lambda: _drain_bare(servers, count),
        OURS: lambda: _drain_ours(area, servers, count),
    }
    speeds = {}
    for name in (BARE, OURS) if number % 2 else (OURS, BARE):
        gc.collect()
        speeds[name] = count / await asyncio.wait_for(drains[name](), DRAINED_WITHIN_S)
        await _forget_session(servers, name)
    return Round(speeds[BARE], speeds[OURS], published_per_s)


async def _drain_bare(servers: Servers, count: int) -> float:
    """Seconds from the first to the last message of a subscriber that only counts."""
    async with _client(servers, BARE) as client:
        await client.subscribe([(topic, 1) for topic in subscriptions(AREA)])
        seen, started = 0, 0.0
        async for _ in client.messages:
            if not seen:
                started = time.perf_counter()
            seen += 1
            if seen == count:
                break
        return time.perf_counter() - started


async def _drain_ours(area: Area, servers: Servers, count: int) -> float:
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
        works = [
            asyncio.create_task(work)
            for work in (
                ingest.run(),
                subscriber.run(),
                keep_pulse(ingest, store, {BROKER: subscriber}, HealthWatch(_now()), alerts),
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


def _make_messages(area: Area, count: int, chance: random.Random) -> list[Message]:
    """Waits of every facility in turn, up to now, each a little off the one before."""
    names = list(area.facilities.values())
    minutes = {one.id: chance.uniform(12, 25) for one in names}
    turns = -(-count // len(names))
    start = _now() - turns * STEP
    messages = []
    for number in range(count):
        turn, place = divmod(number, len(names))
        facility = names[place]
        step = chance.choice((-2.0, -1.0, 1.0, 2.0))
        minutes[facility.id] = min(28.0, max(8.0, minutes[facility.id] + step))
        as_of = start + turn * STEP
        observed = Observation(
            facility_id=facility.id,
            feed_id=facility.provider,
            as_of=as_of,
            received_at=as_of,
            published_at=as_of + timedelta(milliseconds=200),
            wait=Wait(minutes=round(minutes[facility.id], 1), statistic=Statistic.MEDIAN),
            patients_waiting=chance.randrange(3, 20),
            patients_in_department=chance.randrange(20, 40),
            sequence=turn,
        )
        topic = WaitTopic(area.id, facility.provider, facility.id)
        messages.append((str(topic), encode_event(observed, source="/loadtests")))
    return messages


def _publish_all(port: int, messages: list[Message]) -> float:
    """Publish from a process of its own, QoS 1; gives messages per second to the last PUBACK."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return len(messages) / pool.apply(_publish, (port, messages))


def _publish(port: int, messages: list[Message]) -> float:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bench-publisher")
    client.max_inflight_messages_set(1000)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    started = time.perf_counter()
    sent = [client.publish(topic, payload, qos=1) for topic, payload in messages]
    for one in sent:
        one.wait_for_publish(DRAINED_WITHIN_S)
    took_s = time.perf_counter() - started
    client.disconnect()
    client.loop_stop()
    return took_s


def _client(servers: Servers, identifier: str, *, clean: bool = False) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1", servers.mqtt_port, identifier=identifier, clean_session=clean
    )


async def _leave_session(servers: Servers, identifier: str) -> None:
    """Subscribe and go, so that the broker keeps what comes."""
    async with _client(servers, identifier) as client:
        await client.subscribe([(topic, 1) for topic in subscriptions(AREA)])


async def _forget_session(servers: Servers, identifier: str) -> None:
    async with _client(servers, identifier, clean=True):
        pass


async def _empty(servers: Servers) -> None:
    async with Redis.from_url(servers.redis_url) as redis:
        await redis.flushall()


def _now() -> datetime:
    return datetime.now(UTC)


def _save_plot(rounds: list[Round]) -> None:
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    sheet = plotting.Figure(figsize=(8, 4.5), layout="constrained")
    axes = sheet.subplots()
    numbers = range(1, len(rounds) + 1)
    axes.bar(
        [number - 0.2 for number in numbers],
        [one.bare_per_s for one in rounds],
        width=0.4,
        label="bare aiomqtt subscriber",
    )
    axes.bar(
        [number + 0.2 for number in numbers],
        [one.ours_per_s for one in rounds],
        width=0.4,
        label="ingest: decode, belief, Redis",
    )
    for number, one in zip(numbers, rounds, strict=True):
        axes.annotate(f"{one.ratio:.2f}", (number + 0.2, one.ours_per_s), ha="center", va="bottom")
    axes.axhline(
        BAR * median(one.bare_per_s for one in rounds), color="black", linestyle=":", label="bar"
    )
    axes.set_xlabel("round")
    axes.set_ylabel("messages per second")
    axes.set_title(f"Draining {MESSAGES:,} wait messages from the broker")
    axes.legend(fontsize="small")
    sheet.savefig(PLOT, dpi=150)


if __name__ == "__main__":
    for item in run():
        print(item.line())
