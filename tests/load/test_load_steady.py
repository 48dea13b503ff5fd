import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from aiohttp import web

from loadtests.steady import OpenLoop, Timings
from tests.support.servers import free_port


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that answers `/quick` at once, `/slow` after a second, and refuses the rest."""

    async def quick(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 100_000)

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(1.0)
        return web.Response(body=b"")

    app = web.Application()
    app.router.add_get("/quick", quick)
    app.router.add_get("/slow", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    found = free_port()
    await web.TCPSite(runner, "127.0.0.1", found).start()
    yield found
    await runner.cleanup()


async def _ask(port: int, *paths: str, seconds: float = 1.0) -> Timings:
    client, timings = OpenLoop(port), Timings()
    await client.run(paths, rate=100, seconds=seconds, chance=Random(1), timings=timings)
    client.close()
    return timings


async def test_every_answer_is_timed(port: int) -> None:
    timings = await _ask(port, "/quick")

    assert timings.failed == {}
    assert len(timings.answers_ms) == pytest.approx(100, abs=40)
    assert len(timings.late_ms) == len(timings.answers_ms)
    assert min(timings.answers_ms) > 0


async def test_slow_answers_do_not_slow_the_load(port: int) -> None:
    timings = await _ask(port, "/slow")

    assert timings.failed == {}
    assert len(timings.answers_ms) == pytest.approx(100, abs=40), "a closed loop had sent a few"
    assert min(timings.answers_ms) >= 990


async def test_an_answer_of_the_wrong_status_is_a_failure(port: int) -> None:
    timings = await _ask(port, "/quick", "/nowhere")

    assert set(timings.failed) == {"status 404"}
    assert abs(timings.failed["status 404"] - len(timings.answers_ms)) <= 1


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    timings = await _ask(free_port(), "/quick", seconds=0.2)

    assert timings.answers_ms == []
    assert sum(timings.failed.values()) > 0
