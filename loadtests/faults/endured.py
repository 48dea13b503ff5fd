"""What a soak does to the stage, what every process holds meanwhile, and a line a minute."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import cycle

from loadtests.faults.fault import Fault
from loadtests.faults.load import Load, Mark
from loadtests.faults.report import print_row
from loadtests.faults.run import Row
from loadtests.faults.stage import APIS, INGESTS, Stage
from loadtests.faults.traffic import Traffic
from loadtests.processes import list_use

LOOK_EVERY_S, TELL_EVERY_S = 2.0, 60.0
OURS = (*INGESTS, *APIS)
"""Judged. Redis and the broker are looked at as well: their histories fill."""


class Endured:
    """A soak, from its first fault on."""

    def __init__(self, stage: Stage, rate: float) -> None:
        """Nothing begins yet.

        Args:
            stage: what suffers.
            rate: patients' questions a second.
        """
        self.rows: list[Row] = []
        self.marks: list[Mark] = []
        self.memory: dict[str, list[tuple[float, float]]] = {}
        """By process: seconds, resident MiB."""
        self.descriptors: dict[str, list[tuple[float, float]]] = {}
        """By process: seconds, open files."""
        self.load = Load(stage.folder / "questions.txt", self.marks)
        self.began_s = 0.0
        """By the monotonic clock."""
        self.ending = False
        """Set, no other fault begins."""
        self._stage, self._rate = stage, rate
        self._begun = asyncio.Event()

    def end(self) -> None:
        """Play the fault that is going on to its end, and no other."""
        self.ending = True

    @property
    def ended(self) -> int:
        """How many times a process of ours ended: each was started once."""
        return sum(self._stage.components[name].lives - 1 for name in OURS)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Ask, look and tell for as long as the context lasts, from the first fault on."""
        ports = {name: self._stage.ways[f"patients-{name}"].port for name in APIS}
        async with (
            self.load.asking(self._rate, ports, self._begun),
            asyncio.TaskGroup() as group,
        ):
            tasks = [group.create_task(one) for one in (self._look(), self._tell())]
            yield
            for task in tasks:
                task.cancel()

    def faults(self, faults: Sequence[Fault], seconds: float) -> Iterator[Fault]:
        """These over and over; none begins after so long, or once it is `ending`."""
        self.began_s = time.monotonic()
        self._begun.set()
        for one in cycle(faults):
            yield self._marked(one)
            if self.ending or self._now_s() > seconds:
                return

    def take_row(self, row: Row) -> None:
        """Keep what came of a fault, and tell it at once where a rule was broken."""
        self.rows.append(row)
        if not row.kept:
            print_row(row)

    def _now_s(self) -> float:
        return time.monotonic() - self.began_s

    def _marked(self, fault: Fault) -> Fault:
        """The same, noted down."""

        async def begin(stage: Stage, traffic: Traffic) -> None:
            self.marks.append(Mark(fault.name, time.monotonic(), math.inf))
            await fault.begin(stage, traffic)

        async def end(stage: Stage, traffic: Traffic) -> None:
            await fault.end(stage, traffic)
            self.marks[-1].ended_s = time.monotonic()

        return replace(fault, begin=begin, end=end)

    async def _look(self) -> None:
        await self._begun.wait()
        while True:
            pids = {name: one.child.pid for name, one in self._stage.components.items()}
            at = self._now_s()
            for name, use in list_use(pids).items():
                self.memory.setdefault(name, []).append((at, use.memory_mib))
                self.descriptors.setdefault(name, []).append((at, use.descriptors))
            await asyncio.sleep(LOOK_EVERY_S)

    async def _tell(self) -> None:
        await self._begun.wait()
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            self.load.read()
            print(self._line(), flush=True)

    def _line(self) -> str:
        seen = self.load.seen.values()
        held = ", ".join(
            f"{name} {self.memory[name][-1][1]:.0f} MiB {self.descriptors[name][-1][1]:.0f} files"
            for name in OURS
        )
        return (
            f"{self._now_s() / 60:5.1f} min: {len(self.rows)} faults, "
            f"{sum(not row.kept for row in self.rows)} with broken rules; "
            f"{sum(one.asked for one in seen)} questions, "
            f"{sum(one.failed.total() for one in seen)} failed; {held}"
        )
