"""Clients that are slow, oversized or malformed: bounded, refused clearly, and nobody else's
trouble."""

import asyncio
import gzip
import random
import re
import socket
import time

from tests.support.sockets import MIB, count_sockets, crowd, exchange, resident_bytes
from tests.weather.conftest import IDLE_S, KEY, QUESTION, House

CLOSED_WITHIN_S = IDLE_S + 20
"""Patience, and what a busy machine adds."""
GET = b"GET /v1/facilities HTTP/1.1\r\nHost: here\r\n"
POST = b"POST /v1/capacities HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
HOLDER = b"Authorization: Bearer " + KEY.encode() + b"\r\n"
CHUNKED = POST + HOLDER + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = POST + HOLDER + b"Content-Encoding: gzip\r\n"
CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(189))
REASONS = re.compile(rb"^HTTP/\d\.\d (\d{3}) ")


LINKS = 4
"""One of ours, and what links to Redis may be opened meanwhile; far fewer than a crowd."""


async def flood(client: socket.socket) -> int:
    """Ask on and on, reading nothing, until nothing more goes in for a while; gives the bytes."""
    sent = 0
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    sent += client.send(QUESTION * 50)
                except BlockingIOError:
                    await asyncio.sleep(0.02)
                await asyncio.sleep(0)
                if sent > 4 * MIB:
                    return sent
    except (ConnectionError, TimeoutError):
        return sent


async def until_sockets(house: House, most: int, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while count_sockets(house.process.pid) > most:
        assert time.monotonic() < deadline, count_sockets(house.process.pid)
        await asyncio.sleep(0.1)


async def test_readers_that_ask_on_and_read_nothing_are_closed_and_fill_no_memory(
    house: House,
) -> None:
    before, sockets = resident_bytes(house.process.pid), count_sockets(house.process.pid)
    async with crowd(house.port, 20, receive_bytes=4096) as clients:
        floods = [asyncio.create_task(flood(client)) for client in clients]
        await asyncio.sleep(IDLE_S / 2)

        assert await house.answers()
        await until_sockets(house, sockets + LINKS, 4 * CLOSED_WITHIN_S)
        assert resident_bytes(house.process.pid) - before < 32 * MIB
        for task in floods:
            task.cancel()


async def test_an_event_stream_that_nobody_reads_is_closed(house: House) -> None:
    sockets = count_sockets(house.process.pid)
    loop = asyncio.get_running_loop()
    async with crowd(house.port, 20, receive_bytes=2048) as clients:
        for client in clients:
            await loop.sock_sendall(client, b"GET /v1/events HTTP/1.1\r\nHost: here\r\n\r\n")
        deadline = time.monotonic() + 120
        while count_sockets(house.process.pid) > sockets + LINKS:
            assert time.monotonic() < deadline
            assert await house.push() in (200, 400)  # each tells all streams of a change
        assert await house.answers()


async def drip(client: socket.socket, sent: bytes) -> float:
    """Send a byte every 0.2 s; gives how long the server had patience."""
    loop, began = asyncio.get_running_loop(), time.monotonic()
    for at in range(len(sent)):
        try:
            await loop.sock_sendall(client, sent[at : at + 1])
            async with asyncio.timeout(0.2):
                if not await loop.sock_recv(client, 100):
                    break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - began


async def test_a_header_that_comes_byte_by_byte_is_not_waited_for(house: House) -> None:
    async with crowd(house.port, 100) as clients:
        drips = [asyncio.create_task(drip(client, QUESTION[:-2])) for client in clients]
        await asyncio.sleep(IDLE_S / 2)
        assert await house.answers()

        took = await asyncio.gather(*drips)

    assert min(took) >= IDLE_S / 2
    assert max(took) <= CLOSED_WITHIN_S


async def test_a_connection_that_asks_again_and_again_is_not_idle(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    began = time.monotonic()
    while time.monotonic() - began < 2 * IDLE_S:
        writer.write(QUESTION)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length is not None
        await reader.readexactly(int(length[1]))
        await asyncio.sleep(IDLE_S / 4)
    writer.close()


def list_oversized() -> dict[str, bytes]:
    """What is too long, by where; made when it is asked for, as the bomb takes seconds."""
    bomb = gzip.compress(b" " * 300 * MIB)
    return {
        "target": QUESTION.replace(b"CT14", b"x" * 100_000),
        "query": QUESTION.replace(b"CT14", b"x" * 2000),
        "header": GET + b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n",
        "header_name": GET + b"x" * 1_000_000 + b": 1\r\n\r\n",
        "many_headers": GET + b"".join(b"X-%d: 1\r\n" % one for one in range(10_000)) + b"\r\n",
        "endless_header": GET + b"X-Long: " + b"x" * 4_000_000,
        "body_told": POST + HOLDER + b"Content-Length: 9999999\r\n\r\n" + b" " * 9_999_999,
        "body_chunked": CHUNKED + b"10000\r\n%b\r\n" % (b" " * 65536) * 60,
        "body_unpacked": PACKED + b"Content-Length: %d\r\n\r\n%b" % (len(bomb), bomb),
        "trailers": CHUNKED + b"0\r\n" + b"X: %b\r\n" % (b"x" * 999) * 100 + b"\r\n",
        "chunk_extension": CHUNKED + b"1;" + b"x" * 1_000_000 + b"\r\nx\r\n0\r\n\r\n",
    }  # fmt: skip


MALFORMED = {
    "no_http": b"hello\r\n\r\n",
    "nul_in_target": b"GET /v1/\x00facilities HTTP/1.1\r\nHost: here\r\n\r\n",
    "nul_in_header": GET + b"X-One: a\x00b\r\n\r\n",
    "bare_lf": GET.replace(b"\r\n", b"\n") + b"\n",
    "lf_in_header": GET + b"X-One: a\nX-Two: b\r\n\r\n",
    "bare_cr": GET + b"X-One: a\rX-Two: b\r\n\r\n",
    "http_0_9": b"GET /v1/facilities\r\n",
    "http_0_9_question": b"GET /v1/recommendations?place=CT14\r\n\r\n",
    "http_3_7": GET.replace(b"1.1", b"3.7") + b"\r\n",
    "http_2_preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"),
    "tls_hello": CLIENT_HELLO,
    "no_colon": GET + b"X-One\r\n\r\n",
    "space_before_colon": GET + b"X-One : 1\r\n\r\n",
    "folded": GET + b"X-One: 1\r\n and more\r\n\r\n",
    "two_lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "negative_length": POST + b"Content-Length: -2\r\n\r\n{}",
    "signed_length": POST + b"Content-Length: +2\r\n\r\n{}",
    "huge_length": POST + b"Content-Length: " + b"9" * 300 + b"\r\n\r\n{}",
    "bad_chunk": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "negative_chunk": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "short_chunk": CHUNKED + b"9\r\n{}\r\n0\r\n\r\n",
    "unknown_coding": POST + HOLDER + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "coding_twice": POST + HOLDER + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "bad_gzip": PACKED + b"Content-Length: 4\r\n\r\nzzzz",
    "bad_percent": b"GET /v1/facilities/%zz%ff HTTP/1.1\r\nHost: here\r\n\r\n",
    "bad_utf8": b"GET /v1/facilities/\xff\xfe HTTP/1.1\r\nHost: here\r\n\r\n",
    "bad_utf8_question": QUESTION.replace(b"CT14", b"\xff\xfe"),
    "nul_question": QUESTION.replace(b"CT14", b"%00"),
    "dots": b"GET /static/../../../../etc/passwd HTTP/1.1\r\nHost: here\r\n\r\n",
    "connect": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: here\r\n\r\n",
    "bad_host": b"GET http://[::1/ HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "bad_port": b"GET http://here:99999/healthz HTTP/1.1\r\nHost: here\r\n\r\n",
    "upgrade": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "expect": POST + HOLDER + b"Expect: the-moon\r\nContent-Length: 2\r\n\r\n{}",
    "strange_method": b"\x7fGET /healthz HTTP/1.1\r\nHost: here\r\n\r\n",
    "no_host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "strange_conditions": GET + b'Range: bytes=9-1,zz\r\nIf-None-Match: "\r\nIf-Range: x\r\n\r\n',
    "strange_cookie": GET + b'Cookie: "\\\xff;=;;a\r\n\r\n',
    "bad_type": CHUNKED.replace(b"application/json", b";;;=") + b"0\r\n\r\n",
    "bad_bearer": POST + b"Authorization: Bearer \xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
    "bad_accept": GET + b"Accept-Encoding: ,;q=,\xff\r\n\r\n",
    "forwarded": GET + b"X-Forwarded-For: ,,,\xff\r\nX-Request-ID: \xff\r\n\r\n",
}  # fmt: skip


def assert_clear(answer: bytes) -> None:
    """A refusal or an answer, or nothing at all; what is our own fault is a problem document."""
    if not answer:
        return
    status = REASONS.match(answer)
    assert status is not None, answer[:200]
    if int(status[1]) >= 500:
        assert b"application/problem+json" in answer, answer[:500]
        assert b'"code":"internal"' not in answer, answer[:500]


async def test_what_is_oversized_is_refused_and_kept_nowhere(house: House) -> None:
    before = resident_bytes(house.process.pid)
    for name, sent in list_oversized().items():
        pieces = [sent[at : at + 65536] for at in range(0, len(sent), 65536)]

        answer, closed = await exchange(house.port, *pieces, pause_s=0)

        assert_clear(answer)
        assert closed or answer, name
        assert not answer.startswith(b"HTTP/1.1 2"), (name, answer[:200])
    assert resident_bytes(house.process.pid) - before < 32 * MIB
    assert await house.answers()


async def test_what_is_malformed_is_refused_clearly_or_closed(house: House) -> None:
    for sent in MALFORMED.values():
        answer, _ = await exchange(house.port, sent, silence_s=0.3, patience_s=0.3)
        assert_clear(answer)
    assert await house.answers()
    assert "Traceback" not in house.log.read_text()


async def test_what_is_mutated_at_random_never_fails_for_a_fault_of_ours(house: House) -> None:
    lots = random.Random(5)
    seeds = [QUESTION, GET + b"\r\n", POST + HOLDER + b"Content-Length: 2\r\n\r\n{}"]
    strange = [b"\r\n", b"\n", b"\x00", b":", b" ", b"%", b"\xff", b"0", b"chunked", b"HTTP/1.1"]

    async def spoil() -> None:
        sent = bytearray(lots.choice(seeds))
        for _ in range(lots.randint(1, 4)):
            at = lots.randrange(len(sent))
            sent[at : at + lots.randrange(3)] = lots.choice(strange)
        cut = lots.randrange(1, len(sent))
        parts = [bytes(sent)] if lots.random() < 0.5 else [bytes(sent[:cut]), bytes(sent[cut:])]
        answer, _ = await exchange(house.port, *parts, silence_s=0.3, patience_s=0.3)
        try:
            assert_clear(answer)
        except AssertionError:
            raise AssertionError(bytes(sent), answer[:300]) from None

    for _ in range(8):
        await asyncio.gather(*(spoil() for _ in range(50)))
    assert await house.answers()
    assert "Traceback" not in house.log.read_text()
