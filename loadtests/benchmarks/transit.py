"""What a question by bus and train costs: a look-up by time of departure, and building it.

County size is Newport's buses (the real feed nearest to East Kent's size) with 22 facilities at
stops chosen with a fixed seed; the country is Great Britain's rail with England's emergency
departments. The reference of a look-up is the same scan made when asked, for the facility of the
question alone. Origins lie about stops and times between 06:00 and 22:00.
"""

import csv
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np

from loadtests.benchmarks.figures import Figure
from routing.transit.changes import StopChange, TripChange
from routing.transit.footpaths import Walks
from routing.transit.gtfs import read_gtfs
from routing.transit.live import apply_changes
from routing.transit.model import Gtfs
from routing.transit.profile import Profiles, build_profiles
from routing.transit.timetable import Timetable, lay_out_day

SHARED = Path(__file__).parents[3] / "shared" / "data"
NEWPORT = SHARED / "transit" / "newport-20230613_gtfs.zip"
RAIL = SHARED / "transit" / "gb-rail-gtfs-otp-tutorial.zip"
DEPARTMENTS = SHARED / "places" / "england_emergency_departments.csv"
ROUNDS, QUESTIONS, SCANS = 5, 2_000, 5
Point = tuple[float, float]
T = TypeVar("T")


def run() -> list[Figure]:
    """Measure both sizes; the country's in a process of its own, for its memory."""
    figures = measure("county", NEWPORT, date(2023, 6, 13), 100.0)
    script = "from loadtests.benchmarks.transit import tell_country; tell_country()"
    told = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    for line in told.stdout.splitlines():
        name, value, unit, bar, reference = line.split("|")
        figures.append(make(name, float(value), unit, float(bar) if bar else None, reference))
    return figures


def tell_country() -> None:
    """Print the country's figures, and the most memory that this process took."""
    for one in measure("country", RAIL, date(2017, 7, 4), 1_000.0):
        print(one.name, one.value, one.unit, one.bar or "", one.reference, sep="|")
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print("transit.country.memory", most_mb, "MB", "", "the whole process, at most", sep="|")


def measure(name: str, path: Path, day: date, bar_us: float) -> list[Figure]:
    """Build one feed's profiles and ask them."""
    gtfs, read_s = timed(lambda: read_gtfs(path))
    timetable, day_s = timed(lambda: lay_out_day(gtfs, day))
    walks, walks_s = timed(lambda: Walks(gtfs))
    stops = np.unique(gtfs.stops)
    points = list(zip(gtfs.lat[stops].tolist(), gtfs.lon[stops].tolist(), strict=True))
    choose = random.Random(5)
    facilities = list_departments() if name == "country" else choose.sample(points, 22)
    named = {f"f{number}": place for number, place in enumerate(facilities)}
    build_profiles(timetable, walks, dict([*named.items()][:1]))  # compiles
    profiles, build_s = timed(lambda: build_profiles(timetable, walks, named))
    origins = [scatter(choose, choose.choice(points)) for _ in range(QUESTIONS)]
    times_s = [choose.randrange(6 * 3600, 22 * 3600) for _ in range(QUESTIONS)]
    changed_s, changes = change(timetable, walks, named, choose)
    asked_us, scanned_us = ask(profiles, timetable, walks, origins, times_s)
    told = f"{len(timetable.connections.runs):,} connections, {len(named)} facilities"
    size_mb = profiles.size_bytes / 1e6
    return [
        make(f"transit.{name}.lookup", asked_us, "us", bar_us, f"a scan: {scanned_us:,.0f} us"),
        make(f"transit.{name}.profiles", build_s, "s", 5.0 if name == "county" else None, told),
        make(
            f"transit.{name}.live",
            changed_s,
            "s",
            5.0 if name == "county" else None,
            f"{changes:,} late trips laid over the day, and its profiles",
        ),
        make(f"transit.{name}.profiles_size", size_mb, "MB", None, told),
        make(f"transit.{name}.read", read_s, "s", None, f"{len(gtfs.stops):,} stop times"),
        make(f"transit.{name}.day", day_s + walks_s, "s", None, "timetable and footpaths"),
    ]


def change(
    timetable: Timetable, walks: Walks, facilities: dict[str, Point], choose: random.Random
) -> tuple[float, int]:
    """Return seconds from a change of every trip of the day to its profiles, and how many trips."""
    gtfs = timetable.gtfs
    day = timetable.run_days == timetable.day.toordinal()
    trips = sorted(set(timetable.run_trips[day].tolist()))
    noon = timetable.to_instant(12 * 3600)
    taken = []
    for _ in range(ROUNDS):
        changes = [late(gtfs, trip, timetable.day, choose) for trip in trips]
        begun = time.perf_counter()
        applied = apply_changes(timetable, changes, noon)
        build_profiles(applied.timetable, walks, facilities)
        taken.append(time.perf_counter() - begun)
        if applied.used != len(changes):
            raise AssertionError(f"only {applied.used} of {len(changes)} changes were used")
    return median(taken), len(trips)


def late(gtfs: Gtfs, trip: int, day: date, choose: random.Random) -> TripChange:
    """Return a change with a delay of up to 20 minutes at every fifth stop."""
    sequence = gtfs.sequence[gtfs.first[trip] : gtfs.first[trip + 1] : 5].tolist()
    stops = [StopChange(sequence=n, arrival_delay_s=choose.randrange(1_200)) for n in sequence]
    return TripChange(trip_id=gtfs.trip_ids[trip], day=day, stops=tuple(stops))


def ask(
    profiles: Profiles,
    timetable: Timetable,
    walks: Walks,
    origins: list[Point],
    times_s: list[int],
) -> tuple[float, float]:
    """Return microseconds of an origin's look-up, access included, and of a scan when asked."""
    place = {"only": origins[0]}
    looked_up, scanned = [], []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for origin, at_s in zip(origins, times_s, strict=True):
            profiles.look_up(profiles.find_access(*origin), at_s)
        looked_up.append((time.perf_counter() - begun) / len(origins))
        begun = time.perf_counter()
        for _ in range(SCANS):
            build_profiles(timetable, walks, place)
        scanned.append((time.perf_counter() - begun) / SCANS)
    return median(looked_up) * 1e6, median(scanned) * 1e6


def list_departments() -> list[Point]:
    """Return where England's emergency departments are."""
    with DEPARTMENTS.open(newline="") as file:
        return [(float(row["latitude"]), float(row["longitude"])) for row in csv.DictReader(file)]


def scatter(choose: random.Random, point: Point) -> Point:
    """Return a point some hundred metres away."""
    return point[0] + choose.gauss(0, 0.003), point[1] + choose.gauss(0, 0.003)


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Return what a call gives, and how many seconds it took."""
    begun = time.perf_counter()
    return call(), time.perf_counter() - begun


def make(name: str, value: float, unit: str, bar: float | None, reference: str) -> Figure:
    """Return a figure of which less is better."""
    return Figure(name=name, value=value, unit=unit, bar=bar, better="lower", reference=reference)
