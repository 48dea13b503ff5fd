"""The gate: how many connections a process holds at once, and how long one may stand still."""

import asyncio
import logging
import resource
import socket
from collections.abc import Callable
from typing import cast

from aiohttp import web

from waitless.web.problems import CONTENT_TYPE, Problem, render_problem

log = logging.getLogger(__name__)

SPARE_FILES = 512
"""Open files that are no connections of clients: Redis, tables, sources, those being refused."""
BACKLOG = 1024
MOST_LINGERING = 256
LINGERS_S = 1.0
"""How long a refused client has to take its refusal: closed at once, its unread request would make
the kernel throw the refusal away."""


class Gate:
    """Lets in as many connections as there is room for; the others are told so and closed."""

    def __init__(self, most: int, idle_s: float, on_refusal: Callable[[], None]) -> None:
        """Let nobody in yet.

        Args:
            most: connections that may be open at once.
            idle_s: how long one may stand still: without a whole request, or with an answer that
                its client does not take.
            on_refusal: called for each connection that is refused.
        """
        self.idle_s = idle_s
        self._most = most
        self._on_refusal = on_refusal
        self._room = 0
        self._unseen = 0
        self._lingering = 0

    async def open(self, server: web.Server, listening: socket.socket) -> asyncio.Server:
        """Accept connections for a server; raises the process's limit of open files if need be."""
        most = min(self._most, _make_room(self._most))
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; what is accepted inherits it
            listening.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self.idle_s * 1000)
            )
        loop = asyncio.get_running_loop()

        def admit() -> asyncio.BaseProtocol:
            if self._room < 1:  # counted only then: connections that end are not told to us
                self._room = most - len(server.connections) - self._unseen
            if self._room < 1:
                self._on_refusal()
                return _Refusal(self)
            self._room -= 1
            self._unseen += 1
            loop.call_soon(self._see)
            return server()

        return await loop.create_server(admit, sock=listening, backlog=BACKLOG)

    async def close(self, accepting: asyncio.Server) -> None:
        """Accept nothing more; whoever was accepted is let in.

        asyncio accepts in one turn of its loop and lets in in the next, and drops whom it finds
        before a server that was closed between the two: its client sees a reset.
        """
        loop = asyncio.get_running_loop()
        for sock in accepting.sockets:
            loop.remove_reader(sock.fileno())
        await asyncio.sleep(0)
        accepting.close()

    def _see(self) -> None:
        """Just before the server itself counts a connection that was let in."""
        self._unseen -= 1

    def linger(self, step: int) -> bool:
        """Count refusals that are being taken; whether there is room for one more."""
        self._lingering += step
        return self._lingering <= MOST_LINGERING


class _Refusal(asyncio.Protocol):
    """A connection that is told that there are too many, and closed."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._transport: asyncio.Transport | None = None
        self._closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so, where there is room for that."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._gate.linger(1):
            self._transport.abort()
            return
        self._transport.write(_render_refusal())
        self._transport.write_eof()
        loop = asyncio.get_running_loop()
        self._closing = loop.call_later(LINGERS_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - asyncio's
        """Its request is read, so closing loses nothing."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Make room for the next refusal."""
        self._gate.linger(-1)
        if self._closing is not None:
            self._closing.cancel()


def _render_refusal() -> bytes:
    problem = Problem.TOO_MANY_CONNECTIONS
    body = render_problem(problem, "please try again in a moment")
    head = (
        f"HTTP/1.1 {problem.status.value} {problem.status.phrase}\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _make_room(most: int) -> int:
    """Connections that the limit of open files leaves room for, after raising it if need be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft != resource.RLIM_INFINITY and soft < wanted:
        log.warning(
            "room for %d connections, not %d: the limit of open files is %d",
            max(1, soft - SPARE_FILES), most, soft,
        )  # fmt: skip
        return max(1, soft - SPARE_FILES)
    return most
