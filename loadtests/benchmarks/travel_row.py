"""What travel costs an answer: a row of the table against a search from the origin on demand.

The reference is the same engine searching one to many when asked, cut at the same horizon: on a
network turned round, a search backwards from the origin's junction is a search forwards. It stops
neither early nor late: one that stopped at the last facility would save at most the outermost ring.
"""

import time
from pathlib import Path
from statistics import median

import numpy as np
from matplotlib import figure as plotting

from loadtests.benchmarks.figures import Figure
from loadtests.benchmarks.road_grid import make_network, scatter_points
from routing.network import Network, join_arrays
from routing.reach import build_reach
from routing.search import BackwardSearch

PLOT = Path(__file__).parents[1] / "results" / "travel_row.png"
JUNCTIONS = 100_000
ROUNDS = 5
BY_ROW, BY_SEARCH = 2_000, 20
HORIZON_MINUTES = 240.0
"""Far enough for every facility to be in reach of every origin: the cost asked for is theirs."""


def run() -> list[Figure]:
    """Measure with 22 and with 300 facilities in reach, save a plot and return the figures."""
    network = make_network(JUNCTIONS)
    figures: list[Figure] = []
    for facilities in (22, 300):
        figures += measure(network, facilities)
    save_plot(figures, PLOT)
    return figures


def measure(network: Network, facilities: int) -> list[Figure]:
    """Measure microseconds per answer, medians over rounds of both ways in turn."""
    points = scatter_points(network, facilities).tolist()
    table = build_reach(
        network,
        {f"f{i}": (lat, lon) for i, (lat, lon) in enumerate(points)},
        horizon_minutes=HORIZON_MINUTES,
    )
    origins = scatter_points(network, BY_ROW, seed=5).tolist()
    in_reach = median(len(table.travel_from_within(*origin).facility) for origin in origins)
    forwards = turn_round(network)
    search = BackwardSearch(forwards, forwards.usual_conditions())
    rounds: dict[str, list[float]] = {"row": [], "within": [], "search": []}
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for lat, lon in origins:
            table.travel_from(lat, lon)
        rounds["row"].append((time.perf_counter() - begun) / BY_ROW)
        begun = time.perf_counter()
        for lat, lon in origins:
            table.travel_from_within(lat, lon)
        rounds["within"].append((time.perf_counter() - begun) / BY_ROW)
        begun = time.perf_counter()
        for lat, lon in origins[:BY_SEARCH]:
            nearest, _ = forwards.frame.find_access(lat, lon, 10_000)
            search.run(nearest[:1], HORIZON_MINUTES * 60)
        rounds["search"].append((time.perf_counter() - begun) / BY_SEARCH)
    seconds = {name: median(times) for name, times in rounds.items()}
    bar = 20.0 if facilities == 300 else None
    told = f"{in_reach:.0f} of {facilities} facilities in reach, {JUNCTIONS:,} junctions"
    name = f"travel_row.{facilities}"
    return [
        Figure(
            name=f"{name}.dense",
            value=seconds["row"] * 1e6,
            unit="us",
            bar=bar,
            better="lower",
            reference=told,
        ),
        Figure(
            name=f"{name}.within",
            value=seconds["within"] * 1e6,
            unit="us",
            bar=bar,
            better="lower",
            reference=told,
        ),
        Figure(
            name=f"{name}.search_over_row",
            value=seconds["search"] / seconds["row"],
            unit="times",
            better="higher",
            reference=f"one-to-many on demand: {seconds['search'] * 1e6:.0f} us",
        ),
    ]


def turn_round(network: Network) -> Network:
    """Return the network with every link the other way."""
    return join_arrays(
        network.mode,
        lat=network.points_m[:, 1] / network.plane.project_point(1, 0)[1],
        lon=network.points_m[:, 0] / network.plane.project_point(0, 1)[0],
        joinable=np.arange(network.junction_count),
        starts=network.list_heads(),
        ends=network.tails,
        travel=np.column_stack((network.usual_s, network.length_m)).astype(np.float64),
    )


def save_plot(figures: list[Figure], path: Path) -> None:
    """Save the microseconds as bars."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = [figure for figure in figures if figure.unit == "us"]
    sheet = plotting.Figure(figsize=(8, 3), layout="constrained")
    axes = sheet.subplots()
    axes.barh([f.name.removeprefix("travel_row.") for f in shown], [f.value for f in shown])
    axes.set_xlabel("microseconds per answer")
    axes.invert_yaxis()
    axes.set_title("Travel in an answer: facilities in reach, form")
    sheet.savefig(path, dpi=150)
