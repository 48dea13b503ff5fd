"""Clients that speak bytes: one exchange, many connections at once, and what they cost a server."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest

MIB = 2**20


async def exchange(
    port: int,
    *chunks: bytes,
    pause_s: float = 0.02,
    silence_s: float = 1.0,
    patience_s: float = 30.0,
) -> tuple[bytes, bool]:
    """What comes back for chunks sent one by one on one connection, and whether it was closed.

    Args:
        port: of the server.
        chunks: each a packet of its own.
        pause_s: between two of them.
        silence_s: how long a silence ends the exchange once anything has come.
        patience_s: the same while nothing has come.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer, closed = b"", False
    try:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(pause_s)
        while not closed:
            async with asyncio.timeout(silence_s if answer else patience_s):
                more = await reader.read(65536)
            answer, closed = answer + more, not more
    except ConnectionError:
        closed = True
    except TimeoutError:
        pass
    finally:
        writer.close()
    return answer, closed


@asynccontextmanager
async def crowd(
    port: int, count: int, *, receive_bytes: int | None = None
) -> AsyncIterator[list[socket.socket]]:
    """Connections that read nothing by themselves.

    Args:
        port: of the server.
        count: how many.
        receive_bytes: the size of the receive buffer of each; None leaves it to the kernel.
    """
    loop = asyncio.get_running_loop()
    clients: list[socket.socket] = []
    try:
        for _ in range(count):
            clients.append(client := socket.socket())
            client.setblocking(False)
            if receive_bytes is not None:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            await loop.sock_connect(client, ("127.0.0.1", port))
        yield clients
    finally:
        for client in clients:
            client.close()


@contextmanager
def open_files(most: int) -> Iterator[None]:
    """A soft limit of open files, for us and for the processes that we start meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < most:
        pytest.skip(f"the hard limit of open files is {hard}: {most} are wanted (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident_bytes(pid: int) -> int:
    """Memory that a process has in use."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def count_connections(port: int) -> int:
    """Connections that a server on 127.0.0.1 has not closed, also those whose client has gone."""
    established, client_gone = "01", "08"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(
        local == f"0100007F:{port:04X}" and state in (established, client_gone)
        for _, local, _, state, *_ in rows
    )


def count_sockets(pid: int) -> int:
    """Sockets that a process has open."""
    count = 0
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed in between
            count += str(one.readlink()).startswith("socket:")
    return count
