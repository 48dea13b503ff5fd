"""When a failing source may be asked again: the breaker, backoff, and Retry-After."""

import random
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.backoff import LONGEST_RETRY_AFTER_S, backoff_delays, find_retry_after_s
from feeds.breaker import Breaker, BreakerState
from tests.support.clock import MONDAY_MORNING as NOW


def breaker() -> Breaker:
    return Breaker(first_s=60, longest_s=200, opens_after=3)


def opened() -> Breaker:
    one = breaker()
    for _ in range(3):
        one.failed(NOW)
    return one


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_it_admits_everything_until_the_third_failure_in_a_row() -> None:
    one = breaker()

    one.failed(NOW)
    one.failed(NOW)
    assert one.admit(NOW)
    assert one.wait_s(NOW) == 0
    one.failed(NOW)

    assert one.state is BreakerState.OPEN
    assert not one.admit(NOW)
    assert one.wait_s(NOW) == 60


def test_a_success_between_failures_starts_the_count_anew() -> None:
    one = breaker()

    for _ in range(5):
        one.failed(NOW)
        one.failed(NOW)
        one.succeeded()

    assert one.state is BreakerState.CLOSED


def test_after_the_pause_exactly_one_probe_is_admitted() -> None:
    one = opened()

    assert not one.admit(after(59.9))
    assert one.admit(after(60))
    assert one.state is BreakerState.HALF_OPEN
    assert not one.admit(after(61))


def test_a_probe_that_succeeds_closes_it_for_good() -> None:
    one = opened()
    one.admit(after(60))

    one.succeeded()
    one.failed(after(61))

    assert one.state is BreakerState.CLOSED
    assert one.admit(after(61))


def test_every_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    one, now, pauses = opened(), NOW, []

    for _ in range(4):
        pauses.append(one.wait_s(now))
        now += timedelta(seconds=one.wait_s(now))
        assert one.admit(now)
        one.failed(now)

    assert pauses == [60, 120, 200, 200]


def test_after_recovery_the_pause_is_short_again() -> None:
    one = opened()
    one.admit(after(60))
    one.failed(after(60))
    one.admit(after(180))
    one.succeeded()

    for _ in range(3):
        one.failed(after(200))

    assert one.wait_s(after(200)) == 60


def test_a_clock_set_back_lengthens_the_pause_by_no_more_than_itself() -> None:
    one = opened()

    assert one.wait_s(after(-3600)) == 60
    assert one.admit(after(-3540))


@given(st.lists(st.sampled_from(["ok", "bad"]), max_size=60), st.floats(0, 500))
def test_whatever_happens_waiting_as_told_is_always_enough(course: list[str], step: float) -> None:
    one, now = breaker(), NOW

    for outcome in course:
        now += timedelta(seconds=step)
        if not one.admit(now):
            wait_s = one.wait_s(now)
            assert 0 < wait_s <= 200
            now += timedelta(seconds=wait_s)
            assert one.admit(now)
        if outcome == "ok":
            one.succeeded()
        else:
            one.failed(now)


def test_backoff_doubles_its_cap_and_never_leaves_it() -> None:
    delays = list(islice(backoff_delays(random.Random(1), first_s=1, longest_s=8), 100))

    for delay, cap in zip(delays, [1, 2, 4, *[8] * 97], strict=True):
        assert cap / 10 <= delay <= cap
    assert len(set(delays)) == 100


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("999999", LONGEST_RETRY_AFTER_S),
        ("9" * 6000, LONGEST_RETRY_AFTER_S),
        (format_datetime(after(90), usegmt=True), 90),
        (format_datetime(after(-90), usegmt=True), 0),
        (format_datetime(after(86_400), usegmt=True), LONGEST_RETRY_AFTER_S),
        ("Mon, 23 Nov 2026 10:01:00 -0000", 60),
        ("Mon, 23 Nov 99999 10:01:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(header: str | None, seconds: float | None) -> None:
    assert find_retry_after_s(header, NOW) == seconds


@given(st.text())
def test_no_retry_after_whatever_it_says_raises_or_leaves_its_bounds(header: str) -> None:
    found = find_retry_after_s(header, NOW)

    assert found is None or 0 <= found <= LONGEST_RETRY_AFTER_S
