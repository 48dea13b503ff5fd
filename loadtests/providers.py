"""Providers and a traffic source over MQTT, as real ones are; `python -m loadtests.providers URL`.

Every facility at a cadence of its own, all of a provider's at once now and then (a burst), one
provider whose connection comes and goes, and traffic on the main roads every ten seconds. A
process of its own, as the project's sessions are asyncio's and Locust's users gevent's: it prints
a line of JSON for each message (`name`, `ms` to the broker's acknowledgement, `bytes`, `fault`),
which the locustfile counts. Ends with its standard input, or at a signal.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from urllib.parse import urlsplit

import orjson

from feeds.events import encode_event
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import ConnectionLost, MqttPublisher, connect_provider, connect_source
from feeds.topics import TrafficTopic, WaitTopic
from feeds.traffic.messages import encode_traffic
from loadtests.processes import AREA
from waitless.area.facility import Facility
from waitless.area.pack import Area, find_pack, load_area
from waitless.demo.publish import draw_period_s
from waitless.demo.traffic import TrafficWorld
from waitless.demo.world import World
from waitless.traffic.simulated import SOURCE

SPEED = 30.0
"""The world runs so many times faster than real: a minute shows half an hour of it."""
BURST_EVERY_S = 15.0
"""So often a provider tells of all its facilities at once, several times over."""
BURST_TIMES = 5
FLAP_S = (4.0, 2.0)
"""The flapping provider's connection lasts so long, and is away so long."""
TRAFFIC_EVERY_S, TRAFFIC_LASTS = 10.0, timedelta(minutes=3)
CONNECT_AGAIN_S = 1.0
SEED = 5


def split_providers(area: Area) -> tuple[dict[str, list[Facility]], list[Facility]]:
    """Whom this process speaks for, by provider, and the largest provider's, left to a probe.

    Two sessions of one name would throw each other out, so nobody else may speak for the first.
    """
    grouped: dict[str, list[Facility]] = {}
    for facility in area.facilities.values():
        grouped.setdefault(facility.provider, []).append(facility)
    probed = max(grouped, key=lambda provider: len(grouped[provider]))
    return grouped, grouped.pop(probed)


class _Source:
    """What all of the sessions share."""

    def __init__(self, endpoint: MqttEndpoint, area: Area, chance: Random) -> None:
        self.endpoint = endpoint
        self.area = area
        self.chance = chance
        self.world = World(
            area.facilities, area.calendar, Random(chance.random()), _now(), speed=SPEED
        )
        self.numbers = count(1)

    async def tell(self, session: MqttPublisher, facility: Facility) -> None:
        """Publish one facility's wait."""
        observed = replace(
            self.world.observe(facility.id, _now()), sequence=next(self.numbers), simulated=True
        )
        topic = str(WaitTopic(self.area.id, facility.provider, facility.id))
        payload = encode_event(observed, source="urn:waitless:load")
        await _publish(session, "wait", topic, payload)

    async def speak_for(self, provider: str, facilities: list[Facility], lasts_s: float) -> None:
        """Hold a session and tell of everything at its cadence, for so many seconds."""
        clock = asyncio.get_running_loop()
        until = clock.time() + lasts_s
        periods = {one.id: draw_period_s(self.chance, SPEED) for one in facilities}
        due = dict.fromkeys(periods, clock.time())
        burst_at = clock.time() + self.chance.uniform(0, BURST_EVERY_S)
        async with connect_provider(self.endpoint, area=self.area.id, provider=provider) as session:
            while (now := clock.time()) < until:
                for facility in facilities:
                    if due[facility.id] <= now:
                        due[facility.id] = now + periods[facility.id]
                        await self.tell(session, facility)
                if burst_at <= now:
                    burst_at = now + BURST_EVERY_S
                    for facility in facilities * BURST_TIMES:
                        await self.tell(session, facility)
                await asyncio.sleep(min(until, burst_at, *due.values()) - clock.time())

    async def flap(self, provider: str, facilities: list[Facility]) -> None:
        """Come and go."""
        lasts_s, away_s = FLAP_S
        while True:
            await self.speak_for(provider, facilities, lasts_s)
            await asyncio.sleep(away_s)

    async def tell_traffic(self) -> None:
        """Hold the traffic source's session."""
        traffic = TrafficWorld(self.area.roads, self.chance, _now())
        topic = str(TrafficTopic(self.area.id, SOURCE.id))
        async with connect_source(self.endpoint, area=self.area.id, source=SOURCE.id) as session:
            while True:
                report = traffic.report(_now(), source=SOURCE.id, lasts=TRAFFIC_LASTS)
                payload = encode_traffic(report, source="urn:waitless:load")
                await _publish(session, "traffic", topic, payload)
                await asyncio.sleep(TRAFFIC_EVERY_S)


async def publish_all(endpoint: MqttEndpoint, area: Area) -> None:
    """Everything, until standard input ends."""
    source = _Source(endpoint, area, Random(SEED))
    providers, _ = split_providers(area)
    flapping, *steady = sorted(providers)
    works = [
        _ever(lambda: source.flap(flapping, providers[flapping])),
        *(
            _ever(lambda name=name: source.speak_for(name, providers[name], float("inf")))
            for name in steady
        ),
        _ever(source.tell_traffic),
    ]
    group = asyncio.gather(*works)
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.buffer.read))
    await asyncio.wait({group, ended}, return_when=asyncio.FIRST_COMPLETED)
    if group.done():
        group.result()
    group.cancel()


async def _ever(work: Callable[[], Awaitable[None]]) -> None:
    """Do it again whenever the connection is lost."""
    while True:
        try:
            await work()
        except ConnectionLost as fault:
            _report("connection", 0.0, 0, str(fault))
        await asyncio.sleep(CONNECT_AGAIN_S)


async def _publish(session: MqttPublisher, name: str, topic: str, payload: bytes) -> None:
    began = time.perf_counter()
    await session.publish(topic, payload)
    _report(name, (time.perf_counter() - began) * 1000, len(payload), None)


def _report(name: str, ms: float, length: int, fault: str | None) -> None:
    line = orjson.dumps({"name": name, "ms": ms, "bytes": length, "fault": fault})
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Publish to the broker that the command line names."""
    where = urlsplit(sys.argv[1])
    endpoint = MqttEndpoint(host=where.hostname or "127.0.0.1", port=where.port or 1883)
    asyncio.run(publish_all(endpoint, load_area(find_pack(AREA))))


if __name__ == "__main__":
    main()
