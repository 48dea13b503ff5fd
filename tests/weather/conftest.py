"""A whole service in a process of its own, with one wait on its board; a quick one to lose
patience."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from tests.support.processes import Serving, starved_s
from tests.support.servers import Server, start_redis
from waitless.keys import Role, make_key

KEY, KEY_LINES = make_key("kcht", Role.PROVIDER)
IDLE_S = 2.0
QUESTION = b"GET /v1/recommendations?place=CT14 HTTP/1.1\r\nHost: here\r\n\r\n"


class House(Serving):
    """A service that writes and answers, and pushes of a provider."""

    def __init__(self, folder: Path, redis: Server, **more: str) -> None:
        """Started, and answering."""
        (folder / "keys.toml").write_text(KEY_LINES)
        environment = {
            "WAITLESS_REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "WAITLESS_KEYS_FILE": str(folder / "keys.toml"),
        }
        super().__init__(folder, **(environment | more))
        deadline = time.monotonic() + 40
        while True:
            try:
                urlopen(f"http://127.0.0.1:{self.port}/healthz").close()
            except OSError:
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)
            else:
                return

    async def push(self) -> int:
        """The status of a pushed wait."""
        last = datetime.now(ZoneInfo("Europe/London")).strftime("%Y-%m-%d %H:%M:%S")
        document = {"serviceId": "deal-utc", "waitingTimeMins": 20, "lastUpdated": last}
        url = f"http://127.0.0.1:{self.port}/v1/capacities"
        headers = {"Authorization": f"Bearer {KEY}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=document, headers=headers) as response,
        ):
            return response.status

    async def answers(self) -> bool:
        """Whether a patient is answered within a second, but for what we waited for processors."""
        pids = (self.pid, os.getpid())
        began, starved = time.monotonic(), starved_s(*pids)
        asking = asyncio.create_task(self.get("/v1/recommendations?place=CT14"))
        while not asking.done():
            if time.monotonic() - began > 1 + starved_s(*pids) - starved:
                asking.cancel()
                return False
            await asyncio.wait({asking}, timeout=0.1)
        status, document = asking.result()
        return status == 200 and document["destinations"] != []


@contextmanager
def opened(folder: Path, redis: Server, **more: str) -> Iterator[House]:
    """A running house, by more settings."""
    house = House(folder, redis, **more)
    try:
        yield house
    finally:
        house.close()


@pytest.fixture(scope="module", params=["false", "true"], ids=["ordinary", "fast"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Without and with the fast path; it loses patience after `IDLE_S`."""
    more = {"WAITLESS_FAST_PATH": request.param, "WAITLESS_IDLE_SECONDS": str(IDLE_S)}
    folder = tmp_path_factory.mktemp("house")
    redis = start_redis(folder)
    with opened(folder, redis, **more) as house:
        yield house
    redis.stop()
