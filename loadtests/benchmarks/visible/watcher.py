"""What subscribers hear and answers show, and when."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
import aiomqtt
import msgspec
import orjson

from feeds.topics import subscriptions
from loadtests.benchmarks.servers import Servers
from loadtests.benchmarks.visible.publisher import number_of

AREA = "east-kent"
POLL_EVERY_S = 0.005
SETTLED_WITHIN_S = 5.0
READY_WITHIN_S = 30.0

WaitKey = tuple[str, int]
"""A facility and the number of its wait."""


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


async def watch(
    servers: Servers, address: str, publisher: multiprocessing.Process, total: int, within_s: float
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
            deadline = time.monotonic() + within_s
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
    async with asyncio.timeout(READY_WITHIN_S):
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
                _note_shown(seen, feature.id, number_of(reading.wait.minutes), now)
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
