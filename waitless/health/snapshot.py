"""A feed's figures at an instant, ready to be shown: every age and share worked out."""

from dataclasses import dataclass
from datetime import datetime

from feeds.model import ProviderStatus
from waitless.belief import Rule
from waitless.health.figures import FeedHealth, LastGood
from waitless.health.objective import Objective
from waitless.health.states import FeedState, Transition, judge_feed
from waitless.traffic.counts import Counts

TRANSITIONS_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveFigures:
    """One objective over the last seven days. Shares are None before anything was watched."""

    target: float
    share: float | None
    budget_left: float | None
    """1 untouched, 0 spent, below 0 overspent."""
    watched_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFigures:
    """One feed's health: what is public of it.

    Ages count from the source's own time, lag from ours; docs/feeds.md explains each.
    """

    id: str
    transport: str
    state: FeedState
    why: str
    since: datetime | None
    """When this state was entered; None before the first recorded transition into it."""
    connected: bool
    fault: str | None
    provider_status: ProviderStatus | None
    required: bool
    simulated: bool
    cadence_seconds: float
    last_measured_at: datetime | None
    age_seconds: int | None
    last_received_at: datetime | None
    last_contact_at: datetime | None
    receive_lag_seconds: float | None
    receive_lag_average_seconds: float | None
    skew_seconds: float | None
    stuck_since: datetime | None
    stuck_seconds: int | None
    messages: int
    messages_last_hour: int
    messages_per_expected: float | None
    """None while less than one message was due."""
    believed: int
    refused: dict[str, int]
    held: dict[str, int]
    last_held_rule: Rule | None
    out_of_order: int
    last_good: LastGood | None
    traffic: Counts | None
    """What became of a traffic source's newest figures; None for feeds of waits."""
    availability: ObjectiveFigures
    freshness: ObjectiveFigures
    transitions: list[Transition]
    """The newest ten, newest first."""


def figures_of(health: FeedHealth, now: datetime) -> FeedFigures:
    """All figures of one feed at an instant."""
    verdict = judge_feed(health, now)
    newest = health.transitions[-1] if health.transitions else None
    return FeedFigures(
        id=health.id,
        transport=health.transport,
        state=verdict.state,
        why=verdict.why,
        since=newest.at if newest is not None and newest.after is verdict.state else None,
        connected=health.connected,
        fault=health.fault,
        provider_status=health.provider_status,
        required=health.required,
        simulated=health.simulated,
        cadence_seconds=health.cadence_s,
        last_measured_at=health.last_measured_at,
        age_seconds=_seconds_since(health.last_measured_at, now),
        last_received_at=health.last_received_at,
        last_contact_at=health.last_contact_at,
        receive_lag_seconds=_tenths(health.receive_lag_s),
        receive_lag_average_seconds=_tenths(health.receive_lag_average_s),
        skew_seconds=_tenths(health.skew.value),
        stuck_since=health.stuck_since,
        stuck_seconds=_seconds_since(health.stuck_since, now),
        messages=health.messages,
        messages_last_hour=health.arrivals.total(now),
        messages_per_expected=_messages_per_expected(health, now),
        believed=health.believed,
        refused=dict(health.refused),
        held=dict(health.held),
        last_held_rule=health.last_held_rule,
        out_of_order=health.out_of_order,
        last_good=health.last_good,
        traffic=health.traffic,
        availability=_objective(health.availability, now),
        freshness=_objective(health.freshness, now),
        transitions=health.transitions[: -TRANSITIONS_SHOWN - 1 : -1],
    )


def _messages_per_expected(health: FeedHealth, now: datetime) -> float | None:
    cadences = health.arrivals.watched_s(now) / health.cadence_s
    expected = cadences * health.messages_per_cadence
    return round(health.arrivals.total(now) / expected, 3) if expected >= 1 else None


def _objective(objective: Objective, now: datetime) -> ObjectiveFigures:
    share, budget_left = objective.share(now), objective.budget_left(now)
    return ObjectiveFigures(
        target=objective.target,
        share=None if share is None else round(share, 6),
        budget_left=None if budget_left is None else round(budget_left, 4),
        watched_seconds=int(objective.watched_s(now)),
    )


def _seconds_since(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else max(0, int((now - moment).total_seconds()))


def _tenths(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
