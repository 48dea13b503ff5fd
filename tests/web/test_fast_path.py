"""The fast path: the same answers, and nothing but plain questions."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.clock import FakeClock
from tests.support.service import Patient, eventually, serving
from tests.web.conftest import READINGS, put
from waitless.app import Role, create_app
from waitless.settings import Settings
from waitless.store import Store
from waitless.web import fastserver
from waitless.web.plain_get import judge_headers

ASKED = b"GET /v1/recommendations?place=CT14 HTTP/1.1\r\nHost: here\r\n\r\n"
FATES = re.compile(r'waitless_fast_path_requests_total\{fate="(\w+)"\} (\d+)')
SILENT_NAPS, NAP_S = 20, 0.015
"""A silence is some turns of the loop, which the service shares, each with nothing in it: a busy
machine can let any time go by in one turn."""


@pytest.fixture
async def fast(store: Store, redis_url: str, clock: FakeClock) -> AsyncIterator[Patient]:
    await put(store, *READINGS)
    async with serving(
        create_app(Settings(redis_url=redis_url, fast_path=True), Role.API, now=clock)
    ) as client:

        async def ready() -> bool:
            return (await client.get("/readyz")).status == 200

        await eventually(ready)
        yield client


@pytest.fixture
async def both(
    fast: Patient, redis_url: str, clock: FakeClock
) -> AsyncIterator[tuple[Patient, Patient]]:
    async with serving(create_app(Settings(redis_url=redis_url), Role.API, now=clock)) as plain:

        async def ready() -> bool:
            return (await plain.get("/readyz")).status == 200

        await eventually(ready)
        yield fast, plain


async def fates(client: Patient) -> dict[str, int]:
    text = await (await client.get("/metrics")).text()
    return {fate: int(number) for fate, number in FATES.findall(text)}


async def exchange(client: Patient, *chunks: bytes, pause_s: float = 0.02) -> bytes:
    """What comes back for chunks sent one by one on one connection, to its end or a silence."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    for chunk in chunks:
        writer.write(chunk)
        await writer.drain()
        await asyncio.sleep(pause_s)
    answer, silent, ended = b"", 0, False
    while not ended and silent < SILENT_NAPS:
        try:
            async with asyncio.timeout(NAP_S):
                more = await reader.read(65536)
            answer, silent, ended = answer + more, 0, not more
        except TimeoutError:
            silent += 1
    writer.close()
    return answer


def settled(answer: bytes) -> bytes:
    """Without the two headers that differ from one answer to the next."""
    return re.sub(rb"(Date|X-Request-ID): [^\r]*\r\n", b"", answer)


queries = st.one_of(
    st.builds(
        "{}&mode={}&need={}&limit={}".format,
        st.sampled_from(
            ["place=CT14", "place=ct14", "place=Deal", "place=CT1+3NG", "lat=51.22&lon=1.4",
             "lat=51.2230&lon=+1.40", "place=St%20Mary%27s", "lat=51.22", "lat=9&lon=9", "x=1"]
        ),
        st.sampled_from(["drive", "walk", "fly", ""]),
        st.sampled_from(["wound", "eye", "burn", "soul"]),
        st.sampled_from(["1", "50", "7", "0", ""]),
    ),
    st.text(st.sampled_from("abclotnp=&%+.,;/?#[]51 "), max_size=30),
)  # fmt: skip
harmless = [
    "Accept: */*", "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0", "accept-encoding: br",
    "Connection: keep-alive", "If-None-Match: *", 'If-None-Match: "x"', "If-None-Match: a, *",
    "X-Request-ID: abc-1", "X-Request-ID: a b",
]  # fmt: skip
strange = [
    "Content-Length: 0", "Content-Length: 5", "Transfer-Encoding: chunked", "Cookie: a=b",
    "Expect: 100-continue", "Upgrade: websocket", "Host: there", "Range: bytes=0-5",
    "User-Agent: \tx", "Name : x", " folded", "X-Strange: 1", "no colon", "Connection: close",
]  # fmt: skip
headers = st.one_of(
    st.lists(st.sampled_from(harmless), max_size=3),
    st.lists(st.sampled_from(harmless + strange), max_size=4),
)


async def until_of_one_mind(both: tuple[Patient, Patient]) -> None:
    """Wait until two services know the same: each learns by itself what the store holds."""

    async def are() -> bool:
        told = [await client.get("/v1/recommendations?place=CT14") for client in both]
        return told[0].headers["ETag"] == told[1].headers["ETag"]

    await eventually(are, words="one answer of both")


async def ask_once(client: Patient, sent: bytes) -> bytes:
    """The first response to a request, by its own length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(sent)
    async with asyncio.timeout(30):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
    writer.close()
    return head + body


async def test_both_paths_send_the_same_bytes(both: tuple[Patient, Patient]) -> None:
    fast, _ = both
    loop = asyncio.get_running_loop()
    await until_of_one_mind(both)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(query=queries, lines=headers)
    def check(query: str, lines: list[str]) -> None:
        request = "\r\n".join([f"GET /v1/recommendations?{query} HTTP/1.1", "Host: here", *lines])

        async def ask() -> tuple[bytes, bytes]:
            sent = request.encode() + b"\r\n\r\n"
            one, other = await asyncio.gather(*(ask_once(client, sent) for client in both))
            return settled(one), settled(other)

        async def ask_those_of_one_mind() -> tuple[bytes, bytes]:
            one, other = await ask()
            if one != other:  # for one of them the store may have been away meanwhile
                await until_of_one_mind(both)
                one, other = await ask()
            return one, other

        one, other = asyncio.run_coroutine_threadsafe(ask_those_of_one_mind(), loop).result(90)
        assert one == other

    await asyncio.to_thread(check)
    assert (await fates(fast))["answered"] > 5
    known = ASKED.replace(b"\r\n\r\n", b"\r\nIf-None-Match: *\r\n\r\n")
    one, other = [settled(await exchange(client, known)) for client in both]
    assert one == other
    assert one.startswith(b"HTTP/1.1 304 ")


async def test_a_plain_question_is_answered_and_counted_as_ever(fast: Patient) -> None:
    before = await fates(fast)

    answer = await exchange(fast, ASKED, ASKED)

    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert (await fates(fast))["answered"] - before["answered"] == 2
    counted = 'http_requests_total{method="GET",route="/v1/recommendations",status="200"} 2.0'
    text = await (await fast.get("/metrics")).text()
    assert (
        counted in text
        or counted.replace(
            'method="GET",route="/v1/recommendations"', 'route="/v1/recommendations",method="GET"'
        )
        in text
    )


@pytest.mark.parametrize("cut", [1, 4, 30, len(ASKED) - 2, len(ASKED) - 1])
async def test_a_request_split_over_packets_is_aiohttps_for_good(fast: Patient, cut: int) -> None:
    before = await fates(fast)

    answer = await exchange(fast, ASKED[:cut], ASKED[cut:], ASKED)

    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert (await fates(fast))["answered"] == before["answered"]


async def test_pipelined_requests_are_all_answered_in_order(fast: Patient) -> None:
    other = ASKED.replace(b"CT14", b"CT1")

    answer = await exchange(fast, ASKED, ASKED + other + ASKED, ASKED)

    labels = re.findall(rb'"label":"(CT\d+)"', answer)
    assert labels == [b"CT14", b"CT14", b"CT1", b"CT14", b"CT14"]


@pytest.mark.parametrize(
    "sent",
    [
        [b"POST /v1/recommendations HTTP/1.1\r\nHost: here\r\nContent-Length: 62\r\n\r\n", ASKED],
        [ASKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 62\r\n\r\n"), ASKED],
        [ASKED.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"), b"3e\r\n" + ASKED],
        [b"POST / HTTP/1.1\r\nHost: here\r\nContent-Le", b"ngth: 62\r\n\r\n", ASKED],
    ],
)  # fmt: skip
async def test_a_body_that_looks_like_a_question_is_never_answered_as_one(
    both: tuple[Patient, Patient], sent: list[bytes]
) -> None:
    fast, plain = both
    before = await fates(fast)

    answers = [settled(await exchange(client, *sent)) for client in (fast, plain)]

    assert answers[0] == answers[1]
    assert answers[0].count(b"HTTP/1.1 ") <= 1
    assert (await fates(fast))["answered"] == before["answered"]


@pytest.mark.parametrize(
    "line",
    [
        b"Host: here\r\nHost: there", b"Accept: a", b"Host: here\nX: y", b"Host:here", b"Host: a b",
        b"Host: here\r\n continued", b"Host : here", b"Host: here\r\nX-Own: 1",
        b"Host: here\r\nconnection: upgrade", b"Host: \x00", b"Host: here\r\nAccept: \x80",
    ],
)  # fmt: skip
async def test_an_unusual_header_block_is_left_to_aiohttp(fast: Patient, line: bytes) -> None:
    before = await fates(fast)

    await exchange(fast, ASKED.replace(b"Host: here", line))

    assert (await fates(fast))["answered"] == before["answered"]


async def test_a_slow_reader_does_not_fill_the_memory(fast: Patient) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", fast.port, limit=1024)
    many = 3000
    for _ in range(many):
        writer.write(ASKED)
        await asyncio.sleep(0)
    await asyncio.sleep(0.5)

    held = max(
        connection.transport.get_write_buffer_size()
        for connection in fast.server.runner.server.connections  # type: ignore[attr-defined]
        if connection.transport is not None
    )
    assert held < 256 * 1024
    answered = 0
    async with asyncio.timeout(60):
        rest = b""
        while answered < many:
            rest += await reader.read(1 << 20)
            answered += rest.count(b"HTTP/1.1 200 OK")
            rest = rest[-14:]
    writer.close()


async def test_the_rate_limit_counts_what_the_fast_path_answers(
    store: Store, redis_url: str, clock: FakeClock
) -> None:
    await put(store, *READINGS)
    limited = Settings(
        redis_url=redis_url, fast_path=True, rate_limit=0.01, rate_burst=4,
        trusted_proxies="127.0.0.1",
    )  # fmt: skip
    mine, theirs = (
        ASKED.replace(b"Host: here", b"Host: here\r\nX-Forwarded-For: " + address)
        for address in (b"192.0.2.7", b"192.0.2.8")
    )
    async with serving(create_app(limited, Role.API, now=clock)) as client:

        async def ready() -> bool:
            return b'"degraded":false' in await exchange(client, theirs)

        await eventually(ready)
        before = await fates(client)
        answers = [await exchange(client, mine) for _ in range(5)]
        after = await fates(client)

    statuses = [answer[9:12] for answer in answers]
    told = [re.findall(rb'RateLimit: "default";r=(\d+)', answer)[0] for answer in answers]
    assert statuses == [b"200", b"200", b"200", b"200", b"429"]
    assert told == [b"3", b"2", b"1", b"0", b"0"]
    assert all(b'RateLimit-Policy: "default";q=4;w=400\r\n' in answer for answer in answers)
    assert b"Retry-After: " in answers[4]
    assert b'"code":"too_many_requests"' in answers[4]
    assert after["answered"] - before["answered"] == 4


def test_an_untested_aiohttp_gets_no_fast_path_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(aiohttp, "__version__", "4.0.0")

    with caplog.at_level(logging.WARNING):
        app = create_app(Settings(fast_path=True), Role.API)

    assert "_make_handler" not in vars(app)
    assert "the fast path is off" in caplog.text
    assert fastserver.TESTED_WITH


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "TE"])
def test_no_header_that_frames_a_message_is_harmless(name: str) -> None:
    assert judge_headers(b"\r\nHost: here\r\n" + name.encode() + b": 0") is None
    assert judge_headers(b"\r\nHost: here") is not None
