"""Budgets: what a run measured against what budgets.toml allows. Pure, but for reading the file."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median

BUDGETS = Path(__file__).with_name("budgets.toml")
SETTLED_SHARE = 1 / 3
"""Memory is judged after this share of a soak: before, caches fill and code is compiled."""
JUDGED_S = 600.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One budget and what was measured."""

    name: str
    measured: float
    allowed: float

    @property
    def kept(self) -> bool:
        """A figure that could not be measured (NaN) keeps no budget."""
        return self.measured <= self.allowed

    def line(self) -> str:
        """The verdict for a person."""
        verdict = "kept" if self.kept else "BROKEN"
        return f"{self.name:<44}{self.measured:>10.2f}  allowed {self.allowed:<8g}{verdict}"


def load_budgets(kind: str) -> dict[str, float]:
    """The budgets of `load` or `soak`."""
    with BUDGETS.open("rb") as file:
        return dict(tomllib.load(file)[kind])


def judge(measured: Mapping[str, float], budgets: Mapping[str, float]) -> list[Verdict]:
    """Every budget against its figure; one without a figure counts as broken."""
    return [
        Verdict(name, measured.get(name, math.nan), allowed) for name, allowed in budgets.items()
    ]


def growth_percent(samples: Sequence[tuple[float, float]]) -> float:
    """How fast memory grows, in per cent of its median in ten minutes.

    The Theil-Sen slope (the median of the slopes between all pairs of samples) of what comes after
    the first third: one process that gives memory back, or takes some for once, does not sway it.

    Args:
        samples: (seconds, MiB), in order of time.

    Returns:
        NaN where fewer than three samples are left.
    """
    if not samples:
        return math.nan
    first, last = samples[0][0], samples[-1][0]
    settled = [one for one in samples if one[0] >= first + SETTLED_SHARE * (last - first)]
    if len(settled) < 3:
        return math.nan
    slopes = [
        (after[1] - before[1]) / (after[0] - before[0])
        for before, after in combinations(settled, 2)
        if after[0] > before[0]
    ]
    return 100 * median(slopes) * JUDGED_S / median(size for _, size in settled)


def most_growth_percent(memory: Mapping[str, Sequence[tuple[float, float]]], until: float) -> float:
    """The fastest growth of any process; infinite if one was no longer there at the end.

    Args:
        memory: of each process, as `growth_percent` takes it.
        until: the time of the last sample of any.
    """
    return max(
        (
            math.inf if samples[-1][0] < until else growth_percent(samples)
            for samples in memory.values()
        ),
        default=math.nan,
    )


def all_kept(verdicts: Iterable[Verdict]) -> bool:
    """Whether nothing is broken."""
    return all(verdict.kept for verdict in verdicts)
