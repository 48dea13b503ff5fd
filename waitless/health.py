"""Feed health: what each feed has delivered, and the state that follows from it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.model import Observation, ProviderNotice, ProviderStatus, Refusal
from waitless.belief import Rule
from waitless.reading import LIVE_FOR

LATE_AFTER_CADENCES = 3
SUSPECT_FOR = timedelta(minutes=30)
"""How long a held value marks its feed, unless a believed one clears it sooner."""

SILENT_AFTER = timedelta(seconds=15)
"""Figures that the ingest process has not renewed for so long may be those of a dead one."""


class FeedState(StrEnum):
    """One word for an operator (architecture.md, "feed state")."""

    LIVE = "live"
    LATE = "late"
    STALE = "stale"
    LOST = "lost"
    SUSPECT = "suspect"
    OFF = "off"


@dataclass(slots=True, kw_only=True)
class FeedHealth:
    """What one feed has done since the ingest process started. Times are aware UTC.

    None means "not yet".
    """

    id: str
    transport: str
    cadence_s: float
    required: bool = False
    """Whether the service is ready only once this feed is primed."""
    carries_waits: bool = True
    """False for the broker connection itself, which is live while it is there."""
    told_at: datetime | None = None
    """When the ingest process last vouched for these figures; None before it ever has."""
    connected: bool = False
    primed: bool = False
    """Whether the source's first delivery, or every retained message, has been handled."""
    provider_status: ProviderStatus | None = None
    last_received_at: datetime | None = None
    last_measured_at: datetime | None = None
    last_held_at: datetime | None = None
    last_held_rule: Rule | None = None
    last_refusal: str | None = None
    simulated: bool = False
    messages: int = 0
    believed: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """Refusals by reason."""
    held: dict[str, int] = field(default_factory=dict)
    """Observations held back, by rule."""

    def count_message(self, received_at: datetime) -> None:
        """One delivery, whatever becomes of it."""
        self.messages += 1
        self.last_received_at = received_at

    def count_refusal(self, refusal: Refusal) -> None:
        """One message or row that became no observation."""
        self.refused[refusal.reason] = self.refused.get(refusal.reason, 0) + 1
        self.last_refusal = f"{refusal.reason} at {refusal.where}: {refusal.detail}"

    def count_held(self, observation: Observation, rule: Rule) -> None:
        """One observation that is not shown."""
        self.held[rule] = self.held.get(rule, 0) + 1
        if rule.is_suspicion:
            self.last_held_at, self.last_held_rule = observation.received_at, rule

    def count_believed(self, observation: Observation) -> None:
        """One observation that is shown."""
        self.believed += 1
        self.simulated = observation.simulated
        if self.last_measured_at is None or observation.measured_at > self.last_measured_at:
            self.last_measured_at = observation.measured_at

    def note(self, notice: ProviderNotice) -> None:
        """What a provider's connection says of itself."""
        self.provider_status = notice.status

    def state(self, now: datetime) -> FeedState:
        """The state at an instant: the worst that holds."""
        if not self.connected or self.provider_status is ProviderStatus.LOST:
            return FeedState.LOST
        if self.told_at is None or now - self.told_at > SILENT_AFTER:
            return FeedState.LOST
        if not self.carries_waits:
            return FeedState.LIVE
        if self.last_measured_at is None:
            return FeedState.LOST
        age = now - self.last_measured_at
        if age > LIVE_FOR:
            return FeedState.STALE
        if self._is_suspect(now):
            return FeedState.SUSPECT
        if age > timedelta(seconds=self.cadence_s * LATE_AFTER_CADENCES):
            return FeedState.LATE
        return FeedState.LIVE

    def _is_suspect(self, now: datetime) -> bool:
        return self.last_held_at is not None and now - self.last_held_at <= SUSPECT_FOR
