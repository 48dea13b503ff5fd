"""Feeds, facilities and held values as Prometheus is told of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from math import isnan

import pytest
from prometheus_client import CollectorRegistry

from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation
from waitless.belief import Fate, HeldValue, Rule
from waitless.health import FeedHealth, FeedState
from waitless.ingest import FeedMetrics

NOW = MONDAY_MORNING


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> FeedMetrics:
    return FeedMetrics(registry)


def told(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"waitless_{name}", labels)


def states(registry: CollectorRegistry, what: str, name: str) -> Mapping[FeedState, float | None]:
    return {
        state: told(registry, f"{what}_state", **{what: name, "state": state.value})
        for state in FeedState
    }


def feed(**change: object) -> FeedHealth:
    return replace(FeedHealth(id="kcht", transport="mqtt", cadence_s=300), **change)  # type: ignore[arg-type]


class TestAFeed:
    def test_is_in_one_state_at_a_time(
        self, registry: CollectorRegistry, metrics: FeedMetrics
    ) -> None:
        for state in (FeedState.LIVE, FeedState.LOST, FeedState.LIVE):
            metrics.feed(feed(), state, NOW, expected=True)

            assert states(registry, "feed", "kcht") == {
                one: float(one is state) for one in FeedState
            }

    def test_tells_nothing_of_what_is_not_known(
        self, registry: CollectorRegistry, metrics: FeedMetrics
    ) -> None:
        metrics.feed(feed(), FeedState.LOST, NOW, expected=False)

        assert told(registry, "feed_expected", feed="kcht") == 0
        assert told(registry, "feed_contact_timestamp_seconds", feed="kcht") is None
        assert told(registry, "feed_measured_timestamp_seconds", feed="kcht") is None
        assert told(registry, "feed_receive_lag_seconds", feed="kcht") is None

    def test_tells_instants_and_not_ages(
        self, registry: CollectorRegistry, metrics: FeedMetrics
    ) -> None:
        health = feed(last_contact_at=NOW, last_measured_at=NOW - timedelta(minutes=4))
        metrics.feed(health, FeedState.LIVE, NOW, expected=True)

        contact = told(registry, "feed_contact_timestamp_seconds", feed="kcht")
        measured = told(registry, "feed_measured_timestamp_seconds", feed="kcht")
        assert contact == NOW.timestamp()
        assert measured == NOW.timestamp() - 240

    def test_counts_its_messages_from_the_writer_s_start(
        self, registry: CollectorRegistry, metrics: FeedMetrics
    ) -> None:
        for messages in (1000, 1000, 1003, 1004):
            metrics.feed(feed(messages=messages), FeedState.LIVE, NOW, expected=True)

        assert told(registry, "feed_messages_total", feed="kcht") == 4

    def test_tells_how_much_of_its_error_is_left(
        self, registry: CollectorRegistry, metrics: FeedMetrics
    ) -> None:
        health = feed()
        for second in range(11):
            health.availability.sample(NOW + timedelta(seconds=second), ok=True)
        metrics.feed(health, FeedState.LIVE, NOW + timedelta(seconds=10), expected=True)

        name = "feed_error_budget_ratio"
        assert told(registry, name, feed="kcht", objective="availability") == 1
        assert told(registry, name, feed="kcht", objective="freshness") is None


class TestAFacility:
    def test_tells_its_state_and_how_old_its_figure_may_be(
        self, registry: CollectorRegistry, metrics: FeedMetrics
    ) -> None:
        metrics.facility("deal-utc", FeedState.STALE, fresh_for_s=600)
        assert states(registry, "facility", "deal-utc")[FeedState.STALE] == 1
        assert told(registry, "facility_fresh_for_seconds", facility="deal-utc") == 600

        metrics.facility("deal-utc", FeedState.STALE, fresh_for_s=0)
        assert told(registry, "facility_fresh_for_seconds", facility="deal-utc") == 0

    def test_tells_since_when_its_oldest_value_waits(
        self, registry: CollectorRegistry, metrics: FeedMetrics
    ) -> None:
        def held(minutes_ago: int, fate: Fate) -> HeldValue:
            return HeldValue(
                id=f"{minutes_ago}",
                observation=observation("deal-utc", 300),
                rule=Rule.FUTURE,
                detail="",
                held_at=NOW - timedelta(minutes=minutes_ago),
                fate=fate,
            )

        values = [held(5, Fate.WAITING), held(9, Fate.WAITING), held(70, Fate.PASSED)]
        metrics.held(["deal-utc", "dover-utc"], values)

        assert told(registry, "held_values", facility="deal-utc") == 2
        oldest = told(registry, "held_oldest_timestamp_seconds", facility="deal-utc")
        assert oldest == NOW.timestamp() - 540
        assert told(registry, "held_values", facility="dover-utc") == 0
        none = told(registry, "held_oldest_timestamp_seconds", facility="dover-utc")
        assert none is not None
        assert isnan(none)


def test_a_slow_source_is_given_two_cadences() -> None:
    assert feed(cadence_s=60).fresh_for == timedelta(minutes=10)
    assert feed(cadence_s=1800).fresh_for == timedelta(hours=1)
