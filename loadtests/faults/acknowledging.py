"""The writer killed about the moment when it acknowledges to the broker, over and over in bursts.

Whoever acknowledged before what it believed was stored is killed with it unstored: the wait is
lost. Whoever is killed between the two gets the same again, and must not apply it twice.
"""

import asyncio
from random import Random

from loadtests.faults.component import Component
from loadtests.faults.fault import Fault, nothing
from loadtests.faults.stage import Stage
from loadtests.faults.traffic import Traffic
from tests.support.proxy import Proxy

BURST = 30
"""Waits that are on their way at each kill, beside the others'."""
KILLED_WITHIN_S = 90.0
"""The next writer starts, reads everything and acknowledges, on a busy machine."""
AFTER, LOST, BEFORE = "at the acknowledgement", "acknowledgement lost", "before it acknowledges"
MOMENTS = (AFTER, LOST, BEFORE)
BEFORE_MS = 20
"""A wait is killed at most so long after it came: about what judging and storing a batch takes."""
SEED = 20261122
PUBLISH, PUBACK = 0x30, 0x40
"""MQTT, section 2.1.2: the first four bits of a packet."""


def kill_at(moment: str, times: int) -> Fault:
    """Kill whoever writes at one of `MOMENTS`, so often."""
    chance = Random(SEED)

    async def begin(stage: Stage, traffic: Traffic) -> None:
        for _ in range(times):
            async with asyncio.timeout(KILLED_WITHIN_S):
                writer = await stage.wait_for_writer()
                burst = asyncio.create_task(traffic.publish_burst(BURST))
                await _kill_once(writer, stage.ways["ingest-broker"], moment, chance)
                await burst

    return Fault(name=f"kill -9 {times} times, {moment}: writer", begin=begin, end=nothing)


async def _kill_once(writer: Component, way: Proxy, moment: str, chance: Random) -> None:
    """Wait for the moment on the way to the broker, and kill."""
    killed, loop = asyncio.Event(), asyncio.get_running_loop()

    def kill() -> None:
        writer.kill()
        killed.set()

    def hear(sender: str, chunk: bytes) -> None:
        wanted = ("server", PUBLISH) if moment == BEFORE else ("client", PUBACK)
        if (sender, chunk[0] & 0xF0) != wanted:
            return
        way.hears = None
        if moment == LOST:
            kill()
            way.reset()
        elif moment == AFTER:
            loop.call_soon(kill)  # the chunk is carried first
        else:
            loop.call_later(chance.uniform(0, BEFORE_MS) / 1000, kill)

    way.hears = hear
    try:
        await killed.wait()
    finally:
        way.hears = None
