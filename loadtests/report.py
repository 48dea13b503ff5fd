"""What a run prints and saves: figures as JSON, and a plot."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import orjson
from matplotlib import figure as plotting
from matplotlib.axes import Axes

from loadtests.benchmarks.figures import RESULTS
from loadtests.budgets import Verdict
from loadtests.drive import Driven
from loadtests.locust_run import Crowd
from loadtests.steady import quantile
from loadtests.watched import LONG_MS, Hold

MOST_SHOWN = 12


def measure(driven: Driven, crowd: Crowd) -> dict[str, float]:
    """The figures of a run by name; times in milliseconds, NaN where there is nothing."""
    timings = {
        "": driven.service.answers_ms,
        "constant_": driven.constant.answers_ms,
        "publish_to_visible_": driven.freshness.visible_ms,
        "client_late_": driven.service.late_ms,
    }
    figures = {
        f"{name}p{share * 100:g}_ms": quantile(values, share)
        for name, values in timings.items()
        for share in (0.5, 0.95, 0.99)
    }
    figures["p99_over_constant"] = figures["p99_ms"] / figures["constant_p99_ms"]
    figures["errors"] = float(driven.errors + crowd.failures)
    return figures


def print_tables(driven: Driven, crowd: Crowd, figures: dict[str, float]) -> None:
    """A line for each kind of request."""
    print(f"{'request':<36}{'count':>8}{'failed':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    for label, name, count, failed in (
        ("answers, open loop", "", len(driven.service.answers_ms), driven.service.failed),
        ("constant body, open loop", "constant_", len(driven.constant.answers_ms),
         driven.constant.failed),
        ("publish to visible", "publish_to_visible_", len(driven.freshness.visible_ms),
         {"lost": driven.freshness.lost}),
        ("(client's own lateness)", "client_late_", len(driven.service.late_ms), {}),
    ):  # fmt: skip
        times = (figures[f"{name}p{share}_ms"] for share in (50, 95, 99))
        print(_line(label, count, sum(failed.values()), times))
    for row in crowd.rows:
        times = (row.p50_ms, row.p95_ms, row.p99_ms)
        print(_line(f"Locust {row.name}", row.requests, row.failures, times))
    for what, count in {**driven.service.failed, **driven.constant.failed}.items():
        print(f"failed: {count} times {what}")
    for name, samples in driven.memory.items():
        opened = driven.descriptors[name]
        shown = range(0, len(samples), max(1, -(-len(samples) // MOST_SHOWN)))
        print(f"{name}, at seconds: MiB resident, files open")
        print("  " + "; ".join(
            f"{samples[at][0]:.0f}: {samples[at][1]:.0f}, {opened[at][1]}" for at in shown
        ))  # fmt: skip


def print_holds(holds: Sequence[Hold]) -> None:
    """A line for each kind of long turn, those with the most time on the processor first."""
    kinds: dict[str, list[Hold]] = {}
    for hold in holds:
        kinds.setdefault(hold.what, []).append(hold)
    print(f"{f'turns over {LONG_MS:g} ms':<60}{'count':>7}{'wall ms':>9}{'cpu ms':>9}{'gc ms':>9}")
    for what, found in sorted(kinds.items(), key=lambda kind: -sum(one.cpu_ms for one in kind[1])):
        times = zip(*((one.wall_ms, one.cpu_ms, one.gc_ms) for one in found), strict=True)
        longest = "".join(f"{max(values):>9.1f}" for values in times)
        print(f"{what[:59]:<60}{len(found):>7}{longest}")


def save(
    driven: Driven, crowd: Crowd, figures: dict[str, float], verdicts: Sequence[Verdict]
) -> Path:
    """Write `load.json` and `load.png` among the results; gives the first's path."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / "load.json"
    path.write_bytes(
        orjson.dumps(
            {
                "figures": figures,
                "budgets": [asdict(verdict) | {"kept": verdict.kept} for verdict in verdicts],
                "locust": [asdict(row) for row in crowd.rows],
                "memory_mib": driven.memory,
                "descriptors": driven.descriptors,
            },
            option=orjson.OPT_INDENT_2,
        )
    )
    _plot(driven, {verdict.name: verdict for verdict in verdicts}, path.with_suffix(".png"))
    return path


def _line(label: str, count: int, failed: int, times: Sequence[float]) -> str:
    return f"{label:<36}{count:>8}{failed:>8}" + "".join(f"{value:>9.1f}" for value in times)


def _plot(driven: Driven, verdicts: dict[str, Verdict], path: Path) -> None:
    sheet = plotting.Figure(figsize=(13, 4.2), layout="constrained")
    left, middle, right = sheet.subplots(1, 3)
    _draw_share_above(left, driven.service.answers_ms, "answers")
    _draw_share_above(left, driven.constant.answers_ms, "constant body")
    _draw_share_above(middle, driven.freshness.visible_ms, "publish to visible")
    for axes, name in ((left, "p99_ms"), (middle, "publish_to_visible_p99_ms")):
        if name in verdicts:
            axes.axvline(verdicts[name].allowed, color="black", linestyle=":", label="p99 budget")
        axes.axhline(0.01, color="grey", linewidth=0.6)
        axes.set(xscale="log", yscale="log", xlabel="milliseconds", ylabel="share that took longer")
        axes.legend(fontsize="small")
    for name, samples in driven.memory.items():
        right.plot(*zip(*samples, strict=True), label=name)
    right.set(xlabel="seconds", ylabel="resident MiB")
    right.set_ylim(bottom=0)
    right.legend(fontsize="small")
    sheet.savefig(path, dpi=120)


def _draw_share_above(axes: Axes, values: Sequence[float], label: str) -> None:
    ranked = np.sort(np.array(values))
    axes.step(ranked, 1 - np.arange(len(ranked)) / max(1, len(ranked)), where="pre", label=label)
