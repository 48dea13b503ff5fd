"""A real `waitless serve`, to be asked over HTTP, killed, stopped and woken."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.servers import free_port

PROGRAM = Path(sys.executable).with_name("waitless")
ENDS_WITHIN_S = 120.0


class Serving:
    """One `waitless serve`, with whatever processes it starts."""

    program: Sequence[str | Path] = (PROGRAM,)

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.port = free_port()
        self.log = folder / f"serve-{self.port}.log"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._log = self.log.open("wb")
        self._arguments, self._environment = arguments, {**inherited, **environment}
        self.start()

    def start(self) -> None:
        """Start it, or start it again where it has ended."""
        self.process = subprocess.Popen(
            [*self.program, "serve", "--port", str(self.port), *self._arguments],
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
        )

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs, if only stopped."""
        return self.process.poll() is None

    async def get(self, path: str, port: int | None = None) -> tuple[int, Any]:
        """Status and document of an answer; status 0 while nobody answers."""
        url = f"http://127.0.0.1:{port or self.port}{path}"
        try:
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                return response.status, await response.json()
        except aiohttp.ClientConnectionError:
            return 0, {}

    async def becomes(self, status: str, within_s: float = 90.0) -> float:
        """Wait until `/readyz` says that; gives the seconds it took.

        What the process has waited for a processor is not counted.
        """
        began, starved = time.monotonic(), starved_s(self.pid)
        while (document := (await self.get("/readyz"))[1]).get("status") != status:
            assert self.process.poll() is None, self.log.read_text()
            took = time.monotonic() - began - (starved_s(self.pid) - starved)
            assert took < within_s, f"not {status} but {document}: {self.log.read_text()}"
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def until(self, what: Callable[[], bool], within_s: float = 90.0) -> None:
        """Wait until something holds; fail with the log when it does not."""
        deadline = time.monotonic() + within_s
        while not what():
            assert time.monotonic() < deadline, self.log.read_text()
            await asyncio.sleep(0.02)

    async def says(self, words: str, times: int = 1, within_s: float = 90.0) -> None:
        """Wait for words in its log."""
        await self.until(lambda: self.log.read_text().count(words) >= times, within_s)

    async def ends(self) -> int:
        """Wait for its end; gives the status."""
        return await asyncio.to_thread(self.process.wait, ENDS_WITHIN_S)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()


@contextmanager
def serve(folder: Path, *arguments: str, **environment: str) -> Iterator[Serving]:
    serving = Serving(folder, *arguments, **environment)
    try:
        yield serving
    finally:
        serving.close()


def starved_s(*pids: int) -> float:
    """How long the threads of processes have stood ready to run without a processor, seconds.

    A wait is counted once it is over.
    """
    waited_ns = 0
    for pid in pids:
        for figures in Path("/proc").glob(f"{pid}/task/*/schedstat"):
            with suppress(OSError):  # ended meanwhile
                waited_ns += int(figures.read_text().split()[1])
    return waited_ns / 1e9


def ports_connected_to(pid: int) -> set[int]:
    """The ports of others that a process has TCP connections with."""
    links = []
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            links.append(str(one.readlink()))
    own = {link[8:-1] for link in links if link.startswith("socket:[")}
    ports: set[int] = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[9] in own and words[3] == "01":
            ports.add(int(words[2].partition(":")[2], 16))
    return ports
