"""A clock for tests: set to an instant, moved by hand, or running from it."""

import time
from datetime import UTC, datetime, timedelta

MONDAY_MORNING = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
"""Every facility of the shipped pack is open, and so is every X-ray room that states its hours."""


class FakeClock:
    def __init__(self, start: datetime = MONDAY_MORNING, *, running: bool = False) -> None:
        self._start = start
        self._running_since = time.monotonic() if running else None

    def __call__(self) -> datetime:
        if self._running_since is None:
            return self._start
        return self._start + timedelta(seconds=time.monotonic() - self._running_since)

    def move(self, **ahead: float) -> None:
        self._start += timedelta(**ahead)
