"""Belief and zero: dropouts, all units at zero, zero while people wait."""

from typing import Any

from feeds.model import Observation, Wait
from tests.belief.play import deliver, findings, hear, new_believer, said
from waitless.belief import Believer, FacilityRules


def zero(minute: float, **more: Any) -> Observation:
    return said(minute, 0, waiting=0, inside=0, **more)


def test_all_zeros_after_a_busy_reading_are_a_dropout_until_they_come_again() -> None:
    busy = said(0, 45, waiting=3, inside=6)

    assert hear(new_believer(), busy, zero(5), zero(10)) == ["believed", "dropout", "believed"]


def test_a_full_unit_does_not_empty_in_ten_minutes() -> None:
    full = said(0, 169, waiting=28, inside=28)
    minutes = [5, 10, 15, 20, 25, 30, 35]

    heard = hear(new_believer(), full, *map(zero, minutes))

    assert heard == ["believed", *["dropout"] * 6, "believed"]


def test_a_dropout_passes_when_the_next_reading_is_busy_again() -> None:
    believer = new_believer()

    heard = hear(
        believer,
        said(0, 169, waiting=28, inside=28),
        zero(5),
        said(10, 179, waiting=31, inside=31),
    )

    assert heard == ["believed", "dropout", "believed"]
    assert [one.fate.value for one in believer.list_held()] == ["passed"]


def test_all_zeros_at_a_quiet_unit_are_believed() -> None:
    quiet = said(0, 5, waiting=1, inside=2)

    assert hear(new_believer(), quiet, zero(5)) == ["believed", "believed"]


def test_all_zeros_where_nobody_was_left_are_believed_however_long_the_last_waits_were() -> None:
    emptied = said(0, 50, waiting=0, inside=0)

    assert hear(new_believer(), emptied, zero(5)) == ["believed", "believed"]


def test_without_counts_a_long_wait_does_not_end_in_ten_minutes() -> None:
    heard = hear(new_believer(), said(0, 90), said(5, 0), said(10, 0), said(35, 0))

    assert heard == ["believed", "dropout", "dropout", "believed"]


def test_all_zeros_long_after_a_busy_reading_are_believed() -> None:
    assert hear(new_believer(), said(0, 169, inside=28), zero(45)) == ["believed", "believed"]


def test_a_slower_source_is_given_two_cadences() -> None:
    believer = new_believer(cadence_s=3600)

    assert hear(believer, said(0, 169, inside=28), zero(60)) == ["believed", "dropout"]


def test_less_than_an_hour_is_no_zero() -> None:
    under_an_hour = Wait(low=0, high=60)

    assert hear(new_believer(), said(0, 120, inside=28), said(5, under_an_hour)) == [
        "believed",
        "statistic_changed",
    ]
    assert hear(
        new_believer(), said(0, Wait(low=120, high=180), inside=28), said(5, under_an_hour)
    ) == ["believed", "believed"]


def test_no_wait_with_people_waiting_is_held() -> None:
    assert hear(new_believer(), said(0, 0, inside=41)) == ["zero_with_patients"]
    assert hear(new_believer(), said(0, 0, waiting=3)) == ["zero_with_patients"]
    assert hear(new_believer(), said(0, 0, waiting=0, inside=41)) == ["zero_with_patients"]


def test_no_wait_with_nobody_waiting_is_believed() -> None:
    assert hear(new_believer(), said(0, 0)) == ["believed"]
    assert hear(new_believer(), said(0, 0, waiting=0, inside=4)) == ["believed"]


def test_one_or_two_may_have_come_just_now_and_wait_no_time_yet() -> None:
    assert hear(new_believer(), said(0, 0, waiting=2, inside=12)) == ["believed"]


def test_no_wait_with_people_waiting_is_believed_where_zeros_are_known_to_be_normal() -> None:
    believer = Believer({"deal-utc": FacilityRules(zeros_are_normal=True)}, {})

    assert hear(believer, said(0, 0, waiting=5)) == ["believed"]


def test_zeros_that_come_and_go_are_learnt_to_be_normal() -> None:
    believer = new_believer()
    series = [said(5 * n, 0 if n % 10 == 9 else 12, waiting=5) for n in range(130)]

    heard = hear(believer, *series)

    assert heard[9] == "zero_with_patients"
    assert heard[129] == "believed"


def test_one_long_failure_does_not_teach_that_zeros_are_normal() -> None:
    believer = new_believer()
    before = [said(5 * n, 20, waiting=5) for n in range(100)]
    failure = [said(500 + 5 * n, 0, waiting=5) for n in range(300)]

    assert set(hear(believer, *before, *failure)[100:]) == {"zero_with_patients"}


UNITS = ("deal-utc", "dover-utc", "herne-bay-miu")


def test_all_units_at_zero_at_once_are_held_though_none_was_busy() -> None:
    believer = new_believer(*UNITS)
    deliver(believer, *(said(0, 12, facility=unit) for unit in UNITS))

    heard = deliver(believer, *(zero(5, facility=unit) for unit in UNITS))

    assert heard == ["all_zero"] * 3
    assert findings(believer, 5) == {("all_zero", None)}


def test_units_at_zero_one_after_another_are_believed() -> None:
    believer = new_believer(*UNITS)
    deliver(believer, *(said(0, 12, facility=unit) for unit in UNITS))

    heard = deliver(
        believer,
        zero(5, facility="deal-utc"),
        said(5, 12, facility="dover-utc"),
        zero(5, facility="herne-bay-miu"),
    )

    assert heard == ["believed"] * 3


def test_units_that_shut_together_may_fall_to_zero_together() -> None:
    believer = new_believer(*UNITS, opened_minutes=lambda _unit, _at: -1.0)
    deliver(believer, *(said(0, 12, facility=unit) for unit in UNITS))

    heard = deliver(believer, *(zero(5, facility=unit) for unit in UNITS))

    assert heard == ["believed"] * 3


def test_a_quiet_night_with_every_unit_at_zero_is_believed() -> None:
    believer = new_believer(*UNITS)
    deliver(believer, *(zero(0, facility=unit) for unit in UNITS))

    assert deliver(believer, *(zero(5, facility=unit) for unit in UNITS)) == ["believed"] * 3
