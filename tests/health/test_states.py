"""States: each one, its bounds, and which wins where several hold."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import FacilityStatus, NoFigure, ProviderNotice, ProviderStatus
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation
from waitless.belief import Rule
from waitless.health import FeedHealth, FeedState, SwitchedOff, judge_facility, judge_feed
from waitless.reading import Reading, apply_observation

MakeFeed = Callable[..., FeedHealth]
OFF = SwitchedOff(by="operator-7", why="wrong since noon", at=MONDAY_MORNING)


def reading(minutes: float | None = 22, **more: Any) -> Reading:
    return apply_observation(None, observation(minutes=minutes, **more))


def ago(**back: float) -> Any:
    return MONDAY_MORNING - timedelta(**back)


@pytest.mark.parametrize(
    ("age_s", "state"),
    [
        (-60, FeedState.LIVE),
        (0, FeedState.LIVE),
        (900, FeedState.LIVE),
        (901, FeedState.LATE),
        (1800, FeedState.LATE),
        (1801, FeedState.STALE),
        (1_000_000, FeedState.STALE),
    ],
)
def test_age_makes_a_feed_late_and_then_stale(
    make_feed: MakeFeed, age_s: float, state: FeedState
) -> None:
    feed = make_feed(last_measured_at=None)
    feed.last_measured_at = ago(seconds=age_s)

    assert feed.state(MONDAY_MORNING) is state


def test_a_feed_with_a_long_cadence_is_never_late_but_stale(make_feed: MakeFeed) -> None:
    feed = make_feed(cadence_s=900)
    feed.last_measured_at = ago(seconds=1801)

    assert feed.state(MONDAY_MORNING) is FeedState.STALE


def test_a_feed_that_was_never_heard_is_lost() -> None:
    feed = FeedHealth(id="kcht", transport="mqtt", cadence_s=300)

    assert feed.state(MONDAY_MORNING) is FeedState.LOST
    feed.tell(MONDAY_MORNING, connected=True, primed=True)
    assert judge_feed(feed, MONDAY_MORNING).why == "nothing believed yet"


def test_a_feed_without_connection_is_lost_and_says_why(make_feed: MakeFeed) -> None:
    feed = make_feed(connected=False, fault="status_403")

    assert judge_feed(feed, MONDAY_MORNING).state is FeedState.LOST
    assert judge_feed(feed, MONDAY_MORNING).why == "not connected: status_403"


def test_a_spoken_last_will_loses_a_feed_until_its_provider_is_back(make_feed: MakeFeed) -> None:
    feed = make_feed()

    for status, state in [
        (ProviderStatus.READY, FeedState.LIVE),
        (ProviderStatus.LOST, FeedState.LOST),
        (ProviderStatus.DISCONNECTED, FeedState.LIVE),
    ]:
        feed.note(ProviderNotice(feed_id="kcht", status=status, received_at=MONDAY_MORNING))
        assert feed.state(MONDAY_MORNING) is state


@pytest.mark.parametrize(("silent_s", "state"), [(15, FeedState.LIVE), (16, FeedState.LOST)])
def test_a_silent_ingest_process_loses_every_feed(
    make_feed: MakeFeed, silent_s: float, state: FeedState
) -> None:
    for carries_waits in (True, False):
        feed = make_feed(told_at=ago(seconds=silent_s), carries_waits=carries_waits)
        assert feed.state(MONDAY_MORNING) is state


def test_the_broker_connection_is_live_without_any_measurement() -> None:
    broker = FeedHealth(id="mqtt", transport="mqtt", cadence_s=300, carries_waits=False)
    broker.tell(MONDAY_MORNING, connected=True, primed=False)

    assert broker.state(MONDAY_MORNING) is FeedState.LIVE


@pytest.mark.parametrize(
    ("held_s", "state"), [(0, FeedState.SUSPECT), (1800, FeedState.SUSPECT), (1801, FeedState.LIVE)]
)
def test_a_held_value_makes_a_feed_suspect_for_half_an_hour(
    make_feed: MakeFeed, held_s: float, state: FeedState
) -> None:
    feed = make_feed()
    feed.count_held(observation(received_at=ago(seconds=held_s)), Rule.JUMP)

    assert feed.state(MONDAY_MORNING) is state


@pytest.mark.parametrize("rule", [Rule.DUPLICATE, Rule.OUT_OF_ORDER])
def test_repeats_and_stragglers_are_not_suspect(make_feed: MakeFeed, rule: Rule) -> None:
    feed = make_feed()
    feed.count_held(observation(), rule)

    assert feed.state(MONDAY_MORNING) is FeedState.LIVE


def test_an_operator_switches_off_whatever_else_holds_and_until_the_time_given(
    make_feed: MakeFeed,
) -> None:
    until = MONDAY_MORNING + timedelta(hours=1)
    feed = make_feed(connected=False)
    feed.off = SwitchedOff(by="operator-7", why="wrong", at=MONDAY_MORNING, until=until)

    assert feed.state(MONDAY_MORNING) is FeedState.OFF
    assert feed.state(until) is FeedState.LOST
    feed.off = OFF
    assert feed.state(MONDAY_MORNING + timedelta(days=99)) is FeedState.OFF


def test_the_public_reason_of_a_switch_names_no_operator(make_feed: MakeFeed) -> None:
    why = judge_feed(make_feed(off=OFF), MONDAY_MORNING).why

    assert "operator-7" not in why
    assert "noon" not in why


def test_the_worst_of_several_states_wins(make_feed: MakeFeed) -> None:
    feed = make_feed()
    feed.last_measured_at = ago(minutes=20)
    assert feed.state(MONDAY_MORNING) is FeedState.LATE
    feed.count_held(observation(received_at=MONDAY_MORNING), Rule.JUMP)
    assert feed.state(MONDAY_MORNING) is FeedState.SUSPECT
    feed.last_measured_at = ago(minutes=31)
    assert feed.state(MONDAY_MORNING) is FeedState.STALE
    feed.connected = False
    assert feed.state(MONDAY_MORNING) is FeedState.LOST
    feed.off = OFF
    assert feed.state(MONDAY_MORNING) is FeedState.OFF


def test_severity_follows_the_order_of_precedence() -> None:
    order = ["live", "late", "suspect", "stale", "lost", "off"]

    assert [state.value for state in sorted(FeedState, key=lambda one: one.severity)] == order
    assert [state.value for state in FeedState if state.is_bad] == ["suspect", "stale", "lost"]


@pytest.mark.parametrize(
    ("age_s", "state"),
    [(900, FeedState.LIVE), (901, FeedState.LATE), (1800, FeedState.LATE), (1801, FeedState.STALE)],
)
def test_a_facility_ages_on_its_own_while_its_feed_is_live(
    make_feed: MakeFeed, age_s: float, state: FeedState
) -> None:
    old = reading(as_of=ago(seconds=age_s))

    assert judge_facility(old, make_feed(), MONDAY_MORNING).state is state


def test_a_facility_is_lost_or_off_with_its_feed(make_feed: MakeFeed) -> None:
    assert judge_facility(reading(), None, MONDAY_MORNING).state is FeedState.LOST
    for feed, state in [
        (make_feed(connected=False), FeedState.LOST),
        (make_feed(off=OFF), FeedState.OFF),
    ]:
        assert judge_facility(reading(), feed, MONDAY_MORNING).state is state
        assert judge_facility(None, feed, MONDAY_MORNING).state is state


def test_a_facility_never_heard_of_is_lost_although_its_feed_is_live(make_feed: MakeFeed) -> None:
    assert judge_facility(None, make_feed(), MONDAY_MORNING).state is FeedState.LOST


def test_only_the_facility_with_the_held_value_is_suspect(make_feed: MakeFeed) -> None:
    feed = make_feed()
    feed.count_held(observation(received_at=MONDAY_MORNING), Rule.JUMP)

    mine = judge_facility(reading(), feed, MONDAY_MORNING, held=Rule.JUMP)
    other = judge_facility(reading(), feed, MONDAY_MORNING)

    assert mine.state is FeedState.SUSPECT
    assert "jump" in mine.why
    assert other.state is FeedState.LIVE


def test_a_facility_whose_source_says_no_figure_just_now_is_not_stale(make_feed: MakeFeed) -> None:
    silent = reading(wait=NoFigure.UNKNOWN)

    assert judge_facility(silent, make_feed(), MONDAY_MORNING).state is FeedState.LIVE


def test_news_of_the_door_does_not_make_an_old_wait_live(make_feed: MakeFeed) -> None:
    old = reading(as_of=ago(minutes=40))
    door = observation(wait=NoFigure.NOT_GIVEN, status=FacilityStatus.OPEN)

    state = judge_facility(apply_observation(old, door), make_feed(), MONDAY_MORNING).state
    assert state is FeedState.STALE


MOMENTS = st.none() | st.datetimes(
    min_value=MONDAY_MORNING.replace(tzinfo=None) - timedelta(days=30),
    max_value=MONDAY_MORNING.replace(tzinfo=None) + timedelta(days=30),
    timezones=st.just(UTC),
)


@given(
    st.builds(
        FeedHealth,
        id=st.just("kcht"),
        transport=st.just("mqtt"),
        cadence_s=st.floats(1, 1e6),
        carries_waits=st.booleans(),
        connected=st.booleans(),
        fault=st.none() | st.just("timeout"),
        told_at=MOMENTS,
        provider_status=st.none() | st.sampled_from(ProviderStatus),
        last_measured_at=MOMENTS,
        last_held_at=MOMENTS,
        off=st.none() | st.builds(SwitchedOff, at=st.just(MONDAY_MORNING), until=MOMENTS),
    ),
    st.none() | st.sampled_from(["jump", "over_limit"]),
    st.sampled_from([None, reading()]),
)
def test_every_feed_and_facility_has_a_state_and_a_reason(
    feed: FeedHealth, held: str | None, known: Reading | None
) -> None:
    of_feed = judge_feed(feed, MONDAY_MORNING)
    of_facility = judge_facility(known, feed, MONDAY_MORNING, held=held)

    assert of_feed.state in FeedState
    assert of_feed.why
    assert of_facility.state in FeedState
    assert of_facility.why
