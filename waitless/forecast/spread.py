"""How wide a range must be to hold 8 in 10: quantiles tracked online by their own misses.

Conformal P-control (Angelopoulos, Candes and Tibshirani, "Conformal PID control for time series
prediction", 2023): an end that was passed too often moves out, one that was passed too seldom
moves in. Units are sqrt(max(forecast, 15 min)), as long waits vary more than short ones.
"""

import math
from dataclasses import dataclass

TAIL = 0.1
"""The share that lies below p10, and above p90."""
START_DOWN, START_UP = 5.2, 6.4
"""The ends at 60 minutes before anything is learnt: a third wider than what one series drifts
(`posted.DRIFT_DOWN`, `DRIFT_UP`)."""
GROWTH = 0.3
"""Ends grow with the horizon to this power until they are learnt."""
REFERENCE_MINUTES = 60.0
LEAST_MINUTES = 15.0
LEAST_STEP, MOST_STEP, FIRST_STEP, STEP_DECAY = 0.1, 2.0, 20.0, 0.7
"""The step after n labels: FIRST_STEP / n ** STEP_DECAY, between the least and the most."""

Ends = tuple[float, float]
"""How far p10 lies below the mean and p90 above it, in units of `unit`."""


@dataclass(slots=True, kw_only=True)
class Spread:
    """The ends of one horizon's range, and how often they were held against a reading."""

    down: float
    up: float
    labels: int = 0

    @property
    def ends(self) -> Ends:
        """As they are now."""
        return self.down, self.up

    def learn(self, below_low: float, below_high: float) -> None:
        """Move the ends by what a forecast's own ends met.

        Args:
            below_low: the share of the reading that lay below its p10: 0 or 1, or of a band the
                part of it, so that a band teaches by all of its width and not by its middle.
            below_high: the same below its p90.
        """
        self.labels += 1
        step = FIRST_STEP / math.pow(self.labels, STEP_DECAY)
        step = min(MOST_STEP, max(LEAST_STEP, step))
        self.down = max(0.0, self.down - step * (TAIL - below_low))
        self.up = max(0.0, self.up + step * (1 - TAIL - below_high))


def start_spread(horizon_min: float) -> Spread:
    """Wide, as nothing is known."""
    grown = growth(horizon_min, REFERENCE_MINUTES)
    return Spread(down=START_DOWN * grown, up=START_UP * grown)


def growth(horizon_min: float, from_min: float) -> float:
    """How much wider a range is at one horizon than at another."""
    return math.pow(horizon_min / from_min, GROWTH)


def unit(mean_min: float) -> float:
    """What the ends of a range round a forecast are counted in."""
    return math.sqrt(max(mean_min, LEAST_MINUTES))


def share_below(point: float, low: float, high: float) -> float:
    """The share of a reading that lies below a point; even over a band from low to high."""
    if high > low:
        return min(1.0, max(0.0, (point - low) / (high - low)))
    return float(point > low)
