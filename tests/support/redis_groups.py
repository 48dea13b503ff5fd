"""Groups of real Redis servers: a master with a replica and sentinels, and a cluster."""

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.servers import Server, require_binary

SENTINELS = 3
MASTER_NAME = "mymaster"
GIVEN_UP_MS = 800
"""How long a silent server is thought alive; production wants some 5 s."""
UNTIL_FORMED_S = 60.0


def ask(port: int, *words: str, login: Sequence[str] = ()) -> str:
    done = subprocess.run(
        ["redis-cli", "-p", str(port), *login, *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout


def until(what: Callable[[], bool], words: str) -> None:
    deadline = time.monotonic() + UNTIL_FORMED_S
    while not what():
        if time.monotonic() > deadline:
            pytest.fail(f"{words} did not come about")
        time.sleep(0.05)


def start_server(folder: Path, *options: str, program: str | None = None) -> Server:
    """A Redis with a folder of its own, which may hold its data already, and an append-only log.

    `program` is another server than the one on PATH.
    """
    program = program or require_binary("redis-server", "redis-server")
    folder.mkdir(exist_ok=True)
    return Server(
        lambda port: [
            program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
            "--appendonly", "yes", "--appendfsync", "always", "--save", "",
            "--repl-diskless-sync-delay", "0", *options,
        ],
        folder,
    )  # fmt: skip


class SentinelGroup:
    """A master, its replica, and three sentinels that promote it when the master dies."""

    def __init__(self, folder: Path, *, users: Path | None = None) -> None:
        """Started, and agreed.

        Args:
            folder: empty.
            users: what `ops/make-redis-users` made; None lets everybody in.
        """
        self._users = users
        guarded: tuple[str, ...] = ()
        if users is not None:
            guarded = (
                "--aclfile", str(users / "redis-users.acl"),
                "--masteruser", "replica", "--masterauth", self._password("replica"),
            )  # fmt: skip
        self.master = start_server(folder / "master", *guarded)
        self.replica = start_server(
            folder / "replica", "--replicaof", "127.0.0.1", str(self.master.port), *guarded
        )
        self.sentinels = [self._sentinel(folder / f"sentinel{one}") for one in range(SENTINELS)]
        until(self._agreed, "sentinels that know each other and the replica")

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{hosts}/{MASTER_NAME}/0"

    def master_port(self) -> int:
        """Where the sentinels say the master is."""
        told = ask(self.sentinels[0].port, "SENTINEL", "get-master-addr-by-name", MASTER_NAME)
        return int(told.split()[1])

    def stop(self) -> None:
        for server in (*self.sentinels, self.replica, self.master):
            server.stop()

    def _sentinel(self, folder: Path) -> Server:
        folder.mkdir()
        settings = folder / "sentinel.conf"
        settings.write_text(
            f"bind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor {MASTER_NAME} 127.0.0.1 {self.master.port} 2\n"
            f"sentinel down-after-milliseconds {MASTER_NAME} {GIVEN_UP_MS}\n"
            f"sentinel failover-timeout {MASTER_NAME} 6000\n"
        )
        if self._users is not None:
            with settings.open("a") as file:
                file.write(
                    f"sentinel auth-user {MASTER_NAME} sentinel\n"
                    f"sentinel auth-pass {MASTER_NAME} {self._password('sentinel')}\n"
                )
        program = shutil.which("redis-server") or ""
        return Server(
            lambda port: [program, str(settings), "--sentinel", "--port", str(port)], folder
        )

    def _agreed(self) -> bool:
        for sentinel in self.sentinels:
            told = ask(sentinel.port, "SENTINEL", "master", MASTER_NAME).split("\n")
            figures = dict(zip(told[::2], told[1::2], strict=False))
            if (figures.get("num-slaves"), figures.get("num-other-sentinels")) != ("1", "2"):
                return False
        login = ()
        if self._users is not None:
            login = ("--user", "sentinel", "--pass", self._password("sentinel"))
        told = ask(self.replica.port, "INFO", "replication", login=login)
        return "master_link_status:up" in told

    def _password(self, user: str) -> str:
        assert self._users is not None
        return (self._users / f"redis_{user}_password").read_text().strip()


class ClusterGroup:
    """Three masters, and as many replicas as wanted."""

    def __init__(self, folder: Path, *, replicas: int = 0) -> None:
        folder.mkdir(exist_ok=True)
        self.nodes = [self._node(folder / f"node{one}") for one in range(3 * (1 + replicas))]
        addresses = [f"127.0.0.1:{one.port}" for one in self.nodes]
        done = subprocess.run(
            [
                "redis-cli", "--cluster", "create", *addresses,
                "--cluster-replicas", str(replicas), "--cluster-yes",
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.fail(done.stdout + done.stderr)
        until(lambda: all(self._formed(one) for one in self.nodes), "the cluster")

    @property
    def url(self) -> str:
        return _url(self.nodes)

    def master_of(self, key: str) -> Server:
        """The master that holds a key."""
        slot = int(ask(self.nodes[0].port, "CLUSTER", "KEYSLOT", key))
        for line in ask(self.nodes[0].port, "CLUSTER", "NODES").splitlines():
            words = line.split()
            for ranged in words[8:]:
                first, _, last = ranged.partition("-")
                if first.isdigit() and int(first) <= slot <= int(last or first):
                    port = int(words[1].split("@")[0].split(":")[1])
                    return next(one for one in self.nodes if one.port == port)
        raise LookupError(key)

    def stop(self) -> None:
        for server in self.nodes:
            server.stop()

    @staticmethod
    def _node(folder: Path) -> Server:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
        return start_server(folder, *options)

    def _formed(self, node: Server) -> bool:
        replicates = "master_link_status:down" not in ask(node.port, "INFO", "replication")
        return "cluster_state:ok" in ask(node.port, "CLUSTER", "INFO") and replicates


def _url(nodes: Sequence[Server]) -> str:
    return f"redis+cluster://{','.join(f'127.0.0.1:{one.port}' for one in nodes)}"
