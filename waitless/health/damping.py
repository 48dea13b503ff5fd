"""Damping: when a state that lasts is worth telling, and when it has been told enough. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waitless.health.states import FeedState, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Damping:
    """How patient the watch is."""

    looks: int = 3
    """A state must have been seen so often in a row..."""
    lasting: timedelta = timedelta(seconds=60)
    """... and for so long before anything is said."""
    repeat_after: timedelta = timedelta(minutes=30)
    """The same state of the same feed is told at most once in this time."""
    together: timedelta = timedelta(minutes=2)
    """Failures that begin within this time are told as one."""
    settling: timedelta = timedelta(minutes=1)
    """Everything is lost for a moment when the service starts: nothing bad counts so early."""


@dataclass(slots=True, kw_only=True)
class Watched:
    """The memory of one feed or facility. It begins as lost: nothing was heard of it yet."""

    since: datetime
    """When `state` was entered."""
    state: FeedState = FeedState.LOST
    why: str = "not heard of yet"
    bad_looks: int = 0
    bad_since: datetime | None = None
    good_looks: int = 0
    good_since: datetime | None = None
    announced: FeedState | None = None
    """The bad state that was told last; None once its recovery was told, or before any."""
    failed_at: datetime | None = None
    """When the trouble that is announced began."""
    told: dict[FeedState, datetime] = field(default_factory=dict)
    """When each state was last told."""

    def see(self, now: datetime, state: FeedState, *, counts: bool) -> None:
        """One look at the state.

        Args:
            now: aware UTC.
            state: as it is.
            counts: False where a bad state is nobody's news: while settling, in a closed facility,
                or where the feed's own trouble explains it.
        """
        if state is FeedState.OFF:
            self.announced = self.failed_at = None
        if state.is_bad and counts:
            self.bad_looks += 1
            self.bad_since = self.bad_since or now
        else:
            self.bad_looks, self.bad_since = 0, None
        if not state.is_bad and state is not FeedState.OFF:
            self.good_looks += 1
            self.good_since = self.good_since or now
        else:
            self.good_looks, self.good_since = 0, None

    def has_failed(self, now: datetime, damping: Damping) -> bool:
        """Whether it has been bad for a streak."""
        return _is_streak(self.bad_looks, self.bad_since, now, damping)

    def is_news(self, now: datetime, damping: Damping) -> bool:
        """Whether its trouble is to be raised: untold or grown worse, and not told just now."""
        if not self.has_failed(now, damping) or _is_recent(self.told.get(self.state), now, damping):
            return False
        if self.announced is None:
            return True
        worse = self.state.severity > self.announced.severity
        return worse and now - self.since >= damping.lasting

    def is_to_repeat(self, now: datetime, damping: Damping) -> bool:
        """Whether its trouble lasts and was last told long ago."""
        newest = max(self.told.values(), default=None)
        failed = self.announced is not None and self.has_failed(now, damping)
        return failed and not _is_recent(newest, now, damping)

    def has_recovered(self, now: datetime, damping: Damping) -> bool:
        """Whether trouble that was told has been over for a streak."""
        over = self.announced is not None
        return over and _is_streak(self.good_looks, self.good_since, now, damping)

    def mark_told(self, now: datetime) -> None:
        """It was raised or repeated."""
        if self.announced is None:
            self.failed_at = self.bad_since
        self.announced = self.state
        self.told[self.state] = now

    def mark_recovered(self) -> None:
        """Its recovery was told; when its trouble was stays known, so flapping stays damped."""
        self.announced = self.failed_at = None

    def move(self, now: datetime, verdict: Verdict) -> None:
        """Enter a state, or stay in it for a newer reason."""
        if verdict.state is not self.state:
            self.state, self.since = verdict.state, now
        self.why = verdict.why


def _is_streak(looks: int, since: datetime | None, now: datetime, damping: Damping) -> bool:
    return looks >= damping.looks and since is not None and now - since >= damping.lasting


def _is_recent(moment: datetime | None, now: datetime, damping: Damping) -> bool:
    return moment is not None and timedelta(0) <= now - moment < damping.repeat_after
