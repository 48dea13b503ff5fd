"""`make load`: a demo of its own, 30 seconds of Locust against it, and the figures."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

import orjson

BIN = Path(sys.executable).parent
LOCUSTFILE = Path(__file__).with_name("locustfile.py")
RESULTS = Path(__file__).with_name("results")
USERS, SPAWN_RATE, SECONDS = 40, 20, 30
STARTED_WITHIN_S = 60.0


def main() -> int:
    """Run it all; gives the exit status: 0 when nothing failed."""
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [BIN / "waitless", "demo", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            web, mqtt = _addresses(demo)
            print(f"demo at {web}: {USERS} users for {SECONDS} s ...", flush=True)
            status = _locust(web, mqtt, Path(folder) / "stats")
            return _report(Path(folder) / "stats.json") or status
        finally:
            demo.terminate()
            demo.wait(timeout=20)


def _addresses(demo: subprocess.Popen[str]) -> tuple[str, str]:
    """The demo's web and MQTT addresses, from its greeting."""
    stopper = threading.Timer(STARTED_WITHIN_S, demo.kill)
    stopper.start()
    assert demo.stdout is not None  # noqa: S101 - asked for above
    greeting = ""
    for line in demo.stdout:
        greeting += line
        found = re.findall(r"(?:patients' page|MQTT broker)\s+(\S+)", greeting)
        if len(found) == 2:
            stopper.cancel()
            threading.Thread(target=_drain, args=(demo.stdout,), daemon=True).start()
            return found[0].rstrip("/"), found[1]
    raise SystemExit(f"the demo did not start:\n{greeting}")


def _drain(stream: IO[str]) -> None:
    for _ in stream:
        pass


def _locust(web: str, mqtt: str, stem: Path) -> int:
    command = [
        BIN / "locust", "-f", LOCUSTFILE, "--headless", "--host", web,
        "-u", str(USERS), "-r", str(SPAWN_RATE), "-t", f"{SECONDS}s", "--stop-timeout", "5",
        "--only-summary", "--loglevel", "WARNING", "--json-file", stem,
    ]  # fmt: skip
    environment = {**os.environ, "WAITLESS_LOAD_MQTT": mqtt, "PYTHONPATH": str(Path.cwd())}
    return subprocess.run(
        command, env=environment, check=False, timeout=SECONDS + 60, stdout=subprocess.DEVNULL
    ).returncode


def _report(path: Path) -> int:
    """Print a line per request; gives 1 where any failed or none was made."""
    rows = json.loads(path.read_text())
    failures = 0
    print(f"{'request':<32}{'count':>8}{'failed':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    table = []
    for row in rows:
        failures += row["num_failures"]
        quantiles = [_quantile(row["response_times"], share) for share in (0.5, 0.95, 0.99)]
        name = f"{row['method']} {row['name']}"
        figures = "".join(f"{value:>9.1f}" for value in quantiles)
        print(f"{name:<32}{row['num_requests']:>8}{row['num_failures']:>8}{figures}")
        table.append(
            {"name": name, "requests": row["num_requests"], "failures": row["num_failures"]}
            | dict(zip(("p50_ms", "p95_ms", "p99_ms"), quantiles, strict=True))
        )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "load.json").write_bytes(orjson.dumps(table, option=orjson.OPT_INDENT_2))
    requests = sum(row["num_requests"] for row in rows)
    print(f"{requests} requests, {failures} failed")
    return 1 if failures or not requests else 0


def _quantile(histogram: dict[str, int], share: float) -> float:
    """A quantile of Locust's histogram of rounded response times, milliseconds."""
    wanted = share * sum(histogram.values())
    seen = 0
    for value, count in sorted((float(value), count) for value, count in histogram.items()):
        seen += count
        if seen >= wanted:
            return value
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
