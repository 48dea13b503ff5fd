"""What an answer costs beside the web server's own empty answer; wrk asks, one core serves.

Every server runs on one core and wrk on another; all stand at once and are asked in turn, round
after round. References of the same run: a constant body of equal size from a bare aiohttp
application, and nginx sending the same bytes from a file. Throughput is counted for a second of
the server's own CPU, which is what a saturated core gives, whatever else the machine does.
`HOT_PATH_ROUNDS` and
`HOT_PATH_SECONDS` make a run longer or shorter.
"""

import os
import re
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from matplotlib import figure as plotting

from loadtests.benchmarks.figures import RESULTS, Figure
from loadtests.benchmarks.hot.fleet import Fleet, start_fleet
from loadtests.benchmarks.servers import find_program

ROUNDS = int(os.environ.get("HOT_PATH_ROUNDS", "5"))
SECONDS = int(os.environ.get("HOT_PATH_SECONDS", "1"))
CONNECTIONS = 16
PLOT = RESULTS / "hot_path.png"
_COUNT = re.compile(r"(\d+) requests in ")
_WRONG = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)")


def run() -> list[Figure]:
    """Measure all servers in turn, save a plot and return the figures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waitless-hot-")))
        fleet = stack.enter_context(start_fleet(folder))
        rates: dict[str, list[float]] = {name: [] for name in fleet.cases}
        for number in range(ROUNDS + 1):
            for name in fleet.cases:
                rate = measure(fleet, name, 1 if number == 0 else SECONDS)
                if number:  # the first round warms up
                    rates[name].append(rate)
        cold_start_s = fleet.cold_start_s()
    told = {name: median(values) for name, values in rates.items()}
    for name, rate in told.items():
        low, high = min(rates[name]), max(rates[name])
        print(f"  {name:<28} {rate:>9,.0f}/s  ({low:,.0f} to {high:,.0f})")
    save_plot(told)
    return [*compare(told), cold_start(cold_start_s)]


def measure(fleet: Fleet, name: str, seconds: int) -> float:
    """Requests for a second of the server's CPU; fails where one answer is wrong."""
    case = fleet.cases[name]
    words = [
        find_program("taskset"),
        "-c",
        "1",
        find_program("wrk"),
        "-t",
        "1",
        "-c",
        str(CONNECTIONS),
        "-d",
        f"{seconds}s",
    ]
    words += ["-s", str(case.script), f"http://127.0.0.1:{case.port}/"]
    before_s = case.cpu_s()
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    count = _COUNT.search(told)
    if count is None or _WRONG.search(told):
        raise RuntimeError(f"{name}: {told}")
    return int(count[1]) / (case.cpu_s() - before_s)


def compare(rates: dict[str, float]) -> list[Figure]:
    """Throughputs over their references'."""
    pairs = [
        ("warm", "warm", "constant", 0.85),
        ("not_modified", "not_modified", "constant", 0.9),
        ("gzipped", "gzipped", "constant", None),
        ("computed.22", "computed 22", "constant of 22", 0.6),
        ("computed.300", "computed 300", "constant of 300", 0.45),
        ("fast.warm", "fast warm", "constant", 4.0),
        ("fast.warm_over_nginx", "fast warm", "nginx", 0.8),
        ("fast.computed.22", "fast computed 22", "constant of 22", 2.5),
        ("fast.not_modified", "fast not_modified", "constant", None),
        ("uvloop.warm", "uvloop warm", "constant", None),
        ("uvloop.fast.warm", "uvloop fast warm", "constant", None),
        ("uvloop.fast.warm_over_nginx", "uvloop fast warm", "nginx", None),
        ("uvloop.fast.computed.22", "uvloop fast computed 22", "constant of 22", None),
        ("redis_get", "redis GET each", "constant", None),
    ]
    return [
        Figure(
            name=f"hot_path.{name}",
            value=rates[case] / rates[reference],
            unit="times",
            bar=bar,
            better="higher",
            reference=f"{reference}: {rates[reference]:,.0f}/s; {case}: {rates[case]:,.0f}/s",
        )
        for name, case, reference, bar in pairs
    ]


def cold_start(seconds: float) -> Figure:
    """The time from starting an API worker to its first 200 of /readyz."""
    return Figure(
        name="hot_path.cold_start",
        value=seconds,
        unit="s",
        bar=1.0,
        better="lower",
        reference="waitless serve --role api, Redis warm; median of 5",
    )


def save_plot(rates: dict[str, float]) -> None:
    """Save throughputs as bars."""
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    sheet = plotting.Figure(figsize=(8, 4.5), layout="constrained")
    axes = sheet.subplots()
    axes.barh(list(rates), list(rates.values()))
    axes.invert_yaxis()
    axes.set_xlabel("requests for a second of CPU")
    axes.set_title("What an answer costs beside a constant body")
    sheet.savefig(PLOT, dpi=150)
