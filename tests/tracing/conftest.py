"""A collector, and settings that send everything to it."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.support.collector import Collector, collecting
from tests.support.servers import Server
from waitless.settings import Settings
from waitless.tracing import sender


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans wait for others for a moment only."""
    monkeypatch.setattr(sender, "EVERY_S", 0.05)


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as one:
        yield one


@pytest.fixture
def traced(own_redis: Server, mosquitto: Server, collector: Collector) -> Callable[..., Settings]:
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
