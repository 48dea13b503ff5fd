"""One browser for all tests of pages, one served application, and its world to be changed."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from redis.asyncio import Redis

from feeds.model import Observation
from tests.support.browser import chromium
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.servers import Server, start_redis
from tests.support.service import Patient, eventually, serving
from waitless.app import Role, create_app
from waitless.health import FeedHealth
from waitless.pulse import Pulse
from waitless.reading import apply_observation
from waitless.settings import Settings
from waitless.store import Store


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here shares one loop, so that it can share a browser and an application."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def usual_readings(at: datetime = MONDAY_MORNING) -> list[Observation]:
    """What five places have posted by then; the last is 45 minutes old."""
    return [
        observation("deal-utc", 22, as_of=at - timedelta(minutes=4)),
        observation("dover-utc", 75, as_of=at - timedelta(minutes=9)),
        observation("margate-utc", 40, as_of=at - timedelta(minutes=2)),
        observation("qeqm-ed", 130, as_of=at - timedelta(minutes=3)),
        observation("canterbury-utc", 15, as_of=at - timedelta(minutes=45)),
    ]


class World:
    """A served application, and what it is told."""

    def __init__(self, client: Patient, redis: Redis, clock: FakeClock) -> None:
        self.client = client
        self._redis = redis
        self._store = Store(redis, "east-kent")
        self._clock = clock

    def url(self, path: str) -> str:
        return str(self.client.make_url(path))

    async def become(
        self, readings: Iterable[Observation] | None = None, at: datetime = MONDAY_MORNING
    ) -> None:
        """Only these readings are believed, and it is this time; None: as usual by then."""
        given = usual_readings(at) if readings is None else list(readings)
        self._clock.move(seconds=(at - self._clock()).total_seconds())
        await self._redis.delete("waitless:{east-kent}:latest")
        await self._store.save_readings([apply_observation(None, one) for one in given])
        health = FeedHealth(id="kcht", transport="mqtt", cadence_s=300, connected=True, primed=True)
        health.told_at = at
        health.count_message(at)
        for one in given:
            health.count_believed(one)
        await self._store.save_health([health], Pulse(at=at))
        epoch = await self._store.load_epoch()

        async def seen() -> bool:
            response = await self.client.get("/v1/recommendations?place=Deal")
            return bool((await response.json())["epoch"] >= epoch)

        await eventually(seen)


@asynccontextmanager
async def serve_world(server: Server, **settings: object) -> AsyncIterator[World]:
    """A world of its own on an empty Redis, as usual on a Monday morning."""
    url = f"redis://127.0.0.1:{server.port}/0"
    clock = FakeClock()
    async with Redis.from_url(url) as redis:
        await redis.flushall()
        app = create_app(Settings(redis_url=url, **settings), Role.API, now=clock)
        async with serving(app) as client:
            world = World(client, redis, clock)
            await world.become()
            yield world


@pytest.fixture(scope="session")
def pages_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Server]:
    """Of these tests alone: the shared one is emptied by others."""
    server = start_redis(tmp_path_factory.mktemp("pages-redis"))
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(pages_redis: Server) -> AsyncIterator[World]:
    async with serve_world(pages_redis) as world:
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@asynccontextmanager
async def visiting(
    browser: Browser, world: World, path: str = "/", **more: object
) -> AsyncIterator[Page]:
    """A page in a context of its own: nothing is remembered from another visit."""
    context = await browser.new_context(**more)
    page = await context.new_page()
    try:
        await page.goto(path if ":" in path else world.url(path))
        yield page
    finally:
        await context.close()
