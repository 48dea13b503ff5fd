"""The link to Redis: opening it, and telling weather that passes from faults of ours.

One server, a master that Sentinel names, or a cluster: docs/redis.md says how each is set up.
"""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    ClusterDownError,
    ClusterError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    SlotNotCoveredError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from waitless.redis_clients import (
    PatientCluster,
    PatientRedis,
    SentinelPool,
    StoreUnwilling,
    Wanted,
)
from waitless.settings import SettingsFault

TIMEOUT_S = 2.0
RETRIES = 1
"""A connection that a restarted server has dropped is opened again without anybody noticing."""
RETRY_FIRST_S, RETRY_LONGEST_S = 0.02, 0.2
PORT, SENTINEL_PORT = 6379, 26379
_WEATHER = (
    *("MISCONF", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "LOADING", "MASTERDOWN", "-OOM"),
    "FENCED",
)
"""Redis's words for states that pass: a full disk, a missing replica, a failover, full memory
(which Redis 6.2 tells in a script's own words); and ours for a write by who does not hold the
writer's lease, which waits until its process finds out."""

StoreAway = (
    StoreUnwilling,
    RedisConnectionError,
    RedisTimeoutError,
    OutOfMemoryError,
    ReadOnlyError,
    ClusterDownError,
    ClusterError,
    TryAgainError,
    SlotNotCoveredError,
    OSError,
)
"""What a call raises while Redis cannot be reached or cannot write: it may pass, so try again.
Anything else is a fault of ours."""


def open_redis(url: str, *, password: str | None = None, wanted: Wanted | None = None) -> Redis:
    """A client with bounded patience: a hung server is an absent one. Nothing is connected yet.

    Args:
        url: `redis://`, `rediss://`, `unix://`, or the first two with `+sentinel` or `+cluster`.
        password: instead of one in the address.
        wanted: how many replicas must have what was accepted before a call returns; for the
            writer alone. None waits for none.

    Raises:
        SettingsFault: the address is none.
    """
    try:
        parts = urlsplit(url)
        scheme, _, way = parts.scheme.partition("+")
        options = _patience() | ({} if password is None else {"password": password})
        client: PatientRedis | PatientCluster
        match way:
            case "sentinel":
                client = _open_behind_sentinel(parts, scheme, options)
            case "cluster":
                client = _open_cluster(parts, scheme, options)
            case _:
                client = _open_server(url, options)
    except (ValueError, RedisClusterException) as fault:
        raise SettingsFault(f"redis_url: {fault}") from fault
    client.wanted = wanted
    # A cluster's client has the same commands, though it is no subclass.
    return cast("Redis", client)


def weather(fault: Exception) -> Exception:
    """The fault itself, or `StoreUnwilling` where it will pass."""
    if isinstance(fault, ResponseError) and any(word in str(fault) for word in _WEATHER):
        return StoreUnwilling(str(fault))
    return fault


def _patience() -> dict[str, Any]:
    return {
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        "health_check_interval": 10,
        "retry": Retry(ExponentialWithJitterBackoff(RETRY_LONGEST_S, RETRY_FIRST_S), RETRIES),
    }


def _open_server(url: str, options: Mapping[str, Any]) -> PatientRedis:
    client = cast("PatientRedis", PatientRedis.from_url(url))
    client.connection_pool.connection_kwargs.update(options)
    return client


def _open_behind_sentinel(
    parts: SplitResult, scheme: str, options: Mapping[str, Any]
) -> PatientRedis:
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise SettingsFault("redis_url: redis+sentinel://host:26379/NAME/0 is wanted")
    given = _parsed(parts, scheme, f"/{database or 0}")
    if given.pop("connection_class", None) is SSLConnection:
        given["ssl"] = True
    hosts = _hosts(parts, SENTINEL_PORT)
    sentinels = Sentinel(hosts, sentinel_kwargs=_patience())  # type: ignore[no-untyped-call]
    client: PatientRedis = sentinels.master_for(
        service,
        redis_class=PatientRedis,
        connection_pool_class=SentinelPool,
        **{**given, **options, "socket_keepalive": True},
    )
    return client


def _open_cluster(parts: SplitResult, scheme: str, options: Mapping[str, Any]) -> PatientCluster:
    given = _parsed(parts, scheme, parts.path)
    if given.pop("connection_class", None) is SSLConnection:
        given["ssl"] = True
    nodes = [ClusterNode(host, port) for host, port in _hosts(parts, PORT)]
    return PatientCluster(startup_nodes=nodes, **{**given, **options})


def _parsed(parts: SplitResult, scheme: str, path: str) -> dict[str, Any]:
    """What the rest of an address says: user, password, database, options. Not the hosts."""
    user, at, _ = parts.netloc.rpartition("@")
    given = dict(parse_url(f"{scheme}://{user}{at}ignored{path}?{parts.query}"))
    given.pop("host")
    return given


def _hosts(parts: SplitResult, port: int) -> list[tuple[str, int]]:
    """The hosts of an address, each with its own port or the usual one.

    Raises:
        ValueError: there is none, or a port that is none.
    """
    found = [urlsplit(f"//{one}") for one in parts.netloc.rpartition("@")[2].split(",")]
    if not all(one.hostname for one in found):
        raise ValueError("every host wants a name")
    return [(str(one.hostname), one.port or port) for one in found]
