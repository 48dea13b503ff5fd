"""The subscriber's persistent session, with a real broker."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiomqtt

from feeds.model import Delivery
from feeds.mqtt import MqttEndpoint, MqttSubscriber
from feeds.mqtt_client import Client
from feeds.topics import WaitTopic

AREA = "test-area"
TOPIC = str(WaitTopic(AREA, "trust", "unit"))
QUEUED = 2_500


@asynccontextmanager
async def session(
    endpoint: MqttEndpoint, take: Callable[[Delivery], Awaitable[None]]
) -> AsyncIterator[None]:
    """The subscriber, always of the one name, for as long as the context lasts."""
    subscriber = MqttSubscriber(
        endpoint,
        area=AREA,
        identifier="ears",
        sink=take,
        now=lambda: datetime.now(UTC),
        chance=random.Random(1),
    )
    task = asyncio.create_task(subscriber.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_queued_while_we_were_away_comes_whole_however_slowly_it_is_taken(
    endpoint: MqttEndpoint,
) -> None:
    """A broker sends faster than the store takes: what finds no room here would come no more."""
    first = asyncio.Event()
    heard: list[int] = []

    async def take(delivery: Delivery) -> None:
        if delivery.topic == TOPIC:
            heard.append(int(delivery.payload))
            first.set()
            # Every message in its turn of the loop, and a pause as of a store now and then.
            await asyncio.sleep(0.02 if len(heard) % 100 == 0 else 0)
        delivery.acknowledge()

    async with session(endpoint, take), aiomqtt.Client(endpoint.host, endpoint.port) as hospital:
        while not first.is_set():  # until it listens
            await hospital.publish(TOPIC, b"0", qos=1)
            await asyncio.sleep(0.05)
    heard.clear()
    async with aiomqtt.Client(endpoint.host, endpoint.port) as hospital:
        for number in range(1, QUEUED + 1):
            await hospital.publish(TOPIC, str(number).encode(), qos=1)

    async with session(endpoint, take):
        deadline = asyncio.get_running_loop().time() + 20
        while len(set(heard) - {0}) < QUEUED and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)

    assert [number for number in heard if number] == list(range(1, QUEUED + 1))


async def test_a_cancellation_that_comes_with_the_brokers_answer_is_not_forgotten(
    endpoint: MqttEndpoint,
) -> None:
    """Whoever publishes again and again, as the heartbeat does, would go on for ever."""
    async with Client.at(endpoint, "mouth") as client:
        for turns in range(8):
            publishing = asyncio.create_task(client.publish(TOPIC, b"1", qos=1))
            while not client._pending_publishes:  # noqa: SLF001 - aiomqtt does not tell
                await asyncio.sleep(0)
            while client._pending_publishes:  # noqa: SLF001 - until the answer is read
                await asyncio.sleep(0)
            for _ in range(turns):
                await asyncio.sleep(0)

            was_under_way = publishing.cancel()

            await asyncio.wait({publishing}, timeout=5)
            assert publishing.cancelled() == was_under_way, f"after {turns} turns of the loop"
