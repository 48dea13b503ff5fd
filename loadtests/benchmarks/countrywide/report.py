"""What the runs gave, and the figures it comes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from loadtests.benchmarks.countrywide.changes import CHANGED
from loadtests.benchmarks.countrywide.places import CROWD
from loadtests.benchmarks.countrywide.process import Memory
from loadtests.benchmarks.countrywide.reader import Swapped
from loadtests.benchmarks.countrywide.writer import HORIZON_MINUTES, Built, Shown
from loadtests.benchmarks.figures import Figure

MIB = 1024**2
_Row = tuple[str, float, str, float | None, str]
"""Name, value, unit, bar (all are better lower), and what it is measured against."""


@dataclass(frozen=True, slots=True)
class Visible:
    """One change, from figures to the table in use elsewhere."""

    shown: Shown
    swapped: Swapped

    @property
    def seconds(self) -> float:
        """From the writer's having the figures to the reader's having the table."""
        return self.swapped.done - self.shown.begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the runs gave."""

    builds: Sequence[Built]
    scattered: Sequence[Visible]
    clustered: Sequence[Visible]
    crowd: tuple[float, float, float]
    """Microseconds of a look-up, and with a record each; facilities in reach."""
    plain_ms: NDArray[np.float64]
    """p99 of answers by round: alone, and meanwhile."""
    nice_ms: NDArray[np.float64]
    """The same with a writer that lets others go first."""
    bare: Memory
    """Of the process that answers, without a table."""
    mapped: Memory
    held: Sequence[str]
    """Libraries imported there that need not be."""


def to_figures(measured: Measured, generate_s: float, size: str, *, barred: bool) -> list[Figure]:
    """Give the figures; their bars only if they are wanted."""
    rows: list[_Row] = [
        ("generate", generate_s, "s", 60.0, size),
        *_of_builds(measured, size),
        *_of_changes("scattered", measured.scattered),
        *_of_changes("clustered", measured.clustered),
        *_of_answers(measured, size),
        *_of_reader(measured),
    ]
    return [
        Figure(
            name=f"country.{name}",
            value=value,
            unit=unit,
            bar=bar if barred else None,
            better="lower",
            reference=reference,
        )
        for name, value, unit, bar, reference in rows
    ]


def _of_builds(measured: Measured, size: str) -> list[_Row]:
    one = measured.builds[-1]
    seconds = [build.seconds for build in measured.builds]
    peak_mib = max(build.peak_mib for build in measured.builds)
    reach = f"{one.in_reach:.1f} within {HORIZON_MINUTES:.0f} minutes; {size}"
    roads = f"{measured.builds[0].before_mib:.0f} MiB with roads and no table"
    return [
        ("full_recompute", median(seconds), "s", 10.0, f"slowest {max(seconds):.1f}; {size}"),
        ("table_memory", one.table_bytes / MIB, "MiB", 300.0, reach),
        ("recompute_peak", peak_mib, "MiB", None, roads),
    ]


def _of_changes(kind: str, seen: Sequence[Visible]) -> list[_Row]:
    shown = [one.shown for one in seen]
    parts = {
        "conditions": [one.conditions_s for one in shown],
        "renew": [one.renew_s for one in shown],
        "encode": [one.encode_s for one in shown],
        "put": [one.put_s for one in shown],
        "fetch and map": [one.swapped.done - one.swapped.noticed for one in seen],
    }
    spent = ", ".join(f"{name} {median(seconds):.2f}" for name, seconds in parts.items())
    searched = median(one.searched for one in shown)
    stalled_ms = median(one.swapped.stalled_ms for one in seen)
    told = f"{CHANGED} edges, {searched:.0f} searches: {spent}"
    return [
        (f"visible_{kind}", median(one.seconds for one in seen), "s", 10.0, told),
        (f"stall_{kind}", stalled_ms, "ms", None, "event loop of who fetches"),
    ]


def _of_answers(measured: Measured, size: str) -> list[_Row]:
    lookup_us, journeys_us, in_reach = measured.crowd
    crowd = f"{in_reach:.0f} of {CROWD} facilities in reach"
    rows: list[_Row] = [
        ("travel_per_answer", lookup_us, "us", 20.0, crowd),
        ("travel_per_answer_as_records", journeys_us, "us", None, crowd),
    ]
    runs = (("", measured.plain_ms, None), ("_nice", measured.nice_ms, 2.0))
    for kind, by_round_ms, bar in runs:
        alone_ms, meanwhile_ms = np.median(by_round_ms, axis=0).tolist()
        alone, meanwhile = (
            f"{rounds_ms.min():.2f} to {rounds_ms.max():.2f} by round; {size}"
            for rounds_ms in by_round_ms.T
        )
        rows += [
            (f"answer_p99_alone{kind}", alone_ms, "ms", None, alone),
            (f"answer_p99_recomputing{kind}", meanwhile_ms, "ms", None, meanwhile),
            (f"answer_p99_ratio{kind}", meanwhile_ms / alone_ms, "times", bar, "interleaved"),
        ]
    return rows


def _of_reader(measured: Measured) -> list[_Row]:
    bare, mapped = measured.bare, measured.mapped
    return [
        ("reader_without_table", bare.resident, "MiB", None, f"{bare.own:.0f} its own"),
        ("reader_with_table", mapped.resident, "MiB", None, f"{mapped.own:.0f} its own"),
        ("reader_peak", mapped.peak, "MiB", None, "while it fetched the first table"),
        (
            "reader_needless_imports",
            len(measured.held),
            "",
            0.0,
            ", ".join(measured.held) or "none",
        ),
    ]
