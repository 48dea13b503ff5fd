"""The usual wait by hour of the local week, shrunk to the hour of the day and the level."""

import math
from dataclasses import dataclass, field

HOURS_A_DAY = 24
HOURS_A_WEEK = 168
HALF_LIFE_MINUTES = 21 * 1440.0
WEEK_PRIOR = 12.0
"""Hours of readings that the hour of the day counts for against the hour of the week."""
DAY_PRIOR = 1.0
"""Hours of readings that the level counts for against the hour of the day."""
KERNEL_HOURS = 1.5
"""A reading teaches the hours this near to it, the nearest most."""
MOST_WEIGHT = 1e9
"""Weights grow instead of all older ones shrinking; here they are brought back to one."""


@dataclass(slots=True, kw_only=True)
class Profile:
    """Weighted sums of readings. A weight is the time that a reading stands for, in hours."""

    started_min: float | None = None
    """When new readings had the weight one; None before the first."""
    now_min: float = 0.0
    """When the newest reading was taught."""
    week_weights: list[float] = field(default_factory=lambda: [0.0] * HOURS_A_WEEK)
    week_sums: list[float] = field(default_factory=lambda: [0.0] * HOURS_A_WEEK)
    day_weights: list[float] = field(default_factory=lambda: [0.0] * HOURS_A_DAY)
    day_sums: list[float] = field(default_factory=lambda: [0.0] * HOURS_A_DAY)
    weight: float = 0.0
    total: float = 0.0

    def usual(self, week_hour: float) -> float:
        """The usual wait in minutes; linear between the middles of hours, 0 before any reading.

        `week_hour` is local: 0 is the night before Monday.
        """
        before, share = divmod((week_hour - 0.5) % HOURS_A_WEEK, 1.0)
        hour = int(before) % HOURS_A_WEEK
        grown = self._grown()
        level = self.total / self.weight if self.weight else 0.0
        first = self._hour(hour, level, grown)
        second = self._hour((hour + 1) % HOURS_A_WEEK, level, grown)
        return (1 - share) * first + share * second

    def _hour(self, hour: int, level: float, grown: float) -> float:
        of_day, prior = hour % HOURS_A_DAY, DAY_PRIOR * grown
        daily = (self.day_sums[of_day] + prior * level) / (self.day_weights[of_day] + prior)
        prior = WEEK_PRIOR * grown
        return (self.week_sums[hour] + prior * daily) / (self.week_weights[hour] + prior)

    def _grown(self) -> float:
        if self.started_min is None:
            return 1.0
        return math.exp2((self.now_min - self.started_min) / HALF_LIFE_MINUTES)

    def add(self, at_min: float, week_hour: float, figure: float, hours: float) -> None:
        """Teach one reading that stands for so many hours; times must not go back."""
        if self.started_min is None:
            self.started_min = at_min
        self.now_min = at_min
        grown = self._grown()
        if grown > MOST_WEIGHT:
            self._shrink(grown)
            grown = 1.0
        place = week_hour - 0.5
        nearest = int(place // 1)
        near = [
            (hour, 1 - abs(place - hour) / KERNEL_HOURS)
            for hour in range(nearest - 1, nearest + 3)
            if abs(place - hour) < KERNEL_HOURS
        ]
        whole = sum(share for _, share in near)
        for hour, share in near:
            weight = grown * hours * share / whole
            of_week, of_day = hour % HOURS_A_WEEK, hour % HOURS_A_DAY
            self.week_weights[of_week] += weight
            self.week_sums[of_week] += weight * figure
            self.day_weights[of_day] += weight
            self.day_sums[of_day] += weight * figure
        self.weight += grown * hours
        self.total += grown * hours * figure

    def _shrink(self, grown: float) -> None:
        for sums in (self.week_weights, self.week_sums, self.day_weights, self.day_sums):
            sums[:] = [one / grown for one in sums]
        self.weight /= grown
        self.total /= grown
        self.started_min = self.now_min
