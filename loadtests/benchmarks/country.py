"""Reach tables of a whole country: time, memory, changes, and answers meanwhile.

A generated road network shaped like Great Britain (`country_roads`), the 180 emergency departments
of England at their own positions, and 300 urgent treatment centres where people live. As in
service, one process has the roads, makes tables and shares them through Redis
(`countrywide.writer`), another only answers (`countrywide.reader`).

`COUNTRY_JUNCTIONS` sets the size; the bars are for `FULL_SIZE` and count from there only.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from loadtests.benchmarks.country_edges import CountryRoads
from loadtests.benchmarks.country_plot import save_map
from loadtests.benchmarks.country_roads import STAGES, generate_country
from loadtests.benchmarks.countrywide.changes import Change, draw_clustered, draw_scattered
from loadtests.benchmarks.countrywide.places import (
    draw_origins,
    find_hospitals,
    list_city_corners,
    load_hospitals,
    place_crowd,
)
from loadtests.benchmarks.countrywide.process import Worker, working
from loadtests.benchmarks.countrywide.reader import Reader, Swapped
from loadtests.benchmarks.countrywide.report import Measured, Visible, to_figures
from loadtests.benchmarks.countrywide.writer import Writer
from loadtests.benchmarks.figures import RESULTS, Figure
from loadtests.benchmarks.servers import running_servers
from routing.roadfile import save_road_file

PLOT = RESULTS / "country.png"
SEED: Final = 20261122
FULL_SIZE: Final = 1_000_000
JUNCTIONS: Final = int(os.environ.get("COUNTRY_JUNCTIONS", str(FULL_SIZE)))
UTCS: Final = 300
ORIGINS: Final = 2_000
BUILDS, CHANGES, ROUNDS = 3, 3, 5
NICENESS: Final = 10
STEPS: Final = BUILDS + 1 + 2 * CHANGES + 1 + 2 * ROUNDS


def run() -> list[Figure]:
    """Generate, measure, save the plot and give the figures.

    Raises:
        FileNotFoundError: the list of emergency departments or a server is not on this machine.
        RuntimeError: a process failed, or a table came out wrong.
    """
    hospitals = load_hospitals(find_hospitals())
    rng = np.random.default_rng(SEED)
    began = time.perf_counter()
    roads = generate_with_bar(JUNCTIONS, np.array(list(hospitals.values())), rng)
    generate_s = time.perf_counter() - began
    places = hospitals | {
        f"utc-{number}": place for number, place in enumerate(roads.place_by_people(UTCS, rng))
    }
    save_map(roads, PLOT)
    with (
        tempfile.TemporaryDirectory(prefix="waitless-bench-") as name,
        running_servers() as servers,
    ):
        folder = Path(name)
        save_road_file(roads.to_roads(), folder / "country.roads")
        with (
            working(Reader, servers.redis_url, folder) as reader,
            working(Writer, folder / "country.roads", places, servers.redis_url) as writer,
            click.progressbar(length=STEPS, label="  Measuring", file=sys.stderr) as bar,
        ):
            measured = measure(roads, writer, reader, folder, lambda: bar.update(1))
    size = f"{len(roads.lat)} junctions, {len(places)} facilities"
    print(f"  {size}, {len(roads.tails)} directed edges")
    return to_figures(measured, generate_s, size, barred=JUNCTIONS >= FULL_SIZE)


def generate_with_bar(
    junctions: int, hospitals: NDArray[np.float64], rng: np.random.Generator
) -> CountryRoads:
    """Generate with a progress bar on standard error, a step for each stage."""
    with click.progressbar(
        length=len(STAGES),
        label="  Generating roads",
        item_show_func=lambda stage: stage,
        file=sys.stderr,
    ) as bar:

        def report(stage: str) -> None:
            bar.update(0 if stage == STAGES[0] else 1, stage)

        roads = generate_country(junctions, hospitals, rng, report)
        bar.update(1)
    return roads


def measure(
    roads: CountryRoads, writer: Worker, reader: Worker, folder: Path, step: Callable[[], None]
) -> Measured:
    """Take every figure, one after the other.

    Args:
        roads: what changes and patients are drawn from.
        writer: a `Writer` of these roads.
        reader: a `Reader`.
        folder: where tables may be left for the reader.
        step: called `STEPS` times.
    """
    rng = np.random.default_rng(SEED)
    builds = []
    for _ in range(BUILDS):
        builds.append(writer.call("build"))
        step()
    reader.begin("follow", None)
    writer.call("share")
    swapped: Swapped = reader.finish()
    bare, mapped, held = reader.call("list_memory")
    step()
    scattered: list[Visible] = []
    clustered: list[Visible] = []
    for _ in range(CHANGES):
        for draw, seen in ((draw_scattered, scattered), (draw_clustered, clustered)):
            visible = time_change(writer, reader, draw(roads, rng), swapped)
            swapped = visible.swapped
            seen.append(visible)
            step()
    if not writer.call("is_as_built_afresh"):
        raise RuntimeError("after the changes the table is not the one that a full recompute gives")
    city = list_city_corners(roads)
    writer.call("save_crowd", place_crowd(roads, city, rng), folder / "crowd")
    patients = draw_origins(roads, city, ORIGINS, rng)
    crowd = reader.call("time_crowd", folder / "crowd", patients)
    step()
    everywhere = draw_origins(roads, np.flatnonzero(roads.in_town), ORIGINS, rng)
    plain_ms = measure_answers(writer, reader, everywhere, step)
    writer.call("be_nice", NICENESS)
    nice_ms = measure_answers(writer, reader, everywhere, step)
    return Measured(
        builds=builds,
        scattered=scattered,
        clustered=clustered,
        crowd=crowd,
        plain_ms=plain_ms,
        nice_ms=nice_ms,
        bare=bare,
        mapped=mapped,
        held=held,
    )


def time_change(writer: Worker, reader: Worker, change: Change, before: Swapped) -> Visible:
    """Give the writer changed figures, and see when the reader has the table they make.

    Raises:
        RuntimeError: the reader has another table.
    """
    reader.begin("follow", before.version)
    shown = writer.call("change", change)
    swapped: Swapped = reader.finish()
    if swapped.version != shown.version:
        raise RuntimeError(f"{shown.version} was shared, {swapped.version} came")
    return Visible(shown, swapped)


def measure_answers(
    writer: Worker, reader: Worker, origins: NDArray[np.float64], step: Callable[[], None]
) -> NDArray[np.float64]:
    """Return the p99 of answers, milliseconds: rows of (alone, while the writer recomputes)."""
    p99_ms = []
    for _ in range(ROUNDS):
        alone_ms = reader.call("answer_p99_ms", origins)
        writer.begin("recompute")
        meanwhile_ms = reader.call("answer_p99_ms", origins)
        writer.nudge()
        if not writer.finish():
            raise RuntimeError("the writer did not recompute: nothing was measured")
        p99_ms.append((alone_ms, meanwhile_ms))
        step()
    return np.array(p99_ms)
