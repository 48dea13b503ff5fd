"""Belief and steps: jumps, another statistic, and the readings that confirm them."""

from dataclasses import replace

import pytest

from feeds.model import Clock, NoFigure, Observation, Statistic, Wait
from tests.belief.play import hear, new_believer, notes, said


def test_a_big_jump_is_held_until_a_reading_confirms_it() -> None:
    heard = hear(new_believer(), said(0, 30), said(5, 300), said(10, 290))

    assert heard == ["believed", "jump", "believed"]


def test_a_jump_down_is_a_jump() -> None:
    assert hear(new_believer(), said(0, 480), said(15, 60)) == ["believed", "jump"]


@pytest.mark.parametrize("minutes", [35, 200])
def test_a_reading_near_the_old_value_clears_a_jump(minutes: float) -> None:
    believer = new_believer()

    assert hear(believer, said(0, 30), said(5, 430), said(10, minutes)) == [
        "believed",
        "jump",
        "believed",
    ]
    assert [one.fate.value for one in believer.list_held()] == ["passed"]


def test_a_reading_within_half_the_step_confirms() -> None:
    assert hear(new_believer(), said(0, 30), said(5, 430), said(10, 240))[-1] == "believed"


def test_another_jump_starts_over() -> None:
    heard = hear(new_believer(), said(0, 30), said(5, 300), said(10, 700), said(15, 690))

    assert heard == ["believed", "jump", "jump", "believed"]


def test_the_same_step_over_a_longer_time_is_believed() -> None:
    assert hear(new_believer(), said(0, 30), said(61, 300)) == ["believed", "believed"]


def test_a_step_below_three_hours_is_believed() -> None:
    assert hear(new_believer(), said(0, 30), said(5, 209)) == ["believed", "believed"]


def test_a_word_of_no_figure_in_between_does_not_let_a_jump_through() -> None:
    heard = hear(new_believer(), said(0, 30), said(5, NoFigure.UNKNOWN), said(10, 400))

    assert heard == ["believed", "believed", "jump"]


def test_a_confirmed_jump_says_so() -> None:
    heard = notes(new_believer(), [said(0, 30), said(5, 300), said(10, 290), said(15, 290)])

    assert heard == [set(), set(), {"confirmed"}, set()]


def other(minute: float, minutes: float = 25) -> Observation:
    return said(minute, minutes, statistic=Statistic.LONGEST)


def test_another_statistic_is_held_until_three_in_a_row_agree() -> None:
    believer = new_believer()

    assert hear(believer, said(0), other(5), other(10), other(15), other(20)) == [
        "believed",
        "statistic_changed",
        "statistic_changed",
        "believed",
        "believed",
    ]


def test_a_source_may_alternate_between_statistics_that_were_accepted() -> None:
    believer = new_believer()
    hear(believer, said(0), other(5), other(10), other(15))

    assert hear(believer, said(20), other(25), said(30)) == ["believed"] * 3
    assert hear(believer, said(35, statistic=Statistic.MEAN)) == ["statistic_changed"]


def test_a_new_regime_is_noted_and_what_was_learnt_is_forgotten() -> None:
    believer = new_believer()
    hear(believer, *(said(5 * n, 30 if n % 3 == 0 else 50) for n in range(300)))
    assert believer.state.facilities["deal-utc"].learnt.is_floor(30)

    heard = notes(believer, [other(1500), other(1505), other(1510)])

    assert heard[-1] == {"confirmed", "regime_changed"}
    assert not believer.state.facilities["deal-utc"].learnt.is_floor(30)


def test_one_reading_of_the_old_statistic_starts_the_count_over() -> None:
    heard = hear(new_believer(), said(0), other(5), other(10), said(15), other(20), other(25))

    assert heard[3:] == ["believed", "statistic_changed", "statistic_changed"]


def test_another_clock_is_another_statistic() -> None:
    from_triage = Wait(minutes=22, statistic=Statistic.MEDIAN, clock=Clock(start="triage"))

    assert hear(new_believer(), said(0), said(5, from_triage)) == [
        "believed",
        "statistic_changed",
    ]


def test_a_number_after_a_band_of_the_same_statistic_is_no_change() -> None:
    band = Wait(low=60, high=120, statistic=Statistic.MEDIAN)

    assert hear(new_believer(), said(0, band), said(5, 70)) == ["believed", "believed"]


def test_waits_of_another_statistic_are_not_compared_in_size() -> None:
    longest = [other(5 * n, 400) for n in (1, 2, 3)]

    heard = hear(new_believer(), said(0, 20), *longest)

    assert heard == ["believed", "statistic_changed", "statistic_changed", "believed"]


def test_readings_hours_apart_do_not_stand_in_a_row() -> None:
    heard = hear(new_believer(), said(0), other(5), other(10), other(300))

    assert heard[-1] == "statistic_changed"


def test_a_straggler_of_a_held_jump_confirms_nothing() -> None:
    early = replace(said(4, 300))

    assert hear(new_believer(), said(0, 30), said(5, 300), early) == ["believed", "jump", "jump"]
