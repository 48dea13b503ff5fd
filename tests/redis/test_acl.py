"""Redis's users with least rights: what they can do is enough, and what they cannot is denied."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from feeds.mqtt import MqttEndpoint
from tests.redis.conftest import history, hospital, until_shown
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.redis_groups import SentinelGroup, start_server
from tests.support.servers import Server
from tests.support.service import eventually, serving
from waitless.app import Role, create_app
from waitless.ledger.counts import bucket_of
from waitless.ledger.entries import LedgerStore
from waitless.limits import Limiter
from waitless.redis_clients import Wanted
from waitless.redis_link import StoreAway, open_redis
from waitless.settings import Settings

OPS = Path(__file__).parents[2] / "ops"
AREA = "waitless:{east-kent}:"


@dataclass(frozen=True)
class Guarded:
    """A server with the shipped users, and where their passwords are."""

    port: int
    secrets: Path

    def password_file(self, user: str) -> Path:
        return self.secrets / f"redis_{user}_password"

    def settings(self, user: str, **more: object) -> Settings:
        return Settings(
            redis_url=f"redis://{user}@127.0.0.1:{self.port}/0",
            redis_password_file=self.password_file(user),
            **more,  # type: ignore[arg-type]
        )

    def open(self, user: str) -> Redis:
        password = self.password_file(user).read_text().strip()
        return Redis(port=self.port, username=user, password=password)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder of passwords that the shipped script makes."""
    for name in ("make-redis-users", "redis-users.acl"):
        shutil.copy(OPS / name, tmp_path)
    subprocess.run([tmp_path / "make-redis-users"], check=True, capture_output=True)
    return tmp_path / "secrets"


@pytest.fixture
def guarded(made: Path, tmp_path: Path) -> Iterator[Guarded]:
    server = start_server(tmp_path / "redis", "--aclfile", str(made / "redis-users.acl"))
    yield Guarded(server.port, made)
    server.stop()


def test_passwords_are_kept_and_only_hashes_are_in_the_file(made: Path) -> None:
    before = (made / "redis-users.acl").read_text()
    subprocess.run([made.parent / "make-redis-users"], check=True, capture_output=True)

    assert (made / "redis-users.acl").read_text() == before
    assert "_HASH" not in before
    for user in ("api", "ingest", "replica", "backup", "sentinel"):
        password = (made / f"redis_{user}_password").read_text().strip()
        assert len(password) == 32
        assert password not in before


async def test_a_service_under_them_works_and_limits_rates(
    guarded: Guarded, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    mqtt_url = f"mqtt://127.0.0.1:{mosquitto.port}"
    writer = create_app(guarded.settings("ingest", mqtt_url=mqtt_url), Role.INGEST, now=clock)
    api_settings = guarded.settings("api", rate_limit=1000.0, rate_burst=10_000)
    api = create_app(api_settings, Role.API, now=clock)

    async with (
        serving(writer),
        serving(api) as patient,
        hospital(endpoint) as publish,
        guarded.open("ingest") as redis,
    ):
        await publish(observation(minutes=22, as_of=clock()))
        await until_shown(patient, 22)
        assert await history(patient) == [22]

        async def ready() -> bool:
            return (await patient.get("/readyz")).status == 200

        await eventually(ready)

        async def shared() -> bool:
            return await redis.exists(AREA + "limits:secret") == 1

        await eventually(shared)


Call = Callable[[Redis], object]
DENIED: dict[str, Call] = {
    "a reading": lambda redis: redis.hset(AREA + "latest", "deal-utc", "{}"),
    "a reading, from a script": lambda redis: redis.eval(
        "return redis.call('SET', KEYS[1], 'x')", 1, AREA + "latest"
    ),
    "a reading, behind a script's back": lambda redis: redis.eval(
        f"return redis.call('SET', '{AREA}latest', 'x')", 0
    ),
    "the epoch": lambda redis: redis.incr(AREA + "epoch"),
    "a session": lambda redis: redis.hset(AREA + "signin:sessions", "x", "{}"),
    "who is locked out": lambda redis: redis.expire(AREA + "signin:secret", 1),
    "the pulse": lambda redis: redis.set(AREA + "pulse", "{}"),
    "feeds away": lambda redis: redis.delete(AREA + "feeds"),
    "a table's end": lambda redis: redis.expire(AREA + "reach", 1),
    "the history": lambda redis: redis.xadd(AREA + "history:deal-utc", {"reading": "{}"}),
    "another program's keys": lambda redis: redis.get("other"),
    "a notice": lambda redis: redis.publish(AREA + "changes", "readings"),
    "another program's channel": lambda redis: redis.execute_command("SUBSCRIBE", "other"),
    "everything away": lambda redis: redis.flushall(),
    "the server's settings": lambda redis: redis.config_set("appendonly", "no"),
    "users": lambda redis: redis.acl_setuser("mallory", enabled=True),
    "every key's name": lambda redis: redis.keys("*"),
}


@pytest.mark.parametrize("what", DENIED)
async def test_an_api_worker_can_not_touch(what: str, guarded: Guarded) -> None:
    async with guarded.open("api") as redis:
        with pytest.raises(ResponseError, match=r"no permissions|can't access"):
            await DENIED[what](redis)  # type: ignore[misc]


async def test_an_api_worker_can_count_in_the_ledger_and_share_limits(guarded: Guarded) -> None:
    async with guarded.open("api") as redis:
        assert await redis.hincrby(AREA + "ledger:deal-utc", "2026-11-23T10:05Z", 1) == 1
        assert await redis.expire(AREA + "ledger:deal-utc", 3600)
        limiter = Limiter(redis, "east-kent", rate=1, burst=5, clock=lambda: 0.0)
        assert limiter.admit("192.0.2.1").admitted
        await limiter.share()


async def test_an_api_worker_can_take_journeys_and_cancel_them(guarded: Guarded) -> None:
    clock = FakeClock(running=True)
    api = create_app(guarded.settings("api"), Role.API, now=clock)
    going = {"facility": "deal-utc", "mode": "drive", "eta_minutes": 25}

    async with serving(api) as patient, guarded.open("api") as redis:
        taken = await patient.post("/v1/journeys", json=going)
        assert taken.status == 201, await taken.text()
        cancelled = await patient.delete(taken.headers["Location"])
        assert cancelled.status == 204
        ledger = LedgerStore(redis, "east-kent")
        await ledger.add_served({("deal-utc", bucket_of(clock())): 2}, clock())
        assert (await ledger.load(clock())).served == {"deal-utc": {bucket_of(clock()): 2}}


async def test_the_writer_can_not_touch_the_server(guarded: Guarded) -> None:
    async with guarded.open("ingest") as redis:
        assert await redis.hset(AREA + "latest", "deal-utc", "{}") == 1
        for call in (redis.flushall, redis.acl_list, lambda: redis.config_get("*")):
            with pytest.raises(NoPermissionError):
                await call()
        with pytest.raises(NoPermissionError):
            await redis.set("other", "x")


async def test_without_a_password_nobody_gets_in(guarded: Guarded) -> None:
    async with Redis(port=guarded.port) as redis:
        with pytest.raises(AuthenticationError):
            await redis.ping()


async def test_sentinels_under_theirs_promote_a_replica(made: Path, tmp_path: Path) -> None:
    (tmp_path / "group").mkdir()
    group = SentinelGroup(tmp_path / "group", users=made)
    password = (made / "redis_ingest_password").read_text().strip()
    url = group.url.replace("//", "//ingest@", 1)
    try:
        async with open_redis(url, password=password, wanted=Wanted(1, 500)) as redis:
            assert await redis.hset(AREA + "latest", "deal-utc", "22") == 1
        group.master.kill()
        async with open_redis(url, password=password) as redis:

            async def writable() -> bool:
                with suppress(*StoreAway):
                    return await redis.hset(AREA + "latest", "dover-utc", "75") == 1
                return False

            await eventually(writable)
            assert await redis.hget(AREA + "latest", "deal-utc") == b"22"
    finally:
        group.stop()
