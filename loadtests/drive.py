"""One run's measurements: open-loop requests, freshness and memory, beside Locust's crowd."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from feeds.mqtt import MqttEndpoint
from loadtests.freshness import Freshness, watch_freshness
from loadtests.processes import Service, list_use
from loadtests.steady import OpenLoop, Timings
from waitless.area.facility import Facility

SERVICE_SLICE_S, CONSTANT_SLICE_S = 4.0, 1.0
"""The service and its reference are asked in turns, so that both see the machine at its worst."""
MEMORY_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of whom."""

    paths: Sequence[str]
    seconds: float
    rate: float
    """Of the open-loop client, a second; Locust's crowd comes on top."""
    constant_rate: float
    """What the service bears in all is what the reference is asked."""
    fresh_every_s: float
    """Between two waits of each of the probed facilities."""
    probed: Sequence[Facility]


@dataclass(slots=True)
class Driven:
    """What a run measured."""

    service: Timings = field(default_factory=Timings)
    constant: Timings = field(default_factory=Timings)
    freshness: Freshness = field(default_factory=Freshness)
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """(seconds, MiB) of each process of ours."""
    descriptors: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    """(seconds, open files) likewise."""

    @property
    def errors(self) -> int:
        """Everything that failed."""
        failed = (*self.service.failed.values(), *self.constant.failed.values())
        return sum(failed) + self.freshness.lost


async def drive(plan: Plan, service: Service, constant_port: int, chance: Random) -> Driven:
    """Do all of it at once."""
    driven = Driven()
    endpoint = MqttEndpoint(host="127.0.0.1", port=service.servers.mqtt_port)
    sampling = asyncio.create_task(_sample_use(service, driven))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_ask_in_turns(plan, service.port, constant_port, chance, driven))
            group.create_task(
                watch_freshness(
                    endpoint,
                    service.port,
                    plan.probed,
                    every_s=plan.fresh_every_s,
                    seconds=plan.seconds,
                    seen=driven.freshness,
                )
            )
    finally:
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
    return driven


async def _ask_in_turns(
    plan: Plan, port: int, constant_port: int, chance: Random, driven: Driven
) -> None:
    ours, reference = OpenLoop(port), OpenLoop(constant_port)
    until = time.perf_counter() + plan.seconds
    while time.perf_counter() < until:
        for client, rate, seconds, timings in (
            (ours, plan.rate, SERVICE_SLICE_S, driven.service),
            (reference, plan.constant_rate, CONSTANT_SLICE_S, driven.constant),
        ):
            await client.run(plan.paths, rate=rate, seconds=seconds, chance=chance, timings=timings)
    ours.close()
    reference.close()


async def _sample_use(service: Service, driven: Driven) -> None:
    began = time.perf_counter()
    while True:
        at = time.perf_counter() - began
        for name, use in list_use(service.pids).items():
            driven.memory.setdefault(name, []).append((at, use.memory_mib))
            driven.descriptors.setdefault(name, []).append((at, use.descriptors))
        await asyncio.sleep(MEMORY_EVERY_S)
