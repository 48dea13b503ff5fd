"""The state machine: which state a feed or a facility is in at an instant, and why. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from feeds.model import ProviderStatus, Wait
from waitless.reading import LIVE_FOR, Reading

LATE_AFTER_CADENCES = 3
SUSPECT_FOR = timedelta(minutes=30)
"""How long a held value marks its feed: as long as what was believed before it may be shown."""

SILENT_AFTER = timedelta(seconds=15)
"""Figures that the ingest process has not renewed for so long may be those of a dead one."""


class FeedState(StrEnum):
    """One word for an operator (architecture.md, "feed state"), from good to worst."""

    LIVE = "live"
    LATE = "late"
    SUSPECT = "suspect"
    STALE = "stale"
    LOST = "lost"
    OFF = "off"

    @property
    def severity(self) -> int:
        """Where several states hold at once, the one with the highest severity is told."""
        return list(FeedState).index(self)

    @property
    def is_bad(self) -> bool:
        """Whether somebody should be told if it lasts; `off` is an operator's own wish."""
        return self in (FeedState.SUSPECT, FeedState.STALE, FeedState.LOST)


class Subject(StrEnum):
    """What has a state."""

    FEED = "feed"
    FACILITY = "facility"
    LEDGER = "ledger"
    """What is counted of a facility in the ledger."""
    TOLD = "told"
    """What people are told of a facility, held against what comes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state and its cause in a few words, fit for the public: no names, no addresses."""

    state: FeedState
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One step of the state machine. `what` is the id of a feed or of a facility."""

    at: datetime
    subject: Subject
    what: str
    before: FeedState
    after: FeedState
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedOff:
    """An operator's word that a feed is not to be believed. `by` and `why` are not public."""

    by: str
    why: str
    at: datetime
    until: datetime | None = None
    """None: until it is switched on again."""

    def holds(self, now: datetime) -> bool:
        """Whether it still does."""
        return self.until is None or now < self.until


class FeedFacts(Protocol):
    """What a feed's state follows from; `FeedHealth` has it."""

    off: SwitchedOff | None
    told_at: datetime | None
    connected: bool
    fault: str | None
    provider_status: ProviderStatus | None
    carries_waits: bool
    cadence_s: float
    last_measured_at: datetime | None
    last_held_at: datetime | None
    finding: str | None

    @property
    def last_held_name(self) -> str | None:
        """The rule that held the last suspicious value back."""


def judge_feed(feed: FeedFacts, now: datetime) -> Verdict:
    """The state of a feed: the worst that holds."""
    if feed.off is not None and feed.off.holds(now):
        return Verdict(FeedState.OFF, "switched off by an operator")
    lost = _why_lost(feed, now)
    if lost is not None:
        return Verdict(FeedState.LOST, lost)
    if not feed.carries_waits:
        return Verdict(FeedState.LIVE, "connected")
    if feed.last_measured_at is None:
        return Verdict(FeedState.LOST, "nothing believed yet")
    newest = f"newest measurement {_clock(feed.last_measured_at)}"
    if now - feed.last_measured_at > LIVE_FOR:
        return Verdict(FeedState.STALE, newest)
    suspicion = _why_suspect(feed, now)
    if suspicion is not None:
        return Verdict(FeedState.SUSPECT, suspicion)
    if _is_late(feed.last_measured_at, feed.cadence_s, now):
        return Verdict(FeedState.LATE, newest)
    return Verdict(FeedState.LIVE, newest)


def judge_facility(
    reading: Reading | None, feed: FeedFacts | None, now: datetime, *, held: str | None = None
) -> Verdict:
    """The state of one facility, which may be worse or better than that of its feed.

    A facility whose source says just now that it has no figure is not stale: its source speaks.

    Args:
        reading: what is believed of it; None where nothing ever was.
        feed: the health of the feed that speaks for it; None where no such feed is known.
        now: aware UTC.
        held: the rule that holds its newest value back; None where no value is unresolved. A
            value held at another facility of the same feed does not make this one suspect.
    """
    if feed is None:
        return Verdict(FeedState.LOST, "no feed speaks for it")
    of_feed = judge_feed(feed, now)
    if of_feed.state in (FeedState.OFF, FeedState.LOST):
        return of_feed
    if reading is None:
        return Verdict(FeedState.LOST, "nothing believed yet")
    has_wait = isinstance(reading.wait, Wait) and reading.wait_as_of is not None
    measured_at = (reading.wait_as_of if has_wait else None) or reading.as_of
    newest = f"newest measurement {_clock(measured_at)}"
    if now - measured_at > LIVE_FOR:
        return Verdict(FeedState.STALE, newest)
    if held is not None:
        return Verdict(FeedState.SUSPECT, f"its newest value is held back: {held}")
    if _is_late(measured_at, feed.cadence_s, now):
        return Verdict(FeedState.LATE, newest)
    return Verdict(FeedState.LIVE, newest)


def _why_suspect(feed: FeedFacts, now: datetime) -> str | None:
    if feed.finding is not None:
        return feed.finding
    if feed.last_held_at is not None and now - feed.last_held_at <= SUSPECT_FOR:
        return f"a value held back at {_clock(feed.last_held_at)}: {feed.last_held_name}"
    return None


def _why_lost(feed: FeedFacts, now: datetime) -> str | None:
    if feed.told_at is None:
        return "the ingest process has not spoken of it"
    if now - feed.told_at > SILENT_AFTER:
        return f"the ingest process is silent since {_clock(feed.told_at)}"
    if not feed.connected:
        return f"not connected: {feed.fault}" if feed.fault else "not connected"
    if feed.provider_status is ProviderStatus.LOST:
        return "its provider's last will was spoken"
    return None


def _is_late(measured_at: datetime, cadence_s: float, now: datetime) -> bool:
    return (now - measured_at).total_seconds() > cadence_s * LATE_AFTER_CADENCES


def _clock(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
