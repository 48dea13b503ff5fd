"""Belief and size: hard limits, extremes, waits longer than the door is open."""

from datetime import datetime

import pytest

from feeds.model import Statistic, Wait
from tests.belief.play import findings, hear, new_believer, notes, said
from tests.support.clock import MONDAY_MORNING
from waitless.area.facility import Kind


@pytest.mark.parametrize(
    ("kind", "minutes", "heard"),
    [
        (Kind.UTC, 720, "believed"),
        (Kind.UTC, 721, "extreme"),
        (Kind.UTC, 1440, "extreme"),
        (Kind.UTC, 1441, "over_limit"),
        (Kind.MIU, 72 * 60, "over_limit"),
        (Kind.ED, 1440, "believed"),
        (Kind.ED, 1441, "extreme"),
        (Kind.ED, 2160, "extreme"),
        (Kind.ED, 2161, "over_limit"),
    ],
)
def test_limits_hold_even_the_first_reading(kind: Kind, minutes: float, heard: str) -> None:
    assert hear(new_believer(kind=kind), said(0, minutes)) == [heard]


def test_a_band_over_the_hard_limit_is_held_by_any_of_its_limits() -> None:
    assert hear(new_believer(), said(0, Wait(low=1500))) == ["over_limit"]
    assert hear(new_believer(), said(0, Wait(low=60, high=1500))) == ["over_limit"]


def test_no_repetition_makes_a_breach_of_the_hard_limit_believed() -> None:
    three_days = [said(5 * number, 4320) for number in range(100)]

    assert set(hear(new_believer(), *three_days)) == {"over_limit"}


def test_an_extreme_wants_two_confirming_readings() -> None:
    heard = hear(new_believer(), said(0, 40), said(5, 800), said(10, 810), said(15, 805))

    assert heard == ["believed", "extreme", "extreme", "believed"]


def test_an_extreme_that_the_next_reading_denies_is_gone() -> None:
    heard = hear(new_believer(), said(0, 40), said(5, 1300), said(10, 45), said(15, 1300))

    assert heard == ["believed", "extreme", "believed", "extreme"]


def test_an_extreme_that_grew_there_is_believed() -> None:
    assert hear(new_believer(), said(0, 700), said(5, 725)) == ["believed", "believed"]


def opened_at_eight(_facility: str, at: datetime) -> float:
    return (at - MONDAY_MORNING.replace(hour=8)).total_seconds() / 60


def test_nobody_has_waited_longer_than_the_door_is_open() -> None:
    believer = new_believer(opened_minutes=opened_at_eight)
    over_four_hours = Wait(low=240, statistic=Statistic.MEAN)

    assert hear(believer, said(-57, over_four_hours)) == ["longer_than_open"]
    assert hear(believer, said(91, over_four_hours)) == ["believed"]


def test_half_an_hour_of_grace_is_given() -> None:
    believer = new_believer(opened_minutes=opened_at_eight)

    assert hear(believer, said(-60, 91), said(-58, 90)) == ["longer_than_open", "believed"]


def test_an_estimate_for_newcomers_may_be_longer_than_the_door_is_open() -> None:
    believer = new_believer(opened_minutes=opened_at_eight)

    assert hear(believer, said(-60, 240, statistic=Statistic.ESTIMATE)) == ["believed"]


def test_a_wait_at_a_unit_that_is_shut_is_only_noted() -> None:
    believer = new_believer(opened_minutes=lambda _facility, _at: -1.0)

    assert notes(believer, [said(0, 240)]) == [{"closed_by_hours"}]
    assert findings(believer, 0) == set()
