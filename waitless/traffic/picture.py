"""The traffic picture: what every source last said of its links, and the events it reports."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from feeds.traffic.model import Effect, LinkFigure, Period, RoadEvent, TrafficReport

DECAY = timedelta(minutes=10)
"""A figure's difference from the usual falls to 1/e in this time after it has expired. Judgement:
queues outlive the report of them, and minutes later nobody knows."""
FORGOTTEN_AFTER = 3 * DECAY
"""By then 5% of the difference is left."""
GHOSTS_KEPT = timedelta(hours=24)
"""How long an ended event is remembered, lest an older version of it bring it back."""
MOST_FIGURES, MOST_EVENTS = 100_000, 20_000
"""Of one source at a time: more than a country's motorways have. Ids are the source's own, and one
that makes up new ones for ever would fill the memory, and Redis."""
_Told = TypeVar("_Told", LinkFigure, RoadEvent)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HeldFigure:
    """A link's newest figure, and until when it is live."""

    figure: LinkFigure
    live_until: datetime

    def is_remembered(self, now: datetime) -> bool:
        """Whether it is live or fading; the source's own end may be the last day there is."""
        return now - FORGOTTEN_AFTER < self.live_until


@dataclass(slots=True)
class SourcePicture:
    """What one source has said. Plain dataclasses: msgspec keeps it in the store."""

    figures: dict[str, HeldFigure] = field(default_factory=dict)
    """By the source's link id."""
    events: dict[str, RoadEvent] = field(default_factory=dict)
    ghosts: dict[str, datetime] = field(default_factory=dict)
    """Events that have ended, with when the source said so."""
    refreshed_at: datetime | None = None
    """When the newest full refresh was published."""

    def apply(self, report: TrafficReport, valid_for: timedelta) -> bool:
        """Take in a report; whether anything is different now.

        An older figure never replaces a newer one, nor an older version of an event; a full
        refresh ends every event that it does not list, readable or not; a whole situation, every
        other event of its own.

        Args:
            report: of this source.
            valid_for: how long a figure is live for which the source names no end.
        """
        before = (dict(self.figures), dict(self.events))
        for figure in report.figures:
            held = self.figures.get(figure.link_id)
            if held is None or held.figure.as_of < figure.as_of:
                until = figure.expires_at or figure.as_of + valid_for
                self.figures[figure.link_id] = HeldFigure(figure, until)
        self._take_events(report)
        return before != (self.figures, self.events)

    def fit(self, report: TrafficReport) -> tuple[TrafficReport, int]:
        """A report without what there is no room for, and how much that is: the newest ids go."""
        figures = _fitting(report.figures, self.figures, MOST_FIGURES, lambda one: one.link_id)
        held = () if report.full_refresh else self.events
        events = _fitting(report.events, held, MOST_EVENTS, lambda one: one.id)
        beyond = len(report.figures) - len(figures) + len(report.events) - len(events)
        return replace(report, figures=figures, events=events) if beyond else report, beyond

    def prune(self, now: datetime) -> None:
        """Forget what no longer bears on anything."""
        self.figures = {
            link_id: held for link_id, held in self.figures.items() if held.is_remembered(now)
        }
        self.events = {
            event_id: event
            for event_id, event in self.events.items()
            if not event.periods or any(not has_ended(period, now) for period in event.periods)
        }
        self.ghosts = {one: at for one, at in self.ghosts.items() if now - at < GHOSTS_KEPT}

    def in_force(self, now: datetime) -> Iterator[RoadEvent]:
        """The events that bear on travel times at an instant."""
        for event in self.events.values():
            if event.suspended or event.effect is Effect.INFORMATION:
                continue
            if not event.periods or any(is_in(period, now) for period in event.periods):
                yield event

    def _take_events(self, report: TrafficReport) -> None:
        told_at = report.published_at
        if self.refreshed_at is not None and told_at < self.refreshed_at:
            return
        listed = {event.id for event in report.events} | set(report.unread)
        whole = set(report.whole_situations)
        left_out = [
            event.id
            for event in self.events.values()
            if event.situation_id in whole and event.id not in listed
        ]
        for event_id in (*report.ended, *left_out):
            held = self.events.get(event_id)
            if held is None or (held.versioned_at or _LONG_AGO) <= told_at:
                self.events.pop(event_id, None)
                self.ghosts[event_id] = told_at
        if report.full_refresh:
            for event_id in self.events.keys() - listed:
                del self.events[event_id]
                self.ghosts[event_id] = told_at
            self.refreshed_at = told_at
        if len(self.ghosts) > MOST_EVENTS:  # sorting so many takes 4 ms
            for oldest in sorted(self.ghosts, key=self.ghosts.__getitem__)[:-MOST_EVENTS]:
                del self.ghosts[oldest]
        for event in report.events:
            stands = report.full_refresh or self._is_news(event, told_at)
            if event.id not in report.ended and stands:
                self.events[event.id] = event
                self.ghosts.pop(event.id, None)

    def _is_news(self, event: RoadEvent, told_at: datetime) -> bool:
        ended_at = self.ghosts.get(event.id)
        if ended_at is not None and (event.versioned_at or told_at) <= ended_at:
            return False
        held = self.events.get(event.id)
        if held is None or held.versioned_at is None or event.versioned_at is None:
            return True
        return held.versioned_at <= event.versioned_at


def _fitting(
    told: Iterable[_Told], held: Collection[str], most: int, id_of: Callable[[_Told], str]
) -> tuple[_Told, ...]:
    """What is of ids that are held, and of new ones as many as there is room for."""
    known = set(held)
    fitting = []
    for one in told:
        if id_of(one) in known or len(known) < most:
            known.add(id_of(one))
            fitting.append(one)
    return tuple(fitting)


def is_in(period: Period, now: datetime) -> bool:
    """Whether an instant lies in a period."""
    return period.start <= now and not has_ended(period, now)


def has_ended(period: Period, now: datetime) -> bool:
    """Whether a period is over."""
    return period.end is not None and period.end <= now


Picture = Mapping[str, SourcePicture]
"""Every source's, by feed id."""


def find_next_change(picture: Picture, now: datetime) -> datetime | None:
    """When, with no word from anyone, the picture next means something else.

    A figure expires or an event begins or ends; None where nothing will.
    """
    instants = [
        instant
        for source in picture.values()
        for instant in (
            *(held.live_until for held in source.figures.values()),
            *(p.start for event in source.events.values() for p in event.periods),
            *(p.end for event in source.events.values() for p in event.periods if p.end),
        )
        if instant > now
    ]
    return min(instants, default=None)


def is_fading(picture: Picture, now: datetime) -> bool:
    """Whether any figure has expired and is not yet forgotten."""
    return any(
        held.live_until <= now and held.is_remembered(now)
        for source in picture.values()
        for held in source.figures.values()
    )
