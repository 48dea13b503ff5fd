"""The stage: Redis, a broker, two processes that may write, two that answer, and the ways between.

As docker-compose.yml has it, with a standby; a proxy stands in each way, and each process has a
keeper that starts it again when it has died.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import aiohttp

from loadtests.faults.component import Component
from loadtests.faults.stepped import step_clock, stepped_clock
from tests.support.processes import Serving
from tests.support.proxy import Proxy, proxy_to
from tests.support.redis_groups import start_server
from tests.support.servers import start_mosquitto
from waitless.keys import Role, make_key

INGESTS, APIS = ("ingest 1", "ingest 2"), ("api 1", "api 2")
STARTED_WITHIN_S = 300.0
DISK_BYTES = 96 * 2**20
"""Of Redis's own disk, where we may mount one: its log, and what fills it up."""


class Stepped(Serving):
    """A `waitless serve` by a clock that can be stepped."""

    def __init__(
        self, module: str, clock: Path, folder: Path, *arguments: str, **environment: str
    ) -> None:
        self.program = (sys.executable, "-m", module, str(clock))
        self.begins: list[int] = []
        """Where in its log each of its lives begins, in bytes."""
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        super().__init__(folder, *arguments, **environment)

    def start(self) -> None:
        """Start it, or start it again where it has ended."""
        self.begins.append(self.log.stat().st_size)
        super().start()


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs, and what may be done to it."""

    components: Mapping[str, Component]
    """By name: redis, broker and those of `INGESTS` and `APIS`."""
    writers: Sequence[Stepped]
    """What runs as those of `INGESTS`."""
    ways: Mapping[str, Proxy]
    """By the two ends: `ingest-redis`, `api-redis`, `ingest-broker`, `providers-broker`,
    `patients-api 1`, `patients-api 2`."""
    folder: Path
    disk: Path | None
    """The disk that is Redis's alone; None where we may mount none."""
    redis_folder: Path
    clock: Path
    now: Callable[[], datetime]
    """The clock of everything on the stage."""
    key: str
    """Of the provider that pushes."""

    def step_clock(self, ahead_s: float) -> None:
        """Set how far the clock of everything is ahead of the machine's."""
        step_clock(self.clock, ahead_s)

    async def find_writer(self) -> tuple[Component, Component]:
        """The process that writes, and the one that stands by.

        Raises:
            RuntimeError: it is not so.
        """
        told = {name: await self._status(self.components[name].port) for name in INGESTS}
        if sorted(told.values()) != ["ready", "standby"]:
            raise RuntimeError(f"no writer with a standby: {told}")
        return tuple(  # type: ignore[return-value]
            self.components[name] for name in sorted(INGESTS, key=lambda one: told[one])
        )

    async def wait_for_writer(self) -> Component:
        """The process that writes, once there is one, with a standby or without."""
        while True:
            for name in INGESTS:
                if await self._status(self.components[name].port) == "ready":
                    return self.components[name]
            await asyncio.sleep(0.1)

    async def settled(self) -> bool:
        """Whether one writes, one stands by and both that answer are ready."""
        try:
            await self.find_writer()
        except RuntimeError:
            return False
        return all([await self._status(self.components[one].port) == "ready" for one in APIS])

    async def _status(self, port: int) -> str:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(2)) as session,
                session.get(f"http://127.0.0.1:{port}/readyz") as answer,
            ):
                return str((await answer.json())["status"])
        except (aiohttp.ClientError, TimeoutError):
            return "away"


@asynccontextmanager
async def running_stage(
    folder: Path, module: str = "loadtests.faults.stepped"
) -> AsyncIterator[Stage]:
    """Everything, started; ready is for the caller to wait for, once somebody publishes.

    Args:
        folder: an empty one; logs stay in it.
        module: what is run as `waitless`, with the clock's file before its arguments.

    Raises:
        TimeoutError: it does not come up.
    """
    async with AsyncExitStack() as stack:
        disk = _mount_disk(folder)
        if disk is not None:
            stack.callback(subprocess.run, ["umount", "--lazy", str(disk)], check=False)
        redis_folder = (disk or folder) / "redis"
        redis = start_server(redis_folder, "--appendfsync", "everysec")
        stack.callback(redis.stop)
        (folder / "broker").mkdir()
        broker = start_mosquitto(folder / "broker")
        stack.callback(broker.stop)
        targets = {
            "ingest-redis": redis, "api-redis": redis,
            "ingest-broker": broker, "providers-broker": broker,
        }  # fmt: skip
        ways = {
            name: await stack.enter_async_context(proxy_to(server.port))
            for name, server in targets.items()
        }
        key, lines = make_key("ekhuft", Role.PROVIDER)
        (folder / "keys.toml").write_text(lines)
        clock = folder / "clock"
        step_clock(clock, 0.0)
        components = {"redis": Component("redis", redis), "broker": Component("broker", broker)}
        served = {name: _serve(name, module, folder, clock, ways) for name in (*INGESTS, *APIS)}
        for name, child in served.items():
            stack.callback(child.close)
            components[name] = Component(name, child)
        for name in APIS:
            proxy = proxy_to(components[name].port)
            ways[f"patients-{name}"] = await stack.enter_async_context(proxy)
        stack.push_async_callback(_let_go, list(components.values()))
        keepers = [asyncio.create_task(one.keep()) for one in components.values()]
        stack.push_async_callback(_cancel, keepers)
        writers = [served[name] for name in INGESTS]
        now = stepped_clock(clock)
        yield Stage(components, writers, ways, folder, disk, redis_folder, clock, now, key)


def _serve(name: str, module: str, folder: Path, clock: Path, ways: Mapping[str, Proxy]) -> Stepped:
    """A process of the service, with a folder of its own for its log."""
    role, _, _ = name.partition(" ")
    settings = {
        "WAITLESS_REDIS_URL": f"redis://127.0.0.1:{ways[f'{role}-redis'].port}/0",
        "WAITLESS_MOST_MINUTES": "600",
        "WAITLESS_SIMULATED": "true",
    }
    if name in INGESTS:
        settings["WAITLESS_MQTT_URL"] = f"mqtt://127.0.0.1:{ways['ingest-broker'].port}"
        settings["WAITLESS_KEYS_FILE"] = str(folder / "keys.toml")
        settings["WAITLESS_LOG_LEVEL"] = "DEBUG"  # what became of each wait
    own = folder / name.replace(" ", "-")
    own.mkdir()
    return Stepped(module, clock, own, "--role", role, **settings)


async def _let_go(components: Sequence[Component]) -> None:
    """Wake whatever is stopped, so that it can end."""
    for one in components:
        one.wake()


async def _cancel(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _mount_disk(folder: Path) -> Path | None:
    """A small disk in memory, where this user may mount one."""
    disk, program = folder / "disk", shutil.which("mount")
    disk.mkdir()
    if program is None:
        return None
    size = f"size={DISK_BYTES}"
    words = [program, "-t", "tmpfs", "-o", size, "waitless-faults", str(disk)]
    done = subprocess.run(words, capture_output=True, check=False)
    return disk if done.returncode == 0 else None
