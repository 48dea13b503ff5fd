"""`python -m loadtests.faults [PART OF A NAME ...]`: those faults, or all; 1 where a rule broke."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from loadtests.benchmarks.figures import RESULTS
from loadtests.faults.fault import Fault
from loadtests.faults.report import print_headings, print_row, save
from loadtests.faults.run import Row, Run
from loadtests.faults.scenarios import list_faults
from loadtests.faults.stage import running_stage


def main() -> int:
    """Play them; gives the exit status."""
    wanted = sys.argv[1:]
    faults = [
        one for one in list_faults() if not wanted or any(part in one.name for part in wanted)
    ]
    if not faults:
        print("no such fault; there are:", *(one.name for one in list_faults()), sep="\n  ")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="waitless-faults-"))
    print(f"{len(faults)} faults; logs in {folder}", flush=True)
    rows, missing = asyncio.run(_play(faults, folder))
    broken = sum(not row.kept for row in rows)
    print(f"{len(rows)} faults, {broken} with broken rules: {save(rows, missing, RESULTS)}, .json")
    print(
        f"{sum(row.waits for row in rows)} waits shown were held against the rules, "
        f"{sum(row.aged for row in rows)} of them about to be too old"
    )
    for one in missing:
        print(f"not run: {one}")
    return 1 if broken else 0


async def _play(faults: list[Fault], folder: Path) -> tuple[list[Row], list[str]]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - we are in one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    missing: list[str] = []
    async with running_stage(folder) as stage:
        if stage.disk is None:
            missing += [f"{one.name}: no disk can be mounted" for one in faults if one.wants_disk]
            faults = [one for one in faults if not one.wants_disk]
        print_headings()
        return await Run(stage, print_row).play(faults), missing


if __name__ == "__main__":
    sys.exit(main())
