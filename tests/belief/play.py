"""Playing observations to a believer, and naming what it says."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from feeds.model import Observation, Statistic, Wait
from tests.support.clock import MONDAY_MORNING
from waitless.area.facility import Kind
from waitless.belief import Believed, Believer, FacilityRules, FeedRules, Verdict

FEED = "kcht"


def said(
    minute: float,
    wait: float | Wait | Any = 22,
    *,
    facility: str = "deal-utc",
    waiting: int | None = None,
    inside: int | None = None,
    statistic: Statistic = Statistic.MEDIAN,
    **more: Any,
) -> Observation:
    """What a unit said so many minutes after ten o'clock on a Monday, received 5 s later."""
    as_of = MONDAY_MORNING + timedelta(minutes=minute)
    figure = Wait(minutes=wait, statistic=statistic) if isinstance(wait, int | float) else wait
    return Observation(
        **{
            "facility_id": facility,
            "feed_id": FEED,
            "as_of": as_of,
            "received_at": as_of + timedelta(seconds=5),
            "wait": figure,
            "patients_waiting": waiting,
            "patients_in_department": inside,
            **more,
        }
    )


def new_believer(
    *facilities: str, kind: Kind = Kind.UTC, cadence_s: float = 300, **more: Any
) -> Believer:
    names = facilities or ("deal-utc",)
    return Believer(
        {name: FacilityRules(kind=kind) for name in names},
        {FEED: FeedRules(cadence_s=cadence_s, facility_ids=frozenset(names))},
        **more,
    )


def word(verdict: Verdict) -> str:
    return "believed" if isinstance(verdict, Believed) else verdict.rule.value


def hear(believer: Believer, *observations: Observation) -> list[str]:
    """One after another, each when it is received."""
    return [word(believer.judge(one, one.received_at)) for one in observations]


def deliver(believer: Believer, *observations: Observation) -> list[str]:
    """All in one document."""
    now = max(one.received_at for one in observations)
    return [word(one) for one in believer.judge_delivery(FEED, observations, now)]


def findings(believer: Believer, minute: float) -> set[tuple[str, str | None]]:
    now = MONDAY_MORNING + timedelta(minutes=minute)
    return {(one.kind.value, one.facility_id) for one in believer.list_findings(now)}


def notes(believer: Believer, observations: Iterable[Observation]) -> list[set[str]]:
    """The kinds of notes on each; empty for what is not believed."""
    verdicts = [believer.judge(one, one.received_at) for one in observations]
    return [
        {note.kind.value for note in one.notes} if isinstance(one, Believed) else set()
        for one in verdicts
    ]
