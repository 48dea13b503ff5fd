"""Real servers for tests: found on PATH, started on loopback, stopped at the end."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import cycle
from pathlib import Path

import pytest

STARTED_WITHIN_S = 60.0
PORTS = range(12_000, 22_000)
"""Below those of outgoing connections, and so are the buses of Redis clusters, 10,000 higher."""


def require_binary(name: str, package: str) -> str:
    """The path of a server's program. Missing, it fails the suite in CI and skips elsewhere."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        words = f"{name} is wanted: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return found


def free_port() -> int:
    """A port for a server that is started later.

    Unlike what the kernel picks, nobody else is given it meanwhile: neither another of this run's
    workers nor a connection that goes out.
    """
    while True:
        port = next(_list_ports())
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@cache
def _list_ports() -> Iterator[int]:
    """This worker's share of `PORTS`, over and over; runs beside this one begin elsewhere."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    first = random.Random().randrange(len(mine))
    return cycle([*mine[first:], *mine[:first]])


class Server:
    """A child process that listens on a port; it can be killed and started again."""

    def __init__(self, command: Callable[[int], list[str]], folder: Path) -> None:
        self.port = free_port()
        self._command = command(self.port)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs, if only stopped."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with (self._folder / f"{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, stdout=log, stderr=log
            )
        deadline = time.monotonic() + STARTED_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.5).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        self.kill()
        text = (self._folder / f"{self.port}.log").read_text(errors="replace")
        pytest.fail(f"{self._command[0]} did not start:\n{text}")

    def kill(self) -> None:
        """Kill -9, and see it gone."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=60)
            self._process = None


def start_redis(folder: Path) -> Server:
    program = require_binary("redis-server", "redis-server")
    return Server(
        lambda port: [
            program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
            "--appendonly", "yes", "--appendfsync", "always", "--save", "",
            "--repl-diskless-sync-delay", "0",
        ],
        folder,
    )  # fmt: skip


def start_mosquitto(folder: Path) -> Server:
    program = require_binary("mosquitto", "mosquitto")

    def command(port: int) -> list[str]:
        settings = folder / "mosquitto.conf"
        settings.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\n"
            "max_queued_messages 10000\nuser root\n"
        )
        return [program, "-c", str(settings)]

    return Server(command, folder)
