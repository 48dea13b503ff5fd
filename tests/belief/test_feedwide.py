"""Belief and whole feeds: faults that strike several facilities, incomplete documents."""

from datetime import datetime

import pytest

from feeds.model import Observation
from tests.belief.play import FEED, deliver, findings, hear, new_believer, said
from waitless.belief import Believer

UNITS = tuple(f"unit-{number}" for number in range(8))


def close(believer: Believer, minute: float, seen: tuple[str, ...]) -> list[str]:
    now = said(minute).received_at
    return [one.kind.value for one in believer.close_delivery(FEED, seen, now)]


def test_two_units_over_the_hard_limit_at_once_are_one_fault() -> None:
    believer = new_believer(*UNITS)

    hear(believer, said(0, 4320, facility="unit-1"), said(4, 4325, facility="unit-2"))

    assert findings(believer, 5) == {("correlated", None)}


def test_two_units_over_the_limit_at_different_times_are_two_faults() -> None:
    believer = new_believer(*UNITS)

    hear(believer, said(0, 4320, facility="unit-1"), said(15, 4325, facility="unit-2"))

    assert findings(believer, 15) == set()


@pytest.mark.parametrize(("units", "marked"), [(8, True), (12, False)])
def test_jumps_are_one_fault_from_a_quarter_of_the_units_on(units: int, *, marked: bool) -> None:
    names = tuple(f"unit-{number}" for number in range(units))
    believer = new_believer(*names)
    deliver(believer, *(said(0, 30, facility=name) for name in names))

    deliver(believer, *(said(5, 300, facility=name) for name in names[:2]))

    assert findings(believer, 5) == ({("correlated", None)} if marked else set())


def trio(minute: float, first: float, second: float) -> list[Observation]:
    return [
        said(minute, first, facility="unit-1", waiting=7, inside=12),
        said(minute, second, facility="unit-2", waiting=7, inside=12),
        said(minute, 90, facility="unit-3", waiting=8, inside=20),
    ]


def test_the_same_three_figures_at_two_units_are_held_once_they_have_changed_alike() -> None:
    believer = new_believer("unit-1", "unit-2", "unit-3")

    assert deliver(believer, *trio(0, 45, 45)) == ["believed"] * 3
    assert findings(believer, 0) == {("twins", None)}
    assert deliver(believer, *trio(5, 47, 47)) == ["believed"] * 3
    assert deliver(believer, *trio(10, 50, 50)) == ["twins", "twins", "believed"]
    assert deliver(believer, *trio(15, 50, 52)) == ["believed"] * 3


def test_equal_figures_that_merely_stay_are_one_coincidence() -> None:
    believer = new_believer("unit-1", "unit-2", "unit-3")

    for minute in range(0, 60, 5):
        assert deliver(believer, *trio(minute, 45, 45)) == ["believed"] * 3


def test_small_equal_figures_are_no_twins() -> None:
    believer = new_believer("unit-1", "unit-2", "unit-3")

    for minute in range(0, 60, 5):
        heard = deliver(believer, *trio(minute, 1 + minute / 5, 1 + minute / 5))
        assert heard == ["believed"] * 3
    assert findings(believer, 55) == set()


def test_a_document_that_lacks_a_unit_is_incomplete_until_it_is_there_again() -> None:
    believer = new_believer("unit-1", "unit-2")

    assert close(believer, 0, ("unit-1",)) == ["incomplete"]
    assert close(believer, 5, ("unit-1",)) == []
    assert findings(believer, 5) == {("incomplete", None)}
    assert close(believer, 10, ("unit-1", "unit-2")) == []
    assert findings(believer, 10) == set()


def test_a_document_without_any_unit_is_empty() -> None:
    believer = new_believer("unit-1", "unit-2")

    assert close(believer, 0, ()) == ["empty"]


def test_a_unit_that_is_shut_may_be_left_out() -> None:
    def only_the_first_is_open(unit: str, _at: datetime) -> float | None:
        return None if unit == "unit-1" else -1.0

    believer = new_believer("unit-1", "unit-2", opened_minutes=only_the_first_is_open)

    assert close(believer, 0, ("unit-1",)) == []


def test_a_single_message_need_not_speak_of_all() -> None:
    believer = new_believer("unit-1", "unit-2")

    assert believer.close_delivery(FEED, None, said(0).received_at) == []


def test_a_finding_that_nothing_renews_is_over_after_half_an_hour() -> None:
    believer = new_believer("unit-1", "unit-2")
    close(believer, 0, ())

    assert findings(believer, 30) == {("empty", None)}
    assert findings(believer, 31) == set()
