"""`make load`: a service of its own, a crowd, measurements and budgets.

`python -m loadtests.run`, for LOAD_SECONDS (60); exits with 1 where a budget of budgets.toml is
broken, with 2 where it cannot run. docs/loadtests.md describes it.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from loadtests.benchmarks.figures import RESULTS
from loadtests.budgets import all_kept, judge, load_budgets
from loadtests.calibrate import find_saturation
from loadtests.drive import Driven, Plan, drive
from loadtests.growth import JUDGED_FROM_S, most_growth_percent
from loadtests.locust_run import Crowd, running_crowd
from loadtests.processes import AREA, Service, running_constant, running_service
from loadtests.providers import split_providers
from loadtests.questions import Questions, load_population
from loadtests.report import measure, print_holds, print_tables, save
from loadtests.watched import load_holds
from waitless.area.pack import find_pack, load_area

SEED = 20261123
QUESTIONS = 2000
CALIBRATION_S = 6
BODY_BYTES = 6000
"""About what an answer of five places has; the reference's body."""
LOCUST_SHARE, MOST_ARRIVALS = 0.25, 200.0
"""Of the whole rate, Locust's patients take this share, and no more than so many a second: it
overstates times by milliseconds, so it proves behaviour, and the open-loop client measures."""
REQUESTS_A_PATIENT = 1.3
BESIDE = 35.0
"""Requests a second of operators and of the freshness probe: about."""
MOST_RATE = 3000.0
"""More a second the open-loop client cannot send without being late itself."""
SECONDS = 60.0
FRESH_EVERY_S, PROBES = 0.5, 120
"""At most so often, and so many in a run, a wait of each probed facility: some 600 in all."""


def main() -> int:
    """Run; gives the exit status."""
    seconds = float(os.environ.get("LOAD_SECONDS", SECONDS))
    workers = int(os.environ.get("WORKERS", "1"))
    holds = RESULTS / "load.holds" if "WATCHED" in os.environ else None
    if holds is not None:
        RESULTS.mkdir(parents=True, exist_ok=True)
    try:
        with (
            running_service(workers, holds) as service,
            running_constant(BODY_BYTES) as constant_port,
        ):
            began = time.time()
            driven, crowd = _run(seconds, service, constant_port)
            ended = time.time()
    except FileNotFoundError as fault:
        print(f"cannot run: {fault}")
        return 2
    status = _report(seconds, driven, crowd)
    if holds is not None:
        print_holds([hold for hold in load_holds(holds) if began <= hold.at <= ended])
    return status


def _run(seconds: float, service: Service, constant_port: int) -> tuple[Driven, Crowd]:
    area = load_area(find_pack(AREA))
    chance = Random(SEED)
    questions = Questions(area, load_population())
    paths = [f"/v1/recommendations?{questions.draw(chance)}" for _ in range(QUESTIONS)]
    saturation = find_saturation(service.port, paths, CALIBRATION_S)
    half = saturation / 2
    arrivals = min(LOCUST_SHARE * half / REQUESTS_A_PATIENT, MOST_ARRIVALS)
    rate = min(max(1.0, half - arrivals * REQUESTS_A_PATIENT - BESIDE), MOST_RATE)
    total = rate + arrivals * REQUESTS_A_PATIENT + BESIDE
    print(
        f"saturated at {saturation:.0f} answers/s; now {total:.0f} requests/s for "
        f"{seconds:.0f} s, {total / saturation:.0%} of that: {rate:.0f} open loop, "
        f"{arrivals:.0f} patients arriving",
        flush=True,
    )
    _, probed = split_providers(area)
    plan = Plan(paths, seconds, rate, total, max(FRESH_EVERY_S, seconds / PROBES), probed)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_crowd(
            f"http://127.0.0.1:{service.port}",
            service.servers.mqtt_url,
            arrivals=arrivals,
            seconds=seconds,
            folder=Path(folder),
        ) as crowd,
    ):
        driven = asyncio.run(drive(plan, service, constant_port, chance))
    return driven, crowd


def _report(seconds: float, driven: Driven, crowd: Crowd) -> int:
    figures = measure(driven, crowd)
    last = max((samples[-1][0] for samples in driven.memory.values()), default=0.0)
    figures["memory_growth_percent"] = most_growth_percent(driven.memory, last)
    figures["descriptor_growth_percent"] = most_growth_percent(driven.descriptors, last)
    budgets = load_budgets("load")
    if seconds >= JUDGED_FROM_S:
        budgets |= load_budgets("growth")
    verdicts = judge(figures, budgets)
    print_tables(driven, crowd, figures)
    for verdict in verdicts:
        print(verdict.line())
    print(f"figures and plot: {save(driven, crowd, figures, verdicts)}, .png")
    return 0 if all_kept(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
