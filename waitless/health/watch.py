"""The watch: looks at every feed and facility, records transitions, and raises damped alerts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from waitless.health.damping import Damping, Watched
from waitless.health.notice import Alert, AlertKind, describe_recovery, describe_trouble
from waitless.health.states import FeedFacts, FeedState, Subject, Transition, Verdict, judge_feed


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityView:
    """One facility as the watch sees it."""

    feed_id: str | None
    """The feed that speaks for it, whose trouble explains its own; None where none is known."""
    verdict: Verdict
    expected: bool = True
    """False outside its hours: a closed facility may fall silent without anybody being told."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one look brought."""

    transitions: tuple[Transition, ...]
    alerts: tuple[Alert, ...]


@dataclass(slots=True, kw_only=True)
class WatchMemory:
    """What the watch must not forget over a restart. Plain, so that msgspec can keep it."""

    feeds: dict[str, Watched] = field(default_factory=dict)
    facilities: dict[str, Watched] = field(default_factory=dict)


class HealthWatch:
    """Keeps the last known state of every feed and facility, and what was told of it.

    It only reads what it looks at, so that it can run in another process than the one which
    polls: a monitor that dies with its poller is none (FAILURES.md 12).
    """

    def __init__(
        self,
        started_at: datetime,
        *,
        memory: WatchMemory | None = None,
        damping: Damping | None = None,
    ) -> None:
        self.memory = memory or WatchMemory()
        self._started_at = started_at
        self._damping = damping or Damping()

    def look(
        self,
        now: datetime,
        feeds: Mapping[str, FeedFacts],
        facilities: Mapping[str, FacilityView],
    ) -> Findings:
        """One look at everything; what is no longer among it is forgotten once the start is over.

        Args:
            now: aware UTC.
            feeds: by id.
            facilities: by id; leave out those that no feed is meant to speak for.
        """
        settling = now - self._started_at < self._damping.settling
        verdicts = {feed_id: judge_feed(feed, now) for feed_id, feed in feeds.items()}
        views = {facility_id: view.verdict for facility_id, view in facilities.items()}
        memory = self.memory
        memory.feeds = _kept(memory.feeds, verdicts, now, settling=settling)
        memory.facilities = _kept(memory.facilities, views, now, settling=settling)
        transitions = [
            *_moves(Subject.FEED, memory.feeds, verdicts, now, settling=settling),
            *_moves(Subject.FACILITY, memory.facilities, views, now, settling=settling),
        ]
        for feed_id, verdict in verdicts.items():
            counts = not settling and not _is_closed(feed_id, verdict, facilities)
            memory.feeds[feed_id].see(now, verdict.state, counts=counts)
        for facility_id, view in facilities.items():
            counts = not settling and _is_own_trouble(view, verdicts)
            memory.facilities[facility_id].see(now, view.verdict.state, counts=counts)
        return Findings(tuple(transitions), tuple(self._alerts(now, facilities)))

    def _alerts(self, now: datetime, facilities: Mapping[str, FacilityView]) -> Iterator[Alert]:
        yield from self._alerts_of(Subject.FEED, self.memory.feeds, facilities, now)
        for feed_id in sorted({view.feed_id or "" for view in facilities.values()}):
            group = {
                facility_id: self.memory.facilities[facility_id]
                for facility_id, view in facilities.items()
                if (view.feed_id or "") == feed_id
            }
            yield from self._alerts_of(Subject.FACILITY, group, {}, now)

    def _alerts_of(
        self,
        subject: Subject,
        group: Mapping[str, Watched],
        facilities: Mapping[str, FacilityView],
        now: datetime,
    ) -> Iterator[Alert]:
        """What is to be told of a group whose members may fail for one cause."""
        damping = self._damping
        over = {name: one for name, one in group.items() if one.has_recovered(now, damping)}
        if over:
            yield describe_recovery(subject, over, now)
        for one in over.values():
            one.mark_recovered()
        news = {name: one for name, one in group.items() if one.is_news(now, damping)}
        if not self._is_complete(group, news, now):
            news = {name: one for name, one in news.items() if one.announced is not None}
        repeats = {
            name: one
            for name, one in group.items()
            if name not in news and one.is_to_repeat(now, damping)
        }
        for kind, told in ((AlertKind.RAISED, news), (AlertKind.REPEATED, repeats)):
            if told:
                affected = [name for name, view in facilities.items() if view.feed_id in told]
                yield describe_trouble(kind, subject, told, affected, now)
            for one in told.values():
                one.mark_told(now)

    def _is_complete(
        self, group: Mapping[str, Watched], news: Mapping[str, Watched], now: datetime
    ) -> bool:
        """Whether all that may have failed together with the first has shown itself.

        Others may join for two minutes; one that failed within them is given its own streak.
        """
        fresh = [one.bad_since for one in news.values() if one.announced is None and one.bad_since]
        if not fresh:
            return True
        closing = min(fresh) + self._damping.together
        joining = any(
            one.announced is None
            and one.bad_since is not None
            and one.bad_since <= closing
            and not one.has_failed(now, self._damping)
            for one in group.values()
        )
        return now >= closing and not joining


def _kept(
    watched: Mapping[str, Watched], seen: Mapping[str, Verdict], now: datetime, *, settling: bool
) -> dict[str, Watched]:
    """Only what is seen; while settling also the rest, for the first board may be empty."""
    known = dict(watched) if settling else {}
    return known | {name: watched.get(name) or Watched(since=now) for name in seen}


def _moves(
    subject: Subject,
    watched: Mapping[str, Watched],
    seen: Mapping[str, Verdict],
    now: datetime,
    *,
    settling: bool,
) -> Iterator[Transition]:
    """Enter every new state. A loss while we settle is our own start, not the feed's doing."""
    for name, verdict in seen.items():
        one = watched[name]
        if settling and verdict.state is FeedState.LOST:
            continue
        before = one.state
        one.move(now, verdict)
        if before is not verdict.state:
            yield Transition(
                at=now,
                subject=subject,
                what=name,
                before=before,
                after=verdict.state,
                why=verdict.why,
            )


def _is_closed(feed_id: str, verdict: Verdict, facilities: Mapping[str, FacilityView]) -> bool:
    """Whether a feed is stale only because every facility it speaks for is closed."""
    own = [view for view in facilities.values() if view.feed_id == feed_id]
    shut = bool(own) and not any(view.expected for view in own)
    return shut and verdict.state is FeedState.STALE


def _is_own_trouble(view: FacilityView, feeds: Mapping[str, Verdict]) -> bool:
    """Whether a facility is worse off than its feed, and not just closed."""
    if not view.expected and view.verdict.state is not FeedState.SUSPECT:
        return False
    feed = feeds.get(view.feed_id or "")
    if feed is None or not feed.state.is_bad:
        return feed is None or feed.state is not FeedState.OFF
    return view.verdict.state.severity > feed.state.severity
