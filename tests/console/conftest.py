"""One browser; the whole service, writer included, with a broker, and an operator at its page."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from playwright.async_api import Browser, Page
from redis.asyncio import Redis

from feeds.events import encode_event
from feeds.model import FacilityStatus
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from tests.support.browser import chromium
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.servers import Server, start_mosquitto, start_redis
from tests.support.service import Patient, eventually, serving
from tests.support.signin import cookie_of, origin_of, sign_in, write_accounts
from waitless.app import create_app
from waitless.reading import apply_observation
from waitless.settings import Settings
from waitless.store import Store

SESSIONS = "/operator/sessions"
EVENING = datetime(2024, 10, 30, 19, 0, tzinfo=FakeClock()().tzinfo)
"""30 October 2024, 19:00 in Kent: the figures of that evening said 72 hours."""
OPERATOR, VIEWER = "otto", "vera"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here shares one loop, so that it can share a browser and a service."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class Control:
    """The service that operators look after, and what providers send it."""

    def __init__(self, client: Patient, endpoint: MqttEndpoint, clock: FakeClock) -> None:
        self.client = client
        self.clock = clock
        self._cookies: dict[str, str] = {}
        self._endpoint = endpoint

    async def sign_in(self) -> None:
        """Everybody, each in a browser of their own."""
        for name in (OPERATOR, VIEWER):
            cookie = cookie_of(await sign_in(self.client, name))
            self._cookies[name] = cookie.partition(";")[0]
            self.client.session.cookie_jar.clear()

    def url(self, path: str) -> str:
        return str(self.client.make_url(path))

    def headers(self, who: str = OPERATOR) -> dict[str, str]:
        return {"Cookie": self._cookies[who]}

    def cookie(self, who: str = OPERATOR) -> dict[str, str]:
        name, _, value = self._cookies[who].partition("=")
        return {"name": name, "value": value, "url": self.url("/")}

    async def publish(
        self,
        facility_id: str,
        minutes: float,
        *,
        ago: timedelta = timedelta(minutes=1),
        provider: str = "kcht",
        status: FacilityStatus | None = None,
    ) -> None:
        observed = observation(facility_id, minutes, as_of=self.clock() - ago, status=status)
        topic = WaitTopic("east-kent", provider, facility_id)
        async with connect_provider(
            self._endpoint, area="east-kent", provider=provider
        ) as publisher:
            await publisher.publish(str(topic), encode_event(observed, source="/tests"))

    async def read(self, path: str = "/operator", who: str = OPERATOR) -> str:
        response = await self.client.get(path, headers=self.headers(who))
        return await response.text()

    async def post(self, act: str, form: dict[str, str], who: str = OPERATOR) -> ClientResponse:
        """Send an act's form as a browser would; redirects are not followed."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', await self.read(SESSIONS, who))
        assert found is not None
        return await self.client.post(
            f"/operator/acts/{act}",
            data={**form, "csrf": found[1]},
            headers=self.headers(who) | origin_of(self.client),
            allow_redirects=False,
        )

    async def shows(self, words: str, path: str = "/operator") -> None:
        async def shown() -> bool:
            return words in await self.read(path)

        await eventually(shown, words=words)


async def write_day_at_deal(url: str) -> None:
    async with Redis.from_url(url) as link:
        store = Store(link, "east-kent")
        for ago in range(24 * 60, 0, -15):
            past = observation(minutes=20 + ago % 120 / 3, as_of=EVENING - timedelta(minutes=ago))
            await store.save_readings([apply_observation(None, past)])


@asynccontextmanager
async def serve_control(
    redis: Server,
    folder: Path,
    before: Callable[[str], Awaitable[None]] = write_day_at_deal,
    **more: object,
) -> AsyncIterator[Control]:
    """A service on a Redis that holds nothing but what `before` writes, and a broker of its own."""
    clock, url = FakeClock(EVENING), f"redis://127.0.0.1:{redis.port}/0"
    async with Redis.from_url(url) as link:
        await link.flushall()
    await before(url)
    broker = start_mosquitto(folder)
    settings = Settings(
        redis_url=url,
        mqtt_url=f"mqtt://127.0.0.1:{broker.port}",
        accounts_file=write_accounts(folder),
        session_idle_minutes=600,
        **more,
    )
    try:
        async with serving(create_app(settings, now=clock)) as client:
            control = Control(client, MqttEndpoint(host="127.0.0.1", port=broker.port), clock)

            async def ready() -> bool:
                return (await client.get("/readyz")).status == 200

            await eventually(ready)
            await control.sign_in()
            yield control
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def console_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Server]:
    """Of these tests alone: the shared one is emptied by others."""
    server = start_redis(tmp_path_factory.mktemp("console-redis"))
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def control(
    console_redis: Server, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Control]:
    async with serve_control(console_redis, tmp_path_factory.mktemp("console")) as control:
        yield control


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@asynccontextmanager
async def at_the_desk(
    browser: Browser,
    control: Control,
    path: str = "/operator",
    who: str = OPERATOR,
    **more: object,
) -> AsyncIterator[Page]:
    """An operator's page in a context of its own."""
    context = await browser.new_context(**more)
    await context.add_cookies([control.cookie(who)])
    page = await context.new_page()
    try:
        await page.goto(control.url(path))
        yield page
    finally:
        await context.close()
