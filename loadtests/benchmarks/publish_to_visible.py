"""How long from a provider's publish until an HTTP answer shows the wait?

A real `waitless serve` (every role in one process) with its own mosquitto and Redis. A publisher in
a process of its own sends 200 observations a second round the 22 facilities, each with its own wait
and time; it writes the moment of sending, by the clock that all processes of a machine share, into
the message's identifier. A poller asks `/v1/facilities` again and again over
one connection, a new request 5 ms after the last answer, and takes a wait for visible when the
*whole answer has been read* and shows it, or a newer one of the same facility: at nine waits a
second each, some are overtaken before anybody asks. So the figures contain the poll's own interval.

The reference, in the same seconds, is a bare aiomqtt subscriber of the same broker in the poller's
process: publish to message in hand.
"""

import asyncio
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import figure as plotting
from numpy.typing import NDArray

from loadtests.benchmarks.figures import RESULTS, Figure
from loadtests.benchmarks.servers import Servers, free_port, running_servers, wait_for_port
from loadtests.benchmarks.visible.publisher import RATE, list_topics, publish
from loadtests.benchmarks.visible.watcher import AREA, WaitKey, watch
from waitless.area.pack import find_pack, load_area

PLOT = RESULTS / "publish_to_visible.png"
SECONDS, WARM_S = 20.0, 3.0
BAR_MS = 250.0
STARTED_WITHIN_S = 30.0

Latencies = NDArray[np.float64]


def run() -> list[Figure]:
    """Measure, print, save the plot and give the figures."""
    area = load_area(find_pack(AREA))
    total = int(RATE * (WARM_S + SECONDS))
    with running_servers() as servers, _serving(servers) as address:
        publisher = multiprocessing.get_context("spawn").Process(
            target=publish, args=(servers.mqtt_port, list_topics(area), total)
        )
        seen = asyncio.run(
            watch(servers, address, publisher, total, WARM_S + SECONDS + STARTED_WITHIN_S)
        )
    if len(seen.published_s) < total:
        raise RuntimeError(f"{len(seen.published_s)} of {total} messages came through the broker")
    begun_s = min(seen.published_s.values())
    sent_s = {key: at for key, at in seen.published_s.items() if at >= begun_s + WARM_S}
    visible_ms = _milliseconds(seen.shown_s, sent_s)
    raw_ms = _milliseconds(seen.heard_s, sent_s)
    rate = total / (max(sent_s.values()) - begun_s)
    print(
        f"  published {rate:.0f}/s; of {len(sent_s)} measured {len(visible_ms)} became visible; "
        f"{seen.overtaken} of all {total} were overtaken before an answer; "
        f"{len(seen.answers_ms)} answers, median {np.median(seen.answers_ms):.1f} ms each"
    )
    _save_plot(visible_ms, raw_ms)
    raw = f"bare MQTT p50 {np.median(raw_ms):.1f} ms, p99 {np.percentile(raw_ms, 99):.1f} ms"
    return [
        _figure("p50", float(np.median(visible_ms)), raw),
        _figure("p99", float(np.percentile(visible_ms, 99)), raw, bar=BAR_MS),
        _figure("slowest", float(visible_ms.max()), raw),
        _figure("bare_mqtt_p50", float(np.median(raw_ms)), "itself"),
        _figure("bare_mqtt_p99", float(np.percentile(raw_ms, 99)), "itself"),
        Figure(
            name="publish_to_visible.shown_share",
            value=len(visible_ms) / len(sent_s),
            unit="share",
            bar=1.0,
            better="higher",
            reference=f"messages published at {RATE}/s for {SECONDS:.0f} s",
        ),
    ]


def _figure(name: str, value: float, reference: str, bar: float | None = None) -> Figure:
    return Figure(
        name=f"publish_to_visible.{name}",
        value=value,
        unit="ms",
        bar=bar,
        better="lower",
        reference=reference,
    )


@contextmanager
def _serving(servers: Servers) -> Iterator[str]:
    """A `waitless serve` on a free port, with nothing of this shell's own settings."""
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("WAITLESS_")
    }
    environment |= {
        "WAITLESS_REDIS_URL": servers.redis_url,
        "WAITLESS_MQTT_URL": servers.mqtt_url,
        "WAITLESS_LOG_LEVEL": "ERROR",
    }
    words = [Path(sys.executable).with_name("waitless"), "serve", "--port", str(port)]
    process = subprocess.Popen(words, env=environment)
    try:
        if not wait_for_port(port, process, STARTED_WITHIN_S):
            raise RuntimeError("waitless serve did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _milliseconds(arrived_s: Mapping[WaitKey, float], sent_s: Mapping[WaitKey, float]) -> Latencies:
    """From sending to arrival, of what arrived."""
    return np.array(
        [1000 * (arrived_s[key] - at) for key, at in sent_s.items() if key in arrived_s]
    )


def _save_plot(visible_ms: Latencies, raw_ms: Latencies) -> None:
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    sheet = plotting.Figure(figsize=(8, 4.5), layout="constrained")
    axes = sheet.subplots()
    edges = np.geomspace(0.2, max(BAR_MS * 1.2, visible_ms.max()), 80)
    axes.hist(raw_ms, edges, alpha=0.6, label="publish to a bare subscriber")
    axes.hist(visible_ms, edges, alpha=0.6, label="publish to an HTTP answer that shows it")
    p99 = float(np.percentile(visible_ms, 99))
    axes.axvline(p99, color="black", linewidth=0.8, label=f"p99: {p99:.0f} ms")
    axes.axvline(BAR_MS, color="black", linestyle=":", label=f"bar: {BAR_MS:.0f} ms")
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("observations")
    axes.set_title(f"From publish to visible at {RATE} observations a second")
    axes.legend(fontsize="small")
    sheet.savefig(PLOT, dpi=150)


if __name__ == "__main__":
    for item in run():
        print(item.line())
