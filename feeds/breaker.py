"""A circuit breaker: a source that keeps failing is left alone, then tried once, carefully."""

from datetime import datetime, timedelta
from enum import StrEnum

OPENS_AFTER = 5
"""Failures in a row before a source counts as down rather than as unlucky."""


class BreakerState(StrEnum):
    """Whether requests may be made."""

    CLOSED = "closed"
    """They may."""
    OPEN = "open"
    """They may not, until a pause has passed."""
    HALF_OPEN = "half_open"
    """One probe is under way; what becomes of it decides."""


class Breaker:
    """Counts failures in a row and says when the next request may be made.

    Whoever is admitted must report `succeeded` or `failed`. Every failed probe doubles the pause.

    Attributes:
        state: closed, open or half-open.
    """

    def __init__(self, *, first_s: float, longest_s: float, opens_after: int = OPENS_AFTER) -> None:
        self.state = BreakerState.CLOSED
        self._first = timedelta(seconds=first_s)
        self._longest = timedelta(seconds=longest_s)
        self._opens_after = opens_after
        self._failures = 0
        self._pause = self._first
        self._opened_at: datetime | None = None

    def admit(self, now: datetime) -> bool:
        """Whether a request may be made now; once the pause has passed, exactly one may."""
        match self.state:
            case BreakerState.CLOSED:
                return True
            case BreakerState.HALF_OPEN:
                return False
            case BreakerState.OPEN:
                if self.wait_s(now) > 0:
                    return False
                self.state = BreakerState.HALF_OPEN
                return True

    def wait_s(self, now: datetime) -> float:
        """Seconds of the pause that are left; 0 while closed or half-open."""
        if self.state is not BreakerState.OPEN or self._opened_at is None:
            return 0.0
        # A clock that was set back must not lengthen the pause by as much.
        self._opened_at = min(self._opened_at, now)
        return max(0.0, (self._opened_at + self._pause - now).total_seconds())

    def succeeded(self) -> None:
        """The source answered as it should: all is forgotten."""
        self.state = BreakerState.CLOSED
        self._failures = 0
        self._pause = self._first

    def failed(self, now: datetime) -> None:
        """The source did not answer as it should."""
        self._failures += 1
        if self.state is BreakerState.HALF_OPEN:
            self._pause = min(self._pause * 2, self._longest)
        elif self._failures < self._opens_after:
            return
        self.state = BreakerState.OPEN
        self._opened_at = now
