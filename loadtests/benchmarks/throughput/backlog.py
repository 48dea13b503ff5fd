"""The messages of a backlog, and a broker that holds them."""

import multiprocessing
import random
import time
from datetime import UTC, datetime, timedelta

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from feeds.events import encode_event
from feeds.model import Observation, Statistic, Wait
from feeds.topics import WaitTopic, subscriptions
from loadtests.benchmarks.servers import Servers
from waitless.area.pack import Area

AREA = "east-kent"
STEP = timedelta(seconds=1)
PUBLISHED_WITHIN_S = 120.0

Message = tuple[str, bytes]


def make_messages(area: Area, count: int, chance: random.Random) -> list[Message]:
    """Waits of every facility in turn, up to now, each a little off the one before."""
    names = list(area.facilities.values())
    minutes = {one.id: chance.uniform(12, 25) for one in names}
    turns = -(-count // len(names))
    start = datetime.now(UTC) - turns * STEP
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


def publish_all(port: int, messages: list[Message]) -> float:
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
        one.wait_for_publish(PUBLISHED_WITHIN_S)
    took_s = time.perf_counter() - started
    client.disconnect()
    client.loop_stop()
    return took_s


def open_client(servers: Servers, identifier: str, *, clean: bool = False) -> aiomqtt.Client:
    """A bare client, whose session outlives it unless it is `clean`."""
    return aiomqtt.Client(
        "127.0.0.1", servers.mqtt_port, identifier=identifier, clean_session=clean
    )


async def leave_session(servers: Servers, identifier: str) -> None:
    """Subscribe and go, so that the broker keeps what comes."""
    async with open_client(servers, identifier) as client:
        await client.subscribe([(topic, 1) for topic in subscriptions(AREA)])


async def forget_session(servers: Servers, identifier: str) -> None:
    """Let the broker drop what it keeps for a session."""
    async with open_client(servers, identifier, clean=True):
        pass
