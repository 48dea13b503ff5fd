"""Addresses of Redis: every form, and those that are none."""

from pathlib import Path

import pytest
from redis.asyncio import RedisCluster
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import AuthenticationError

from tests.support.redis_groups import start_server
from waitless.redis_clients import find_accepting_key
from waitless.redis_link import StoreAway, open_redis
from waitless.settings import Settings, SettingsFault


def test_sentinels_are_named_with_the_master_and_the_database() -> None:
    url = "redis+sentinel://api:secret@one:1,two,[::1]:3/mymaster/2"

    pool = open_redis(url).connection_pool

    assert isinstance(pool, SentinelConnectionPool)
    assert pool.service_name == "mymaster"
    found = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]
    assert [(one["host"], one["port"]) for one in found] == [
        ("one", 1),
        ("two", 26379),
        ("::1", 3),
    ]
    assert not any(one.get("password") for one in found), "the password is the servers'"
    given = pool.connection_kwargs
    assert (given["username"], given["password"], given["db"]) == ("api", "secret", 2)


def test_a_cluster_is_named_by_any_of_its_nodes() -> None:
    cluster = open_redis("rediss+cluster://one,two:7001?ssl_ca_certs=/ca.pem", password="pw")

    assert isinstance(cluster, RedisCluster)
    nodes = cluster.nodes_manager.startup_nodes
    assert set(nodes) == {"one:6379", "two:7001"}
    assert issubclass(cluster.connection_kwargs["connection_class"], SSLConnection)
    assert all(issubclass(one.connection_class, SSLConnection) for one in nodes.values())
    assert cluster.connection_kwargs["ssl_ca_certs"] == "/ca.pem"
    assert cluster.connection_kwargs["password"] == "pw"


@pytest.mark.parametrize(
    "url",
    [
        "http://redis",
        "redis+nothing://redis",
        "redis+sentinel://one,two",
        "redis+sentinel://one,,two/mymaster",
        "redis+sentinel:///mymaster",
        "redis+sentinel://one:port/mymaster",
        "redis+cluster://",
        "redis+cluster://one/3",
        "http+cluster://one",
        "redis+cluster://one?socket_timeout=soon",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsFault, match="redis_url"):
        open_redis(url)


async def test_a_password_file_wins_over_the_address(tmp_path: Path) -> None:
    server = start_server(tmp_path / "redis", "--requirepass", "right")
    file = tmp_path / "password"
    file.write_text("right\n")
    settings = Settings(
        redis_url=f"redis://:wrong@127.0.0.1:{server.port}/0", redis_password_file=file
    )
    try:
        async with open_redis(settings.redis_url, password=settings.find_redis_password()) as redis:
            assert await redis.ping()
        async with open_redis(settings.redis_url) as redis:
            with pytest.raises(AuthenticationError) as caught:
                await redis.ping()
    finally:
        server.stop()
    assert isinstance(caught.value, StoreAway), "the operator may mend it"


def test_a_password_file_that_is_not_there_is_told() -> None:
    with pytest.raises(SettingsFault, match="redis_password_file"):
        Settings(redis_password_file=Path("/nowhere")).find_redis_password()


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("EVALSHA", "sha", 2, "a:lease", "a:latest", "x"), "a:latest"),
        (("EVALSHA", "sha", 1, "a:lease", "a:latest"), None),
        (("HSET", "a:traffic", "feed", "x"), "a:traffic"),
        (("XADD", "a:audit", "*", "entry", "x"), "a:audit"),
        (("HSET", "a:belief", "a:latest", "x"), None),
        (("HGETALL", "a:latest"), None),
    ],
)
def test_only_writes_of_what_was_accepted_wait(
    command: tuple[object, ...], key: str | None
) -> None:
    assert find_accepting_key(command) == key
