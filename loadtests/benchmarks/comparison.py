"""What it costs to ask for every mode at once, beside one answer by timetable and one by car.

One worker without a near cache answers the same origins in turn: nothing is found, all is computed.
"""

import http.client
import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from loadtests.benchmarks.figures import Figure
from loadtests.benchmarks.hot.fleet import Fleet, fill
from loadtests.benchmarks.servers import running_servers

ORIGINS, WARM_UP = 500, 100
ROUTES = {
    "comparison": "/v1/comparison?limit=3",
    "transit": "/v1/recommendations?limit=3&mode=transit",
    "drive": "/v1/recommendations?limit=3&mode=drive",
}


def run() -> list[Figure]:
    """Ask and compare."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waitless-cmp-")))
        servers = stack.enter_context(running_servers())
        fill(servers.redis_url, "east-kent")
        port = Fleet(folder, servers.redis_url, stack).serve("east-kent", cache_entries=0)
        taken_us = measure(port)
    for name, one in taken_us.items():
        print(f"  {name:<12} {one:>8.0f} us")
    return [
        make("comparison.of_transit", taken_us["comparison"] / taken_us["transit"], 2.0, "transit"),
        make("comparison.of_drive", taken_us["comparison"] / taken_us["drive"], None, "drive"),
    ]


def make(name: str, value: float, bar: float | None, mode: str) -> Figure:
    """A ratio of medians."""
    reference = f"one answer by {mode}, as asked"
    return Figure(
        name=name, value=value, unit="times", bar=bar, better="lower", reference=reference
    )


def measure(port: int) -> dict[str, float]:
    """Median microseconds from request to answer by route; the routes take turns."""
    chance = random.Random(7)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    taken: dict[str, list[float]] = {name: [] for name in ROUTES}
    for number in range(WARM_UP + ORIGINS):
        where = f"&lat={chance.uniform(51.1, 51.38):.5f}&lon={chance.uniform(0.85, 1.4):.5f}"
        for name, route in ROUTES.items():
            began = time.perf_counter()
            connection.request("GET", route + where)
            response = connection.getresponse()
            body = response.read()
            took = time.perf_counter() - began
            if response.status != http.client.OK:
                raise RuntimeError(f"{route}: {body!r}")
            if number >= WARM_UP:
                taken[name].append(took * 1e6)
    return {name: median(times) for name, times in taken.items()}
