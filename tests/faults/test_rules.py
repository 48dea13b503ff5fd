"""The instruments of `make faults`, each shown what it is there to find."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from loadtests.faults.account import Balance, Books, balance
from loadtests.faults.observer import list_broken_waits
from loadtests.faults.traffic import Said, Sent, draw_figures
from tests.support.clock import MONDAY_MORNING

FIRST, SECOND, THIRD = (Sent("maidstone-ed", at, 20.0 + at) for at in (1000, 2000, 3000))
NOTHING = Books((), {}, {}, {})


def books(*history: Sent, counted: int = 0, believed: int = 0) -> Books:
    return Books(history, {"mtw": len(set(history))}, {"mtw": counted}, {"mtw": believed})


def drawn(after: Books, before: Books = NOTHING) -> Balance:
    acknowledged = [FIRST, SECOND, THIRD]
    return balance(acknowledged, acknowledged, before, after)


def test_what_is_all_stored_balances() -> None:
    assert drawn(books(FIRST, SECOND, THIRD, believed=3)) == Balance(3, 0, 0, 0, 0)


def test_what_is_neither_stored_nor_counted_is_lost() -> None:
    assert drawn(books(FIRST, THIRD)).lost == 1


def test_what_was_counted_before_explains_no_loss() -> None:
    assert drawn(books(FIRST, THIRD, counted=5), books(counted=5)).lost == 1
    assert drawn(books(FIRST, THIRD, counted=6), books(counted=5)).passed_over == 1


def test_what_another_feed_counted_explains_no_loss() -> None:
    assert drawn(Books((FIRST, THIRD), {}, {"dgt": 9}, {})).lost == 1


def test_a_figure_stored_with_another_value_is_lost_and_invented() -> None:
    other = Sent("maidstone-ed", 2000, 99.0)
    found = drawn(books(FIRST, other, THIRD))
    assert (found.lost, found.invented) == (1, 1)


def test_a_wait_stored_or_believed_twice_is_doubled() -> None:
    assert drawn(books(FIRST, SECOND, THIRD, THIRD)).doubled == 1
    assert drawn(books(FIRST, SECOND, THIRD, believed=4)).doubled == 1


def answer(minutes: float, age: timedelta) -> dict[str, Any]:
    at = (MONDAY_MORNING - age).isoformat()
    return {
        "destinations": [
            {"facility": {"id": "deal-utc"}, "wait": {"now": {"minutes": minutes, "as_of": at}}}
        ]
    }


@pytest.mark.parametrize(
    ("minutes", "age", "words"),
    [
        (22.0, timedelta(minutes=30, seconds=2), "30.0 minutes old"),
        (22.0, timedelta(minutes=-3), "-3.0 minutes old"),
        (5000.0, timedelta(), "a held figure"),
        (23.0, timedelta(), "nobody sent"),
    ],
)
def test_an_answer_that_shows_what_it_may_not_breaks_a_rule(
    minutes: float, age: timedelta, words: str
) -> None:
    said = Said(forbidden={5000.0}, figures={"deal-utc": {22.0}})
    at = (MONDAY_MORNING, MONDAY_MORNING)
    [broken] = list_broken_waits(answer(minutes, age), said, at)
    assert words in broken


def test_an_answer_that_shows_what_was_sent_breaks_none() -> None:
    said = Said(figures={"deal-utc": {22.0}})
    late = (MONDAY_MORNING, MONDAY_MORNING + timedelta(seconds=20))
    for age in (timedelta(), timedelta(minutes=30)):
        assert list(list_broken_waits(answer(22.0, age), said, late)) == []


def test_figures_move_by_small_steps_and_differ_between_facilities() -> None:
    drawing = [draw_figures(number) for number in range(4)]
    series = [[draw() for _ in range(100)] for draw in drawing]
    for one in series:
        assert max(abs(b - a) for a, b in pairwise(one)) <= 0.25
    assert not set.intersection(*map(set, series))
