"""How soon is a change told on 2,000 event streams that one process holds open?

A real service (an ingest and one answering process). A client in this process opens the streams,
then a provider publishes one wait a second; for each stream and change, the time counts from just
before publishing to the arrival of the next `board` event on it. The reference is one stream more
of the same events that is held alone before: what the way through broker, ingest and Redis takes.
"""

import asyncio
import resource
import time
from dataclasses import dataclass, field

from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from loadtests.benchmarks.figures import Figure
from loadtests.freshness import FIRST_MINUTES, STEP_MINUTES, encode_wait
from loadtests.processes import AREA, running_service
from loadtests.providers import split_providers
from loadtests.steady import quantile
from waitless.area.pack import find_pack, load_area
from waitless.web.events import MOST_STREAMS

STREAMS = 2000
CHANGES, EVERY_S = 20, 1.0
BAR_MS = 250.0
OPENED_WITHIN_S, TOLD_WITHIN_S = 60.0, 10.0
OPEN_AT_ONCE = 50
MARK = b"event: board"


@dataclass(slots=True)
class _Change:
    """The change that is being waited for, and when it came."""

    published_s: float = 0.0
    told_ms: list[float] = field(default_factory=list)


class _Stream(asyncio.Protocol):
    """One listener: counts a change once."""

    def __init__(self, changes: list[_Change]) -> None:
        self._changes = changes
        self._tail = b""
        self.first = asyncio.get_running_loop().create_future()
        self.told = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        transport.write(b"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        data = self._tail + data
        self._tail = data[-len(MARK) + 1 :]
        if MARK not in data:
            return
        if not self.first.done():
            self.first.set_result(None)
        elif self._changes and self.told < len(self._changes):
            change = self._changes[-1]
            self.told = len(self._changes)
            change.told_ms.append((time.perf_counter() - change.published_s) * 1000)


def run() -> list[Figure]:
    """Measure and give the figures."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < STREAMS + 200:
        raise FileNotFoundError(f"only {most} open files are allowed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, STREAMS + 200), most))
    with running_service() as service:
        endpoint = MqttEndpoint(host="127.0.0.1", port=service.servers.mqtt_port)
        alone = asyncio.run(_hold(endpoint, service.port, 1, CHANGES))
        held = asyncio.run(_hold(endpoint, service.port, min(STREAMS, MOST_STREAMS), CHANGES))
    told_ms = [value for change in held for value in change.told_ms]
    wanted = STREAMS * CHANGES
    alone_ms = [value for change in alone for value in change.told_ms]
    reference = f"one stream alone: p50 {quantile(alone_ms, 0.5):.1f} ms"
    return [
        Figure(
            name=f"events_held.p{share * 100:g}",
            value=quantile(told_ms, share),
            unit="ms",
            bar=BAR_MS if share == 0.99 else None,
            better="lower",
            reference=reference,
        )
        for share in (0.5, 0.99, 0.999)
    ] + [
        Figure(
            name="events_held.told_share",
            value=len(told_ms) / wanted,
            unit="share",
            bar=1.0,
            better="higher",
            reference=f"{STREAMS} streams, {CHANGES} changes, one a second",
        )
    ]


async def _hold(endpoint: MqttEndpoint, port: int, count: int, changes: int) -> list[_Change]:
    """Open streams, publish changes and wait until each is told everywhere, or time is over."""
    made: list[_Change] = []
    loop = asyncio.get_running_loop()
    streams: list[_Stream] = []
    _, probed = split_providers(load_area(find_pack(AREA)))
    facility = probed[0]
    topic = str(WaitTopic(AREA, facility.provider, facility.id))
    async with connect_provider(endpoint, area=AREA, provider=facility.provider) as session:
        async with asyncio.timeout(OPENED_WITHIN_S):
            while len(streams) < count:
                batch = [
                    (await loop.create_connection(lambda: _Stream(made), "127.0.0.1", port))[1]
                    for _ in range(min(OPEN_AT_ONCE, count - len(streams)))
                ]
                streams += batch
                await asyncio.gather(*(stream.first for stream in batch))
        for number in range(changes):
            await asyncio.sleep(EVERY_S)
            payload = encode_wait(facility, round(FIRST_MINUTES + STEP_MINUTES * number, 2))
            made.append(_Change(time.perf_counter()))
            await session.publish(topic, payload)
        deadline = time.perf_counter() + TOLD_WITHIN_S
        while len(made[-1].told_ms) < count and time.perf_counter() < deadline:
            await asyncio.sleep(0.05)
    for stream in streams:
        if stream.transport is not None:
            stream.transport.close()
    return made


if __name__ == "__main__":
    for item in run():
        print(item.line())
