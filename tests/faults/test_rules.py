"""The instruments of `make faults`, each shown what it is there to find."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from loadtests.faults.account import Balance, Books, balance
from loadtests.faults.judged import Judged, Log
from loadtests.faults.observer import list_broken_waits, list_gone_back
from loadtests.faults.traffic import Said, Sent, draw_figures
from tests.support.clock import MONDAY_MORNING

FIRST, SECOND, THIRD = (Sent("maidstone-ed", at, 20.0 + at) for at in (1000, 2000, 3000))
LIVES = {"writer": (Path("writer.log"), 1), "other": (Path("other.log"), 1)}


def drawn(*history: Sent, believed: int = 0, **said: str) -> Balance:
    """All three waits were acknowledged; this is stored, and so was the second judged."""
    lives = {LIVES[name]: word for name, word in said.items()}
    words = {(SECOND.facility_id, SECOND.as_of_ms): lives}
    books = Books(history, {"mtw": len(set(history))}, {"mtw": believed}, words)
    return balance([FIRST, SECOND, THIRD], [FIRST, SECOND, THIRD], books)


def test_what_is_all_stored_balances() -> None:
    assert drawn(FIRST, SECOND, THIRD, believed=3) == Balance(3, 0, 0, 0, 0)


def test_what_is_neither_stored_nor_held_back_by_name_is_lost() -> None:
    assert drawn(FIRST, THIRD).lost == 1


def test_what_was_held_back_because_a_newer_one_is_stored_is_passed_over() -> None:
    found = drawn(FIRST, THIRD, writer="out_of_order")
    assert (found.lost, found.passed_over) == (0, 1)


def test_what_is_out_of_order_though_nothing_newer_is_stored_is_lost() -> None:
    assert drawn(FIRST, writer="out_of_order").lost == 2, "and the third, of which nothing is said"


def test_what_was_believed_and_is_not_stored_is_lost() -> None:
    assert drawn(FIRST, THIRD, writer="believed").lost == 1


def test_what_a_dead_writer_believed_may_be_passed_over_by_the_next() -> None:
    assert drawn(FIRST, THIRD, writer="believed", other="out_of_order").lost == 0


def test_a_repeat_explains_nothing() -> None:
    assert drawn(FIRST, THIRD, writer="duplicate").lost == 1


def test_a_wait_that_another_rule_held_is_passed_over() -> None:
    assert drawn(FIRST, THIRD, writer="over_limit").passed_over == 1


def test_each_life_of_a_writer_has_a_word_and_a_line_is_read_once_it_is_whole(
    tmp_path: Path,
) -> None:
    path, begins = tmp_path / "writer.log", [0]
    line = "12:00 DEBUG waitless.ingest.desk: judged maidstone-ed at 1970-01-01 00:00:02+00:00: "
    judged = Judged([Log(path, begins)])
    path.write_text(f"{line}believed\n{line}dupl")
    wait = (SECOND.facility_id, SECOND.as_of_ms)
    assert judged.read_on()[wait] == {(path, 1): "believed"}
    with path.open("a") as file:
        file.write("icate\n")
        begins.append(file.tell())
        file.write(f"{line}out_of_order\n")
    assert judged.read_on()[wait] == {(path, 1): "believed", (path, 2): "out_of_order"}


def test_a_figure_stored_with_another_value_is_lost_and_invented() -> None:
    other = Sent("maidstone-ed", 2000, 99.0)
    found = drawn(FIRST, other, THIRD)
    assert (found.lost, found.invented) == (1, 1)


def test_a_wait_stored_or_believed_twice_is_doubled() -> None:
    assert drawn(FIRST, SECOND, THIRD, THIRD).doubled == 1
    assert drawn(FIRST, SECOND, THIRD, believed=4).doubled == 1


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


def test_a_process_that_shows_an_older_reading_than_before_breaks_a_rule() -> None:
    shown = answer(22.0, timedelta(minutes=2))
    newer, older = MONDAY_MORNING - timedelta(minutes=1), MONDAY_MORNING - timedelta(minutes=3)
    assert list_gone_back(shown, {"deal-utc": newer}) == ["deal-utc"]
    assert list_gone_back(shown, {"deal-utc": older}) == []
    assert list_gone_back(shown, {}) == [], "whatever it has shown since it was asked"


def test_figures_move_by_small_steps_and_differ_between_facilities() -> None:
    drawing = [draw_figures(number) for number in range(4)]
    series = [[draw() for _ in range(100)] for draw in drawing]
    for one in series:
        assert max(abs(b - a) for a, b in pairwise(one)) <= 0.25
    assert not set.intersection(*map(set, series))
