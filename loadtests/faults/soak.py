"""`make soak FAULTS=1`: faults that nobody dies of, over and over; every process stays flat.

`python -m loadtests.faults.soak`, for LOAD_SECONDS (600). What every process holds is looked at
every 5 s; a process that ends breaks the budget (`[soak]` of budgets.toml).
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from loadtests.benchmarks.figures import RESULTS
from loadtests.budgets import all_kept, judge, load_budgets, most_growth_percent
from loadtests.faults.report import print_headings, print_row, save
from loadtests.faults.run import Row, Run
from loadtests.faults.scenarios import Fault, list_faults
from loadtests.faults.stage import APIS, INGESTS, Stage, running_stage
from loadtests.processes import list_use

SECONDS = 600.0
USE_EVERY_S = 5.0
ASK_EVERY_S = 0.05
DEADLY = (
    "kill",
    "restart",
    "redis",
    "writer",
    "standby",
    "forgets",
    "publishers",
    "poison",
    "clock",
)
"""A Redis that is away for longer than the lease makes another process the writer, and the one that
was it ends: as it should, but then nothing is to be seen of its memory."""

Samples = dict[str, list[tuple[float, float]]]


def main() -> int:
    """Soak; gives the exit status."""
    seconds = float(os.environ.get("LOAD_SECONDS", SECONDS))
    folder = Path(tempfile.mkdtemp(prefix="waitless-soak-"))
    print(f"{seconds:.0f} s of faults; logs in {folder}", flush=True)
    rows, memory, descriptors = asyncio.run(_soak(seconds, folder))
    for name, samples in memory.items():
        opened = descriptors[name]
        print(f"{name}: {samples[0][1]:.0f} MiB and {opened[0][1]:.0f} files at first, "
              f"{samples[-1][1]:.0f} and {opened[-1][1]:.0f} at last")  # fmt: skip
    last = max(samples[-1][0] for samples in memory.values())
    figures = {
        "memory_growth_percent": most_growth_percent(memory, last),
        "descriptor_growth_percent": most_growth_percent(descriptors, last),
        "errors": float(sum(row.failed + len(row.broken) for row in rows)),
    }
    verdicts = judge(figures, load_budgets("soak"))
    for verdict in verdicts:
        print(verdict.line())
    print(f"what came of each fault: {save(rows, [], RESULTS / 'soak')}")
    return 0 if all_kept(verdicts) else 1


async def _soak(seconds: float, folder: Path) -> tuple[list[Row], Samples, Samples]:
    memory: Samples = {}
    descriptors: Samples = {}
    harmless = [
        one for one in list_faults() if not any(word in one.name for word in DEADLY)
    ]  # fmt: skip
    async with running_stage(folder) as stage:
        looking = asyncio.create_task(_look(stage, memory, descriptors))
        try:
            print_headings()
            run = Run(stage, print_row, ask_every_s=ASK_EVERY_S)
            rows = await run.play(_until(time.monotonic() + seconds, harmless))
        finally:
            looking.cancel()
    return rows, memory, descriptors


def _until(deadline: float, faults: list[Fault]) -> Iterator[Fault]:
    for one in cycle(faults):
        if time.monotonic() > deadline:
            return
        yield one


async def _look(stage: Stage, memory: Samples, descriptors: Samples) -> None:
    """Of those processes that are ours: Redis's histories fill until they are long enough."""
    began = time.monotonic()
    while True:
        pids = {name: stage.components[name].child.pid for name in (*INGESTS, *APIS)}
        at = time.monotonic() - began
        for name, use in list_use(pids).items():
            memory.setdefault(name, []).append((at, use.memory_mib))
            descriptors.setdefault(name, []).append((at, float(use.descriptors)))
        await asyncio.sleep(USE_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
