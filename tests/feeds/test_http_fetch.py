"""Fetching from real servers on loopback, most of which misbehave."""

import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from feeds.http_fetch import find_next_hop
from feeds.http_poll import PollFault
from tests.support.clock import FakeClock
from tests.support.http_source import (
    PLYMOUTH,
    Bench,
    CsvTag,
    Handler,
    HtmlTag,
    NoNames,
    RawHandler,
    TextTag,
    answering,
    babble,
    close,
    drip,
    fault_of,
    hang,
    pour,
    raw_source,
    redirecting,
    reset,
    saying,
    source,
)
from tests.support.servers import free_port


@pytest.fixture
async def bench(clock: FakeClock) -> AsyncIterator[Bench]:
    async with aiohttp.ClientSession() as session:
        yield Bench(session, clock)


async def test_nothing_new_that_was_not_asked_for_is_a_fault(bench: Bench) -> None:
    async with source(answering(b"", 304)) as (url, _):
        assert await fault_of(bench.poller(url)) == "status_304"


@pytest.mark.parametrize(
    "tag", [b'"\xff"', b"\xe2\x82\xac", b'"' + b"x" * 600 + b'"'], ids=["raw", "euro", "long"]
)
async def test_a_tag_that_cannot_be_sent_back_is_not(bench: Bench, tag: bytes) -> None:
    asked: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(b"")
        await saying(b"Content-Length: 2\r\nConnection: close\r\nETag: " + tag + b"\r\n", b"[]")(
            reader, writer
        )

    async with raw_source(handler) as url:
        poller = bench.poller(url)
        assert await poller.fetch() == b"[]"
        assert await poller.fetch() == b"[]"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("rows", "media_type"),
    [
        (PLYMOUTH.rows, "application/json"),
        (PLYMOUTH.rows, "application/json; charset=utf-8"),
        (PLYMOUTH.rows, "text/json"),
        (PLYMOUTH.rows, "application/vnd.nhs+json"),
        (CsvTag(), "text/csv"),
        (CsvTag(), "text/plain; charset=iso-8859-1"),
        (CsvTag(), "application/octet-stream"),
        (CsvTag(), "application/csv"),
        (HtmlTag(), "text/html"),
        (HtmlTag(), "Application/XHTML+xml"),
        (TextTag(), "text/plain"),
        (TextTag(), "text/html"),
    ],
)
async def test_a_body_of_the_type_that_its_rows_need_is_taken(
    bench: Bench, rows: object, media_type: str
) -> None:
    async with source(answering(b"body", media_type=media_type)) as (url, _):
        assert await bench.poller(url, rows=rows).fetch() == b"body"


@pytest.mark.parametrize(
    ("rows", "media_type"),
    [
        (PLYMOUTH.rows, "text/html"),
        (PLYMOUTH.rows, "text/plain"),
        (PLYMOUTH.rows, "application/jsonp"),
        (PLYMOUTH.rows, "json"),
        (CsvTag(), "text/html"),
        (HtmlTag(), "application/json"),
        (TextTag(), "application/pdf"),
    ],
)
async def test_a_body_of_another_type_is_not(bench: Bench, rows: object, media_type: str) -> None:
    async with source(answering(b"body", media_type=media_type)) as (url, _):
        assert await fault_of(bench.poller(url, rows=rows)) == "content_type"


async def test_a_compressed_body_comes_unpacked(bench: Bench) -> None:
    packed = gzip.compress(b"[" + b"1," * 50_000 + b"1]")
    async with source(answering(packed, Content_Encoding="gzip")) as (url, _):
        body = await bench.poller(url).fetch()

    assert body is not None
    assert len(body) == 100_003


async def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(bench: Bench) -> None:
    async with source(answering(b"x" * 1000), answering(b"x" * 1001)) as (url, _):
        poller = bench.poller(url, max_bytes=1000)
        assert await poller.fetch() == b"x" * 1000
        assert await fault_of(poller) == "too_large"


async def test_an_endless_body_is_dropped_at_the_limit(bench: Bench) -> None:
    async with source(pour) as (url, _):
        began = time.monotonic()
        assert await fault_of(bench.poller(url, max_bytes=500_000)) == "too_large"

    assert time.monotonic() - began < 15


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_dropped_before_it_unpacks(bench: Bench, encoding: str) -> None:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    async with source(answering(bomb, Content_Encoding=encoding)) as (url, _):
        tracemalloc.start()
        assert await fault_of(bench.poller(url, max_bytes=1_000_000)) == "too_large"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert len(bomb) < 1_000_000
    assert peak < 16_000_000


@pytest.mark.parametrize("handler", [hang, drip])
async def test_a_source_that_hangs_or_drips_is_given_up_in_time(
    bench: Bench, handler: Handler
) -> None:
    async with source(handler) as (url, _):
        began = time.monotonic()
        assert await fault_of(bench.poller(url, timeout_s=0.2)) == "timeout"

    assert time.monotonic() - began < 15, "long before the source would say anything"


async def test_the_timeout_covers_all_redirects_together(bench: Bench) -> None:
    async def slowly(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.15)
        return web.Response(status=302, headers={"Location": "/again"})

    async with source(slowly) as (url, _):
        assert await fault_of(bench.poller(url, timeout_s=0.4)) == "timeout"


CHUNKED = b"Transfer-Encoding: chunked\r\n"
PACKED = b"Content-Encoding: gzip\r\nContent-Length: 9\r\n"


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        pytest.param(reset, "reset", id="reset"),
        pytest.param(close, "reset", id="closed"),
        pytest.param(babble, "not_http", id="another protocol"),
        pytest.param(saying(b"Content-Length: 100\r\n", b"[1"), "incomplete", id="cut short"),
        pytest.param(saying(CHUNKED, b"5\r\n[1, 2\r\n"), "incomplete", id="no last chunk"),
        pytest.param(saying(PACKED, b"not gzip!"), "incomplete", id="not packed"),
        pytest.param(saying(b"X: " + b"x" * 100_000 + b"\r\n"), "not_http", id="vast header"),
        pytest.param(saying(b"Content-Length: many\r\n"), "not_http", id="no length"),
    ],
)
async def test_a_broken_answer_is_named(bench: Bench, handler: RawHandler, code: str) -> None:
    async with raw_source(handler) as url:
        assert await fault_of(bench.poller(url)) == code


async def test_a_port_where_nobody_listens_is_refused(bench: Bench) -> None:
    assert await fault_of(bench.poller(f"http://127.0.0.1:{free_port()}/")) == "refused"


async def test_a_server_whose_certificate_cannot_be_is_a_fault_of_its_own(bench: Bench) -> None:
    async with source(answering()) as (url, _):
        assert await fault_of(bench.poller(str(url).replace("http:", "https:"))) == "tls"


async def test_a_name_that_is_not_known_is_a_fault_of_its_own(clock: FakeClock) -> None:
    connector = aiohttp.TCPConnector(resolver=NoNames())
    async with aiohttp.ClientSession(connector=connector) as session:
        assert await fault_of(Bench(session, clock).poller("http://waits.invalid/")) == "dns"


async def test_five_redirects_on_one_host_are_followed(bench: Bench) -> None:
    chain = [
        *redirecting("/a", "b?c=1"),
        *redirecting("./c", status=302),
        *redirecting("/d", status=307),
        *redirecting("/e", status=308),
    ]
    async with source(*chain, answering(b"[5]")) as (url, requests):
        assert await bench.poller(url).fetch() == b"[5]"

    assert [request.path_qs for request in requests] == [
        "/waits", "/a", "/b?c=1", "/c", "/d", "/e",
    ]  # fmt: skip


async def test_a_redirect_loop_ends_after_five(bench: Bench) -> None:
    async with source(*redirecting("/waits")) as (url, requests):
        assert await fault_of(bench.poller(url)) == "redirect"

    assert len(requests) == 6


async def test_a_redirect_to_another_host_or_port_is_never_followed(bench: Bench) -> None:
    async with source(answering(b'"secret"')) as (inside, reached):
        port = inside.port
        for target in (str(inside), f"//127.0.0.1:{port}/", f"http://localhost:{port}/"):
            async with source(*redirecting(target)) as (url, _):
                assert await fault_of(bench.poller(url)) == "redirect"

    assert reached == []


async def test_a_tag_is_sent_only_to_the_address_that_gave_it(bench: Bench) -> None:
    async with source(
        *redirecting("/a"), answering(b"[1]", ETag='"a"'), *redirecting("/b"), answering(b"[2]")
    ) as (url, requests):
        poller = bench.poller(url)
        assert [await poller.fetch(), await poller.fetch()] == [b"[1]", b"[2]"]

    assert all("If-None-Match" not in request.headers for request in requests)


@pytest.mark.parametrize(
    ("start", "location", "target"),
    [
        ("http://waits.nhs.uk/a", "https://waits.nhs.uk/a", "https://waits.nhs.uk/a"),
        ("http://waits.nhs.uk/a", "https://WAITS.nhs.uk:443/", "https://waits.nhs.uk/"),
        ("https://waits.nhs.uk/a/b", "../c?d", "https://waits.nhs.uk/c?d"),
        ("https://waits.nhs.uk/a", "https:\\\\evil.org/", "https://waits.nhs.uk/%5C%5Cevil.org/"),
        ("https://waits.nhs.uk:8443/a", "//waits.nhs.uk:8443/b", "https://waits.nhs.uk:8443/b"),
    ],
)
def test_a_redirect_leads_on_within_the_host_and_up_to_https(
    start: str, location: str, target: str
) -> None:
    assert str(find_next_hop(URL(start), location)) == target


@pytest.mark.parametrize(
    "location",
    [
        None,
        "",
        "http://waits.nhs.uk/",
        "https://waits.nhs.uk:8443/",
        "https://www.waits.nhs.uk/",
        "https://waits.nhs.uk.evil.example/",
        "https://waits.nhs.uk@evil.example/",
        "https://user:word@waits.nhs.uk/",
        "https://user@waits.nhs.uk/",
        "//169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::1/",
        "https://waits.nhs.uk:99999/",
        "file:///etc/passwd",
        "ftp://waits.nhs.uk/",
        "javascript:alert(1)",
        "https://\udcff/",
    ],
)
def test_a_redirect_elsewhere_is_a_fault(location: str | None) -> None:
    with pytest.raises(PollFault) as caught:
        find_next_hop(URL("https://waits.nhs.uk/a"), location)

    assert caught.value.code == "redirect"
