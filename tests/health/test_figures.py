"""Figures: what is counted of a feed, what is shown of it, and what survives a restart."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import (
    NoFigure,
    ProviderNotice,
    ProviderStatus,
    Refusal,
    RefusalReason,
    Wait,
)
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation
from waitless.belief import Rule
from waitless.health import (
    FeedHealth,
    FeedState,
    Subject,
    SwitchedOff,
    Transition,
    figures_of,
    resumed,
)

MakeFeed = Callable[..., FeedHealth]


def after(**ahead: float) -> datetime:
    return MONDAY_MORNING + timedelta(**ahead)


def new_feed(**more: object) -> FeedHealth:
    return msgspec.convert(
        {"id": "kcht", "transport": "http-poll", "cadence_s": 300.0, **more}, FeedHealth
    )


def round_trip(feed: FeedHealth) -> FeedHealth:
    return msgspec.json.decode(msgspec.json.encode(feed), type=FeedHealth)


def step(minute: float, before: FeedState, reached: FeedState) -> Transition:
    return Transition(
        at=after(minutes=minute),
        subject=Subject.FEED,
        what="kcht",
        before=before,
        after=reached,
        why="so",
    )


def test_refusals_and_held_values_are_counted_by_name(make_feed: MakeFeed) -> None:
    feed = make_feed()
    refusal = Refusal(feed_id="kcht", reason=RefusalReason.BAD_TIME, where="row 1", detail="no")
    feed.count_refusal(refusal)
    feed.count_refusal(refusal)
    feed.count_held(observation(), Rule.JUMP)
    feed.count_held(observation(), Rule.OUT_OF_ORDER)

    figures = figures_of(feed, MONDAY_MORNING)

    assert figures.refused == {"bad_time": 2}
    assert figures.held == {"jump": 1, "out_of_order": 1}
    assert figures.out_of_order == 1
    assert figures.last_held_rule is Rule.JUMP


def test_source_age_and_receive_lag_are_two_figures() -> None:
    feed = new_feed()
    feed.count_believed(observation(as_of=MONDAY_MORNING, received_at=after(seconds=240)))

    figures = figures_of(feed, after(seconds=600))

    assert figures.age_seconds == 600
    assert figures.receive_lag_seconds == 240


def test_the_average_lag_follows_slowly() -> None:
    feed = new_feed()
    for minute, lag_s in [(0, 10), (5, 110)]:
        measured = after(minutes=minute)
        received = measured + timedelta(seconds=lag_s)
        feed.count_believed(observation(as_of=measured, received_at=received))

    assert feed.receive_lag_s == 110
    assert feed.receive_lag_average_s == pytest.approx(20)


def test_a_source_without_times_has_neither_lag_nor_skew_and_is_never_stuck() -> None:
    feed = new_feed()
    for minute in range(0, 60, 5):
        moment = after(minutes=minute)
        feed.count_message(moment)
        feed.count_believed(observation(as_of=moment, received_at=moment, as_of_is_received=True))

    figures = figures_of(feed, after(minutes=60))

    assert figures.receive_lag_seconds is None
    assert figures.skew_seconds is None
    assert figures.stuck_since is None


def test_skew_is_the_least_difference_and_below_zero_for_a_clock_ahead() -> None:
    feed = new_feed()
    for minute, lag_s in [(0, 40), (5, -20), (10, 300)]:
        measured = after(minutes=minute)
        received = measured + timedelta(seconds=lag_s)
        feed.count_believed(observation(as_of=measured, received_at=received))

    assert figures_of(feed, after(minutes=15)).skew_seconds == -20


def test_a_clock_that_was_set_right_is_forgiven_within_two_hours() -> None:
    feed = new_feed()
    for minute, lag_s in [(5, -50), (30, 5), (70, 6), (125, 7)]:
        measured = after(minutes=minute)
        received = measured + timedelta(seconds=lag_s)
        feed.count_believed(observation(as_of=measured, received_at=received))
        if minute == 70:
            assert feed.skew.value == -50

    assert feed.skew.value == 6


def test_a_source_whose_time_stands_still_while_it_answers_is_stuck() -> None:
    feed = new_feed()
    feed.count_believed(observation(received_at=after(seconds=20)))
    for minute in (5, 10, 15):
        feed.count_held(observation(received_at=after(minutes=minute)), Rule.DUPLICATE)
    assert feed.stuck_since is None, "three cadences are not over"

    feed.count_held(observation(received_at=after(minutes=20)), Rule.DUPLICATE)

    assert feed.stuck_since == after(seconds=20)
    assert figures_of(feed, after(minutes=25)).stuck_seconds == 25 * 60 - 20


def test_a_stuck_source_is_free_again_with_its_next_measurement() -> None:
    feed = new_feed()
    feed.count_believed(observation())
    for minute in (5, 10, 15, 20):
        feed.count_unchanged(after(minutes=minute))
    assert feed.stuck_since is not None

    feed.count_believed(observation(as_of=after(minutes=24)))

    assert feed.stuck_since is None


def test_a_silent_source_is_not_stuck() -> None:
    feed = new_feed()
    feed.count_believed(observation())

    assert figures_of(feed, after(hours=5)).stuck_since is None


def test_a_time_far_ahead_does_not_make_all_that_follows_look_stuck() -> None:
    feed = new_feed()
    feed.count_held(observation(as_of=after(hours=1), received_at=MONDAY_MORNING), Rule.JUMP)
    for minute in (5, 10, 15, 20, 25):
        feed.count_believed(observation(as_of=after(minutes=minute)))

    assert feed.stuck_since is None
    assert feed.skew.value == -3600


def test_nothing_new_is_contact_but_no_message() -> None:
    feed = new_feed()
    feed.count_unchanged(after(minutes=5))

    figures = figures_of(feed, after(minutes=5))

    assert figures.last_contact_at == after(minutes=5)
    assert figures.last_received_at is None
    assert figures.messages == 0
    assert figures.messages_last_hour == 1


@pytest.mark.parametrize(
    ("per_cadence", "every_s", "ratio"), [(1, 300, 1.0), (4, 75, 1.0), (4, 150, 0.5), (1, 600, 0.5)]
)
def test_messages_are_set_against_what_the_cadence_and_the_facilities_make_due(
    per_cadence: int, every_s: int, ratio: float
) -> None:
    feed = new_feed(messages_per_cadence=per_cadence)
    feed.tell(MONDAY_MORNING, connected=True, primed=True)
    for second in range(0, 3600 * 3, every_s):
        feed.count_message(after(seconds=second))

    assert figures_of(feed, after(hours=3)).messages_per_expected == pytest.approx(ratio, rel=0.1)


def test_a_feed_that_falls_silent_loses_its_ratio_within_the_hour() -> None:
    feed = new_feed()
    for minute in range(0, 60, 5):
        feed.count_message(after(minutes=minute))

    ratios = [figures_of(feed, after(minutes=minute)).messages_per_expected for minute in (85, 125)]

    assert ratios[0] is not None
    assert 0.4 < ratios[0] < 0.7
    assert ratios[1] == 0


def test_no_ratio_is_told_before_a_message_is_due() -> None:
    feed = new_feed()
    feed.tell(MONDAY_MORNING, connected=True, primed=True)

    assert figures_of(feed, after(minutes=4)).messages_per_expected is None
    assert figures_of(feed, after(minutes=5)).messages_per_expected == 0
    broker = new_feed(messages_per_cadence=0)
    assert figures_of(broker, after(minutes=90)).messages_per_expected is None


def test_the_last_good_value_is_kept_as_it_was_posted() -> None:
    feed = new_feed()
    feed.count_believed(observation(wait=Wait(low=240)))
    feed.count_believed(observation("dover-utc", wait=NoFigure.UNKNOWN, as_of=after(minutes=5)))

    good = figures_of(feed, MONDAY_MORNING).last_good

    assert good is not None
    assert (good.facility_id, good.minutes, good.low, good.high) == ("deal-utc", None, 240, None)
    assert good.measured_at == MONDAY_MORNING


def test_a_provider_notice_is_contact(make_feed: MakeFeed) -> None:
    feed = make_feed()
    notice = ProviderNotice(
        feed_id="kcht", status=ProviderStatus.READY, received_at=after(minutes=1)
    )
    feed.note(notice)

    assert feed.last_contact_at == after(minutes=1)


def test_the_newest_ten_of_fifty_transitions_are_shown_newest_first(make_feed: MakeFeed) -> None:
    feed = make_feed()
    for minute in range(60):
        feed.record(step(minute, FeedState.LATE, FeedState.LIVE))

    figures = figures_of(feed, MONDAY_MORNING)

    assert len(feed.transitions) == 50
    assert [one.at for one in figures.transitions] == [
        after(minutes=minute) for minute in range(59, 49, -1)
    ]
    assert figures.since == after(minutes=59)


def test_since_is_not_told_of_a_state_that_no_transition_led_to(make_feed: MakeFeed) -> None:
    feed = make_feed()
    feed.record(step(0, FeedState.LIVE, FeedState.LATE))

    assert figures_of(feed, MONDAY_MORNING).since is None


def test_a_fault_is_kept_only_while_there_is_no_connection(make_feed: MakeFeed) -> None:
    feed = make_feed()
    feed.tell(MONDAY_MORNING, connected=False, primed=True, fault="timeout")
    assert figures_of(feed, MONDAY_MORNING).fault == "timeout"

    feed.tell(after(seconds=1), connected=True, primed=True, fault="timeout")
    assert feed.fault is None


def run_for(
    feed: FeedHealth,
    minutes: float,
    *,
    start: float = 0,
    connected: bool = True,
    expected: bool = True,
) -> None:
    for second in range(int(start * 60), int((start + minutes) * 60) + 1, 30):
        feed.tell(after(seconds=second), connected=connected, primed=True, expected=expected)


def test_available_but_old_figures_cost_freshness_only(make_feed: MakeFeed) -> None:
    feed = make_feed()
    run_for(feed, 20)

    figures = figures_of(feed, after(minutes=20))

    assert figures.availability.share == 1
    assert figures.freshness.share == 0.5
    assert figures.freshness.budget_left == -49
    assert figures.freshness.watched_seconds == 1200


def test_a_lost_connection_costs_availability(make_feed: MakeFeed) -> None:
    feed = make_feed()
    run_for(feed, 5)
    run_for(feed, 5, start=5.5, connected=False)

    availability = figures_of(feed, after(minutes=10.5)).availability

    assert availability.share == pytest.approx(5 / 10.5, abs=1e-6)
    assert availability.target == 0.99


def test_fresh_is_ten_minutes_or_two_cadences_whichever_is_longer() -> None:
    for cadence_s, fresh_s in [(60, 600), (300, 600), (900, 1800)]:
        feed = new_feed(cadence_s=float(cadence_s))
        assert not feed.is_fresh(MONDAY_MORNING)
        feed.last_measured_at = MONDAY_MORNING
        assert feed.is_fresh(after(seconds=fresh_s))
        assert not feed.is_fresh(after(seconds=fresh_s + 1))


def test_closed_and_switched_off_feeds_spend_no_budget(make_feed: MakeFeed) -> None:
    shut = make_feed()
    run_for(shut, 5)
    run_for(shut, 600, start=5, expected=False)
    off = make_feed()
    run_for(off, 5)
    off.off = SwitchedOff(by="operator-7", why="wrong", at=after(minutes=5))
    run_for(off, 600, start=5, connected=False)

    assert figures_of(shut, after(minutes=605)).freshness.share == 1
    figures = figures_of(off, after(minutes=605))
    assert (figures.availability.share, figures.freshness.share) == (1, 1)
    assert figures.state is FeedState.OFF


def test_the_broker_has_no_freshness() -> None:
    broker = new_feed(carries_waits=False)
    run_for(broker, 60)

    figures = figures_of(broker, after(minutes=60))

    assert figures.availability.share == 1
    assert figures.freshness.share is None


def test_everything_survives_the_store(make_feed: MakeFeed) -> None:
    feed = make_feed(off=SwitchedOff(by="operator-7", why="wrong", at=MONDAY_MORNING))
    feed.count_held(observation(), Rule.JUMP)
    feed.record(step(1, FeedState.LIVE, FeedState.OFF))
    run_for(feed, 90)

    assert round_trip(feed) == feed


def test_a_week_of_health_is_a_few_kilobytes(make_feed: MakeFeed) -> None:
    feed = make_feed()
    for minute in range(8 * 24 * 60):
        feed.tell(after(minutes=minute), connected=minute % 7 > 0, primed=True)
    for minute in range(60):
        feed.record(step(minute, FeedState.LATE, FeedState.LIVE))

    assert len(msgspec.json.encode(feed)) < 16_000


def test_a_restart_keeps_what_was_done_and_forgets_the_connection(make_feed: MakeFeed) -> None:
    stored = make_feed(provider_status=ProviderStatus.LOST, fault="timeout")
    run_for(stored, 10)
    fresh = FeedHealth(id="kcht", transport="mqtt", cadence_s=60, messages_per_cadence=8)

    feed = resumed(fresh, round_trip(stored))

    assert (feed.messages, feed.believed, feed.last_good) == (1, 1, stored.last_good)
    assert feed.availability == stored.availability
    assert (feed.cadence_s, feed.messages_per_cadence) == (60, 8)
    assert (feed.connected, feed.primed, feed.told_at) == (False, False, None)
    assert feed.provider_status is None
    assert feed.arrivals.since is None
    assert feed.state(after(minutes=10)) is FeedState.LOST


def test_a_restart_with_nothing_stored_or_anothers_health_begins_anew(make_feed: MakeFeed) -> None:
    fresh = make_feed()

    assert resumed(fresh, None) is fresh
    assert resumed(fresh, make_feed("ekhuft")) is fresh


def test_the_time_a_process_was_down_counts_against_availability(make_feed: MakeFeed) -> None:
    feed = make_feed()
    run_for(feed, 30)
    feed = resumed(new_feed(), round_trip(feed))
    feed.tell(after(minutes=60), connected=True, primed=True)

    assert figures_of(feed, after(minutes=60)).availability.share == 0.5


def happen(feed: FeedHealth, what: str, now: datetime, number: float) -> None:
    """One event, whose particulars depend on a number."""
    seen = observation(as_of=now - timedelta(seconds=number), received_at=now)
    refusal = Refusal(feed_id="kcht", reason=RefusalReason.FUTURE, where="a", detail="b")
    status = ProviderStatus.LOST if number > 0 else ProviderStatus.READY
    notice = ProviderNotice(feed_id="kcht", status=status, received_at=now)
    until = now + timedelta(seconds=number)
    off = SwitchedOff(by="a", why="b", at=now, until=until)
    events: dict[str, Callable[[], None]] = {
        "message": lambda: feed.count_message(now),
        "unchanged": lambda: feed.count_unchanged(now),
        "believed": lambda: feed.count_believed(seen),
        "held": lambda: feed.count_held(seen, Rule.JUMP),
        "repeat": lambda: feed.count_held(seen, Rule.DUPLICATE),
        "refused": lambda: feed.count_refusal(refusal),
        "notice": lambda: feed.note(notice),
        "tell": lambda: feed.tell(now, connected=number > 0, primed=True, expected=number < 9),
        "off": lambda: setattr(feed, "off", off),
        "on": lambda: setattr(feed, "off", None),
    }
    events[what]()


EVENTS = st.sampled_from(
    ["message", "unchanged", "believed", "held", "repeat", "refused", "notice", "tell", "off", "on"]
)


@given(st.lists(st.tuples(EVENTS, st.floats(-1e6, 1e6), st.floats(-1e5, 1e5)), max_size=30))
def test_no_sequence_of_events_breaks_a_feed(events: list[tuple[str, float, float]]) -> None:
    feed, now = new_feed(), MONDAY_MORNING
    for what, ahead_s, number in events:
        now += timedelta(seconds=ahead_s)
        happen(feed, what, now, number)
        figures = figures_of(feed, now)
        assert figures.state in FeedState
        for objective in (figures.availability, figures.freshness):
            assert objective.budget_left is None or objective.budget_left <= 1
        assert figures.messages_per_expected is None or figures.messages_per_expected >= 0
        assert figures.stuck_seconds is None or figures.stuck_seconds >= 0
    assert round_trip(feed) == feed
