"""Alerts as values: what is told to people, and in which words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from waitless.health.damping import Watched
from waitless.health.states import FeedState, Subject


class AlertKind(StrEnum):
    """Why somebody is told."""

    RAISED = "raised"
    REPEATED = "repeated"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message to the people who run the service. It holds nothing that is not public."""

    kind: AlertKind
    subject: Subject
    what: tuple[str, ...]
    """Feed or facility ids, sorted; several where they failed together."""
    state: FeedState
    """The worst state among them."""
    since: datetime
    """When the first of them went bad, or, recovered, when the last was good again."""
    text: str


def describe_trouble(
    kind: AlertKind,
    subject: Subject,
    watched: Mapping[str, Watched],
    affected: Sequence[str],
    now: datetime,
) -> Alert:
    """One alert for everything that failed together.

    Args:
        kind: raised or repeated.
        subject: of which kind all of them are.
        watched: by id; at least one.
        affected: facilities that suffer from it, for the text.
        now: where the beginning of a trouble is not known.
    """
    ids = tuple(sorted(watched))
    told = [f"{name} {watched[name].state} ({watched[name].why})" for name in ids]
    since = min(one.failed_at or one.bad_since or now for one in watched.values())
    still = "still " if kind is AlertKind.REPEATED else ""
    count = f"{len(ids)} {_plural(subject)} {still}in trouble: " if len(ids) > 1 else ""
    lead = count or f"{subject} {still}in trouble: "
    tail = f"; facilities: {', '.join(sorted(affected))}" if affected else ""
    return Alert(
        kind=kind,
        subject=subject,
        what=ids,
        state=max((one.state for one in watched.values()), key=lambda state: state.severity),
        since=since,
        text=f"{lead}{', '.join(told)}; since {since:%Y-%m-%dT%H:%M:%SZ}{tail}",
    )


def describe_recovery(subject: Subject, watched: Mapping[str, Watched], now: datetime) -> Alert:
    """One alert for everything that is seen to be well again at the same look."""
    ids = tuple(sorted(watched))
    told = [f"{name} {watched[name].state} again after {_length(watched[name])}" for name in ids]
    return Alert(
        kind=AlertKind.RECOVERED,
        subject=subject,
        what=ids,
        state=max((one.state for one in watched.values()), key=lambda state: state.severity),
        since=max(one.good_since or now for one in watched.values()),
        text=f"{_plural(subject) if len(ids) > 1 else subject} recovered: {', '.join(told)}",
    )


def _length(watched: Watched) -> str:
    """How long the trouble lasted that is over."""
    lasted = timedelta(0)
    if watched.good_since is not None and watched.failed_at is not None:
        lasted = max(lasted, watched.good_since - watched.failed_at)
    minutes = round(lasted.total_seconds() / 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _plural(subject: Subject) -> str:
    return "feeds" if subject is Subject.FEED else "facilities"
