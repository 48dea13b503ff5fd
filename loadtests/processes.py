"""The service and its reference as processes of their own, on loopback, and what they use."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.benchmarks.servers import Servers, free_port, running_servers, wait_for_port

AREA = "east-kent"
STARTED_WITHIN_S = 60.0
STOPPED_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. Ports are on 127.0.0.1."""

    servers: Servers
    port: int
    """Of the answering process, or of its workers."""
    pids: Mapping[str, int]
    """Processes of ours by name; workers are their children."""


@contextmanager
def running_service(workers: int = 1, holds: Path | None = None) -> Iterator[Service]:
    """An ingest and an answering process with a broker and a Redis of their own.

    Args:
        workers: more than one is asked for with `--workers`.
        holds: where the long turns of the answering process's loop are told when it has ended
            (`loadtests.watched`); None: they are not timed. One worker only.

    Raises:
        FileNotFoundError: mosquitto or Redis is not on this machine.
        RuntimeError: a part did not start.
    """
    with ExitStack() as stack:
        servers = stack.enter_context(running_servers())
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("WAITLESS_")
        }
        environment |= {
            "WAITLESS_REDIS_URL": servers.redis_url,
            "WAITLESS_LOG_LEVEL": "ERROR",
            "WAITLESS_SIMULATED": "true",
        }
        more = ["--workers", str(workers)] if workers > 1 else []
        waitless = str(Path(sys.executable).with_name("waitless"))
        ingest = [waitless, "serve", "--role", "ingest", "--port"]
        watched = [sys.executable, "-m", "loadtests.watched", str(holds)]
        asked = [waitless] if holds is None else watched
        api = [*asked, "serve", "--role", "api", *more, "--port"]
        mqtt = {"WAITLESS_MQTT_URL": servers.mqtt_url}
        writer = stack.enter_context(_process(ingest, environment | mqtt))
        answering = stack.enter_context(_process(api, environment))
        _wait_until_ready(answering.port)
        pids = {"ingest": writer.pid, "api": answering.pid}
        yield Service(servers, answering.port, pids)


@contextmanager
def running_constant(length: int) -> Iterator[int]:
    """The port of a bare aiohttp server that answers with a constant body of so many bytes."""
    words = [sys.executable, "-m", "loadtests.constant"]
    with _process(words, dict(os.environ), after=[str(length)]) as process:
        yield process.port


@dataclass(frozen=True, slots=True)
class _Started:
    pid: int
    port: int


@contextmanager
def _process(
    words: Sequence[str], environment: Mapping[str, str], after: Sequence[str] = ()
) -> Iterator[_Started]:
    port = free_port()
    process = subprocess.Popen(
        [*words, str(port), *after], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        if not wait_for_port(port, process, STARTED_WITHIN_S):
            raise RuntimeError(f"{' '.join(words)} did not start")
        yield _Started(process.pid, port)
    finally:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + STARTED_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError("the service did not become ready") from None
            time.sleep(0.2)
        else:
            return


@dataclass(frozen=True, slots=True)
class Use:
    """What a process holds at a moment."""

    memory_mib: float
    descriptors: int


def list_use(pids: Mapping[str, int]) -> dict[str, Use]:
    """Resident memory and open files of processes and of their children by name (Linux).

    A process that has gone is left out: whoever compares finds it missing.
    """
    found = {}
    for name, pid in pids.items():
        for number, one in enumerate([pid, *_children_of(pid)]):
            try:
                status = Path(f"/proc/{one}/status").read_text(encoding="ascii")
                descriptors = len(list(Path(f"/proc/{one}/fd").iterdir()))
            except OSError:
                continue
            resident = re.search(r"VmRSS:\s+(\d+) kB", status)
            if resident is not None:
                use = Use(int(resident[1]) / 1024, descriptors)
                found[f"{name} {number}" if number else name] = use
    return found


def _children_of(pid: int) -> list[int]:
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return sorted(int(word) for word in words.split())
