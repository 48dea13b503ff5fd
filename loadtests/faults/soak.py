"""`make soak`: an hour of patients and of faults that nobody dies of; every process stays flat.

`python -m loadtests.faults.soak`, for LOAD_SECONDS (3600) and LOAD_RATE questions a second (200);
exits with 1 where a budget of `[soak]` or `[growth]` in budgets.toml is broken. A line a minute;
then `loadtests/results/soak`, after a SIGTERM likewise.
"""

import asyncio
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from loadtests.benchmarks.figures import RESULTS
from loadtests.budgets import all_kept, judge, load_budgets
from loadtests.faults.endured import Endured
from loadtests.faults.fault import Fault
from loadtests.faults.run import Run
from loadtests.faults.scenarios import list_faults
from loadtests.faults.soak_report import list_lines, measure, save
from loadtests.faults.stage import running_stage
from loadtests.growth import JUDGED_FROM_S

SECONDS = 3600.0
RATE = 200.0
"""Questions a second: of two cores, proxies, clients and the service leave about a half."""
DEADLY = (
    "kill", "restart", "stop: redis", "redis +", "writer", "standby", "cut: ingest-redis",
    "half open: ingest-redis", "disk", "redis lost", "forgets", "publishers", "poison", "clock",
)  # fmt: skip
"""Parts of names. A Redis that is away for longer than the lease makes another process the writer,
and the one that was it ends: as it should, but then nothing is to be seen of its memory. The clock
is left alone because histories have a hole after it."""


def main() -> int:
    """Soak; gives the exit status."""
    seconds = float(os.environ.get("LOAD_SECONDS", SECONDS))
    rate = float(os.environ.get("LOAD_RATE", RATE))
    folder = Path(tempfile.mkdtemp(prefix="waitless-soak-"))
    logging.basicConfig(filename=folder / "soak.log")
    print(f"{seconds:.0f} s of faults, {rate:.0f} questions a second; logs in {folder}", flush=True)
    endured = asyncio.run(endure(list_harmless(), seconds, rate, folder))
    figures = measure(endured)
    budgets = load_budgets("soak")
    if figures["seconds"] >= JUDGED_FROM_S:
        budgets |= load_budgets("growth")
    verdicts = judge(figures, budgets)
    print("\n".join(list_lines(endured)))
    for verdict in verdicts:
        print(verdict.line())
    path = save(endured, figures, verdicts, RESULTS / "soak")
    print(f"figures, table and plot: {path}, .md, .png")
    return 0 if all_kept(verdicts) else 1


def list_harmless() -> list[Fault]:
    """The faults that no process of ours ends of."""
    return [one for one in list_faults() if not any(part in one.name for part in DEADLY)]


async def endure(faults: Sequence[Fault], seconds: float, rate: float, folder: Path) -> Endured:
    """Play these over and over for so long, under so many questions a second; SIGTERM ends it.

    Args:
        faults: what is played.
        seconds: no fault begins later; 0 plays one.
        rate: of patients' questions.
        folder: an empty one; logs stay in it.
    """
    async with running_stage(folder) as stage:
        endured = Endured(stage, rate)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, endured.end)
        async with endured.watching():
            await Run(stage, endured.take_row).play(endured.faults(faults, seconds))
    return endured


if __name__ == "__main__":
    sys.exit(main())
