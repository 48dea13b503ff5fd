"""Waits that can be told apart, published at an even rate."""

import random
import time
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from feeds.events import encode_event
from feeds.model import Observation, Statistic, Wait
from feeds.topics import WaitTopic
from waitless.area.pack import Area

RATE = 200
SEED = 20261122
FIRST_MINUTES, MINUTES_STEP = 12.0, 0.01
"""Waits are told apart by their hundredths; one facility's grow by less than any rule minds."""


def _minutes_of(number: int) -> float:
    return round(FIRST_MINUTES + MINUTES_STEP * number, 2)


def number_of(minutes: float) -> int:
    """Which of its facility's waits it is."""
    return round((minutes - FIRST_MINUTES) / MINUTES_STEP)


def list_topics(area: Area) -> list[tuple[str, str, str]]:
    """Of every facility its id, provider and topic."""
    return [
        (one.id, one.provider, str(WaitTopic(area.id, one.provider, one.id)))
        for one in area.facilities.values()
    ]


def publish(port: int, topics: list[tuple[str, str, str]], total: int) -> None:
    """Send retained QoS 1 messages, as providers do, at an even rate."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bench-publisher")
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    chance = random.Random(SEED)
    numbers = {facility_id: count() for facility_id, *_ in topics}
    started = time.monotonic()
    for turn in range(total):
        facility_id, provider, topic = topics[turn % len(topics)]
        number = next(numbers[facility_id])
        time.sleep(max(0.0, started + turn / RATE - time.monotonic()))
        as_of = datetime.now(UTC)
        observed = Observation(
            facility_id=facility_id,
            feed_id=provider,
            as_of=as_of,
            received_at=as_of + timedelta(milliseconds=1),
            wait=Wait(minutes=_minutes_of(number), statistic=Statistic.MEDIAN),
            patients_waiting=chance.randrange(3, 20),
        )
        event = orjson.loads(encode_event(observed, source="/loadtests"))
        event["id"] = f"{number}/{time.monotonic():.6f}"
        client.publish(topic, orjson.dumps(event), qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
