"""Ten thousand connections, and one more than there is room for."""

import asyncio
import logging
import re
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.servers import Server
from tests.support.sockets import count_connections, crowd, exchange, open_files, resident_bytes
from tests.weather.conftest import QUESTION, House, opened

log = logging.getLogger(__name__)

MANY = 10_000
MOST_BYTES_EACH = 24 * 1024
SLOWEST_S = 0.1


async def median_answer_s(house: House) -> float:
    took = []
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    for _ in range(100):
        began = time.perf_counter()
        writer.write(QUESTION)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert head.startswith(b"HTTP/1.1 200"), head
        assert length is not None
        await reader.readexactly(int(length[1]))
        took.append(time.perf_counter() - began)
    writer.close()
    return statistics.median(took)


@contextmanager
def opened_by_few(folder: Path, redis: Server, **more: str) -> Iterator[House]:
    """A house whose limit of open files is what many systems give; it raises it by itself."""
    with ExitStack() as stack:
        with open_files(1024):
            house = stack.enter_context(opened(folder, redis, **more))
        with open_files(2 * MANY):
            yield house


@pytest.mark.parametrize("fast", ["false", "true"], ids=["ordinary", "fast"])
async def test_ten_thousand_idle_connections_slow_nobody_down(
    own_redis: Server, tmp_path: Path, fast: str
) -> None:
    more = {"WAITLESS_FAST_PATH": fast, "WAITLESS_MOST_CONNECTIONS": str(MANY + 1)}
    with opened_by_few(tmp_path, own_redis, **more) as house:
        await median_answer_s(house)
        # Measured over the second half: the first may find memory left from the start.
        async with crowd(house.port, MANY // 2):
            assert await median_answer_s(house) < SLOWEST_S
            half = resident_bytes(house.process.pid)
            async with crowd(house.port, MANY // 2):
                assert await median_answer_s(house) < SLOWEST_S
                each = (resident_bytes(house.process.pid) - half) / (MANY // 2)
        assert each < MOST_BYTES_EACH
        log.info("%.0f bytes a connection", each)


async def test_whoever_comes_when_there_is_no_room_is_told_so_and_counted(
    own_redis: Server, tmp_path: Path
) -> None:
    most = 50
    loop = asyncio.get_running_loop()
    with opened(tmp_path, own_redis, WAITLESS_MOST_CONNECTIONS=str(most)) as house:
        await until_connections(house, 0)  # the one that asked whether it has started is gone
        async with crowd(house.port, most) as inside:
            answers = await asyncio.gather(*(exchange(house.port, QUESTION) for _ in range(200)))

            for answer, closed in answers:
                assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n"), answer
                assert b"Content-Type: application/problem+json\r\n" in answer
                assert b'"code":"too_many_connections"' in answer
                assert closed
            await loop.sock_sendall(inside[0], QUESTION)
            assert (await loop.sock_recv(inside[0], 1000)).startswith(b"HTTP/1.1 200 OK\r\n")
            inside.pop().close()
            await until_connections(house, most - 1)
            metrics, _ = await exchange(house.port, b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
            assert b"waitless_refused_connections_total 200.0" in metrics


async def test_refused_clients_that_do_not_go_are_let_go(own_redis: Server, tmp_path: Path) -> None:
    with opened(tmp_path, own_redis, WAITLESS_MOST_CONNECTIONS="1") as house:
        await until_connections(house, 0)
        async with crowd(house.port, 1), crowd(house.port, 400) as clients:
            await asyncio.sleep(1.5)

            endings = await asyncio.gather(*(to_the_end(client) for client in clients))

    assert all(ending in (b"", b"HTTP/1.1 503") for ending in endings)
    assert endings.count(b"HTTP/1.1 503") >= 256


async def until_connections(house: House, count: int) -> None:
    await house.until(lambda: count_connections(house.port) == count)


async def to_the_end(client: socket.socket) -> bytes:
    """The first bytes of what a connection gave before it ended."""
    loop, told = asyncio.get_running_loop(), b""
    try:
        async with asyncio.timeout(30):
            while more := await loop.sock_recv(client, 65536):
                told += more
    except ConnectionError:
        pass
    return told[:12]
