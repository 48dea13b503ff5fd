"""How far a reading moves within one horizon: ridge recursive least squares on three drifts.

The recursion is that of any textbook (Ljung, "System Identification", 2nd ed., 11.2); forgetting
goes by time, so that it means the same for a source of every five minutes and of every hour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

RIDGE = 60.0
"""Readings that the prior counts for, drifts being in hours."""
REVERSION_MINUTES = 240.0
"""The prior: a reading is back at its usual wait after this time, but for a share of 1 / e."""
MEMORY_MINUTES = 35 * 1440.0
LONGEST_GAP_MINUTES = 1440.0
MOST_ERROR_HOURS = 4.0
DRIFTS = 3

Drifts = tuple[float, float, float]
"""In hours: the change of the usual wait until then; how far the reading is above the usual one;
how far it rose within the last hour."""


@dataclass(slots=True, kw_only=True)
class Gain:
    """What each drift counts for, and how sure that is (rows of a symmetric matrix)."""

    weights: list[float]
    covariance: list[list[float]]

    def change(self, drifts: Drifts) -> float:
        """By how many hours the reading is expected to move."""
        return _dot(self.weights, drifts)

    def learn(self, drifts: Drifts, moved_hours: float, gap_min: float) -> None:
        """Learn from what the reading did; `gap_min` is the time since the reading before."""
        kept = math.exp(-min(gap_min, LONGEST_GAP_MINUTES) / MEMORY_MINUTES)
        error = moved_hours - self.change(drifts)
        error = max(-MOST_ERROR_HOURS, min(MOST_ERROR_HOURS, error))
        spread = [_dot(row, drifts) for row in self.covariance]
        scale = kept + _dot(spread, drifts)
        for i, row in enumerate(self.covariance):
            self.weights[i] += spread[i] / scale * error
            for j in range(DRIFTS):
                row[j] = (row[j] - spread[i] * spread[j] / scale) / kept
        self._cap()

    def _cap(self) -> None:
        """No drift becomes less sure than at the start, however long it does not show itself."""
        for i in range(DRIFTS):
            variance = self.covariance[i][i]
            if variance * RIDGE > 1:
                shrink = math.sqrt(1 / (RIDGE * variance))
                for j in range(DRIFTS):
                    self.covariance[i][j] *= shrink
                    self.covariance[j][i] *= shrink


def start_gain(horizon_min: float) -> Gain:
    """The prior of a horizon: the usual change, and an exponential return to the usual wait."""
    back = 1 - math.exp(-horizon_min / REVERSION_MINUTES)
    return Gain(
        weights=[1.0, -back, 0.0],
        covariance=[[(i == j) / RIDGE for j in range(DRIFTS)] for i in range(DRIFTS)],
    )


def _dot(left: Sequence[float], right: Drifts) -> float:
    return left[0] * right[0] + left[1] * right[1] + left[2] * right[2]
