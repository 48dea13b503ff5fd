"""Locust, headless, as a process of its own: the crowd of a run, and what became of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
OPERATORS = 10
USERS = OPERATORS + 2
"""With the one that lets patients arrive and the one that holds the providers' process."""
STOPPED_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of request; times in milliseconds, rounded as Locust rounds them."""

    name: str
    requests: int
    failures: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(slots=True)
class Crowd:
    """What Locust counted, once the context is left."""

    rows: list[Row] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """Of all kinds; 1 where nothing was counted at all."""
        return sum(row.failures for row in self.rows) if self.rows else 1


@contextmanager
def running_crowd(
    host: str, mqtt_url: str, *, arrivals: float, seconds: float, folder: Path
) -> Iterator[Crowd]:
    """Patients who come open-loop, operators and providers, from now on for so many seconds."""
    stem = folder / "stats"
    command = [
        Path(sys.executable).with_name("locust"), "-f", LOCUSTFILE, "--headless", "--host", host,
        "-u", str(USERS), "-r", str(USERS), "-t", f"{seconds:.0f}s", "--stop-timeout", "10",
        "--only-summary", "--loglevel", "WARNING", "--json-file", stem,
    ]  # fmt: skip
    environment = {
        **os.environ,
        "LOAD_MQTT": mqtt_url,
        "LOAD_ARRIVALS": str(arrivals),
        "LOAD_SECONDS": str(seconds),
        "LOAD_OPERATORS": str(OPERATORS),
        "PYTHONPATH": str(LOCUSTFILE.parents[1]),
    }
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    crowd = Crowd()
    try:
        yield crowd
        process.wait(seconds + STOPPED_WITHIN_S)
        path = stem.with_suffix(".json")
        crowd.rows += [_row(told) for told in json.loads(path.read_text())] if path.exists() else []
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(STOPPED_WITHIN_S)


def _row(told: Mapping[str, object]) -> Row:
    times = told["response_times"]
    return Row(
        f"{told['method']} {told['name']}",
        told["num_requests"],
        told["num_failures"],
        *(_quantile(times, share) for share in (0.5, 0.95, 0.99)),
    )


def _quantile(histogram: Mapping[str, int], share: float) -> float:
    """A quantile of Locust's histogram of rounded response times, milliseconds."""
    wanted = share * sum(histogram.values())
    seen = 0
    for value, count in sorted((float(value), count) for value, count in histogram.items()):
        seen += count
        if seen >= wanted:
            return value
    return 0.0
