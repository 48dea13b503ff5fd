"""How good forecasts of one horizon were, against the latest reading as the forecast.

Of a band, errors are from its middle, and coverage is the share of its width within the range.
"""

import math
from dataclasses import dataclass, fields

from waitless.forecast.predict import Expected
from waitless.forecast.spread import share_below
from waitless.forecast.state import Posted

LEVELS = (0.1, 0.5, 0.9)


@dataclass(slots=True, kw_only=True)
class Score:
    """Sums over forecasts; minutes, or minutes squared."""

    n: int = 0
    squares: float = 0.0
    squares_latest: float = 0.0
    errors_p50: float = 0.0
    errors_latest: float = 0.0
    pinball: float = 0.0
    pinball_latest: float = 0.0
    below_p10: float = 0.0
    below_p50: float = 0.0
    below_p90: float = 0.0

    def add(self, told: Expected, latest: Posted, came: Posted) -> None:
        """Hold one forecast against the reading that came."""
        figure, last = came.figure, latest.figure
        self.n += 1
        self.squares += (told.mean - figure) ** 2
        self.squares_latest += (last - figure) ** 2
        self.errors_p50 += abs(told.p50 - figure)
        self.errors_latest += abs(last - figure)
        ends = (told.p10, told.p50, told.p90)
        self.pinball += _pinball(ends, figure)
        self.pinball_latest += _pinball((last, last, last), figure)
        self.below_p10 += share_below(told.p10, came.low, came.high)
        self.below_p50 += share_below(told.p50, came.low, came.high)
        # The end itself is within the range.
        at_end = came.low == came.high == told.p90
        self.below_p90 += 1.0 if at_end else share_below(told.p90, came.low, came.high)

    def __add__(self, other: "Score") -> "Score":
        names = [one.name for one in fields(self)]
        return Score(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def coverage80(self) -> float:
        """The share of readings from p10 to p90."""
        return (self.below_p90 - self.below_p10) / self.n

    def reliability(self) -> dict[float, float]:
        """The share of readings below p10, p50 and p90, by the share that there should be."""
        below = (self.below_p10, self.below_p50, self.below_p90)
        return {level: share / self.n for level, share in zip(LEVELS, below, strict=True)}

    def summary(self) -> dict[str, float]:
        """One horizon of the command's JSON; pinball losses are means of those of three ends."""
        return {
            "n": self.n,
            "rmse": math.sqrt(self.squares / self.n),
            "rmse_latest": math.sqrt(self.squares_latest / self.n),
            "mae_p50": self.errors_p50 / self.n,
            "mae_latest": self.errors_latest / self.n,
            "pinball": self.pinball / self.n,
            "pinball_latest": self.pinball_latest / self.n,
            "coverage80": self.coverage80,
        }


def _pinball(ends: tuple[float, float, float], figure: float) -> float:
    return sum(
        max(level * (figure - end), (level - 1) * (figure - end))
        for level, end in zip(LEVELS, ends, strict=True)
    ) / len(LEVELS)
