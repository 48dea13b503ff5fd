"""What a soak prints and saves: a table of processes and of faults, figures as JSON, a plot."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import orjson
from matplotlib import figure as plotting

from loadtests.budgets import Verdict
from loadtests.faults.endured import OURS, Endured
from loadtests.faults.load import Asked
from loadtests.faults.report import format_table
from loadtests.growth import growth_percent, most_growth_percent
from loadtests.steady import quantile

PROCESSES = (
    "process", "MiB at first", "at last", "most", "growth in ten minutes, %",
    "files at first", "at last", "most", "growth in ten minutes, %",
)  # fmt: skip
DURING = (
    "questions during", "times", "asked", "passed on", "failed", "p50 ms", "p95 ms", "p99 ms",
)  # fmt: skip

THINNEST_MIN = 0.02
"""What is over at once is drawn so wide."""


def measure(endured: Endured) -> dict[str, float]:
    """The figures of a soak by name; times in milliseconds, of all answers.

    Without errors (NaN) where patients' process has failed.
    """
    ours = [{name: held[name] for name in OURS} for held in (endured.memory, endured.descriptors)]
    last = max(samples[-1][0] for samples in ours[0].values())
    seen = endured.load.seen.values()
    answers = list(chain.from_iterable(one.answers_ms for one in seen))
    return {
        "memory_growth_percent": most_growth_percent(ours[0], last),
        "descriptor_growth_percent": most_growth_percent(ours[1], last),
        "errors": math.nan
        if endured.load.status
        else float(
            sum(one.failed.total() for one in seen)
            + sum(row.failed + len(row.broken) for row in endured.rows)
        ),
        "ended": float(endured.ended),
        "seconds": last,
        "faults": float(len(endured.rows)),
        "questions": float(sum(one.asked for one in seen)),
        "p50_ms": quantile(answers, 0.5),
        "p99_ms": quantile(answers, 0.99),
        "client_late_p99_ms": quantile(endured.load.late_ms, 0.99),
    }


def list_lines(endured: Endured) -> list[str]:
    """The tables, who failed during which fault, and what rules were broken, as Markdown."""
    times = Counter(mark.fault for mark in endured.marks)
    during = (
        _describe_questions(name, times[name], one) for name, one in endured.load.seen.items()
    )
    failures = (
        f"* {count} failed during {name}: {what}"
        for name, one in endured.load.seen.items() for what, count in one.failed.items()
    )  # fmt: skip
    broken = (f"* {row.fault}: {what}" for row in endured.rows for what in row.broken)
    unanswered = (
        f"* {row.failed} of the observer's questions failed during {row.fault}"
        for row in endured.rows if row.failed
    )  # fmt: skip
    return [
        *format_table(PROCESSES, _describe_processes(endured)), "",
        *format_table(DURING, during), "", *failures, *unanswered, *broken,
    ]  # fmt: skip


def save(
    endured: Endured,
    figures: dict[str, float],
    verdicts: Sequence[Verdict],
    folder: Path,
) -> Path:
    """Write `soak.json`, `soak.md` and `soak.png`; gives the first's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "soak.json"
    told = {
        "figures": figures,
        "budgets": [asdict(verdict) | {"kept": verdict.kept} for verdict in verdicts],
        "faults": [asdict(row) | {"kept": row.kept} for row in endured.rows],
        "marks": [asdict(mark) for mark in endured.marks],
        "memory_mib": endured.memory,
        "descriptors": endured.descriptors,
    }
    path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    judged = (f"    {verdict.line()}" for verdict in verdicts)
    lines = [*list_lines(endured), "", *judged]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _plot(endured, path.with_suffix(".png"))
    return path


def _describe_processes(endured: Endured) -> Iterable[tuple[str, ...]]:
    for name, memory in endured.memory.items():
        cells = []
        for samples in (memory, endured.descriptors[name]):
            sizes = [size for _, size in samples]
            cells += [f"{one:.0f}" for one in (sizes[0], sizes[-1], max(sizes))]
            cells.append(f"{growth_percent(samples):.2f}")
        yield name if name in OURS else f"{name} (not judged)", *cells


def _describe_questions(name: str, times: int, one: Asked) -> tuple[str, ...]:
    counts = (one.asked, one.passed_on, one.failed.total())
    quantiles = (quantile(one.answers_ms, share) for share in (0.5, 0.95, 0.99))
    return name, str(times or "-"), *map(str, counts), *(f"{value:.1f}" for value in quantiles)


def _plot(endured: Endured, path: Path) -> None:
    sheet = plotting.Figure(figsize=(13, 8), layout="constrained")
    both = sheet.subplots(2, 1, sharex=True)
    kinds = sorted({mark.fault.partition(":")[0] for mark in endured.marks})
    for axes, held, what in zip(
        both, (endured.memory, endured.descriptors), ("resident MiB", "open files"), strict=True
    ):
        for name, samples in held.items():
            at, sizes = zip(*samples, strict=True)
            axes.plot([one / 60 for one in at], sizes, label=name, linewidth=0.9)
        for mark in endured.marks:
            number = kinds.index(mark.fault.partition(":")[0])
            span = [(at - endured.began_s) / 60 for at in (mark.began_s, mark.ended_s)]
            span[1] = max(span[1], span[0] + THINNEST_MIN)
            axes.axvspan(*span, color=f"C{number + 4}", alpha=0.15, linewidth=0)
        axes.set_ylabel(what)
        axes.set_ylim(bottom=0)
        axes.legend(fontsize="small", loc="upper left")
    for number, kind in enumerate(kinds):
        both[0].fill([], [], color=f"C{number + 4}", alpha=0.3, label=kind)
    both[0].legend(fontsize="small", loc="upper left", ncols=2)
    both[1].set_xlabel("minutes; the coloured stretches are faults")
    sheet.savefig(path, dpi=120)
