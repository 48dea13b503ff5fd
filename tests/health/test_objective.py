"""Objectives: exact shares and budgets of timelines made by hand."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import MONDAY_MORNING
from waitless.health import Objective

Timeline = list[tuple[float, bool]]


def watched(*timeline: tuple[float, bool], step_s: float = 60) -> tuple[Objective, datetime]:
    """An objective after stretches of (minutes, good), sampled every minute."""
    objective, now = Objective(), MONDAY_MORNING
    objective.sample(now, ok=True)
    for minutes, ok in timeline:
        end = now + timedelta(minutes=minutes)
        while now < end:
            now = min(end, now + timedelta(seconds=step_s))
            objective.sample(now, ok=ok)
    return objective, now


def test_nothing_watched_has_no_share() -> None:
    objective = Objective()
    objective.sample(MONDAY_MORNING, ok=False)

    assert objective.share(MONDAY_MORNING) is None
    assert objective.budget_left(MONDAY_MORNING) is None
    assert objective.watched_s(MONDAY_MORNING) == 0


@pytest.mark.parametrize(
    ("timeline", "share", "budget_left"),
    [
        ([(100, True)], 1.0, 1.0),
        ([(99.5, True), (0.5, False)], 0.995, 0.5),
        ([(99, True), (1, False)], 0.99, 0.0),
        ([(98, True), (2, False)], 0.98, -1.0),
        ([(100, False)], 0.0, -99.0),
        ([(30, False), (30, True), (30, False), (30, True)], 0.5, -49.0),
    ],
)
def test_the_budget_is_what_is_left_of_one_per_cent(
    timeline: Timeline, share: float, budget_left: float
) -> None:
    objective, now = watched(*timeline)

    assert objective.share(now) == pytest.approx(share, abs=1e-12)
    assert objective.budget_left(now) == pytest.approx(budget_left, abs=1e-9)


def test_samples_weigh_by_the_time_between_them() -> None:
    objective, now = watched((10, True), step_s=1)
    objective.sample(now + timedelta(seconds=60), ok=False)

    assert objective.share(now + timedelta(seconds=60)) == 600 / 660


def test_a_gap_in_sampling_counts_as_bad_from_the_last_sample_on() -> None:
    objective, now = watched((60, True))
    back = now + timedelta(hours=1)

    assert objective.share(now + timedelta(seconds=60)) == 1.0, "a missing minute is no gap yet"
    assert objective.share(back) == 0.5, "while it is down, too"
    objective.sample(back, ok=True)
    assert objective.share(back) == 0.5
    assert objective.watched_s(back) == 7200


def test_time_before_the_first_sample_counts_for_nothing() -> None:
    objective, now = watched((60, True))

    assert objective.watched_s(now) == 3600


def test_a_pause_is_neither_good_nor_bad() -> None:
    objective, now = watched((60, True))
    objective.pause()
    back = now + timedelta(days=1)

    assert objective.share(back) == 1.0
    objective.sample(back, ok=False)
    objective.sample(back + timedelta(minutes=1), ok=False)
    assert objective.share(back) == 60 / 61


def test_bad_hours_are_forgotten_after_seven_days() -> None:
    objective, now = watched((60, False), (7 * 24 * 60 - 120, True))

    assert objective.share(now) == pytest.approx(1 - 1 / 167)
    for _ in range(60):
        now += timedelta(minutes=1)
        objective.sample(now, ok=True)
    assert objective.share(now) == 1.0
    assert objective.watched_s(now) == 167 * 3600
    assert len(objective.watched_ms) == 168


def test_an_objective_that_nobody_sampled_for_a_month_is_all_bad_for_seven_days() -> None:
    objective, now = watched((60, True))
    now += timedelta(days=30)

    before = (objective.share(now), objective.watched_s(now))
    objective.sample(now, ok=True)
    later = (objective.share(now), objective.watched_s(now))

    assert before == later == (0.0, 167 * 3600)


def test_a_clock_set_back_neither_fails_nor_counts_twice() -> None:
    objective, now = watched((90, True))
    now -= timedelta(minutes=60)
    objective.sample(now, ok=True)
    objective.sample(now + timedelta(minutes=1), ok=True)

    assert objective.share(now) == 1.0
    assert objective.watched_s(now) <= 91 * 60


@given(
    st.lists(
        st.tuples(st.floats(-1e7, 1e7), st.sampled_from(["good", "bad", "pause"])), max_size=40
    )
)
def test_whatever_the_clock_does_shares_are_shares_and_budgets_at_most_one(
    steps: list[tuple[float, str]],
) -> None:
    objective, now = Objective(), MONDAY_MORNING
    for seconds, what in steps:
        now = max(MONDAY_MORNING - timedelta(days=9999), now + timedelta(seconds=seconds))
        if what == "pause":
            objective.pause()
        else:
            objective.sample(now, ok=what == "good")
        share, budget_left = objective.share(now), objective.budget_left(now)
        assert share is None or 0 <= share <= 1
        assert budget_left is None or budget_left <= 1
        assert 0 <= objective.watched_s(now) <= 168 * 3600
        assert len(objective.watched_ms) == len(objective.good_ms) <= 168
    assert msgspec.json.decode(msgspec.json.encode(objective), type=Objective) == objective
