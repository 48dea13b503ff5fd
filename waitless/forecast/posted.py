"""The latest posted figure as a range: what it leaves open about the moment you are seen."""

import math
from dataclasses import dataclass
from typing import Literal

from feeds.model import Statistic, Wait
from waitless.area.facility import Kind

DRIFT_DOWN, DRIFT_UP = 3.9, 4.8
"""How far a reading is from the one an hour later, in units of sqrt(max(reading, 15 min)): the
10% and 90% quantiles over 7,172 pairs of the Alberta series (28 sites, June to July
2026). An hour is about journey plus wait for a minor injury."""
DRIFT_FLOOR_MINUTES = 15.0
NORMAL_P90 = 1.2816
SEEN_PER_MINUTE = {Kind.ED: 0.30, Kind.UTC: 0.10, Kind.MIU: 0.08, Kind.WALK_IN: 0.08}
"""Patients seen per minute, for the spread between patients of one queue: East Kent's two EDs
saw 437 a day (NHS England, November 2017); a UTC some 60 to 100 in twelve to sixteen hours."""
UNSPECIFIED_WIDENING = 1.5
"""A figure whose statistic nobody states may be any of them; the range is widened by half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhenSeen:
    """Minutes from arrival until seen, for this patient: 8 in 10 lie between p10 and p90."""

    p10: float
    p50: float
    p90: float
    mean: float
    basis: Literal["posted", "forecast", "entered"] = "posted"


def widen_posted(wait: Wait, kind: Kind) -> WhenSeen:
    """The range that a posted wait stands for.

    * `median`, `mean`, `estimate`: the figure is the middle.
    * `longest`: also the middle. The delay of the patient at the head of the queue predicts the
      newcomer's (Ibrahim and Whitt, "Real-time delay estimation based on delay history", 2009);
      most are seen sooner, so the range opens downwards.
    * `p90`: the figure is the top of the spread between patients; the middle lies below.
    * a band: its limits, widened. Without an upper limit the middle is put half a spread above
      the lower one and the top two spreads: an assumption, and the answer says "over".
    """
    middle = _middle(wait, kind)
    low = wait.low if wait.low is not None else min(middle, wait.high or middle)
    high = wait.high if wait.high is not None else middle
    if wait.minutes is not None:
        low = high = middle
    bare = wait.minutes is not None and wait.statistic is Statistic.UNSPECIFIED
    widening = UNSPECIFIED_WIDENING if bare else 1.0
    down = _spread(low, kind, DRIFT_DOWN) * widening
    if wait.statistic is Statistic.LONGEST:
        down = max(down, middle / 2)
    up = _spread(high, kind, DRIFT_UP) * widening
    if _open_topped(wait):
        up *= 2
    p10, p90 = max(0.0, low - down), high + up
    return WhenSeen(p10=p10, p50=middle, p90=p90, mean=mean_of_range(p10, middle, p90))


def mean_of_range(p10: float, p50: float, p90: float) -> float:
    """Swanson's rule, 30-40-30: the mean of a moderately skewed range from its three quantiles.

    Hurst, Brown and Swanson, "Swanson's 30-40-30 rule", AAPG Bulletin 84 (2000). So the mean that
    ranks agrees with the range that is shown: the less sure a place, the later it counts.
    """
    return 0.3 * p10 + 0.4 * p50 + 0.3 * p90


def _open_topped(wait: Wait) -> bool:
    return wait.minutes is None and wait.high is None


def _middle(wait: Wait, kind: Kind) -> float:
    if wait.minutes is None:
        low = wait.low or 0.0
        return (
            (low + wait.high) / 2
            if wait.high is not None
            else low + _spread(low, kind, DRIFT_UP) / 2
        )
    if wait.statistic is Statistic.P90:
        return max(0.0, wait.minutes - NORMAL_P90 * between_patients(wait.minutes, kind))
    return wait.minutes


def _spread(minutes: float, kind: Kind, drift: float) -> float:
    """Minutes from the middle to one end of the 80% range."""
    drifted = drift * math.sqrt(max(minutes, DRIFT_FLOOR_MINUTES))
    return math.hypot(drifted, NORMAL_P90 * between_patients(minutes, kind))


def between_patients(minutes: float, kind: Kind) -> float:
    """Standard deviation between patients of one queue: 0.9 sqrt(W / c) + 0.5 / c.

    Measured on a simulated East Kent; c is the number of patients seen per minute.
    """
    seen = SEEN_PER_MINUTE[kind]
    return 0.9 * math.sqrt(minutes / seen) + 0.5 / seen
