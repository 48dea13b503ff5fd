"""Service level objectives: which share of seven days was good, and how much error is left."""

from dataclasses import dataclass, field
from datetime import datetime

HOURS = 168
HOUR_MS = 3_600_000
GAP_S = 60.0
"""Samples further apart than this leave a time of which nothing is known: it counts as bad."""


@dataclass(slots=True, kw_only=True)
class Objective:
    """Good and watched time in hourly buckets, the newest last; whole milliseconds, so exact.

    A sample speaks for the time since the one before. Time that nobody watched counts as bad, for
    a monitor that is down proves nothing (FAILURES.md 12), but only from the last sample on.
    """

    target: float = 0.99
    """The share that is aimed for, below 1."""
    sampled_at: datetime | None = None
    """None before the first sample, and after a pause."""
    hour: int = 0
    """Number of the newest bucket, counted from 1970."""
    good_ms: list[int] = field(default_factory=list)
    watched_ms: list[int] = field(default_factory=list)

    def sample(self, now: datetime, *, ok: bool) -> None:
        """Whether all is well at this instant; call it every second or so."""
        before, self.sampled_at = self.sampled_at, now
        if before is not None and before < now:
            gap = (now - before).total_seconds() > GAP_S
            self._add(before, now, ok=ok and not gap)

    def pause(self) -> None:
        """Leave the time from now to the next sample out: nobody expects anything of it."""
        self.sampled_at = None

    def share(self, now: datetime) -> float | None:
        """The good share of the time watched in the last 168 hours; None before any."""
        good, watched = self._sums(now)
        return good / watched if watched else None

    def budget_left(self, now: datetime) -> float | None:
        """The share of the allowed error that is unspent: 1 untouched, 0 spent, below 0 over.

        It is counted on the time watched, so it is harsh on a feed's first hours; `watched_s`
        tells how much evidence there is. None before any.
        """
        share = self.share(now)
        return None if share is None else 1.0 - (1.0 - share) / (1.0 - self.target)

    def watched_s(self, now: datetime) -> float:
        """Seconds of the last 168 hours that are judged."""
        return self._sums(now)[1] / 1000

    def _sums(self, now: datetime) -> tuple[int, int]:
        """Good and watched milliseconds, with the silence since the last sample as bad."""
        kept = max(0, HOURS - max(0, _ms(now) // HOUR_MS - self.hour))
        first = max(0, len(self.watched_ms) - kept)
        good, watched = sum(self.good_ms[first:]), sum(self.watched_ms[first:])
        if self.sampled_at is not None and (now - self.sampled_at).total_seconds() > GAP_S:
            oldest = (_ms(now) // HOUR_MS - HOURS + 1) * HOUR_MS
            watched += _ms(now) - max(_ms(self.sampled_at), oldest)
        return good, min(watched, HOURS * HOUR_MS)

    def _add(self, start: datetime, stop: datetime, *, ok: bool) -> None:
        end = _ms(stop)
        at = max(_ms(start), (end // HOUR_MS - HOURS + 1) * HOUR_MS)
        while at < end:
            self._turn_to(at // HOUR_MS)
            upto = min(end, (self.hour + 1) * HOUR_MS)
            span = min(upto - at, HOUR_MS - self.watched_ms[-1])  # a clock may run an hour twice
            self.watched_ms[-1] += span
            self.good_ms[-1] += span if ok else 0
            at = upto

    def _turn_to(self, hour: int) -> None:
        """Make an hour the newest bucket. One that is ahead of it came from a wrong clock."""
        ahead = hour - self.hour
        if not self.watched_ms or abs(ahead) >= HOURS:
            self.good_ms, self.watched_ms = [0], [0]
        elif ahead > 0:
            self.good_ms = [*self.good_ms, *[0] * ahead][-HOURS:]
            self.watched_ms = [*self.watched_ms, *[0] * ahead][-HOURS:]
        elif ahead < 0:
            self.good_ms = self.good_ms[:ahead] or [0]
            self.watched_ms = self.watched_ms[:ahead] or [0]
        self.hour = hour


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
