"""How long from a provider's publish until an HTTP answer shows the wait?

A real `waitless serve` (every role in one process) with its own mosquitto and Redis. A publisher in
a process of its own sends 200 observations a second round the 22 facilities, each with its own wait
and time; it writes the moment of sending, by the clock that all processes of a machine share, into
the message's identifier. A poller asks `/v1/facilities` again and again over
one connection, a new request 5 ms after the last answer, and takes a wait for visible when the
*whole answer has been read* and shows it, or a newer one of the same facility: at nine waits a
second each, some are overtaken before anybody asks. So the figures contain the poll's own interval.

The reference, in the same seconds, is a bare aiomqtt subscriber of the same broker in the poller's
process: publish to message in hand.
"""

import asyncio
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import aiohttp
import aiomqtt
import msgspec
import numpy as np
import orjson
import paho.mqtt.client as paho
from matplotlib import figure as plotting
from numpy.typing import NDArray
from paho.mqtt.enums import CallbackAPIVersion

from feeds.events import encode_event
from feeds.model import Observation, Statistic, Wait
from feeds.topics import WaitTopic, subscriptions
from loadtests.benchmarks.figures import RESULTS, Figure
from loadtests.benchmarks.servers import Servers, free_port, running_servers, wait_for_port
from waitless.area.pack import Area, find_pack, load_area

PLOT = RESULTS / "publish_to_visible.png"
AREA = "east-kent"
RATE, SECONDS, WARM_S = 200, 20.0, 3.0
BAR_MS = 250.0
POLL_EVERY_S = 0.005
SETTLED_WITHIN_S = 5.0
STARTED_WITHIN_S = 30.0
SEED = 20261122
FIRST_MINUTES, MINUTES_STEP = 12.0, 0.01
"""Waits are told apart by their hundredths; one facility's grow by less than any rule minds."""

WaitKey = tuple[str, int]
"""A facility and the number of its wait."""
Latencies = NDArray[np.float64]


@dataclass(slots=True)
class Seen:
    """What was observed, by number of the message."""

    published_s: dict[WaitKey, float] = field(default_factory=dict)
    """As the bare subscriber read it from the message."""
    heard_s: dict[WaitKey, float] = field(default_factory=dict)
    shown_s: dict[WaitKey, float] = field(default_factory=dict)
    overtaken: int = 0
    """Waits of which an answer only ever showed a newer one."""
    answers_ms: list[float] = field(default_factory=list)
    newest: dict[str, int] = field(default_factory=dict)


def run() -> list[Figure]:
    """Measure, print, save the plot and give the figures."""
    area = load_area(find_pack(AREA))
    total = int(RATE * (WARM_S + SECONDS))
    with running_servers() as servers, _serving(servers) as address:
        publisher = multiprocessing.get_context("spawn").Process(
            target=_publish, args=(servers.mqtt_port, _list_topics(area), total)
        )
        seen = asyncio.run(_watch(servers, address, publisher, total))
    if len(seen.published_s) < total:
        raise RuntimeError(f"{len(seen.published_s)} of {total} messages came through the broker")
    begun_s = min(seen.published_s.values())
    sent_s = {key: at for key, at in seen.published_s.items() if at >= begun_s + WARM_S}
    visible_ms = _milliseconds(seen.shown_s, sent_s)
    raw_ms = _milliseconds(seen.heard_s, sent_s)
    rate = total / (max(sent_s.values()) - begun_s)
    print(
        f"  published {rate:.0f}/s; of {len(sent_s)} measured {len(visible_ms)} became visible; "
        f"{seen.overtaken} of all {total} were overtaken before an answer; "
        f"{len(seen.answers_ms)} answers, median {np.median(seen.answers_ms):.1f} ms each"
    )
    _save_plot(visible_ms, raw_ms)
    raw = f"bare MQTT p50 {np.median(raw_ms):.1f} ms, p99 {np.percentile(raw_ms, 99):.1f} ms"
    return [
        _figure("p50", float(np.median(visible_ms)), raw),
        _figure("p99", float(np.percentile(visible_ms, 99)), raw, bar=BAR_MS),
        _figure("slowest", float(visible_ms.max()), raw),
        _figure("bare_mqtt_p50", float(np.median(raw_ms)), "itself"),
        _figure("bare_mqtt_p99", float(np.percentile(raw_ms, 99)), "itself"),
        Figure(
            name="publish_to_visible.shown_share",
            value=len(visible_ms) / len(sent_s),
            unit="share",
            bar=1.0,
            better="higher",
            reference=f"messages published at {RATE}/s for {SECONDS:.0f} s",
        ),
    ]


def _figure(name: str, value: float, reference: str, bar: float | None = None) -> Figure:
    return Figure(
        name=f"publish_to_visible.{name}",
        value=value,
        unit="ms",
        bar=bar,
        better="lower",
        reference=reference,
    )


@contextmanager
def _serving(servers: Servers) -> Iterator[str]:
    """A `waitless serve` on a free port, with nothing of this shell's own settings."""
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("WAITLESS_")
    }
    environment |= {
        "WAITLESS_REDIS_URL": servers.redis_url,
        "WAITLESS_MQTT_URL": servers.mqtt_url,
        "WAITLESS_LOG_LEVEL": "ERROR",
    }
    words = [Path(sys.executable).with_name("waitless"), "serve", "--port", str(port)]
    process = subprocess.Popen(words, env=environment)
    try:
        if not wait_for_port(port, process, STARTED_WITHIN_S):
            raise RuntimeError("waitless serve did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


async def _watch(
    servers: Servers, address: str, publisher: multiprocessing.Process, total: int
) -> Seen:
    """Listen and poll from before the first message until all is seen, or time is over."""
    seen = Seen()
    async with (
        aiomqtt.Client("127.0.0.1", servers.mqtt_port, identifier="bench-bare") as client,
        aiohttp.ClientSession(address) as session,
    ):
        await _until_ready(session)
        await client.subscribe([(topic, 1) for topic in subscriptions(AREA)])
        listening = asyncio.create_task(_listen(client, seen))
        polling = asyncio.create_task(_poll(session, seen))
        publisher.start()
        try:
            deadline = time.monotonic() + WARM_S + SECONDS + STARTED_WITHIN_S
            while time.monotonic() < deadline and len(seen.heard_s) < total:
                await asyncio.sleep(0.1)
                for task in (listening, polling):
                    if task.done():
                        task.result()
            for _ in range(int(SETTLED_WITHIN_S / 0.1)):
                if len(seen.shown_s) >= total:
                    break
                await asyncio.sleep(0.1)
        finally:
            listening.cancel()
            polling.cancel()
            await asyncio.gather(listening, polling, return_exceptions=True)
            await asyncio.to_thread(publisher.join, 10)
            if publisher.is_alive():
                publisher.kill()
    return seen


async def _until_ready(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(STARTED_WITHIN_S):
        while True:
            async with session.get("/readyz") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.1)


async def _listen(client: aiomqtt.Client, seen: Seen) -> None:
    """The reference: when is a message in a subscriber's hand?"""
    async for message in client.messages:
        now = time.monotonic()
        if not message.topic.value.endswith("/wait"):
            continue
        event = orjson.loads(message.payload)
        number, sent_s = event["id"].split("/")
        key = event["data"]["facility"], int(number)
        seen.published_s[key] = float(sent_s)
        seen.heard_s[key] = now


async def _poll(session: aiohttp.ClientSession, seen: Seen) -> None:
    """Ask for every facility's wait, again and again."""
    while True:
        asked = time.monotonic()
        async with session.get("/v1/facilities") as answer:
            body = await answer.read()
        now = time.monotonic()
        seen.answers_ms.append((now - asked) * 1000)
        for feature in _decode(body).features:
            reading = feature.properties.reading
            if reading is not None and reading.wait is not None:
                _note_shown(seen, feature.id, _number_of(reading.wait.minutes), now)
        await asyncio.sleep(POLL_EVERY_S)


def _note_shown(seen: Seen, facility_id: str, number: int, now: float) -> None:
    """The wait of that number is shown, and with it every older one of the facility is past."""
    before = seen.newest.get(facility_id, -1)
    for older in range(before + 1, number + 1):
        seen.shown_s[facility_id, older] = now
    seen.overtaken += max(0, number - before - 1)
    seen.newest[facility_id] = max(before, number)


class _Posted(msgspec.Struct):
    minutes: float


class _Card(msgspec.Struct):
    wait: _Posted | None


class _Properties(msgspec.Struct):
    reading: _Card | None


class _Feature(msgspec.Struct):
    id: str
    properties: _Properties


class _Collection(msgspec.Struct):
    features: list[_Feature]


_decode: Callable[[bytes], _Collection] = msgspec.json.Decoder(_Collection).decode


def _minutes_of(number: int) -> float:
    return round(FIRST_MINUTES + MINUTES_STEP * number, 2)


def _number_of(minutes: float) -> int:
    return round((minutes - FIRST_MINUTES) / MINUTES_STEP)


def _list_topics(area: Area) -> list[tuple[str, str, str]]:
    """Of every facility its id, provider and topic."""
    return [
        (one.id, one.provider, str(WaitTopic(area.id, one.provider, one.id)))
        for one in area.facilities.values()
    ]


def _publish(port: int, topics: list[tuple[str, str, str]], total: int) -> None:
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


def _milliseconds(arrived_s: Mapping[WaitKey, float], sent_s: Mapping[WaitKey, float]) -> Latencies:
    """From sending to arrival, of what arrived."""
    return np.array(
        [1000 * (arrived_s[key] - at) for key, at in sent_s.items() if key in arrived_s]
    )


def _save_plot(visible_ms: Latencies, raw_ms: Latencies) -> None:
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    sheet = plotting.Figure(figsize=(8, 4.5), layout="constrained")
    axes = sheet.subplots()
    edges = np.geomspace(0.2, max(BAR_MS * 1.2, visible_ms.max()), 80)
    axes.hist(raw_ms, edges, alpha=0.6, label="publish to a bare subscriber")
    axes.hist(visible_ms, edges, alpha=0.6, label="publish to an HTTP answer that shows it")
    p99 = float(np.percentile(visible_ms, 99))
    axes.axvline(p99, color="black", linewidth=0.8, label=f"p99: {p99:.0f} ms")
    axes.axvline(BAR_MS, color="black", linestyle=":", label=f"bar: {BAR_MS:.0f} ms")
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("observations")
    axes.set_title(f"From publish to visible at {RATE} observations a second")
    axes.legend(fontsize="small")
    sheet.savefig(PLOT, dpi=150)


if __name__ == "__main__":
    for item in run():
        print(item.line())
