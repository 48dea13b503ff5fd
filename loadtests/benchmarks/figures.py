"""What a benchmark measures, and where its figures go."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import orjson

RESULTS = Path(__file__).parents[1] / "results"
"""Not committed: figures belong to the machine that made them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure. `bar` None means that it is reported, not required."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    better: Literal["higher", "lower"]
    reference: str
    """What it is measured against, in the same run."""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.better == "higher" else self.value <= self.bar

    def line(self) -> str:
        """The figure for a person."""
        verdict = {True: "met", False: "NOT MET", None: ""}[self.met]
        sign = ">=" if self.better == "higher" else "<="
        bar = "" if self.bar is None else f"(bar {sign} {self.bar:g}: {verdict})"
        return f"  {self.name:<46} {self.value:>10.3f} {self.unit:<8} {bar}  vs {self.reference}"


def save_figures(figures: list[Figure], path: Path = RESULTS / "latest.json") -> None:
    """Write the figures as JSON; figures of other names in the file stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {}
    if path.exists():
        kept = {entry["name"]: entry for entry in orjson.loads(path.read_bytes())}
    for figure in figures:
        kept[figure.name] = {**asdict(figure), "met": figure.met}
    path.write_bytes(orjson.dumps(list(kept.values()), option=orjson.OPT_INDENT_2))
