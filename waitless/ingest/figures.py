"""Feeds and facilities for Prometheus, as the pulse sees them; docs/metrics.md explains each."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from waitless.belief import Fate, HeldValue
from waitless.health import FeedHealth, FeedState


class FeedMetrics:
    """What the writer vouches for every second. Feeds and facilities come from the pack."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, words: str, *labels: str) -> Gauge:
            return Gauge(
                f"waitless_{name}",
                words,
                labels,
                registry=registry,
                multiprocess_mode="livemostrecent",
            )

        self._states = {
            what: _StateSet(
                gauge(f"{what}_state", f"1 for the state that a {what} is in.", what, "state")
            )
            for what in ("feed", "facility")
        }
        self._expected = gauge(
            "feed_expected", "1 while fresh figures are asked of a feed: a door is open.", "feed"
        )
        self._contact = gauge(
            "feed_contact_timestamp_seconds", "When a feed's source last answered at all.", "feed"
        )
        self._measured = gauge(
            "feed_measured_timestamp_seconds", "A feed's newest time of measurement.", "feed"
        )
        self._lag = gauge(
            "feed_receive_lag_seconds",
            "From measurement to receipt, a moving average of some twenty messages.",
            "feed",
        )
        self._budget = gauge(
            "feed_error_budget_ratio",
            "Unspent share of the error that seven days allow; below 0: overspent.",
            "feed",
            "objective",
        )
        self._fresh_for = gauge(
            "facility_fresh_for_seconds",
            "How old a facility's figure may be now; 0 while none is asked of it.",
            "facility",
        )
        self._held = gauge("held_values", "Values held back that wait for a decision.", "facility")
        self._held_since = gauge(
            "held_oldest_timestamp_seconds",
            "Since when the oldest of them has waited; NaN where none does.",
            "facility",
        )
        self._messages = Counter(
            "waitless_feed_messages",
            "Messages and documents delivered, whatever became of them.",
            ["feed"],
            registry=registry,
        )
        self._counted: dict[str, int] = {}

    def feed(self, health: FeedHealth, state: FeedState, now: datetime, *, expected: bool) -> None:
        """Note one look at a feed. What is not known yet is absent."""
        name = health.id
        self._states["feed"].enter(name, state)
        self._expected.labels(name).set(expected)
        # What the store remembers of earlier writers has been counted by them.
        before = self._counted.setdefault(name, health.messages)
        self._messages.labels(name).inc(max(0, health.messages - before))
        self._counted[name] = health.messages
        for gauge, moment in (
            (self._contact, health.last_contact_at),
            (self._measured, health.last_measured_at),
        ):
            if moment is not None:
                gauge.labels(name).set(moment.timestamp())
        if health.receive_lag_average_s is not None:
            self._lag.labels(name).set(health.receive_lag_average_s)
        for objective in ("availability", "freshness"):
            left = getattr(health, objective).budget_left(now)
            if left is not None:
                self._budget.labels(name, objective).set(left)

    def facility(self, facility_id: str, state: FeedState, *, fresh_for_s: float) -> None:
        """Note one look at a facility; `fresh_for_s` is 0 while no fresh figure is asked of it."""
        self._states["facility"].enter(facility_id, state)
        self._fresh_for.labels(facility_id).set(fresh_for_s)

    def held(self, facility_ids: Iterable[str], values: Iterable[HeldValue]) -> None:
        """Note which facilities have values that wait for a decision, and since when."""
        waiting: Mapping[str, list[float]] = {facility_id: [] for facility_id in facility_ids}
        for value in values:
            if value.fate is Fate.WAITING and value.observation.facility_id in waiting:
                waiting[value.observation.facility_id].append(value.held_at.timestamp())
        for facility_id, since in waiting.items():
            self._held.labels(facility_id).set(len(since))
            self._held_since.labels(facility_id).set(min(since, default=float("nan")))


class _StateSet:
    """One series a state, of which one is 1; written only where the state has changed."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._known: dict[str, FeedState] = {}

    def enter(self, name: str, state: FeedState) -> None:
        """Note the state that a feed or facility is in now."""
        if self._known.get(name) is not state:
            self._known[name] = state
            for one in FeedState:
                self._gauge.labels(name, one.value).set(one is state)
