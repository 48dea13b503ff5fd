"""Patients of `make soak`, between two processes that may not answer."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from loadtests.faults.load import UNDISTURBED, Load, Mark, find_fault
from loadtests.faults.patients import Patients, Question, read_question
from tests.support.proxy import proxy_to

LONG_ENOUGH_S = 0.4


@asynccontextmanager
async def answering(status: int = 200) -> AsyncIterator[int]:
    """A server on a port of this machine."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text="waits")

    app = web.Application()
    app.router.add_get("/waits", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def ask(ports: dict[str, int]) -> list[Question]:
    told: list[Question] = []
    async with Patients(ports, ["/waits"], told.append).asking(100.0, Random(1)):
        await asyncio.sleep(LONG_ENOUGH_S)
    return told


async def test_who_gets_no_answer_from_one_process_asks_the_other() -> None:
    async with answering() as port, proxy_to(port) as cut:
        cut.cut()
        told = await ask({"api 1": cut.port, "api 2": port})
    assert len(told) > 10
    assert not any(one.failed for one in told)
    assert {one.asked for one in told} == {1, 2}, "every other asks first who is cut off"


async def test_who_gets_an_answer_from_neither_has_failed() -> None:
    async with answering() as port, proxy_to(port) as cut:
        cut.cut()
        told = await ask({"api 1": cut.port, "api 2": cut.port})
    assert len(told) > 10
    assert all("api 1: " in one.failed and "api 2: " in one.failed for one in told)


async def test_an_error_is_a_failure_and_not_passed_on() -> None:
    async with answering(500) as wrong:
        told = await ask({"api 1": wrong, "api 2": wrong})
    assert {one.failed for one in told} == {"api 1: 500", "api 2: 500"}


async def test_who_stands_still_is_given_up_after_three_seconds() -> None:
    async with answering() as port, proxy_to(port) as still:
        still.hangs = True
        told = await ask({"api 1": still.port, "api 2": port})
    assert not any(one.failed for one in told)
    assert all(one.took_ms > 2900 for one in told if one.asked == 2)


def test_a_question_is_told_in_a_line_and_read_from_it() -> None:
    for failed in ("", "api 1: TimeoutError, api 2: 503"):
        question = Question(12.5, 0.5, 3000.5, 2, failed)
        assert read_question(question.line() + "\n") == question


MARKS = [Mark("cut", 10.0, 15.0), Mark("stop", 20.0, math.inf)]


@pytest.mark.parametrize(
    ("due_s", "took_ms", "fault"),
    [
        (8.0, 500, (UNDISTURBED, "")),
        (9.0, 1500, ("cut", "")),
        (14.9, 3000, ("cut", "")),
        (15.1, 3000, (UNDISTURBED, "cut")),
        (19.0, 3000, ("stop", "")),
        (99.0, 1, ("stop", "")),
    ],
)
def test_a_question_belongs_to_the_fault_that_went_on_while_it_was_open(
    due_s: float, took_ms: float, fault: tuple[str, str]
) -> None:
    assert find_fault(Question(due_s, 0, took_ms, 1, ""), MARKS) == fault


def test_lines_are_taken_in_as_they_come_and_counted_by_fault(tmp_path: Path) -> None:
    path = tmp_path / "questions.txt"
    answered, refused = Question(1, 0, 2, 2, ""), Question(11, 0, 9, 2, "api 1: 503")
    late = Question(16, 0, 9, 2, "api 1: 503")
    load = Load(path, MARKS)
    path.write_text(f"{answered.line()}\n{refused.line()}\n{answered.line()[:9]}")
    load.read()
    with path.open("a") as file:
        file.write(f"{answered.line()[9:]}\n{late.line()}\n")
    load.read()
    quiet = load.seen[UNDISTURBED]
    assert (quiet.answers_ms, quiet.passed_on, quiet.asked) == ([2, 2], 2, 3)
    assert quiet.failed == {"api 1: 503 (after cut)": 1}
    assert load.seen["cut"].failed == {"api 1: 503": 1}
