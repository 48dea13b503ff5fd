"""Fixtures: real servers once a session, the service anew for every test."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis.asyncio import Redis

from feeds.mqtt import MqttEndpoint
from tests.support.clock import FakeClock
from tests.support.hangs import describe_tasks
from tests.support.servers import Server, start_mosquitto, start_redis
from waitless.area.pack import Area, find_pack, load_area
from waitless.settings import Settings

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[2] / "shared" / "data"

# Tests run several at a time, so how long an example takes, or to think of one, says nothing.
# Fixtures that examples share are chosen so.
hypothesis_settings.register_profile(
    "side-by-side",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("side-by-side")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name packed bytes, which hold the time, so that every worker gives a test the same name."""
    if isinstance(val, bytes) and val.startswith(b"\x1f\x8b"):
        return f"{argname} of {len(val)} bytes"
    return None


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item) -> Generator[None, object, object]:
    """Have a test whose time is over say what its tasks wait for, too."""
    result = yield
    fail = signal.getsignal(signal.SIGALRM)
    if callable(fail):

        def describe_and_fail(number: int, frame: FrameType | None) -> None:
            item.add_report_section("call", "tasks", describe_tasks())
            fail(number, frame)

        signal.signal(signal.SIGALRM, describe_and_fail)
    return result


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mosquitto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_mosquitto(tmp_path_factory.mktemp("mosquitto"))
    yield server
    server.stop()


@pytest.fixture
async def redis_url(redis_server: Server) -> str:
    """An empty Redis."""
    url = f"redis://127.0.0.1:{redis_server.port}/0"
    async with Redis.from_url(url) as redis:
        await redis.flushall()
    return url


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Server]:
    """A broker of the test's own, with nothing retained, to be killed at will."""
    server = start_mosquitto(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Server]:
    """A Redis of the test's own, to be killed at will."""
    server = start_redis(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def endpoint(mosquitto: Server) -> MqttEndpoint:
    return MqttEndpoint(host="127.0.0.1", port=mosquitto.port)


@pytest.fixture(scope="session")
def east_kent() -> Area:
    return load_area(find_pack("east-kent"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def plymouth_pack(tmp_path: Path) -> Path:
    """A copy of the tiny pack, to be spoilt."""
    folder = tmp_path / "plymouth"
    shutil.copytree(DATA / "plymouth", folder)
    return folder


@pytest.fixture
def settings(redis_url: str) -> Callable[..., Settings]:
    def make(**more: object) -> Settings:
        return Settings(redis_url=redis_url, port=0, **more)

    return make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded payloads and series that may not be copied into the repository."""
    if not SHARED.is_dir():
        words = "the recorded data stands beside the repository, as ../shared/data"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return SHARED


@pytest.fixture
async def fresh_redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis
