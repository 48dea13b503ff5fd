"""What arrives and how: a ring of message counts, and the lower envelope of a difference."""

from dataclasses import dataclass, field
from datetime import datetime

SLOT_S = 300
SLOTS = 12
ENVELOPE_S = 3600
"""A clock that was set right is believed to be so after two of these at most."""


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """Messages of the last hour, in slots of five minutes; the present slot is the last one."""

    since: datetime | None = None
    """When counting began; None before the first look."""
    slot: int = 0
    """Number of the last slot, counted from 1970."""
    counts: list[int] = field(default_factory=lambda: [0] * SLOTS)

    def begin(self, now: datetime) -> None:
        """Count from now on, unless counting already."""
        if self.since is None:
            self.since = now

    def count(self, now: datetime) -> None:
        """One arrival. A clock that stepped back a little counts into the present slot."""
        self.begin(now)
        slot = _number(now, SLOT_S)
        self.counts = self._shifted(slot)
        self.slot = slot if abs(slot - self.slot) >= SLOTS else max(slot, self.slot)
        self.counts[-1] += 1

    def total(self, now: datetime) -> int:
        """Arrivals in the slots that are still in the ring."""
        return sum(self._shifted(_number(now, SLOT_S)))

    def watched_s(self, now: datetime) -> float:
        """Seconds that `total` speaks for: 55 to 60 minutes, or since counting began."""
        if self.since is None:
            return 0.0
        oldest = (_number(now, SLOT_S) - SLOTS + 1) * SLOT_S
        return max(0.0, now.timestamp() - max(oldest, self.since.timestamp()))

    def _shifted(self, slot: int) -> list[int]:
        ahead = slot - self.slot
        if abs(ahead) >= SLOTS or len(self.counts) != SLOTS:
            return [0] * SLOTS
        return list(self.counts) if ahead <= 0 else self.counts[ahead:] + [0] * ahead


@dataclass(slots=True, kw_only=True)
class LowerEnvelope:
    """The least value of the present hour and the one before: old values are forgotten."""

    hour: int = 0
    least: float | None = None
    least_before: float | None = None

    def add(self, value: float, now: datetime) -> None:
        """One more value."""
        hour = _number(now, ENVELOPE_S)
        if hour != self.hour:
            self.least_before = self.least if hour == self.hour + 1 else None
            self.least, self.hour = None, hour
        self.least = value if self.least is None else min(self.least, value)

    @property
    def value(self) -> float | None:
        """The envelope; None before any value."""
        if self.least is None or self.least_before is None:
            return self.least
        return min(self.least, self.least_before)


def _number(moment: datetime, length_s: int) -> int:
    return int(moment.timestamp() // length_s)
