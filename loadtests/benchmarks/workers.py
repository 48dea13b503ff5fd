"""Do two workers answer more than one?

Two services over one Redis: `waitless serve --workers 1` and `--workers 2 --role api`. wrk asks one
and then the other, in turns, with 32 connections that it keeps, the same question on each; what it
used of the processors is told beside it. On a machine with two cores it takes its share from the
workers, so only one with four or more is held to the bar.
"""

import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.benchmarks.figures import Figure
from loadtests.benchmarks.servers import free_port, running_servers, wait_for_port

QUESTION = "/v1/recommendations?place=CT14&need=wound"
ROUNDS, SECONDS, WARM_S = 7, 4, 2
CONNECTIONS = 32
BAR, CORES_FOR_BAR = 1.8, 4
STARTED_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """What wrk saw, and what it cost."""

    per_s: float
    failed: int
    client_cores: float
    """Processor time of wrk over the time it ran."""


def run() -> list[Figure]:
    """Measure in turns and give the figures."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise FileNotFoundError("wrk is not on this machine: apt-get install wrk")
    rounds: dict[int, list[Round]] = {1: [], 2: []}
    with (
        running_servers() as servers,
        _serving(servers.redis_url, 1, "all") as one,
        _serving(servers.redis_url, 2, "api") as two,
    ):
        ports = {1: one, 2: two}
        for port in ports.values():
            _ask(wrk, port, WARM_S)
        for number in range(ROUNDS):
            for workers in sorted(ports, reverse=number % 2 == 1):
                rounds[workers].append(_ask(wrk, ports[workers], SECONDS))
    ratio = statistics.median(
        two.per_s / one.per_s for one, two in zip(rounds[1], rounds[2], strict=True)
    )
    cores = os.cpu_count() or 1
    side = statistics.median(one.client_cores for one in rounds[2])
    reference = f"one worker, {cores} cores, of which wrk used {side:.2f} beside two workers"
    figures = [
        Figure(
            name="workers.two_over_one",
            value=ratio,
            unit="times",
            bar=BAR if cores >= CORES_FOR_BAR else None,
            better="higher",
            reference=reference,
        ),
        Figure(
            name="workers.failed",
            value=sum(each.failed for asked in rounds.values() for each in asked),
            unit="answers",
            bar=0,
            better="lower",
            reference="all answers of all rounds",
        ),
    ]
    for workers, asked in rounds.items():
        figures.append(
            Figure(
                name=f"workers.answers_of_{workers}",
                value=statistics.median(each.per_s for each in asked),
                unit="1/s",
                better="higher",
                reference=f"median of {ROUNDS} rounds of {SECONDS} s",
            )
        )
    return figures


@contextmanager
def _serving(redis_url: str, workers: int, role: str) -> Iterator[int]:
    """A supervised service with nothing of this shell's own settings; gives its port."""
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("WAITLESS_")
    }
    environment |= {
        "WAITLESS_REDIS_URL": redis_url,
        "WAITLESS_WRITER_PORT": "0",
        "WAITLESS_LOG_LEVEL": "ERROR",
    }
    words = [
        Path(sys.executable).with_name("waitless"), "serve", "--port", str(port),
        "--workers", str(workers), "--role", role,
    ]  # fmt: skip
    process = subprocess.Popen(words, env=environment)
    try:
        if not wait_for_port(port, process, STARTED_WITHIN_S):
            raise RuntimeError("waitless serve did not start")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _ask(wrk: str, port: int, seconds: int) -> Round:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [
            wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s",
            f"http://127.0.0.1:{port}{QUESTION}",
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    per_s = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if per_s is None:
        raise RuntimeError(f"wrk says:\n{done.stdout}")
    errors = re.search(r"Socket errors: (.*)", done.stdout)
    not_ok = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    failed = [int(number) for number in re.findall(r"\d+", errors[1])] if errors else []
    return Round(float(per_s[1]), sum(failed) + (int(not_ok[1]) if not_ok else 0), used_s / seconds)
