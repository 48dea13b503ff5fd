"""The believer: every observation in, exactly one verdict out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from feeds.model import Observation, Wait
from waitless.belief import feedwide, limits, times
from waitless.belief.case import Case
from waitless.belief.order import judge_case
from waitless.belief.outcome import believe, take_regime
from waitless.belief.quarantine import decide, find_held
from waitless.belief.rules import FacilityRules, FeedRules, OpenedMinutes, unknown_hours
from waitless.belief.state import (
    BeliefState,
    FacilityState,
    FeedState,
)
from waitless.belief.verdict import (
    Believed,
    Fate,
    Finding,
    HeldValue,
    Note,
    NoteKind,
    ReleaseRefusal,
    Verdict,
)
from waitless.reading import Reading

PARDON_LASTS = timedelta(hours=4)
"""How long an operator's release speaks for the next readings that a lasting rule would hold."""


class Believer:
    """Judges observations, one feed's delivery at a time. Pure: no I/O, and no clock but `now`.

    Facilities and feeds it was told nothing of are judged by the strictest rules. The state is
    bounded; whoever keeps it saves, after each delivery, the facilities and the feed in it.

    Args:
        facilities: by facility id.
        feeds: by feed id.
        opened_minutes: since when doors are open; see `Openings`.
        state: what an earlier process remembered; kept and changed in place.
    """

    def __init__(
        self,
        facilities: Mapping[str, FacilityRules],
        feeds: Mapping[str, FeedRules],
        *,
        opened_minutes: OpenedMinutes = unknown_hours,
        state: BeliefState | None = None,
    ) -> None:
        self.state = BeliefState() if state is None else state
        self._facilities = facilities
        self._feeds = feeds
        self._opened_minutes = opened_minutes

    def seed(self, reading: Reading) -> None:
        """Start a facility of which no state is left from what is believed of it."""
        facility = self._facility(reading.facility_id)
        if facility.as_of is not None:
            return
        times.seed_time(facility, reading.as_of)
        facility.status = reading.status
        if reading.wait_as_of is None:
            return
        spoke = Observation(
            facility_id=reading.facility_id,
            feed_id=reading.feed_id,
            as_of=reading.wait_as_of,
            received_at=reading.received_at,
            wait=reading.wait,
            patients_waiting=reading.patients_waiting,
            patients_in_department=reading.patients_in_department,
            simulated=reading.simulated,
        )
        facility.spoke = facility.latest = spoke
        if isinstance(reading.wait, Wait):
            facility.figure = spoke
            take_regime(facility, reading.wait)

    def judge(self, observation: Observation, now: datetime) -> Verdict:
        """One observation that came alone."""
        return self.judge_delivery(observation.feed_id, [observation], now)[0]

    def judge_delivery(
        self, feed_id: str, observations: Sequence[Observation], now: datetime
    ) -> list[Verdict]:
        """All observations of one message or document, looked at together; in their order."""
        feed, rules = self._feed(feed_id), self._feeds.get(feed_id, _ANY_FEED)
        cases = [self._case(observation, feed, rules, now) for observation in observations]
        feedwide.note_delivery(feed, rules, cases)
        return [judge_case(case) for case in cases]

    def close_delivery(
        self, feed_id: str, facility_ids_seen: Iterable[str] | None, now: datetime
    ) -> list[Finding]:
        """End a delivery: is the document complete?

        Args:
            feed_id: whose delivery it was.
            facility_ids_seen: every facility in the document, refused rows among them; None for
                a message that need not speak of all.
            now: as given to `judge_delivery`.

        Returns:
            The findings on this feed that began with this delivery, for the log.
        """
        feed, rules = self._feed(feed_id), self._feeds.get(feed_id, _ANY_FEED)
        if facility_ids_seen is not None:
            feedwide.note_completeness(
                feed_id,
                feed,
                rules,
                seen=frozenset(facility_ids_seen),
                shut={one for one in rules.facility_ids if self._is_shut(one, now)},
                now=now,
            )
        return [finding for finding in feed.findings.values() if finding.since == now]

    def list_findings(self, now: datetime) -> list[Finding]:
        """Every suspicion that stands."""
        return [
            finding
            for feed in self.state.feeds.values()
            for finding in feed.findings.values()
            if now <= finding.until
        ]

    def list_held(self, facility_id: str | None = None) -> list[HeldValue]:
        """The latest held values of one facility, or of all; newest first, settled ones too."""
        facilities = self.state.facilities
        values = [
            value
            for name, facility in facilities.items()
            if facility_id in (None, name)
            for value in facility.held
        ]
        return sorted(values, key=lambda value: (value.held_at, value.id), reverse=True)

    def release(self, held_id: str, now: datetime) -> Believed | ReleaseRefusal:
        """An operator says that a held value is right: it is believed, as if it came now.

        A lasting rule then holds nothing at that facility for `PARDON_LASTS`.
        """
        value = find_held(self.state.facilities.values(), held_id)
        if value is None:
            return ReleaseRefusal.UNKNOWN
        observation = value.observation
        feed_id = observation.feed_id
        rules = self._feeds.get(feed_id, _ANY_FEED)
        case = self._case(observation, self._feed(feed_id), rules, now)
        if value.rule.is_final or limits.is_over_limit(case) is not None:
            return ReleaseRefusal.NEVER_SHOWN
        if value.fate in (Fate.RELEASED, Fate.DROPPED):
            return ReleaseRefusal.SETTLED
        facility = case.facility
        if facility.as_of is not None and observation.measured_at < facility.as_of:
            return ReleaseRefusal.OVERTAKEN
        decide(facility, held_id, Fate.RELEASED, now)
        if value.rule.is_lasting:
            facility.pardons[value.rule] = now + PARDON_LASTS
        return believe(case, Note(NoteKind.RELEASED))

    def drop(self, held_id: str, now: datetime) -> HeldValue | None:
        """An operator says that a held value is wrong: it confirms nothing that comes later.

        None where there is no such value, or it is settled already.
        """
        value = find_held(self.state.facilities.values(), held_id)
        if value is None or value.fate is not Fate.WAITING:
            return None
        facility = self._facility(value.observation.facility_id)
        decide(facility, held_id, Fate.DROPPED, now)
        pending = facility.pending
        if pending is not None and pending.measured_at == value.observation.measured_at:
            facility.pending = None
        return replace(value, fate=Fate.DROPPED, settled_at=now)

    def _case(
        self, observation: Observation, feed: FeedState, feed_rules: FeedRules, now: datetime
    ) -> Case:
        measured_at, wait = observation.measured_at, observation.wait
        return Case(
            observation=observation,
            now=now,
            rules=self._facilities.get(observation.facility_id, _ANY_FACILITY),
            feed_rules=feed_rules,
            facility=self._facility(observation.facility_id),
            feed=feed,
            opened_minutes=self._opened_minutes(observation.facility_id, measured_at),
            measured_at=measured_at,
            wait=wait if isinstance(wait, Wait) else None,
        )

    def _is_shut(self, facility_id: str, at: datetime) -> bool:
        opened = self._opened_minutes(facility_id, at)
        return opened is not None and opened < 0

    def _facility(self, facility_id: str) -> FacilityState:
        state = self.state.facilities.get(facility_id)
        if state is None:
            state = self.state.facilities[facility_id] = FacilityState()
        return state

    def _feed(self, feed_id: str) -> FeedState:
        state = self.state.feeds.get(feed_id)
        if state is None:
            state = self.state.feeds[feed_id] = FeedState()
        return state


_ANY_FACILITY = FacilityRules()
_ANY_FEED = FeedRules()
