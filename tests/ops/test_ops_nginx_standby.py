"""A real nginx under our file before two real ingest processes: the one that writes is asked."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientSession, ClientTimeout, CookieJar

from feeds.mqtt import MqttEndpoint
from tests.ops.test_ops_nginx import Nginx
from tests.support.processes import Serving
from tests.support.servers import Server, free_port
from tests.support.signin import PASSWORDS, write_accounts
from waitless.keys import Role, make_key

PROVIDER, PROVIDER_LINES = make_key("kcht", Role.PROVIDER)
OPERATOR, OPERATOR_LINES = make_key("olivia", Role.OPERATOR)


class Pair:
    """A writer, its standby, and nginx before both."""

    def __init__(self, folder: Path, redis: Server, broker: MqttEndpoint) -> None:
        self._folder = folder
        self._keys = folder / "keys.toml"
        self._keys.write_text(PROVIDER_LINES + OPERATOR_LINES)
        self._environment = {
            "WAITLESS_REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "WAITLESS_MQTT_URL": f"mqtt://127.0.0.1:{broker.port}",
            "WAITLESS_KEYS_FILE": str(self._keys),
            "WAITLESS_ACCOUNTS_FILE": str(write_accounts(folder)),
            "WAITLESS_TRUSTED_PROXIES": "127.0.0.0/8",
        }
        self.ingests: list[Serving] = []
        self._nginx: Nginx | None = None
        self.at = ""

    async def start(self) -> None:
        for status in ("ready", "standby"):
            one = Serving(self._folder, "--role", "ingest", **self._environment)
            self.ingests.append(one)
            await one.becomes(status)
        ports = [one.port for one in self.ingests]
        nginx = await asyncio.to_thread(Nginx, self._folder, [free_port()], ports)
        self._nginx, self.at = nginx, nginx.at

    def said(self) -> str:
        """What nginx logged of requests that were not answered with 200."""
        assert self._nginx is not None
        lines = self._nginx.said().splitlines()
        return "\n".join(line for line in lines if '"status":200' not in line)

    def close(self) -> None:
        if self._nginx is not None:
            self._nginx.server.stop()
        for one in self.ingests:
            one.close()

    async def push(self, http: ClientSession, minutes: int = 20) -> int:
        """The status of a pushed wait."""
        last = datetime.now(ZoneInfo("Europe/London")).strftime("%Y-%m-%d %H:%M:%S")
        body = {"serviceId": "deal-utc", "waitingTimeMins": minutes, "lastUpdated": last}
        headers = {"Authorization": f"Bearer {PROVIDER}"}
        url = f"{self.at}/v1/capacities"
        async with http.post(url, json=body, headers=headers) as response:
            return response.status


@pytest.fixture
async def pair(own_redis: Server, endpoint: MqttEndpoint, tmp_path: Path) -> AsyncIterator[Pair]:
    pair = Pair(tmp_path, own_redis, endpoint)
    try:
        await pair.start()
        yield pair
    finally:
        await asyncio.to_thread(pair.close)


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(timeout=ClientTimeout(total=20)) as session:
        yield session


async def test_pushes_and_acts_reach_the_writer_whomever_nginx_asks_first(
    pair: Pair, http: ClientSession
) -> None:
    took = []
    for _ in range(8):  # in turns, so half of them at the standby first
        began = time.monotonic()
        assert await pair.push(http) == 200
        took.append(time.monotonic() - began)
    assert max(took) < 3, "the standby says soon that it is none"

    headers = {"Authorization": f"Bearer {OPERATOR}"}
    url = f"{pair.at}/v1/operator/feeds/ekhuft/off"
    for _ in range(2):
        async with http.post(url, json={"why": "tried", "hours": 1}, headers=headers) as response:
            assert response.status == 200, await response.text()
    async with http.get(f"{pair.at}/v1/operator/audit", headers=headers) as response:
        assert len((await response.json())["entries"]) == 2, "each act was done once"


async def test_people_sign_in_whomever_nginx_asks_first_and_stay_so_when_the_standby_takes_over(
    pair: Pair,
) -> None:
    form = {"name": "otto", "password": PASSWORDS["otto"]}
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        for _ in range(2):  # in turns
            async with browser.post(
                f"{pair.at}/operator/sign-in", data=form, headers={"Origin": pair.at}
            ) as response:
                assert response.url.path == "/operator"
                assert '<a href="/operator/sessions">otto</a>' in await response.text()

        pair.ingests[0].signal(signal.SIGKILL)

        async with browser.get(f"{pair.at}/operator/sessions") as response:
            assert "You are <strong>otto</strong>" in await response.text()
    assert '"path":"/operator/sign-in"' in pair.said()
    assert PASSWORDS["otto"] not in pair.said()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_no_push_fails_while_the_standby_takes_over(
    pair: Pair, http: ClientSession, number: signal.Signals
) -> None:
    statuses: list[int] = []

    async def push_on() -> None:
        while True:
            statuses.append(await pair.push(http))
            await asyncio.sleep(0.05)

    writer, standby = pair.ingests
    pushing = [asyncio.create_task(push_on()) for _ in range(4)]
    await asyncio.sleep(1)
    writer.signal(number)
    await standby.becomes("ready")
    count = len(statuses)
    await standby.until(lambda: len(statuses) >= count + 8)
    for task in pushing:
        task.cancel()
    await asyncio.wait(pushing)
    assert [task for task in pushing if not task.cancelled()] == []
    assert set(statuses) == {200}, pair.said()
