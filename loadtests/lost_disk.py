"""What is lost with Redis's disk: measured, over and over, at moments of chance.

    .venv/bin/python -m loadtests.lost_disk [TIMES]

A provider publishes a wait five times a second over MQTT to a real ingest process, while
`ops/backup` makes its copies. Redis is killed and its folder removed; the newest copy is restored,
and Redis started again. Nobody else is stopped or told. Lost is what the broker acknowledged before
the death and the history does not hold afterwards.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from redis.asyncio import Redis

from feeds.events import encode_event
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from loadtests.faults.traffic import draw_figures
from loadtests.processes import AREA
from tests.support.backups import OPS, fill_with_a_week
from tests.support.messages import observation
from tests.support.processes import Serving
from tests.support.redis_groups import start_server
from tests.support.servers import Server, start_mosquitto
from waitless.background import running
from waitless.redis_link import StoreAway
from waitless.store import Store

EVERY_S = 45
"""As docs/operations.md and docker-compose.yml have it."""
TIMES, SEED = 8, 9
MOST_LOST_S = 60.0
SLACK_S = 1.0
"""`ops/backup` counts in whole seconds."""
PROVIDER, FACILITY = "medway-ft", "medway-ed"
"""An emergency department: it never shuts."""
PUBLISHED_EVERY_S = 0.2
AS_COMPOSED = ("--appendfsync", "everysec", "--repl-diskless-sync-delay", "5")
GIVEN_UP_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One death."""

    lost_s: float
    """From the first reading that is missing to the death; 0 where none is."""
    lost: int
    """Readings missing."""
    kept: int
    """Readings of the same time that are there."""
    lost_since: int
    """Readings missing that were published after the death: there is no reason for any."""
    copy_s: float
    """The longest time that a copy took until then, the one that the death cut short included; its
    begin is known to the second before."""
    back_s: float
    """From the death until a reading that was published later was stored."""


class Copies:
    """`ops/backup`, making one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = 0
        self.longest_s = 0.0

    async def make(self, port: int, every_s: int) -> None:
        """Until cancelled."""
        process = await asyncio.create_subprocess_exec(
            OPS / "backup", self.folder, "-p", str(port),
            env={**os.environ, "EVERY": str(every_s), "KEEP": "3"},
            stdout=PIPE, stderr=DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None  # noqa: S101 - a pipe
        try:
            async for line in process.stdout:
                self.longest_s = max(self.longest_s, _age_s(Path(line.decode().strip()).name))
                self.made += 1
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            await process.wait()

    async def another(self) -> None:
        """Wait until one more has been made."""
        made = self.made
        await _until(lambda: self.made > made)

    def note_unfinished(self) -> None:
        """Count the copy that is being made now, if there is one."""
        for part in self.folder.glob(".waitless-*.rdb.part"):
            self.longest_s = max(self.longest_s, _age_s(part.name.removeprefix(".")))


def _age_s(name: str) -> float:
    begun = datetime.strptime(name[9:25], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return (datetime.now(UTC) - begun).total_seconds()


async def lose_disks(
    folder: Path,
    *,
    times: int,
    every_s: int,
    chance: Random,
    composed: bool = True,
    tell: Callable[[Loss], None] = lambda _: None,
) -> list[Loss]:
    """Lose the disk so many times, and recover.

    Args:
        folder: an empty one.
        times: how many deaths.
        every_s: seconds between copies, `EVERY`.
        chance: draws each moment of death, within two intervals of a copy.
        composed: Redis with the options of docker-compose.yml and a week of readings; else an empty
            one that makes its copies at once.
        tell: called for each as soon as it has been recovered from.
    """
    losses: list[Loss] = []
    async with AsyncExitStack() as stack:
        options = AS_COMPOSED if composed else ()
        redis = start_server(folder / "redis", *options)
        stack.callback(redis.stop)
        if composed:
            async with Store(Redis(port=redis.port), AREA) as store:
                await fill_with_a_week(store, datetime.now(UTC))
        broker = start_mosquitto(folder)
        stack.callback(broker.stop)
        service = Serving(
            folder, "--role", "ingest",
            WAITLESS_REDIS_URL=f"redis://127.0.0.1:{redis.port}/0",
            WAITLESS_MQTT_URL=f"mqtt://127.0.0.1:{broker.port}",
        )  # fmt: skip
        stack.callback(service.close)
        await service.says("connected to", within_s=GIVEN_UP_S)
        published: list[datetime] = []
        copies = Copies(folder / "copies")
        works = {
            "publish": _publish(broker.port, published),
            "copy": copies.make(redis.port, every_s),
        }
        await stack.enter_async_context(running(works))
        disk = _Disk(redis, folder / "redis", copies, published)
        for _ in range(times):
            loss = await _lose(disk, after_s=chance.uniform(0, 2 * every_s))
            losses.append(loss)
            tell(loss)
    return losses


@dataclass(frozen=True, slots=True)
class _Disk:
    """What is on it, copied from it, and ought to be on it."""

    redis: Server
    folder: Path
    copies: Copies
    published: list[datetime]


async def _lose(disk: _Disk, after_s: float) -> Loss:
    """Lose it so many seconds after the next copy is there, and recover."""
    since = datetime.now(UTC)
    await disk.copies.another()
    await asyncio.sleep(after_s)
    disk.copies.note_unfinished()
    disk.redis.kill()
    died_at = datetime.now(UTC)
    await _replace_disk(disk.redis, disk.folder, disk.copies.folder)
    held = await _until_stored(disk.redis, since, later_than=datetime.now(UTC))
    back_s = (datetime.now(UTC) - died_at).total_seconds()
    before, after = find_missing(disk.published, held, since, died_at)
    return Loss(
        lost_s=(died_at - before[0]).total_seconds() if before else 0.0,
        lost=len(before),
        kept=len(held),
        lost_since=len(after),
        copy_s=disk.copies.longest_s,
        back_s=back_s,
    )


async def _replace_disk(redis: Server, folder: Path, copies: Path) -> None:
    """Nothing is left of its folder; the newest copy is restored, and Redis started again."""
    await asyncio.to_thread(shutil.rmtree, folder)
    done = await asyncio.create_subprocess_exec(OPS / "restore", copies, folder, stdout=DEVNULL)
    if await done.wait():
        raise RuntimeError("nothing was restored")
    await asyncio.to_thread(redis.start)


async def _until_stored(redis: Server, since: datetime, later_than: datetime) -> set[datetime]:
    """The readings since `since` that are stored, once there is one later than another instant.

    Raises:
        TimeoutError: there is none.
    """
    async with asyncio.timeout(GIVEN_UP_S):
        while not (held := await _list_held(redis, since)) or max(held) <= later_than:
            await asyncio.sleep(0.05)
    return held


def find_missing(
    published: list[datetime], held: set[datetime], since: datetime, died_at: datetime
) -> tuple[list[datetime], list[datetime]]:
    """What is missing of what was published before and after a death, as far as it is stored."""
    missing = [at for at in published if since < at < max(held) and at not in held]
    before = [at for at in missing if at <= died_at]
    return before, missing[len(before) :]


async def _list_held(redis: Server, since: datetime) -> set[datetime]:
    """The readings of the history; none while Redis cannot be asked."""
    held: set[datetime] = set()
    async with Store(Redis(port=redis.port), AREA) as store:
        try:
            async for page in store.load_history(FACILITY, since):
                held |= {one.as_of for one in page}
        except StoreAway:
            return set()
    return held


async def _publish(port: int, published: list[datetime]) -> None:
    """Until cancelled; `published` grows by what the broker has acknowledged."""
    figures, topic = draw_figures(0), str(WaitTopic(AREA, PROVIDER, FACILITY))
    endpoint = MqttEndpoint(host="127.0.0.1", port=port)
    async with connect_provider(endpoint, area=AREA, provider=PROVIDER) as session:
        while True:
            at = datetime.now(UTC)
            at -= timedelta(microseconds=at.microsecond % 1000)
            told = observation(FACILITY, figures(), as_of=at)
            await session.publish(topic, encode_event(told, source="/lost-disk"))
            published.append(at)
            await asyncio.sleep(PUBLISHED_EVERY_S)


async def _until(what: Callable[[], bool]) -> None:
    """Raises TimeoutError where it does not come about."""
    async with asyncio.timeout(GIVEN_UP_S):
        while not what():
            await asyncio.sleep(0.05)


def main() -> int:
    """Lose some disks; 1 where more was lost than may be."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    folder = Path(tempfile.mkdtemp(prefix="waitless-lost-disk-"))
    print(f"{times} deaths with a copy every {EVERY_S} s; logs in {folder}", flush=True)
    chance = Random(SEED)
    losses = asyncio.run(
        lose_disks(folder, times=times, every_s=EVERY_S, chance=chance, tell=_print)
    )
    worst_s = max(one.lost_s for one in losses)
    bound_s = EVERY_S + SLACK_S + max(one.copy_s for one in losses)
    since = sum(one.lost_since for one in losses)
    print(
        f"lost at most {worst_s:.1f} s, median {median(one.lost_s for one in losses):.1f} s; by "
        f"EVERY and the longest copy it could be {bound_s:.1f} s (bar: {MOST_LOST_S:g} s); "
        f"{since} readings lost that came after a death"
    )
    return 0 if max(worst_s, bound_s) <= MOST_LOST_S and since == 0 else 1


def _print(loss: Loss) -> None:
    print(
        f"  lost {loss.lost_s:5.1f} s, {loss.lost} readings; copies took {loss.copy_s:.1f} s at "
        f"most; stored again after {loss.back_s:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
