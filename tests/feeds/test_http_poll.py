"""Polling real servers on loopback, again and again, through good days and bad."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web

from feeds.breaker import BreakerState
from feeds.http_poll import HttpPoller
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.http_source import Bench, FaxTag, answering, definition, hang, running, source
from tests.support.service import eventually


@pytest.fixture
async def bench(clock: FakeClock) -> AsyncIterator[Bench]:
    async with aiohttp.ClientSession() as session:
        yield Bench(session, clock)


async def test_a_body_is_handed_on_and_the_contact_noted(bench: Bench) -> None:
    async with source(answering(b'{"data": 1}')) as (url, _):
        poller, _ = await bench.run(url, 1)

    [delivery] = bench.deliveries
    assert (delivery.feed_id, delivery.payload) == ("plymouth-page", b'{"data": 1}')
    assert delivery.received_at == bench.clock()
    assert poller.connected
    assert poller.primed
    assert poller.fault is None
    assert poller.last_contact_at == bench.clock()


async def test_nothing_new_is_a_contact_but_no_delivery(bench: Bench) -> None:
    since = "Mon, 23 Nov 2026 09:55:00 GMT"
    first = answering(ETag='"1"', Last_Modified=since)
    async with source(first, answering(b"", 304)) as (url, requests):
        poller, delays = await bench.run(url, 3)

    assert len(bench.deliveries) == 1
    assert [request.headers.get("If-None-Match") for request in requests] == [None, '"1"', '"1"']
    assert requests[2].headers["If-Modified-Since"] == since
    assert poller.connected
    assert poller.last_contact_at == MONDAY_MORNING + timedelta(seconds=sum(delays))


async def test_a_change_after_nothing_new_is_handed_on_and_known_by_its_own_tag(
    bench: Bench,
) -> None:
    async with source(
        answering(b"[1]", ETag='"1"'), answering(b"", 304), answering(b"[2]", ETag='W/"2"')
    ) as (url, requests):
        await bench.run(url, 4)

    assert [delivery.payload for delivery in bench.deliveries] == [b"[1]", b"[2]", b"[2]"]
    assert requests[3].headers["If-None-Match"] == 'W/"2"'


async def test_a_source_that_says_nothing_new_for_half_an_hour_is_asked_for_everything(
    bench: Bench,
) -> None:
    async def tagged(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match"):
            return web.Response(status=304)
        return web.json_response([], headers={"ETag": '"stuck"'})

    async with source(tagged) as (url, _):
        await bench.run(url, 15)

    times = [delivery.received_at for delivery in bench.deliveries]
    assert len(times) == 3
    for earlier, later in itertools.pairwise(times):
        assert timedelta(minutes=30) <= later - earlier < timedelta(minutes=36)


@pytest.mark.parametrize("status", [204, 206, 300, 401, 403, 404, 410, 500, 502])
async def test_every_other_status_is_a_fault_of_its_own(bench: Bench, status: int) -> None:
    async with source(answering(b"", status)) as (url, _):
        poller, _ = await bench.run(url, 1)

    assert poller.fault == f"status_{status}"
    assert not poller.connected
    assert not poller.primed
    assert poller.last_contact_at is None
    assert bench.deliveries == []


async def test_a_source_that_is_withdrawn_is_down_and_says_so_while_it_is_left_alone(
    bench: Bench,
) -> None:
    async with source(answering(), answering(b"", 404)) as (url, _):
        poller, _ = await bench.run(url, 8)

    assert poller.breaker is BreakerState.OPEN
    assert poller.fault == "status_404"
    assert not poller.connected
    assert len(bench.deliveries) == 1


def test_rows_of_a_format_without_known_media_types_are_refused_at_once() -> None:
    with pytest.raises(
        ValueError, match="plymouth-page: no media types are known for rows of 'fax"
    ):
        HttpPoller(
            definition("http://127.0.0.1/", FaxTag()),
            session=None,  # type: ignore[arg-type]
            sink=None,  # type: ignore[arg-type]
            now=FakeClock(),
            chance=random.Random(1),
        )


async def test_polls_come_at_the_cadence_with_jitter_and_the_first_within_a_second(
    bench: Bench,
) -> None:
    async with source(answering()) as (url, _):
        _, [first, *delays] = await bench.run(url, 40)

    assert 0 <= first <= 1
    assert all(285 <= delay <= 315 for delay in delays)
    assert max(delays) - min(delays) > 10


async def test_a_failing_source_is_retried_with_backoff_then_left_alone_and_probed(
    bench: Bench,
) -> None:
    async with source(answering(b"", 500)) as (url, requests):
        poller, [_, *delays] = await bench.run(url, 10)

    assert all(delay <= cap * 1.05 for delay, cap in zip(delays, [1, 2, 4, 8], strict=False))
    assert all(
        pause <= delay <= pause * 1.05
        for delay, pause in zip(delays[4:], [300, 600, 900, 900, 900], strict=True)
    )
    assert len(requests) == 10
    assert poller.breaker is BreakerState.OPEN


async def test_waking_too_early_does_not_break_in_on_a_source_that_is_left_alone(
    bench: Bench,
) -> None:
    pauses: list[float] = []

    async def sleep_badly(seconds: float) -> None:
        pauses.append(seconds)
        bench.clock.move(seconds=seconds / 2 if seconds > 200 else seconds)
        await asyncio.sleep(0)

    async with (
        source(answering(b"", 500)) as (url, requests),
        running(bench.poller(url, sleep=sleep_badly)),
    ):

        async def is_probed() -> bool:
            return len(requests) >= 6

        await eventually(is_probed)

    [opened, rest] = [pause for pause in pauses if pause > 10][:2]
    assert 300 <= opened <= 315
    assert rest == pytest.approx(300 - opened / 2)


async def test_a_source_that_recovers_under_a_probe_is_polled_at_its_cadence_again(
    bench: Bench,
) -> None:
    async with source(*[answering(b"", 503)] * 6, answering()) as (url, _):
        poller, delays = await bench.run(url, 9)

    assert poller.connected
    assert poller.fault is None
    assert poller.breaker is BreakerState.CLOSED
    assert len(bench.deliveries) == 3
    assert all(285 <= delay <= 315 for delay in delays[-2:])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (format_datetime(MONDAY_MORNING + timedelta(minutes=10), usegmt=True), 600),
        ("999999999", 3600),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_source_that_asks_for_patience_is_given_it(
    bench: Bench, status: int, header: str, seconds: float
) -> None:
    async with source(answering(b"", status, Retry_After=header)) as (url, _):
        poller, [_, delay] = await bench.run(url, 2)

    assert seconds - 2 <= delay <= seconds * 1.05
    assert poller.fault == f"status_{status}"


async def test_one_hung_source_never_delays_another(bench: Bench) -> None:
    async with source(hang) as (hung, asked), source(answering()) as (quick, _):
        stuck = [bench.poller(hung, cadence_s=0.05, timeout_s=20) for _ in range(5)]
        well = bench.poller(quick, cadence_s=0.05)

        async def has_delivered_often() -> bool:
            return len(bench.deliveries) >= 10

        async with running(*stuck, well):
            await eventually(has_delivered_often, within_s=15)
            assert len(asked) == 5

    assert well.connected
    assert not any(poller.connected for poller in stuck)
