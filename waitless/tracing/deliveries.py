"""Spans of deliveries: received, decoded, believed or not, stored, acknowledged."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from waitless.ingest.way import Outcome, Way
from waitless.tracing.context import TRACE_ID, SpanRef
from waitless.tracing.requests import ASKED
from waitless.tracing.span import MOST, Event, Kind, Link, Says, Span
from waitless.tracing.telling import Telling


@dataclass(slots=True)
class _Taken:
    """A delivery that has been decoded, as far as it has come."""

    ref: SpanRef
    feed_id: str
    received_at: datetime
    begun_at: datetime
    decoded_at: datetime
    accepted: int
    reasons: Counter[str]
    outcomes: list[Outcome] = field(default_factory=list)
    taken_in_at: datetime | None = None
    changed: bool = False


class _Saved(NamedTuple):
    """When the store was given what changed, when it had it, and the epoch then."""

    since: datetime
    until: datetime
    epoch: int


class DeliveryTraces(Way):
    """Makes a trace of every chosen delivery of waits.

    What carries no wait has none: probes, status messages, traffic, trip updates.
    """

    def __init__(self, telling: Telling) -> None:
        """Nothing taken in."""
        self._telling = telling
        self._begun: tuple[datetime, datetime] | None = None
        """When the delivery in hand was received, and taken from the queue."""
        self._in_hand: _Taken | None = None
        self._taken: list[_Taken] = []
        self._saving_since: datetime | None = None
        self._saved: _Saved | None = None
        self._away: list[datetime] = []

    def handed_over(self, feed_id: str, received_at: datetime) -> None:
        """Link the request that brought it."""
        asked = ASKED.get()
        if asked is not None:
            ref = self._telling.find_delivery(feed_id, received_at)
            if ref is not None:
                asked.links.append(Link(ref, {"waitless.feed": feed_id}))

    def refused(self, reason: str) -> None:
        """Note it on the request that brought it."""
        asked = ASKED.get()
        if asked is not None:
            asked.events.append(Event("refused", self._telling.now(), {"waitless.reason": reason}))

    def begun(self, received_at: datetime) -> None:
        """A delivery's trace has a name only once its feed is known."""
        self._begun = received_at, self._telling.now()

    def decoded(self, feed_id: str, accepted: int, reasons: Iterable[str] = ()) -> None:
        """Choose, or forget about it."""
        if self._begun is None:
            return
        (received_at, begun_at), self._begun = self._begun, None
        ref = self._telling.find_delivery(feed_id, received_at)
        if ref is not None:
            self._in_hand = _Taken(
                ref, feed_id, received_at, begun_at, self._telling.now(), accepted, Counter(reasons)
            )
            TRACE_ID.set(ref.trace_hex)

    def judged(self, outcomes: Iterable[Outcome]) -> None:
        """Keep what became of each."""
        if self._in_hand is not None:
            self._in_hand.outcomes += outcomes

    def taken_in(self, *, changed: bool) -> None:
        """Put it by until it is acknowledged."""
        taken, self._in_hand, self._begun = self._in_hand, None, None
        if taken is not None:
            taken.taken_in_at, taken.changed = self._telling.now(), changed
            self._taken.append(taken)
            TRACE_ID.set(None)

    def saving(self) -> None:
        """From here on the store is waited for."""
        self._saving_since, self._away = self._telling.now(), []

    def store_away(self) -> None:
        """Note when."""
        if self._saving_since is not None and len(self._away) < MOST:
            self._away.append(self._telling.now())

    def saved(self, epoch: int) -> None:
        """The store has what changed, at this epoch or a later one."""
        if self._saving_since is not None:
            self._saved = _Saved(self._saving_since, self._telling.now(), epoch)

    def acknowledged(self) -> None:
        """Send all that was taken in."""
        taken, saved = self._taken, self._saved
        self._taken, self._saved, self._saving_since = [], None, None
        now = self._telling.now()
        for one in taken:
            for span in self._tell(one, saved, now):
                self._telling.send(span)

    def _tell(self, taken: _Taken, saved: _Saved | None, now: datetime) -> Iterator[Span]:
        taken_in_at = taken.taken_in_at or now
        yield Span(
            name="delivery",
            ref=taken.ref,
            parent=None,
            since=taken.received_at,
            until=now,
            kind=Kind.CONSUMER,
            says={"waitless.area": self._telling.area_id, "waitless.feed": taken.feed_id},
        )
        yield self._stage(taken, "receive", taken.received_at, taken.begun_at)
        yield self._stage(
            taken,
            "decode",
            taken.begun_at,
            taken.decoded_at,
            says={"waitless.observations": taken.accepted},
            events=[
                Event("refused", taken.decoded_at, {"waitless.reason": why, "waitless.count": n})
                for why, n in taken.reasons.items()
            ],
        )
        if taken.outcomes:
            says, events = _tell_outcomes(taken.outcomes, taken_in_at)
            yield self._stage(
                taken, "believe", taken.decoded_at, taken_in_at, says=says, events=events
            )
        if taken.changed and saved is not None:
            yield self._stage(
                taken,
                "store",
                saved.since,
                saved.until,
                says={"waitless.epoch": saved.epoch},
                events=[Event("store_away", at) for at in self._away],
            )

    def _stage(
        self,
        taken: _Taken,
        name: str,
        since: datetime,
        until: datetime,
        *,
        says: Says | None = None,
        events: Iterable[Event] = (),
    ) -> Span:
        return Span(
            name=name,
            ref=self._telling.make_within(taken.ref),
            parent=taken.ref,
            since=since,
            until=until,
            says=says or {},
            events=tuple(islice(events, MOST)),
        )


def _tell_outcomes(outcomes: list[Outcome], at: datetime) -> tuple[Says, list[Event]]:
    """Whose observations are believed, and by which rules the others are held."""
    believed = {one.facility_id for one in outcomes if one.rule is None}
    held = Counter((one.facility_id, one.rule) for one in outcomes if one.rule is not None)
    says: Says = {
        "waitless.believed": sum(one.rule is None for one in outcomes),
        "waitless.held": held.total(),
        "waitless.facilities": tuple(sorted(believed)[:MOST]),
    }
    events = [
        Event("held", at, {"waitless.facility": who, "waitless.rule": rule, "waitless.count": n})
        for (who, rule), n in held.items()
    ]
    return says, events
