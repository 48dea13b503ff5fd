"""The faults, each as it is done to the stage."""

import asyncio
import shutil
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from loadtests.faults.acknowledging import MOMENTS, kill_at
from loadtests.faults.component import Component
from loadtests.faults.crowd import Crowd
from loadtests.faults.fault import Act, Fault, nothing
from loadtests.faults.stage import INGESTS, Stage
from loadtests.faults.traffic import Traffic
from tests.support.proxy import Proxy

STOPPED_S, CUT_S, HALF_OPEN_S = 6.0, 5.0, 8.0
PARTS = ("redis", "broker", "writer", "standby", "api")
WAYS = (
    "ingest-redis", "api-redis", "ingest-broker", "providers-broker", "patients-api 1",
)  # fmt: skip
FULL_S = 13.0
"""Longer than a silent connection is trusted (10 s): Redis refuses the PING then, too."""
DELAY_S, DRIP_BYTES, DRIP_EVERY_S = 0.4, 512, 0.02
POISON = (
    b"{", b"\x00" * 70_000, b'{"specversion": "1.0"}', b"[" * 40_000, b"\xff\xfe", b'"a"', b"1e999",
)  # fmt: skip
BURST = 300
KILLS = 10
STEP_S = 3600.0
OPS = Path(__file__).parents[2] / "ops"
COPY_AGE_S = 4.0


def list_faults() -> Iterator[Fault]:
    """All of them, in the order of the table."""
    for how in ("kill -9", "stop", "restart"):
        for part in PARTS:
            yield _fault_of([part], how)
    for how in ("kill -9", "stop"):
        for pair in combinations(PARTS, 2):
            yield _fault_of(pair, how)
    for parts in (["writer"], ["redis"], ["redis", "writer"]):
        yield _fault_in_a_burst(parts)
    for moment in MOMENTS:
        yield kill_at(moment, KILLS)
    for way in WAYS:
        yield from _faults_of_way(way)
    yield Fault(name="disk full: redis", begin=_fill, end=_empty, lasts_s=FULL_S, wants_disk=True)
    yield Fault(name="redis lost, a copy restored", begin=_lose, end=nothing, forgets=True)
    yield Fault(name="broker forgets all", begin=_forget, end=nothing, forgets=True)
    yield Fault(name="1,000 publishers come back", begin=_crowd, end=nothing, forgets=True)
    yield Fault(name="poison first after a restart", begin=_poison, end=_release, lasts_s=1)
    yield Fault(
        name="clock +1 h and back", begin=_ahead, end=_back, lasts_s=8, clock_steps=True
    )  # fmt: skip


async def _find(stage: Stage, part: str) -> Component:
    """The component that has a part now."""
    if part in ("writer", "standby"):
        writer, standby = await stage.find_writer()
        return writer if part == "writer" else standby
    return stage.components["api 1" if part == "api" else part]


def _fault_of(parts: Sequence[str], how: str) -> Fault:
    hit: list[Component] = []

    async def begin(stage: Stage, _: Traffic) -> None:
        hit[:] = [await _find(stage, part) for part in parts]
        for one in hit:
            {"kill -9": one.kill, "stop": one.pause, "restart": one.end}[how]()

    async def wake(_: Stage, __: Traffic) -> None:
        for one in hit:
            one.wake()

    return Fault(
        name=f"{how}: {' + '.join(parts)}",
        begin=begin,
        end=wake if how == "stop" else nothing,
        lasts_s=STOPPED_S if how == "stop" else 0.0,
        forgets="broker" in parts and how == "kill -9",
    )


def _fault_in_a_burst(parts: Sequence[str]) -> Fault:
    """Killed while a backlog is worked on: between what is stored and what is acknowledged."""

    async def begin(stage: Stage, traffic: Traffic) -> None:
        hit = [await _find(stage, part) for part in parts]
        burst = asyncio.create_task(traffic.publish_burst(BURST))
        mark = len(traffic.said.acknowledged)
        while not burst.done() and len(traffic.said.acknowledged) < mark + BURST / 3:
            await asyncio.sleep(0)
        for one in hit:
            one.kill()
        await burst

    return Fault(name=f"kill -9 in a burst: {' + '.join(parts)}", begin=begin, end=nothing)


def _faults_of_way(way: str) -> Iterator[Fault]:
    def on(act: Callable[[Proxy], None]) -> Act:
        async def do(stage: Stage, _: Traffic) -> None:
            act(stage.ways[way])

        return do

    def slow(proxy: Proxy) -> None:
        proxy.delay_s = DELAY_S

    def drip(proxy: Proxy) -> None:
        proxy.chunk, proxy.delay_s = DRIP_BYTES, DRIP_EVERY_S

    for name, act, lasts_s in (
        ("slow", slow, CUT_S),
        ("cut", Proxy.cut, CUT_S),
        ("half open", Proxy.half_open, HALF_OPEN_S),
        ("drip", drip, CUT_S),
        ("reset", Proxy.reset, 0.0),
    ):
        yield Fault(name=f"{name}: {way}", begin=on(act), end=on(Proxy.heal), lasts_s=lasts_s)


async def _fill(stage: Stage, _: Traffic) -> None:
    def write(path: Path) -> None:
        try:
            with path.open("wb", buffering=0) as file:
                while file.write(bytes(2**16)):
                    pass
        except OSError:
            pass  # full

    assert stage.disk is not None  # noqa: S101 - `wants_disk`
    await asyncio.to_thread(write, stage.disk / "ballast")


async def _empty(stage: Stage, _: Traffic) -> None:
    assert stage.disk is not None  # noqa: S101 - `wants_disk`
    (stage.disk / "ballast").unlink()


async def _lose(stage: Stage, _: Traffic) -> None:
    """Its folder too; the copy is some seconds old. Nobody else is told to stop."""
    redis, copies = stage.components["redis"], stage.folder / "copies"
    await _run(OPS / "backup", copies, "-p", str(redis.port))
    await asyncio.sleep(COPY_AGE_S)
    redis.grace.clear()
    redis.kill()
    data = stage.redis_folder
    await asyncio.to_thread(shutil.rmtree, data)
    await _run(OPS / "restore", copies, data)
    redis.grace.set()


async def _run(*words: str | Path) -> None:
    """Run a script of ours; raises RuntimeError where it fails."""
    done = await asyncio.create_subprocess_exec(*words, stdout=PIPE, stderr=PIPE)
    _, said = await done.communicate()
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {said.decode()}")


async def _forget(stage: Stage, _: Traffic) -> None:
    stage.components["broker"].kill()
    (stage.folder / "broker" / "mosquitto.db").unlink(missing_ok=True)


async def _crowd(stage: Stage, traffic: Traffic) -> None:
    broker = stage.components["broker"]
    async with Crowd(broker.port, traffic).connected() as crowd:
        broker.kill()
        await crowd.until_back()


async def _poison(stage: Stage, traffic: Traffic) -> None:
    for name in INGESTS:
        stage.components[name].grace.clear()
        stage.components[name].kill()
    for number in range(50):
        payload = POISON[number % len(POISON)]
        await traffic.publish_once("kcht", "deal-utc", payload + b"%d" % number)


async def _release(stage: Stage, _: Traffic) -> None:
    for name in INGESTS:
        stage.components[name].grace.set()


async def _ahead(stage: Stage, _: Traffic) -> None:
    stage.step_clock(STEP_S)


async def _back(stage: Stage, _: Traffic) -> None:
    stage.step_clock(0.0)
