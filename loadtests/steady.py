"""An open-loop HTTP client: requests are sent when they are due, however slow the answers are.

A request's time counts from the moment it was due to its answer's last byte, so that one who had
to wait for others counts as having waited (no coordinated omission). How late the client itself
sent is told beside: it is part of the figure, and no fault of the server. Keep-alive connections,
as many as are needed; loopback only.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from loadtests.arrivals import poisson_times

LOOPBACK = "127.0.0.1"
MOST_CONNECTIONS = 512
ANSWERED_WITHIN_S = 10.0


@dataclass(slots=True)
class Timings:
    """What became of the requests of one phase, in milliseconds."""

    answers_ms: list[float] = field(default_factory=list)
    """From due to answered, of those answered with one of the statuses that were wanted."""
    late_ms: list[float] = field(default_factory=list)
    """How late the client sent each: its timers (epoll's are good to 1 ms), or opening one more
    connection."""
    failed: dict[str, int] = field(default_factory=dict)
    """What went wrong, counted."""

    def fail(self, what: str) -> None:
        """Count one failure."""
        self.failed[what] = self.failed.get(what, 0) + 1


@dataclass(slots=True)
class _Request:
    due_s: float
    text: bytes
    timings: Timings


class _Connection(asyncio.Protocol):
    """One keep-alive connection: one request at a time."""

    def __init__(self, pool: "OpenLoop") -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._request: _Request | None = None
        self._got = bytearray()
        self._wanted = 0
        """Bytes of the whole answer; 0 while its head is not complete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._pool.freed(self)

    def send(self, request: _Request) -> None:
        self._request = request
        self._wanted = 0
        self._got.clear()
        request.timings.late_ms.append((time.perf_counter() - request.due_s) * 1000)
        assert self._transport is not None  # noqa: S101 - only handed out once it is there
        self._transport.write(request.text)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._wanted:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return
            self._wanted = end + 4 + length_of(self._got[:end])
        if len(self._got) >= self._wanted:
            request, self._request = self._request, None
            if request is not None:
                self._pool.answered(request, bytes(self._got[9:12]))
            self._pool.freed(self)

    def connection_lost(self, _: Exception | None) -> None:
        request, self._request = self._request, None
        self._pool.lost(self, request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class OpenLoop:
    """A client of one server on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._opening = 0
        self._waiting: deque[_Request] = deque()
        self._pending = 0
        self._closing = False

    async def run(
        self, paths: Sequence[str], *, rate: float, seconds: float, chance: Random, timings: Timings
    ) -> None:
        """Send requests at a Poisson rate and wait for their answers.

        Args:
            paths: what is asked for, in turn from a random one on.
            rate: a second, in the mean.
            seconds: how long requests fall due.
            chance: when they do.
            timings: is added to.
        """
        texts = [request_text(path) for path in paths]
        turn = chance.randrange(len(texts))
        begun_s = time.perf_counter()
        for at_s in poisson_times(rate, seconds, chance):
            due_s = begun_s + at_s
            while (ahead_s := due_s - time.perf_counter()) > 0:
                await asyncio.sleep(ahead_s)
            self._send(_Request(due_s, texts[turn % len(texts)], timings))
            turn += 1
            if not turn % 16:
                await asyncio.sleep(0)  # answers are read even while we are behind
        deadline = time.perf_counter() + ANSWERED_WITHIN_S
        while self._pending and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        if self._pending:
            timings.failed["no answer"] = timings.failed.get("no answer", 0) + self._pending
            self._pending = 0

    def close(self) -> None:
        """Close every connection."""
        self._closing = True
        for connection in list(self._all):
            connection.close()

    def _send(self, request: _Request) -> None:
        self._pending += 1
        if self._idle:
            self._idle.pop().send(request)
            return
        self._waiting.append(request)
        if len(self._all) + self._opening < MOST_CONNECTIONS:
            self._opening += 1
            task = asyncio.ensure_future(self._open())
            task.add_done_callback(lambda done: done.exception())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                lambda: _Connection(self), LOOPBACK, self._port
            )
        except OSError as fault:
            if self._waiting:
                self._end(self._waiting.popleft(), f"connect: {fault.strerror}")
        else:
            self._all.add(connection)
        finally:
            self._opening -= 1

    def freed(self, connection: _Connection) -> None:
        """A connection is ready for the next request."""
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._idle.append(connection)

    def answered(self, request: _Request, status: bytes) -> None:
        """A whole answer has been read."""
        if status == b"200":
            self._pending -= 1
            request.timings.answers_ms.append((time.perf_counter() - request.due_s) * 1000)
        else:
            self._end(request, f"status {status.decode('latin-1')}")

    def lost(self, connection: _Connection, request: _Request | None) -> None:
        """The server has closed a connection, with or without a request on it."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if request is not None and not self._closing:
            self._end(request, "connection closed")

    def _end(self, request: _Request, what: str) -> None:
        self._pending -= 1
        request.timings.fail(what)


def quantile(values: Iterable[float], share: float) -> float:
    """The value that a share (0 to 1) of all does not exceed; NaN of none."""
    ranked = sorted(values)
    if not ranked:
        return float("nan")
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def length_of(head: bytes | bytearray) -> int:
    """Content-Length, which every answer asked for here has; 0 where there is none."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def request_text(path: str) -> bytes:
    """A question as HTTP has it, on a connection that is kept."""
    return f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n\r\n".encode("ascii")
