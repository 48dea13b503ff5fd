"""A collector, and settings that send everything to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from feeds.events import encode_event
from feeds.model import Observation
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from tests.support.clock import FakeClock
from tests.support.collector import Collector, collecting
from tests.support.servers import Server
from tests.support.service import Patient, eventually, get_json, serving
from waitless.app import Role, create_app
from waitless.settings import Settings
from waitless.tracing import sender

Make = Callable[..., Settings]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans wait for others for a moment only."""
    monkeypatch.setattr(sender, "EVERY_S", 0.05)


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as one:
        yield one


@pytest.fixture
def traced(own_redis: Server, mosquitto: Server, collector: Collector) -> Make:
    def make(**more: object) -> Settings:
        return Settings(
            **{
                "redis_url": f"redis://127.0.0.1:{own_redis.port}/0",
                "mqtt_url": f"mqtt://127.0.0.1:{mosquitto.port}",
                "traces_url": collector.url,
                "traces_ratio": 1.0,
                **more,
            }
        )

    return make


@dataclass
class Area:
    """An area's writer, a process that answers, and a hospital."""

    clock: FakeClock
    writer: Patient
    patient: Patient
    publish: Callable[[Observation], Awaitable[None]]

    async def shows(self, minutes: float) -> None:
        async def shown() -> bool:
            answer = await get_json(self.patient, "/v1/facilities/deal-utc")
            reading = answer["properties"]["reading"]
            return reading is not None and reading["wait"]["minutes"] == minutes

        await eventually(shown)


@asynccontextmanager
async def an_area(settings: Settings, endpoint: MqttEndpoint) -> AsyncIterator[Area]:
    clock = FakeClock(running=True)
    async with (
        serving(create_app(settings, Role.INGEST, now=clock)) as writer,
        serving(create_app(settings, Role.API, now=clock)) as patient,
        connect_provider(endpoint, area="east-kent", provider="kcht") as publisher,
    ):

        async def publish(observed: Observation) -> None:
            topic = str(WaitTopic("east-kent", "kcht", observed.facility_id))
            await publisher.publish(topic, encode_event(observed, source="/tests"))

        yield Area(clock, writer, patient, publish)


@pytest.fixture
async def area(traced: Make, endpoint: MqttEndpoint) -> AsyncIterator[Area]:
    async with an_area(traced(), endpoint) as one:
        yield one
