"""The whole service with everything that guards it switched on, and strangers who ask it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec import structs
from redis.asyncio import Redis

from tests.support.clock import FakeClock
from tests.support.collector import Collector, collecting
from tests.support.postcodes import build_places, onspd
from tests.support.service import Patient, eventually, serving
from tests.support.signin import write_accounts
from waitless.app import Role, create_app
from waitless.settings import Settings
from waitless.tracing import sender


@pytest.fixture
def places(tmp_path: Path) -> Path:
    source, out = tmp_path / "onspd.csv", tmp_path / "kent.places"
    source.write_text(onspd([("CT14 9AA", "", 51.22301, 1.40017)]))
    assert build_places(source, out).exit_code == 0
    return out


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """Where every span goes, after a moment."""
    monkeypatch.setattr(sender, "EVERY_S", 0.05)
    async with collecting() as one:
        yield one


@pytest.fixture
def guarded(redis_url: str, tmp_path: Path, places: Path, collector: Collector) -> Settings:
    return Settings(
        redis_url=redis_url,
        places_file=places,
        accounts_file=write_accounts(tmp_path),
        trusted_proxies="127.0.0.0/8",
        rate_limit=10_000,
        rate_burst=10_000,
        traces_url=collector.url,
        traces_ratio=1.0,
    )


@pytest.fixture(params=[False, True], ids=["ordinary", "fast path"])
async def service(
    guarded: Settings, clock: FakeClock, request: pytest.FixtureRequest
) -> AsyncIterator[Patient]:
    settings = structs.replace(guarded, fast_path=request.param)
    async with serving(create_app(settings, Role.ALL, now=clock)) as client:

        async def ready() -> bool:
            return (await client.get("/v1/recommendations?place=CT14")).status == 200

        await eventually(ready)
        yield client


async def send(client: Patient, request: bytes) -> bytes:
    """What a server answers to bytes that no client library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(request)
    async with asyncio.timeout(30):
        answer = await reader.read(65536)
    writer.close()
    with suppress(ConnectionError):  # it may have been cut off by then
        await writer.wait_closed()
    return answer


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Redis]:
    """What the service keeps, looked at from beside it."""
    async with Redis.from_url(redis_url) as redis:
        yield redis
