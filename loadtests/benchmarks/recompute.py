"""All facilities searched again, and only those that a change can affect, on road-like graphs.

References in the same run: networkx's Dijkstra facility by facility on the small graph, as one
would write it, and scipy's compiled `dijkstra`, cut at the same limit and told to remember the way
(without which there are no lengths); neither lays anything out by junction, which ours does. The
engine's bucket queue is held against a 4-ary heap written for the same compiler.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import networkx as nx
import numpy as np
from matplotlib import figure as plotting
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from loadtests.benchmarks.figures import Figure
from loadtests.benchmarks.heap_search import HeapSearch
from loadtests.benchmarks.road_grid import make_network, scatter_points
from routing.conditions import Conditions
from routing.network import Network
from routing.reach import build_table, renew
from routing.search import BackwardSearch
from routing.table import ReachTable
from routing.targets import Targets, find_targets

PLOT = Path(__file__).parents[1] / "results" / "recompute.png"
HORIZON_MINUTES = 60.0
ROUNDS = 3
BY_NETWORKX = 3
"""Facilities that networkx searches for: it takes a fair part of a second for each."""


@dataclass(frozen=True, slots=True)
class Case:
    """A network with its facilities."""

    name: str
    network: Network
    targets: Targets
    usual: Conditions

    def limit_s(self, facility: int) -> float:
        """Seconds of road that the horizon leaves for a facility."""
        return HORIZON_MINUTES * 60 - float(self.targets.leg_s[facility])


def run() -> list[Figure]:
    """Measure both sizes, print a table, save a plot and return the figures."""
    figures: list[Figure] = []
    for name, junctions, facilities in (("100k", 100_000, 20), ("1m", 1_000_000, 300)):
        case = make_case(name, junctions, facilities)
        figures += measure_build(case)
        figures += measure_renewal(case)
    figures += measure_country()
    save_plot(figures, PLOT)
    return figures


def make_case(name: str, junctions: int, facilities: int) -> Case:
    """Make a network with facilities at random."""
    network = make_network(junctions)
    points = scatter_points(network, facilities).tolist()
    places = {f"f{i}": (lat, lon) for i, (lat, lon) in enumerate(points)}
    return Case(name, network, find_targets(network, places), network.usual_conditions())


def measure_build(case: Case) -> list[Figure]:
    """Measure a table built from nothing against scipy, heaps and (small graph only) networkx."""
    build_table(case.network, case.targets, case.usual, 10)
    contestants: dict[str, Callable[[], object]] = {
        "ours": lambda: build(case),
        "scipy": scipy_search(case),
        "bucket queue": engine_search(case, BackwardSearch(case.network, case.usual)),
        "4-ary heap": engine_search(case, HeapSearch(case.network, case.usual)),
    }
    seconds = time_interleaved(contestants)
    table = build(case)
    name, facilities = case.name, len(case.targets.facility_ids)
    in_reach = len(table.rows.tenths) / case.network.junction_count
    told = f"{case.network.junction_count:,} junctions x {facilities}, {in_reach:.1f} in reach"
    figures = [
        Figure(
            name=f"recompute.{name}.all",
            value=seconds["ours"] * 1000,
            unit="ms",
            better="lower",
            reference=told,
        ),
        Figure(
            name=f"recompute.{name}.over_scipy",
            value=seconds["ours"] / seconds["scipy"],
            unit="ratio",
            bar=1.3,
            better="lower",
            reference=f"scipy dijkstra: {seconds['scipy'] * 1000:.0f} ms",
        ),
        *(
            Figure(
                name=f"recompute.{name}.{queue.replace(' ', '_')}",
                value=seconds[queue] * 1000,
                unit="ms",
                better="lower",
                reference="the searches alone, by this queue",
            )
            for queue in ("bucket queue", "4-ary heap")
        ),
        Figure(
            name=f"recompute.{name}.memory",
            value=table.nbytes / 2**20,
            unit="MiB",
            better="lower",
            reference=told,
        ),
    ]
    if case.network.junction_count < 200_000:
        by_networkx = time_networkx(case)
        ours = seconds["ours"] / facilities
        figures.append(
            Figure(
                name=f"recompute.{name}.networkx_over_ours",
                value=by_networkx / ours,
                unit="times",
                bar=15,
                better="higher",
                reference=f"networkx: {by_networkx * 1000:.0f} ms for a facility",
            )
        )
    return figures


def build(case: Case) -> ReachTable:
    """Build the case's table."""
    return build_table(case.network, case.targets, case.usual, HORIZON_MINUTES)


def engine_search(case: Case, search: BackwardSearch | HeapSearch) -> Callable[[], object]:
    """Return what searches for every facility and lays nothing out."""
    search.run(case.targets.junctions[0], 10.0)

    def run_all() -> None:
        for facility, junctions in enumerate(case.targets.junctions):
            search.run(junctions, case.limit_s(facility))

    return run_all


def scipy_search(case: Case) -> Callable[[], object]:
    """Return the same by scipy."""
    count = case.network.junction_count
    network = case.network
    backwards = csr_array(
        (network.usual_s.astype(np.float64), network.tails, network.first), shape=(count, count)
    )

    def run_all() -> None:
        for facility, junctions in enumerate(case.targets.junctions):
            dijkstra(
                backwards,
                indices=junctions,
                limit=case.limit_s(facility),
                min_only=True,
                return_predecessors=True,
            )

    return run_all


def time_networkx(case: Case) -> float:
    """Return the seconds that networkx takes for a facility, the median of a few."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    network = case.network
    graph.add_weighted_edges_from(
        zip(
            network.list_heads().tolist(),
            network.tails.tolist(),
            network.usual_s.tolist(),
            strict=True,
        )
    )
    taken = []
    for facility in range(BY_NETWORKX):
        begun = time.perf_counter()
        nx.single_source_dijkstra(
            graph, int(case.targets.junctions[facility][0]), cutoff=case.limit_s(facility)
        )
        taken.append(time.perf_counter() - begun)
    return median(taken)


def measure_renewal(case: Case) -> list[Figure]:
    """Measure renewals after some edges became half as slow again, by live figures."""
    table = build(case)
    rng = np.random.default_rng(3)
    edges = case.network.edge_count
    middle = int(case.network.first[case.network.junction_count // 2])
    changes: dict[str, NDArray[np.intp]] = {
        "one": rng.integers(0, edges, 1),
        "1000_scattered": rng.choice(edges, 1000, replace=False),
        "1000_clustered": case.network.source[middle : middle + 1000].astype(np.intp),
    }
    moments = {name: slow_down(case.network, chosen) for name, chosen in changes.items()}

    def renew_to(name: str) -> Callable[[], object]:
        return lambda: renew(table, case.network, case.targets, case.usual, moments[name])

    seconds = time_interleaved({"all": lambda: build(case), **{n: renew_to(n) for n in changes}})
    figures = []
    for name in changes:
        _, affected = renew(table, case.network, case.targets, case.usual, moments[name])
        figures.append(
            Figure(
                name=f"recompute.{case.name}.renew_{name}",
                value=seconds[name] * 1000,
                unit="ms",
                better="lower",
                reference=f"all: {seconds['all'] * 1000:.0f} ms;"
                f" {len(affected)} of {len(table.facility_ids)} facilities searched again",
            )
        )
    return figures


def slow_down(network: Network, edges: NDArray[np.intp]) -> Conditions:
    """Return conditions under which some edges take half as long again."""
    times_s = np.ones(network.edge_count, dtype=np.float32)
    times_s[network.source] = network.usual_s
    times_s[edges] *= 1.5
    live = np.zeros(network.edge_count, dtype=np.bool_)
    live[edges] = True
    return network.conditions(times_s, live)


def measure_country() -> list[Figure]:
    """Measure the memory of a table of 480 facilities among a million junctions."""
    case = make_case("country", 1_000_000, 480)
    table = build(case)
    in_reach = len(table.rows.tenths) / case.network.junction_count
    return [
        Figure(
            name="recompute.1m.memory_480",
            value=table.nbytes / 2**20,
            unit="MiB",
            bar=300,
            better="lower",
            reference=f"480 facilities, {in_reach:.1f} in reach of a junction",
        )
    ]


def time_interleaved(contestants: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return each one's median seconds over rounds in which each runs once."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, work in contestants.items():
            begun = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - begun)
    return {name: median(times) for name, times in taken.items()}


def save_plot(figures: list[Figure], path: Path) -> None:
    """Save the milliseconds as bars."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = [figure for figure in figures if figure.unit == "ms"]
    sheet = plotting.Figure(figsize=(8, 5), layout="constrained")
    axes = sheet.subplots()
    axes.barh([f.name.removeprefix("recompute.") for f in shown], [f.value for f in shown])
    axes.set_xscale("log")
    axes.set_xlabel("ms")
    axes.invert_yaxis()
    axes.set_title("All facilities, and renewals, cut at 60 minutes")
    sheet.savefig(path, dpi=150)
