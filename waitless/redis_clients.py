"""Redis clients that wait for replicas where something was accepted, and follow a cluster."""

# ruff: noqa: ANN401 - what is overridden has the library's signature

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterPipeline, ClusterPubSub, PipelineCommand
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import AskError, ClusterDownError, RedisClusterException
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

ACCEPTED = (":latest", ":traffic", ":audit", ":overrides")
"""Ends of the keys whose content somebody was told is safe. Leases, pulses and what belief
remembers are not: they must not stand still because a replica does."""
_SCRIPTS = ("EVALSHA", "EVAL")
_WRITES = ("HSET", "XADD", "SET")
_KEYS_FROM = 3
_PUBLISH = "return redis.call('PUBLISH', KEYS[1], ARGV[1])"


class StoreUnwilling(Exception):
    """Redis answers, but cannot do it just now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How far a write must have come before it counts: `WAIT` on its own connection."""

    replicas: int
    timeout_ms: int

    @property
    def command(self) -> tuple[str, int, int]:
        """What is sent right behind the write."""
        return "WAIT", self.replicas, self.timeout_ms

    def judge(self, told: object, replicas: object) -> object:
        """What the write told, or raise what it or the wait did.

        Raises:
            StoreUnwilling: too few replicas have it in time. It may stand all the same: repeat it.
        """
        for reply in (told, replicas):
            if isinstance(reply, Exception):
                raise reply
        if not isinstance(replicas, int) or replicas < self.replicas:
            raise StoreUnwilling(f"{replicas} of {self.replicas} replicas wanted have the write")
        return told


class PatientRedis(Redis):
    """One server, or whichever master Sentinel names."""

    wanted: Wanted | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command; one that writes what was accepted comes back when replicas have it."""
        if self.wanted is None or find_accepting_key(args) is None:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        # On one connection, so that it is one server's word: after a failover in between, the
        # new master would say of its own writes that all is well.
        async with self.pipeline(transaction=False) as pipe:
            pipe.execute_command(*args, **options)
            pipe.execute_command(*self.wanted.command)
            told, replicas = await pipe.execute(raise_on_error=False)
        return self.wanted.judge(told, replicas)


class PatientCluster(RedisCluster):
    """A cluster; all keys of an area are on one of its masters."""

    wanted: Wanted | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        kind = SharedTlsConnection if options.get("ssl") else SharedConnection
        self.connection_kwargs["connection_class"] = kind
        for node in self.startup_nodes:
            node.connection_class = kind

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command; one that writes what was accepted comes back when replicas have it."""
        key = find_accepting_key(args)
        if self.wanted is None or key is None:
            return await super().execute_command(*args, **options)
        await self.initialize()
        node = self.get_node_from_key(key)
        if node is None:
            raise StoreUnwilling(f"no master holds the slot of {key}")
        write, wait = PipelineCommand(0, *args), PipelineCommand(1, *self.wanted.command)
        try:
            await node.execute_pipeline([write, wait])
        except (RedisConnectionError, RedisTimeoutError, OSError):
            await self.aclose()  # the next command asks who is master now
            raise
        if isinstance(write.result, AskError | ClusterDownError | RedisConnectionError):
            await self.aclose()
            raise StoreUnwilling(str(write.result)) from write.result
        return self.wanted.judge(write.result, wait.result)

    async def initialize(self, *args: Any, **options: Any) -> Any:
        """Learn the cluster's layout, where it is not known.

        Raises:
            StoreUnwilling: no node tells it, or some slots have no master just now.
        """
        try:
            return await super().initialize(*args, **options)
        except RedisClusterException as fault:
            raise StoreUnwilling(str(fault)) from fault

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> Any:
        """Commands sent together; notices may be among them."""
        del shard_hint  # the library has no use for it either
        return _Pipeline(self, transaction)  # type: ignore[abstract]

    def pubsub(self, node: Any = None, host: Any = None, port: Any = None, **options: Any) -> Any:
        """A subscription that finds a living node by itself."""
        return _FollowingPubSub(self, node=node, host=host, port=port, **options)


class _Pipeline(ClusterPipeline):
    """Commands of one area, notices among them.

    The library refuses those, as a channel has no slot. In a script of one line its name stands
    as a key, which has the area's.
    """

    def publish(self, channel: Any, message: Any, **_: Any) -> Any:
        """Send a notice."""
        return self.execute_command("EVAL", _PUBLISH, 1, channel, message)


class _FollowingPubSub(ClusterPubSub):
    """A subscription whose first command is sent once the cluster's layout is known to hold.

    The library's own takes the node of the slot from what it knew last: nothing at the start, a
    dead one after a failover.
    """

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if self.connection is None:  # the first is a subscription: its second word is a channel
            await self.cluster.exists(args[1])
        return await super().execute_command(*args, **options)


class _ClosedByAnother:
    """A connection that another task may close under a command, as a cluster's client does.

    When one command finds its node gone, the client closes all it has. The library then fails on
    what is None by now, instead of telling that the connection is lost: it asks it for something,
    or (a transport's, from Python 3.12 on) calls it.
    """

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        """Send a command, whatever becomes of the connection meanwhile."""
        try:
            await super().send_packed_command(*args, **options)  # type: ignore[misc]
        except (AttributeError, TypeError) as fault:
            raise RedisConnectionError("closed by another command's failure") from fault

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """Read an answer, whatever becomes of the connection meanwhile."""
        try:
            return await super().read_response(*args, **options)  # type: ignore[misc]
        except (AttributeError, TypeError) as fault:
            raise RedisConnectionError("closed by another command's failure") from fault


class SharedConnection(_ClosedByAnother, Connection):
    """To a node of a cluster."""


class SharedTlsConnection(_ClosedByAnother, SSLConnection):
    """To a node of a cluster, by TLS."""


class SentinelPool(SentinelConnectionPool):
    """Connections to the master; closing them all closes those to the sentinels, too."""

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002 - the library's signature
        """Close connections, or only the idle ones, as the pool does when the master changes."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self.sentinel_manager.aclose()


def find_accepting_key(args: Sequence[Any]) -> str | None:
    """The key of accepted content that a command writes; None where it writes none."""
    if args[0] in _SCRIPTS:
        keys = args[_KEYS_FROM : _KEYS_FROM + int(args[2])]
    elif args[0] in _WRITES:
        keys = args[1:2]
    else:
        return None
    return next((key for key in keys if isinstance(key, str) and key.endswith(ACCEPTED)), None)
