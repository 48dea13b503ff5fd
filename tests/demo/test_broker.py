import asyncio
import contextlib
import logging
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiomqtt
import pytest

from feeds.model import Delivery
from feeds.mqtt import MqttEndpoint, MqttSubscriber
from feeds.mqtt_publish import connect_provider
from feeds.topics import ProbeTopic, StatusTopic, WaitTopic, find_topic
from waitless.demo.broker import CLOSING_S, embedded_broker

AREA = "test-area"
STATUS = str(StatusTopic(AREA, "trust"))
TOPICS = [str(WaitTopic(AREA, "trust", f"unit-{number}")) for number in range(22)]


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def listening(
    endpoint: MqttEndpoint, *, acknowledge: bool = True
) -> AsyncIterator[asyncio.Queue[Delivery]]:
    """The service's own subscriber, with what it has been handed."""
    heard: asyncio.Queue[Delivery] = asyncio.Queue()

    async def sink(delivery: Delivery) -> None:
        if acknowledge:
            delivery.acknowledge()
        if isinstance(find_topic(delivery.topic, AREA), ProbeTopic):
            return  # its own heartbeat
        heard.put_nowait(delivery)

    subscriber = MqttSubscriber(
        endpoint, area=AREA, identifier="ears", sink=sink, now=now, chance=random.Random(1)
    )
    task = asyncio.create_task(subscriber.run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def hear(heard: asyncio.Queue[Delivery], expected: dict[str, bytes]) -> None:
    """Wait until the last message of each topic is the one expected.

    A retained message can come twice: once as it is published, once with the subscription.
    """
    latest: dict[str, bytes] = {}
    async with asyncio.timeout(30):
        while any(latest.get(topic) != payload for topic, payload in expected.items()):
            delivery = await heard.get()
            latest[delivery.topic] = delivery.payload


async def test_messages_go_from_provider_to_subscriber() -> None:
    async with embedded_broker() as endpoint, listening(endpoint) as heard:
        async with connect_provider(endpoint, area=AREA, provider="trust") as provider:
            await hear(heard, {STATUS: b"ready"})
            for topic in TOPICS:
                await provider.publish(topic, b"22")
            await hear(heard, dict.fromkeys(TOPICS, b"22"))
        await hear(heard, {STATUS: b"disconnected"})


async def test_retained_messages_are_delivered_on_subscription() -> None:
    async with (
        embedded_broker() as endpoint,
        connect_provider(endpoint, area=AREA, provider="trust") as provider,
    ):
        for topic in TOPICS:
            await provider.publish(topic, b"old")
            await provider.publish(topic, b"22")
        async with listening(endpoint) as heard:
            began = time.monotonic()
            expected = dict.fromkeys(TOPICS, b"22") | {STATUS: b"ready"}
            await hear(heard, expected)
            assert time.monotonic() - began < 4, "before amqtt's patience of five seconds is over"
            await provider.publish(TOPICS[0], b"23")
            await hear(heard, {TOPICS[0]: b"23"})


async def test_what_is_not_acknowledged_comes_again_with_the_next_connection() -> None:
    async with (
        embedded_broker() as endpoint,
        connect_provider(endpoint, area=AREA, provider="trust") as provider,
    ):
        await provider.publish(TOPICS[0], b"22")
        async with listening(endpoint, acknowledge=False) as heard:
            await hear(heard, {TOPICS[0]: b"22"})
        async with listening(endpoint) as heard:
            await hear(heard, {TOPICS[0]: b"22"})


async def test_a_subscriber_that_never_acknowledges_still_hears_what_is_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        embedded_broker() as endpoint,
        listening(endpoint, acknowledge=False) as heard,
        connect_provider(endpoint, area=AREA, provider="trust") as provider,
    ):
        await provider.publish(TOPICS[0], b"1")
        await asyncio.sleep(5.5)  # past amqtt's patience of five seconds
        await provider.publish(TOPICS[0], b"2")
        await hear(heard, {TOPICS[0]: b"2"})
    assert [record for record in caplog.records if record.name.startswith("amqtt")] == []


async def test_the_last_will_speaks_for_a_provider_that_dies() -> None:
    program = (
        "import asyncio, sys\n"
        "from feeds.mqtt import MqttEndpoint\nfrom feeds.mqtt_publish import connect_provider\n"
        "async def main():\n"
        "    endpoint = MqttEndpoint(host='127.0.0.1', port=int(sys.argv[1]))\n"
        "    async with connect_provider(endpoint, area=sys.argv[2], provider='trust'):\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    async with embedded_broker() as endpoint:
        async with listening(endpoint) as heard:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, str(endpoint.port), AREA
            )
            await hear(heard, {STATUS: b"ready"})
            process.kill()
            await process.wait()
            await hear(heard, {STATUS: b"lost"})
        async with listening(endpoint) as later:
            await hear(later, {STATUS: b"lost"})


async def test_two_brokers_run_side_by_side() -> None:
    async with embedded_broker() as one, embedded_broker() as other:
        assert one.host == other.host == "127.0.0.1"
        assert one.port != other.port


async def test_ending_is_quick_and_leaves_nothing_even_with_clients_connected(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    levels = logging.getLogger("amqtt").level
    before = asyncio.all_tasks()
    async with embedded_broker() as endpoint:
        clients = [aiomqtt.Client(endpoint.host, endpoint.port) for _ in range(3)]
        for client in clients:
            await client.__aenter__()
            await client.subscribe("#", qos=1)
        began = time.monotonic()
    assert time.monotonic() - began < CLOSING_S, "it has not waited for them"
    for client in clients:
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)

    assert asyncio.all_tasks() - before == set()
    assert [record for record in caplog.records if record.name != "mqtt"] == []
    assert logging.getLogger("amqtt").level == levels
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(endpoint.host, endpoint.port)
