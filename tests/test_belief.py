"""Belief: what is shown, and what is held back by which rule."""

from datetime import timedelta

import pytest

from feeds.model import NoFigure, Observation, Wait
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation
from waitless.area.facility import Kind
from waitless.belief import Held, Rule, find_rule_against
from waitless.reading import Reading, apply_observation


def judge(
    newcomer: Observation,
    *before: Observation,
    kind: Kind = Kind.UTC,
    held: Held | None = None,
) -> Rule | None:
    believed: Reading | None = None
    for one in before:
        believed = apply_observation(believed, one)
    return find_rule_against(newcomer, kind=kind, believed=believed, held=held)


def at(minute: float) -> dict[str, object]:
    return {"as_of": MONDAY_MORNING + timedelta(minutes=minute)}


def zero(minute: float) -> Observation:
    return observation(minutes=0, patients_waiting=0, patients_in_department=0, **at(minute))


def test_a_first_sane_reading_is_believed() -> None:
    assert judge(observation(minutes=22)) is None


@pytest.mark.parametrize(
    ("kind", "minutes", "rule"),
    [
        (Kind.UTC, 1440, None),
        (Kind.UTC, 1441, Rule.OVER_LIMIT),
        (Kind.UTC, 72 * 60, Rule.OVER_LIMIT),
        (Kind.ED, 1441, None),
        (Kind.ED, 2161, Rule.OVER_LIMIT),
    ],
)
def test_a_wait_over_the_hard_limit_is_held_even_as_the_first(
    kind: Kind, minutes: float, rule: Rule | None
) -> None:
    assert judge(observation(minutes=minutes), kind=kind) is rule


def test_a_band_over_the_hard_limit_is_held() -> None:
    assert judge(observation(wait=Wait(low=1500))) is Rule.OVER_LIMIT


def test_a_repeat_and_a_straggler_are_not_taken_again() -> None:
    newest = observation(minutes=22, **at(10))

    assert judge(newest, newest) is Rule.DUPLICATE
    assert judge(observation(minutes=20, **at(5)), newest) is Rule.OUT_OF_ORDER


def test_all_zeros_after_a_busy_reading_are_a_dropout_until_they_come_again() -> None:
    busy = observation(minutes=169, patients_waiting=28, patients_in_department=28)

    first = judge(zero(5), busy)
    again = judge(zero(10), busy, held=Held(zero(5), Rule.DROPOUT))

    assert first is Rule.DROPOUT
    assert again is None


def test_all_zeros_at_a_quiet_unit_are_believed() -> None:
    quiet = observation(minutes=5, patients_waiting=1, patients_in_department=2)

    assert judge(zero(5), quiet) is None


def test_all_zeros_long_after_a_busy_reading_are_believed() -> None:
    assert judge(zero(45), observation(minutes=169, patients_in_department=28)) is None


def test_a_zero_wait_with_people_waiting_is_no_dropout() -> None:
    busy = observation(minutes=40, patients_in_department=28)

    assert judge(observation(minutes=0, patients_waiting=3, **at(5)), busy) is None


def test_a_big_jump_is_held_until_a_reading_confirms_it() -> None:
    calm = observation(minutes=30)
    jump = observation(minutes=300, **at(5))
    held = Held(jump, Rule.JUMP)

    assert judge(jump, calm) is Rule.JUMP
    assert judge(observation(minutes=290, **at(10)), calm, held=held) is None
    assert judge(observation(minutes=35, **at(10)), calm, held=held) is None
    assert judge(observation(minutes=700, **at(10)), calm, held=held) is Rule.JUMP


def test_the_same_step_over_a_longer_time_is_believed() -> None:
    assert judge(observation(minutes=300, **at(61)), observation(minutes=30)) is None


def test_silence_about_the_wait_keeps_the_wait_and_its_own_age() -> None:
    reading = apply_observation(None, observation(minutes=22))
    silent = observation(wait=NoFigure.NOT_GIVEN, **at(20))

    reading = apply_observation(reading, silent)

    assert reading.wait_as_of == MONDAY_MORNING
    assert reading.live_wait(MONDAY_MORNING + timedelta(minutes=30)) is not None
    assert reading.live_wait(MONDAY_MORNING + timedelta(minutes=30, seconds=1)) is None


def test_a_source_that_says_it_has_no_figure_takes_the_old_one_away() -> None:
    reading = apply_observation(None, observation(minutes=22))

    reading = apply_observation(reading, observation(wait=NoFigure.UNKNOWN, **at(5)))

    assert reading.live_wait(MONDAY_MORNING + timedelta(minutes=5)) is None
