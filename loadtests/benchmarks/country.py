"""Reach tables of a whole country: time, memory, changes, and answers meanwhile.

A generated road network shaped like Great Britain (`country_roads`), the 180 emergency departments
of England at their own positions, and 300 urgent treatment centres where people live.

`COUNTRY_JUNCTIONS` sets the size; the bars are for `FULL_SIZE` and count from there only. The table
is dense and the search plain, so the figures grow with junctions times facilities; a million
junctions need several GB and many minutes.
"""

import csv
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from loadtests.benchmarks.country_edges import CountryRoads
from loadtests.benchmarks.country_land import CITIES
from loadtests.benchmarks.country_plot import save_map
from loadtests.benchmarks.country_roads import STAGES, generate_country
from loadtests.benchmarks.figures import RESULTS, Figure
from routing.geo import METRES_PER_DEGREE
from routing.network import Network
from routing.reach import ReachTable, build_reach

ROOT = Path(__file__).resolve().parents[2]
PLOT = RESULTS / "country.png"
SEED: Final = 20261122
JUNCTIONS: Final = int(os.environ.get("COUNTRY_JUNCTIONS", "50000"))
FULL_SIZE: Final = 1_000_000
UTCS: Final = 300
CROWD: Final = 300
"""Facilities of one city, all in reach of its patients: what one answer may have to look up."""
CROWD_CITY, CROWD_KM = CITIES["London"][:2], 18.0
CHANGED: Final = 1_000
HORIZON_MINUTES: Final = 60.0
ORIGINS: Final = 2_000
ROUNDS: Final = 3
ANSWERS_A_ROUND: Final = 3_000
ANSWER_EVERY_S: Final = 0.001
STARTED_WITHIN_S: Final = 10.0
MIB: Final = 1024**2

Places = dict[str, tuple[float, float]]
"""Latitude and longitude by facility id."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the runs gave."""

    generate_s: float
    compile_s: float
    recompute_s: float
    table_mib: float
    in_reach: float
    """Facilities within the horizon of a junction, on average."""
    crowd_in_reach: float
    """The same, of the patients whose answers are timed."""
    scattered_s: float
    clustered_s: float
    per_answer_us: float
    alone_p99_ms: float
    meanwhile_p99_ms: float


def run() -> list[Figure]:
    """Generate, measure, save the plot and give the figures.

    Raises:
        FileNotFoundError: the list of emergency departments is not on this machine.
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
    measured = measure(roads, places, generate_s, rng)
    print(
        f"  {len(roads.lat)} junctions, {len(roads.tails)} directed edges, {len(places)} places; "
        f"within {HORIZON_MINUTES:.0f} minutes of a junction {measured.in_reach:.1f} of them, "
        f"of a patient of the crowded city {measured.crowd_in_reach:.0f}"
    )
    return to_figures(measured, f"{len(roads.lat)} junctions, {len(places)} facilities")


def find_hospitals() -> Path:
    """Return the path of the list of emergency departments."""
    shared = Path(os.environ.get("WAITLESS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    path = shared / "places" / "england_emergency_departments.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: set WAITLESS_SHARED_DATA to the folder that holds places/"
        )
    return path


def load_hospitals(path: Path) -> Places:
    """Return the emergency departments of the list; other kinds of place in it are left out."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "ed"]
    return {
        f"ed-{row['ods_site_code']}": (float(row["latitude"]), float(row["longitude"]))
        for row in rows
    }


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
    roads: CountryRoads, places: Places, generate_s: float, rng: np.random.Generator
) -> Measured:
    """Take every figure, one after the other."""
    began = time.perf_counter()
    network = roads.compile()
    compile_s = time.perf_counter() - began
    table, recompute_s = time_recompute(network, places)
    scattered_s = time_change(network, places, pick_scattered(roads, rng), rng)
    clustered_s = time_change(network, places, pick_clustered(roads, rng), rng)
    everywhere = draw_origins(roads, np.flatnonzero(roads.in_town), rng)
    alone_ms, meanwhile_ms = measure_answers(network, table, places, everywhere)
    city = list_city_corners(roads)
    crowd = build_reach(network, place_crowd(roads, city, rng))
    patients = draw_origins(roads, city, rng)
    return Measured(
        generate_s=generate_s,
        compile_s=compile_s,
        recompute_s=recompute_s,
        table_mib=measure_table(table),
        in_reach=count_in_reach(table),
        crowd_in_reach=count_in_reach_of(crowd, patients),
        scattered_s=scattered_s,
        clustered_s=clustered_s,
        per_answer_us=time_travel(crowd, patients),
        alone_p99_ms=alone_ms,
        meanwhile_p99_ms=meanwhile_ms,
    )


def time_recompute(network: Network, places: Places) -> tuple[ReachTable, float]:
    """Return the table of all facilities, and the seconds that it took."""
    began = time.perf_counter()
    table = build_reach(network, places)
    return table, time.perf_counter() - began


def measure_table(table: ReachTable) -> float:
    """Return what the table's arrays hold, MiB."""
    return (table.tenths.nbytes + table.metres.nbytes) / MIB


def count_in_reach(table: ReachTable) -> float:
    """Return how many facilities are within the horizon of a junction, on average."""
    return float((table.tenths <= HORIZON_MINUTES * 10).sum(axis=1).mean())


def count_in_reach_of(table: ReachTable, origins: NDArray[np.float64]) -> float:
    """Return how many facilities are within the horizon of a patient, on average."""
    journeys = [table.travel_from(lat, lon).minutes for lat, lon in origins.tolist()]
    return float((np.array(journeys) <= HORIZON_MINUTES).sum(axis=1).mean())


def pick_scattered(roads: CountryRoads, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return edges from all over the country."""
    return rng.choice(len(roads.tails), CHANGED, replace=False)


def pick_clustered(roads: CountryRoads, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return edges near one town's corner, the nearest first: a closed motorway and its streets."""
    middle = rng.choice(np.flatnonzero(roads.in_town))
    north = roads.lat - roads.lat[middle]
    east = (roads.lon - roads.lon[middle]) * np.cos(np.radians(roads.lat[middle]))
    return np.argsort(np.hypot(north, east)[roads.tails], kind="stable")[:CHANGED]


def time_change(
    network: Network, places: Places, changed: NDArray[np.intp], rng: np.random.Generator
) -> float:
    """Return the seconds from changed edges to the table that shows them.

    Edges become up to three times slower, as queues make them. Edges are stored in the network in
    the order of the roads: by tail, then head.
    """
    factors = rng.uniform(1.2, 3.0, len(changed))
    began = time.perf_counter()
    times_s = network.times_s.copy()
    times_s.data[changed] *= factors
    build_reach(replace(network, times_s=times_s), places)
    return time.perf_counter() - began


def list_city_corners(roads: CountryRoads) -> NDArray[np.intp]:
    """Return the street corners of the crowded city."""
    lat, lon = CROWD_CITY
    north = roads.lat - lat
    east = (roads.lon - lon) * np.cos(np.radians(lat))
    near = np.hypot(north, east) * METRES_PER_DEGREE < CROWD_KM * 1000
    return np.flatnonzero(near & roads.in_town & roads.joinable)


def place_crowd(roads: CountryRoads, city: NDArray[np.intp], rng: np.random.Generator) -> Places:
    """Return facilities at corners of one city."""
    corners = rng.choice(city, CROWD, replace=False).tolist()
    return {f"crowd-{corner}": (roads.lat[corner], roads.lon[corner]) for corner in corners}


def draw_origins(
    roads: CountryRoads, corners: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return patients' positions, rows of (latitude, longitude): within 500 m of a corner."""
    homes = rng.choice(corners, ORIGINS)
    places = np.column_stack((roads.lat[homes], roads.lon[homes]))
    return np.asarray(places + rng.uniform(-0.0045, 0.0045, places.shape))


def time_travel(table: ReachTable, origins: NDArray[np.float64]) -> float:
    """Return the median of rounds of the mean time of one look-up, microseconds."""
    rounds_us: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for lat, lon in origins.tolist():
            table.travel_from(lat, lon)
        rounds_us.append((time.perf_counter() - began) / len(origins) * 1e6)
    return float(np.median(rounds_us))


def measure_answers(
    network: Network, table: ReachTable, places: Places, origins: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the p99 of answers alone, and while another process recomputes, milliseconds.

    Rounds alternate; medians of the rounds' p99. Answers fall due every `ANSWER_EVERY_S`, and are
    late by the clock, not by the answer before.
    """
    alone_ms: list[float] = []
    meanwhile_ms: list[float] = []
    for _ in range(ROUNDS):
        alone_ms.append(answer_p99_ms(table, origins))
        with recomputing(network, places):
            meanwhile_ms.append(answer_p99_ms(table, origins))
    return float(np.median(alone_ms)), float(np.median(meanwhile_ms))


def answer_p99_ms(table: ReachTable, origins: NDArray[np.float64]) -> float:
    """Answer in an open loop and return the 99th percentile from due to done, milliseconds."""
    took_s = np.empty(ANSWERS_A_ROUND)
    began = time.perf_counter()
    for number, (lat, lon) in enumerate(np.resize(origins, (ANSWERS_A_ROUND, 2)).tolist()):
        due = began + number * ANSWER_EVERY_S
        if (ahead := due - time.perf_counter()) > 0:
            time.sleep(ahead)
        table.travel_from(lat, lon)
        took_s[number] = time.perf_counter() - due
    return float(np.percentile(took_s, 99) * 1000)


@contextmanager
def recomputing(network: Network, places: Places) -> Iterator[None]:
    """Another process recomputes again and again, for as long as the context lasts.

    Raises:
        RuntimeError: it did not start, or ended before it was told to.
    """
    context = multiprocessing.get_context("fork")
    started = context.Event()
    process = context.Process(target=_recompute, args=(network, places, started), daemon=True)
    process.start()
    try:
        if not started.wait(STARTED_WITHIN_S):
            raise RuntimeError("the process that recomputes did not start")
        yield
        if not process.is_alive():
            raise RuntimeError("the process that recomputes ended: nothing was measured")
    finally:
        process.kill()
        process.join()


def _recompute(network: Network, places: Places, started: Event) -> None:
    started.set()
    while True:
        build_reach(network, places)


def to_figures(measured: Measured, size: str) -> list[Figure]:
    """Give the figures, at full size with their bars."""
    ratio = measured.meanwhile_p99_ms / measured.alone_p99_ms
    crowd = f"{measured.crowd_in_reach:.0f} of {CROWD} facilities in reach"
    rows = (
        ("generate", measured.generate_s, "s", 60.0, size),
        ("compile", measured.compile_s, "s", None, size),
        ("full_recompute", measured.recompute_s, "s", 10.0, size),
        ("table_memory", measured.table_mib, "MiB", 300.0, size),
        ("change_scattered", measured.scattered_s, "s", 10.0, f"{CHANGED} edges; {size}"),
        ("change_clustered", measured.clustered_s, "s", 10.0, f"{CHANGED} edges; {size}"),
        ("travel_per_answer", measured.per_answer_us, "us", 20.0, crowd),
        ("answer_p99_alone", measured.alone_p99_ms, "ms", None, size),
        ("answer_p99_recomputing", measured.meanwhile_p99_ms, "ms", None, size),
        ("answer_p99_ratio", ratio, "times", 2.0, "the same loop alone, interleaved"),
    )
    return [
        Figure(
            name=f"country.{name}",
            value=value,
            unit=unit,
            bar=bar if JUNCTIONS >= FULL_SIZE else None,
            better="lower",
            reference=reference,
        )
        for name, value, unit, bar, reference in rows
    ]
