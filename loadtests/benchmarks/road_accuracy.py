"""Score roads built from OpenStreetMap on the journey times of two routing engines.

For each extract of the shared data folder: 1,000 origins and 20 destinations, drawn at random from
the junctions of the roads that cars may use; minutes by our network and by Valhalla (pyvalhalla)
and OSRM (osrm-bindings) on the same extract. One scale factor for each extract and mode takes out
the engines' level; what is left is the error. The bars are on driving against Valhalla.

The routers are no part of `make setup`: docs/roads.md says how to install them. Where they are not,
the benchmark says so and gives no figures.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import figure as plotting
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from loadtests.benchmarks.figures import RESULTS, Figure
from routing.geo import haversine_m
from routing.modes import Mode
from routing.osm import build_roads
from routing.reach import build_reach
from routing.roads import Roads
from routing.search import BackwardSearch

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("router_times.py")
EXTRACTS = {
    "newport": "newport-2023-06-13.osm.pbf",
    "andorra": "valhalla_bench_andorra.osm.pbf",
}
ORIGINS, DESTINATIONS = 1_000, 20
SEED = 20_261_122
BARS = {"median": 0.4, "p90": 1.2, "same_nearest": 88.0}
LONGEST_S = 6 * 3600.0
SAME_PLACE_M = 0.5
"""Copies of a junction stand in the same place to less than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Our minutes, scaled, and a router's: a row per origin, a column per destination."""

    scale: float
    ours: NDArray[np.float64]
    theirs: NDArray[np.float64]

    @classmethod
    def make(cls, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> "Comparison":
        """Scale by the weighted median of the ratios: the least sum of absolute differences."""
        both = np.isfinite(ours) & np.isfinite(theirs) & (ours > 0)
        ratios, weights = theirs[both] / ours[both], ours[both]
        order = np.argsort(ratios)
        middle = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
        scale = float(ratios[order][middle])
        return cls(scale=scale, ours=ours * scale, theirs=theirs)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether both know a way."""
        return np.isfinite(self.ours) & np.isfinite(self.theirs)

    def score(self) -> dict[str, float]:
        """Median and 90th percentile of the difference, minutes; same nearest destination, %."""
        error = np.abs(self.ours - self.theirs)[self.known]
        rows = self.known.all(axis=1)
        same = self.ours[rows].argmin(axis=1) == self.theirs[rows].argmin(axis=1)
        return {
            "median": float(np.median(error)),
            "p90": float(np.percentile(error, 90)),
            "same_nearest": float(same.mean() * 100) if len(same) else float("nan"),
        }


def run() -> list[Figure]:
    """Compare, print a table, save a plot per extract and return the figures.

    Raises:
        FileNotFoundError: the extracts are not on this machine.
    """
    python = find_routers()
    if python is None:
        print("  skipped: no Python with pyvalhalla found (docs/roads.md says how to install it)")
        return []
    return [item for name in EXTRACTS for item in compare(name, python)]


def find_routers() -> Path | None:
    """Return an interpreter that has pyvalhalla: `ROUTERS_PYTHON`, `.venv-routers` or our own."""
    named = os.environ.get("ROUTERS_PYTHON")
    candidates = [named] if named else [ROOT / ".venv-routers/bin/python", sys.executable]
    for candidate in map(Path, candidates):
        if candidate.is_file():
            tried = subprocess.run(
                [candidate, "-c", "import valhalla"], check=False, stderr=subprocess.DEVNULL
            )
            if tried.returncode == 0:
                return candidate
    return None


def find_extract(name: str) -> Path:
    """Return the path of an extract."""
    shared = Path(os.environ.get("WAITLESS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    path = shared / "roads" / EXTRACTS[name]
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: set WAITLESS_SHARED_DATA to the folder that holds roads/"
        )
    return path


def compare(name: str, python: Path) -> Iterator[Figure]:
    """Yield the figures of one extract; print every mode and router, and plot driving."""
    extract = find_extract(name)
    roads = build_roads(extract)
    origins, destinations = draw_points(roads, np.random.default_rng(SEED))
    theirs = ask_routers(python, extract, origins, destinations)
    yield time_row(name, roads, origins, destinations, theirs["valhalla"].pop("us_per_origin"))
    shown = {}
    print(f"  {name:<10}{'':<8}{'router':<10}{'scale':>7}{'median':>8}{'p90':>8}{'nearest':>9}")
    for mode in (Mode.DRIVE, Mode.WALK, Mode.CYCLE):
        ours = find_minutes(roads, mode, origins, destinations)
        for router, answers in theirs.items():
            compared = Comparison.make(ours, np.array(answers[mode], dtype=np.float64))
            score = compared.score()
            print(
                f"  {name:<10}{mode:<8}{router:<10}{compared.scale:>7.3f}{score['median']:>8.2f}"
                f"{score['p90']:>8.2f}{score['same_nearest']:>8.1f}%"
            )
            if mode is Mode.DRIVE:
                shown[router] = compared
            yield from make_figures(f"{name}.{router}.{mode}", score, required=mode is Mode.DRIVE)
    save_plot(name, shown, measure_km(origins, destinations), RESULTS / f"road_accuracy_{name}.png")


def make_figures(name: str, score: dict[str, float], *, required: bool) -> Iterator[Figure]:
    """Yield the figures of one comparison."""
    for key, value in score.items():
        yield Figure(
            name=f"road_accuracy.{name}.{key}",
            value=value,
            unit="percent" if key == "same_nearest" else "minutes",
            bar=BARS[key] if required else None,
            better="higher" if key == "same_nearest" else "lower",
            reference=f"{ORIGINS} x {DESTINATIONS} journeys, one scale factor",
        )


def draw_points(
    roads: Roads, chance: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw origins and destinations, (latitude, longitude), among junctions that cars use."""
    driven = (roads.uses & 1).astype(bool)
    met = np.zeros(len(roads.lat), dtype=bool)
    met[roads.tails[driven]] = met[roads.heads[driven]] = True
    candidates = np.flatnonzero(met & (roads.joinable > 0) & (roads.copies == 0))
    drawn = chance.choice(candidates, ORIGINS + DESTINATIONS, replace=False)
    points = np.column_stack((roads.lat, roads.lon))[drawn]
    return points[:ORIGINS], points[ORIGINS:]


def find_minutes(
    roads: Roads, mode: Mode, origins: NDArray[np.float64], destinations: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return our minutes on the network alone; infinite where the mode has no junction there."""
    network = roads.compile(mode)
    tree = cKDTree(network.points_m)
    starts, ends = (
        tree.query_ball_point(
            np.column_stack(network.plane.project(points[:, 0], points[:, 1])), SAME_PLACE_M
        )
        for points in (origins, destinations)
    )
    search = BackwardSearch(network, network.usual_conditions())
    minutes = np.full((len(origins), len(destinations)), np.inf)
    for column, end in enumerate(ends):
        found = search.run(np.array(end, dtype=np.int32), LONGEST_S)
        times_s = np.full(network.junction_count, np.inf)
        times_s[found.junctions] = found.times_s
        minutes[:, column] = [times_s[s].min() / 60 if s else np.inf for s in starts]
    return minutes


def time_row(
    name: str,
    roads: Roads,
    origins: NDArray[np.float64],
    destinations: NDArray[np.float64],
    valhalla_us: float,
) -> Figure:
    """Return how many times faster a row of a ready table is than a matrix of one origin."""
    places = {str(number): (lat, lon) for number, (lat, lon) in enumerate(destinations.tolist())}
    table = build_reach(roads.compile(Mode.DRIVE), places)
    took_us: list[float] = []
    for lat, lon in origins.tolist():
        began = time.perf_counter()
        table.travel_from(lat, lon)
        took_us.append((time.perf_counter() - began) * 1e6)
    row_us = float(np.median(took_us))
    return Figure(
        name=f"road_accuracy.{name}.row_over_valhalla_matrix",
        value=valhalla_us / row_us,
        unit="times",
        better="higher",
        reference=f"1 x {len(places)} matrix {valhalla_us:.0f} us; row {row_us:.1f} us",
    )


def ask_routers(
    python: Path, extract: Path, origins: NDArray[np.float64], destinations: NDArray[np.float64]
) -> dict[str, dict[str, Any]]:
    """Return minutes by router and mode."""
    asked = {"origins": origins.tolist(), "destinations": destinations.tolist()}
    return run_routers(python, extract, asked)


def run_routers(python: Path, extract: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what `router_times` answers, in a process of its own.

    Raises:
        FileNotFoundError: it gave up.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, SCRIPT, extract, folder],
            check=False,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise FileNotFoundError(f"the routers gave up: {done.stderr.strip().splitlines()[-1]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure_km(
    origins: NDArray[np.float64], destinations: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the straight distance from every origin to every destination, km."""
    return np.array(
        [[haversine_m(*start, *end) / 1000 for end in destinations] for start in origins]
    )


def save_plot(
    name: str, shown: dict[str, Comparison], distance_km: NDArray[np.float64], path: Path
) -> None:
    """Save the error of every drive against its straight distance, a panel per router."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = plotting.Figure(figsize=(10, 4.5), layout="constrained")
    panels = sheet.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, (router, compared) in zip(panels, shown.items(), strict=True):
        error = (compared.ours - compared.theirs)[compared.known]
        axes.scatter(distance_km[compared.known], error, s=2, alpha=0.15, linewidths=0)
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_title(f"{name}: drives against {router}, ours times {compared.scale:.2f}")
        axes.set_xlabel("straight distance, km")
    panels[0].set_ylabel("ours less theirs, minutes")
    sheet.savefig(path, dpi=130)
