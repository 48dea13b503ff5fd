"""Real servers for benchmarks: found on PATH, on loopback, set as `ops/` sets them, gone after."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STARTED_WITHIN_S = 10.0
STOPPED_WITHIN_S = 10.0
ELSEWHERE = "/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers of a run listen, on 127.0.0.1."""

    mqtt_port: int
    redis_port: int

    @property
    def redis_url(self) -> str:
        """As settings want it."""
        return f"redis://127.0.0.1:{self.redis_port}/0"

    @property
    def mqtt_url(self) -> str:
        """As settings want it."""
        return f"mqtt://127.0.0.1:{self.mqtt_port}"


@contextmanager
def running_servers() -> Iterator[Servers]:
    """A mosquitto and a Redis of this run's own, empty, for as long as the context lasts.

    Raises:
        FileNotFoundError: one of them is not on this machine.
    """
    with (
        tempfile.TemporaryDirectory(prefix="waitless-bench-") as folder,
        _running(_mosquitto, Path(folder)) as mqtt_port,
        _running(_redis, Path(folder)) as redis_port,
    ):
        yield Servers(mqtt_port, redis_port)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", within_s: float) -> bool:
    """Whether somebody listens on a port before the time is over, or the process."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def _redis(port: int, folder: Path) -> list[str]:
    """As docker-compose.yml sets it."""
    return [
        find_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1",
        "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
    ]  # fmt: skip


def _mosquitto(port: int, folder: Path) -> list[str]:
    """As ops/mosquitto.conf sets it, without passwords and without its file on disk."""
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "max_queued_messages 200000\nmax_inflight_messages 100\nset_tcp_nodelay true\n"
        "log_dest none\n"
    )
    return [find_program("mosquitto"), "-c", str(settings)]


@contextmanager
def _running(command: Callable[[int, Path], list[str]], folder: Path) -> Iterator[int]:
    port = free_port()
    words = command(port, folder)
    log_path = folder / f"{Path(words[0]).name}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
        try:
            if not wait_for_port(port, process, STARTED_WITHIN_S):
                raise RuntimeError(f"{words[0]} did not start:\n{log_path.read_text()}")
            yield port
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def find_program(name: str) -> str:
    """Where a program is, by PATH or in the folders of servers.

    Raises:
        FileNotFoundError: it is not on this machine.
    """
    found = shutil.which(name) or shutil.which(name, path=ELSEWHERE)
    if found is None:
        raise FileNotFoundError(f"{name} is not on this machine")
    return found
