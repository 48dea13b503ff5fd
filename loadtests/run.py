"""`make load` and `make soak`: a service of its own, a crowd, measurements and budgets.

`python -m loadtests.run [load|soak]`, for LOAD_SECONDS where that is set; exits with 1 where a
budget of budgets.toml is broken, with 2 where it cannot run. docs/loadtests.md describes both.
"""

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from loadtests.benchmarks.figures import RESULTS
from loadtests.budgets import all_kept, judge, load_budgets, most_growth_percent
from loadtests.calibrate import find_saturation
from loadtests.drive import Driven, Plan, drive
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


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of run."""

    seconds: float
    fresh_every_s: float


KINDS = {"load": Kind(60.0, 0.5), "soak": Kind(600.0, 5.0)}
"""A wait of each probed facility so often that some 600 are measured."""


def main() -> int:
    """Run one kind; gives the exit status."""
    name = sys.argv[1] if len(sys.argv) > 1 else "load"
    if name not in KINDS:
        print(f"no such run: {name}; there is {', '.join(KINDS)}")
        return 2
    workers = int(os.environ.get("WORKERS", "1"))
    holds = RESULTS / f"{name}.holds" if "WATCHED" in os.environ else None
    if holds is not None:
        RESULTS.mkdir(parents=True, exist_ok=True)
    try:
        with (
            running_service(workers, holds) as service,
            running_constant(BODY_BYTES) as constant_port,
        ):
            kind = KINDS[name]
            seconds = float(os.environ.get("LOAD_SECONDS", kind.seconds))
            began = time.time()
            driven, crowd = _run(replace(kind, seconds=seconds), service, constant_port)
            ended = time.time()
    except FileNotFoundError as fault:
        print(f"cannot run: {fault}")
        return 2
    status = _report(name, driven, crowd)
    if holds is not None:
        print_holds([hold for hold in load_holds(holds) if began <= hold.at <= ended])
    return status


def _run(kind: Kind, service: Service, constant_port: int) -> tuple[Driven, Crowd]:
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
        f"{kind.seconds:.0f} s, {total / saturation:.0%} of that: {rate:.0f} open loop, "
        f"{arrivals:.0f} patients arriving",
        flush=True,
    )
    _, probed = split_providers(area)
    plan = Plan(paths, kind.seconds, rate, total, kind.fresh_every_s, probed)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_crowd(
            f"http://127.0.0.1:{service.port}",
            service.servers.mqtt_url,
            arrivals=arrivals,
            seconds=kind.seconds,
            folder=Path(folder),
        ) as crowd,
    ):
        driven = asyncio.run(drive(plan, service, constant_port, chance))
    return driven, crowd


def _report(name: str, driven: Driven, crowd: Crowd) -> int:
    figures = measure(driven, crowd)
    last = max((samples[-1][0] for samples in driven.memory.values()), default=0.0)
    figures["memory_growth_percent"] = most_growth_percent(driven.memory, last)
    figures["descriptor_growth_percent"] = most_growth_percent(driven.descriptors, last)
    verdicts = judge(figures, load_budgets(name))
    print_tables(driven, crowd, figures)
    for verdict in verdicts:
        print(verdict.line())
    print(f"figures and plot: {save(name, driven, crowd, figures, verdicts)}, .png")
    return 0 if all_kept(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
