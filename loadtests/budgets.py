"""Budgets: what a run measured against what budgets.toml allows. Pure, but for reading the file."""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

BUDGETS = Path(__file__).with_name("budgets.toml")


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
    """The budgets of `load`, `soak` or `growth`."""
    with BUDGETS.open("rb") as file:
        return dict(tomllib.load(file)[kind])


def judge(measured: Mapping[str, float], budgets: Mapping[str, float]) -> list[Verdict]:
    """Every budget against its figure; one without a figure counts as broken."""
    return [
        Verdict(name, measured.get(name, math.nan), allowed) for name, allowed in budgets.items()
    ]


def all_kept(verdicts: Iterable[Verdict]) -> bool:
    """Whether nothing is broken."""
    return all(verdict.kept for verdict in verdicts)
