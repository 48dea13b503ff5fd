"""Providers that publish over MQTT and push over HTTP at a steady rate, and what was acknowledged.

A provider whose message was not acknowledged sends the same again until it is, as docs/feeds.md
asks of it; what falls due meanwhile is told afterwards as it then is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import aiohttp

from feeds.events import encode_event
from feeds.model import Observation, Statistic, Wait
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import ConnectionLost, MqttPublisher, connect_provider
from feeds.topics import WaitTopic
from loadtests.faults.stage import INGESTS, Stage
from loadtests.processes import AREA

PUBLISHING = {
    "medway-ft": ("medway-ed",),
    "dgt": ("darent-valley-ed",),
    "mtw": ("maidstone-ed", "tunbridge-wells-ed"),
}
PUSHING = ("william-harvey-ed", "qeqm-ed")
"""Of the provider ekhuft. All are emergency departments, which never shut: `make faults` runs at
any hour."""
EVERY_S = 1.5
"""Between two waits of a facility: as_of of a push has whole seconds."""
ANSWERED_WITHIN_S = 15.0
"""The service asks for the same again after 10 s."""
AGAIN_AFTER_S = 0.3
AGEING = "sheppey-miu", "sheppey-miu"
"""Provider and facility that publish old waits, to be seen leaving at 30 minutes."""
ABSURD = "herne-bay-practices", "herne-bay-utc"
"""The same, of waits above the hard limit, which are held."""
BURSTING = "faversham-medical", "faversham-utc"
"""The same, of waits that come hundreds at once."""
IN_FLIGHT = 8
LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class Sent:
    """One acknowledged wait: by the broker, or by an answer to a push."""

    facility_id: str
    as_of_ms: int
    minutes: float


@dataclass(slots=True)
class Said:
    """All that providers have said."""

    acknowledged: list[Sent] = field(default_factory=list)
    sent: set[Sent] = field(default_factory=set)
    """Whatever may have come in: what was acknowledged, and what was not."""
    figures: dict[str, set[float]] = field(default_factory=dict)
    """Every figure that a facility may show: of whatever was sent."""
    forbidden: set[float] = field(default_factory=set)
    """Figures that no answer may ever show."""
    rules: dict[str, int] = field(default_factory=dict)
    """What the service said became of pushed waits that it did not believe."""
    unexplained: list[str] = field(default_factory=list)
    """Refusals of pushes that were no problem documents."""

    def note(self, facility_id: str, as_of: datetime, minutes: float) -> Sent:
        """Note a wait before it is sent."""
        sent = Sent(facility_id, int(as_of.timestamp() * 1000), minutes)
        self.sent.add(sent)
        self.figures.setdefault(facility_id, set()).add(minutes)
        return sent


class Traffic:
    """The providers. `said` grows while they work."""

    def __init__(self, stage: Stage) -> None:
        self.said = Said()
        self.now = stage.now
        self._stage = stage
        self._endpoint = MqttEndpoint(host="127.0.0.1", port=stage.ways["providers-broker"].port)

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Publish and push for as long as the context lasts."""
        works = [
            *(self._publish_for(provider, ids) for provider, ids in PUBLISHING.items()),
            *(self._push(facility_id) for facility_id in PUSHING),
        ]
        tasks = [asyncio.create_task(one) for one in works]
        try:
            yield
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def publish_old(self, left: timedelta) -> None:
        """Publish a wait that stays live for so long."""
        provider, facility_id = AGEING
        as_of = self._stage.now() - timedelta(minutes=30) + left
        minutes = float(len(self.said.figures.get(facility_id, ())) % 20 + 10)
        self.said.note(facility_id, as_of, minutes)
        await self.publish_once(provider, facility_id, self.encode(facility_id, minutes, as_of))

    async def publish_absurd(self) -> None:
        """Publish a wait that is held."""
        provider, facility_id = ABSURD
        minutes = 5000.0 + len(self.said.forbidden)
        self.said.forbidden.add(minutes)
        payload = self.encode(facility_id, minutes, self._stage.now())
        await self.publish_once(provider, facility_id, payload)

    async def publish_burst(self, size: int) -> None:
        """Publish so many waits at once, a millisecond after one another by their own time."""
        provider, facility_id = BURSTING
        in_flight = asyncio.Semaphore(IN_FLIGHT)
        figures, first = draw_figures(5), self._stage.now() - timedelta(milliseconds=size)

        async def send(number: int) -> None:
            as_of, minutes = first + timedelta(milliseconds=number), figures()
            sent = self.said.note(facility_id, as_of, minutes)
            payload = self.encode(facility_id, minutes, as_of)
            async with in_flight:
                await self._send(session, provider, sent, payload)

        async with connect_provider(self._endpoint, area=AREA, provider=provider) as session:
            await asyncio.gather(*(send(number) for number in range(size)))

    async def publish_once(self, provider: str, facility_id: str, *payloads: bytes) -> None:
        """Publish messages of a facility on a session of their own, past every proxy."""
        port = self._stage.components["broker"].port
        endpoint = MqttEndpoint(host="127.0.0.1", port=port)
        async with connect_provider(endpoint, area=AREA, provider=provider) as session:
            for payload in payloads:
                await session.publish(str(WaitTopic(AREA, provider, facility_id)), payload)

    def encode(self, facility_id: str, minutes: float, as_of: datetime) -> bytes:
        """A wait as MQTT has it."""
        return encode_event(
            Observation(
                facility_id=facility_id,
                feed_id="",
                as_of=as_of,
                received_at=as_of,
                wait=Wait(minutes=minutes, statistic=Statistic.MEAN),
                simulated=True,
            ),
            source="urn:waitless:faults",
        )

    async def _publish_for(self, provider: str, facility_ids: Sequence[str]) -> None:
        figures = {one: draw_figures(number) for number, one in enumerate(facility_ids)}
        unsent: list[tuple[Sent, bytes]] = []
        while True:
            try:
                async with connect_provider(self._endpoint, area=AREA, provider=provider) as to:
                    while True:
                        for one in facility_ids:
                            if not unsent:
                                unsent.append(self._draw(one, figures[one]))
                            await self._send(to, provider, *unsent[0])
                            unsent.clear()
                        await asyncio.sleep(EVERY_S)
            except ConnectionLost:
                await asyncio.sleep(AGAIN_AFTER_S)

    def _draw(self, facility_id: str, figures: Callable[[], float]) -> tuple[Sent, bytes]:
        now, minutes = self._stage.now(), figures()
        sent = self.said.note(facility_id, now, minutes)
        return sent, self.encode(facility_id, minutes, now)

    async def _send(self, to: MqttPublisher, provider: str, sent: Sent, payload: bytes) -> None:
        await to.publish(str(WaitTopic(AREA, provider, sent.facility_id)), payload)
        self.said.acknowledged.append(sent)

    async def _push(self, facility_id: str) -> None:
        figures = draw_figures(PUSHING.index(facility_id) + 3, step=1)
        before = self._stage.now()
        timeout = aiohttp.ClientTimeout(ANSWERED_WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                now = self._stage.now().replace(microsecond=0)
                if abs(now - before) >= timedelta(seconds=1):
                    before = now
                    await self._push_until_taken(session, facility_id, figures(), now)
                await asyncio.sleep(EVERY_S)

    async def _push_until_taken(
        self, session: aiohttp.ClientSession, facility_id: str, minutes: float, now: datetime
    ) -> None:
        """Push to one ingest process after the other, as nginx does, until one takes it."""
        sent = self.said.note(facility_id, now, minutes)
        body = {
            "serviceId": facility_id,
            "waitingTimeMins": round(minutes),
            "lastUpdated": f"{now.astimezone(LONDON):%Y-%m-%d %H:%M:%S}",
        }
        for turn in count():
            port = self._stage.components[INGESTS[turn % 2]].port
            outcome = await self._post(session, port, body)
            if outcome is None:
                await asyncio.sleep(AGAIN_AFTER_S)
                continue
            if outcome != "believed":
                self.said.rules[outcome] = self.said.rules.get(outcome, 0) + 1
            if outcome in ("believed", "duplicate"):
                self.said.acknowledged.append(sent)
            return

    async def _post(
        self, session: aiohttp.ClientSession, port: int, body: dict[str, object]
    ) -> str | None:
        """What became of one push; None where it has to be sent again."""
        headers = {"Authorization": f"Bearer {self._stage.key}"}
        url = f"http://127.0.0.1:{port}/v1/capacities"
        try:
            async with session.post(url, json=body, headers=headers) as answer:
                document = await answer.json(content_type=None)
                if answer.status == 200:
                    outcome = document["outcomes"][0]
                    return str(outcome["rule"] or outcome["outcome"])
                if answer.content_type != "application/problem+json":
                    self.said.unexplained.append(f"push: {answer.status}, {answer.content_type}")
        except (aiohttp.ClientError, TimeoutError, ValueError):
            pass
        return None


def draw_figures(number: int, *, step: float = 0.25) -> Callable[[], float]:
    """Minutes that go up and down by steps that no rule of belief minds, apart from others'."""
    turns, least = count(), 20 + 30 * number

    def draw() -> float:
        turn = next(turns) % 40
        return least + step * (turn if turn < 20 else 40 - turn)

    return draw
