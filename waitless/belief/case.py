"""One observation before the rules: what they may look at, and nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.model import Observation, Wait
from waitless.belief.rules import FacilityRules, FeedRules
from waitless.belief.state import FacilityState, FeedState
from waitless.belief.verdict import Finding, FindingKind, Rule

FINDING_LASTS = timedelta(minutes=30)
FINDING_CADENCES = 3
"""A suspicion that nothing has renewed for so long, the longer of the two, is over."""


@dataclass(slots=True)
class Case:
    """An observation, what is remembered, and what is known of its facility and feed.

    A rule is a function of a case that returns one sentence for an operator where it fires, and
    None where it does not. Rules change nothing.
    """

    observation: Observation
    now: datetime
    rules: FacilityRules
    feed_rules: FeedRules
    facility: FacilityState
    feed: FeedState
    opened_minutes: float | None
    """As `OpenedMinutes` gives it for the instant of measurement."""
    measured_at: datetime
    wait: Wait | None
    """The observation's wait, None where it has none."""

    @property
    def is_shut(self) -> bool:
        """Whether the door is shut by the unit's hours."""
        return self.opened_minutes is not None and self.opened_minutes < 0

    def is_pardoned(self, rule: Rule) -> bool:
        """Whether an operator has lately said that what this rule holds is right."""
        pardons = self.facility.pardons
        return bool(pardons) and rule in pardons and self.now <= pardons[rule]

    def suspect(self, kind: FindingKind, detail: str) -> None:
        """Mark the facility."""
        self._mark(kind, self.observation.facility_id, detail)

    def suspect_feed(self, kind: FindingKind, detail: str) -> None:
        """Mark the feed as a whole."""
        self._mark(kind, None, detail)

    def _mark(self, kind: FindingKind, facility_id: str | None, detail: str) -> None:
        mark(
            self.feed,
            kind,
            self.observation.feed_id,
            facility_id,
            rules=self.feed_rules,
            now=self.now,
            detail=detail,
        )


def mark(
    feed: FeedState,
    kind: FindingKind,
    feed_id: str,
    facility_id: str | None = None,
    *,
    rules: FeedRules,
    now: datetime,
    detail: str,
) -> None:
    """Raise a finding, or renew the one that stands."""
    key = f"{kind}/{facility_id or ''}"
    standing = feed.findings.get(key)
    since = now
    if standing is not None and now <= standing.until:
        since = standing.since
    feed.findings[key] = Finding(
        kind=kind,
        feed_id=feed_id,
        facility_id=facility_id,
        since=since,
        last_seen=now,
        until=now + max(FINDING_LASTS, timedelta(seconds=FINDING_CADENCES * rules.cadence_s)),
        detail=detail,
    )


def clear(feed: FeedState, kind: FindingKind, facility_id: str | None = None) -> None:
    """End a finding whose reason is gone."""
    if feed.findings:
        feed.findings.pop(f"{kind}/{facility_id or ''}", None)
