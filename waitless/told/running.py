"""Errors as running figures: each counts half after a week. Pure, and O(1)."""

from datetime import datetime, timedelta

import msgspec

HALF_LIFE = timedelta(days=7)
MOST_STANDS_FOR = timedelta(hours=1)
"""A reading stands for the time since the one before, and for this at most. Hours, and not
readings, are counted: those of a source that posts every minute hardly differ from each other."""


class Running(msgspec.Struct, kw_only=True):
    """Sums of errors in minutes, what came less what was told: above 0, too little was told."""

    at: datetime | None = None
    """The newest error's instant; None before any."""
    hours: float = 0.0
    """How much time stands behind the figures, faded to `at`."""
    weight: float = 0.0
    error: float = 0.0
    absolute: float = 0.0
    inside: float = 0.0

    def add(
        self, at: datetime, error_min: float, *, weight: float | None = None, inside: float = 0.0
    ) -> None:
        """Take in one error.

        Args:
            at: when it came out, aware UTC.
            error_min: what came less what was told.
            weight: how many people it is of; None: it weighs as the hours that it stands for.
            inside: the share of what came that was within the range told, 0 to 1.
        """
        since = MOST_STANDS_FOR if self.at is None else max(timedelta(), at - self.at)
        hours = min(since, MOST_STANDS_FOR) / timedelta(hours=1)
        weight = hours if weight is None else weight
        kept = self._kept(at)
        self.at = at if self.at is None else max(self.at, at)
        self.hours = kept * self.hours + hours
        self.weight = kept * self.weight + weight
        self.error = kept * self.error + weight * error_min
        self.absolute = kept * self.absolute + weight * abs(error_min)
        self.inside = kept * self.inside + weight * inside

    def hours_at(self, now: datetime) -> float:
        """How much time stands behind the figures, as of now."""
        return self.hours * self._kept(now)

    def weight_at(self, now: datetime) -> float:
        """How many people, or hours, as of now."""
        return self.weight * self._kept(now)

    @property
    def bias(self) -> float | None:
        """Mean error in minutes; None before any."""
        return self._mean(self.error)

    @property
    def mean_absolute_error(self) -> float | None:
        """Minutes; None before any."""
        return self._mean(self.absolute)

    @property
    def coverage(self) -> float | None:
        """The share within the range told; None before any."""
        return self._mean(self.inside)

    def _mean(self, total: float) -> float | None:
        return total / self.weight if self.weight > 0 else None

    def _kept(self, at: datetime) -> float:
        """What is left of the sums at an instant."""
        since = timedelta() if self.at is None else max(timedelta(), at - self.at)
        return float(0.5 ** (since / HALF_LIFE))
