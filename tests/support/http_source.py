"""HTTP sources on loopback that behave, misbehave, or are not HTTP at all; and pollers of them."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from yarl import URL

from feeds.definition import FeedDefinition, HttpPoll, load_definition
from feeds.http_poll import HttpPoller, PollFault
from feeds.model import Delivery
from tests.conftest import DATA
from tests.support.clock import FakeClock

PLYMOUTH = load_definition(DATA / "plymouth" / "feeds" / "plymouth.toml")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RawHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class CsvTag(msgspec.Struct, tag="csv", tag_field="format"):
    """Rows of another format: to the poller only the tag matters."""


class HtmlTag(msgspec.Struct, tag="html", tag_field="format"):
    pass


class TextTag(msgspec.Struct, tag="text", tag_field="format"):
    pass


class FaxTag(msgspec.Struct, tag="fax", tag_field="format"):
    pass


class Sleeps:
    """Sleeping that moves the clock instead; after `most` it is over."""

    def __init__(self, clock: FakeClock, most: int) -> None:
        self.taken: list[float] = []
        self.over = asyncio.Event()
        self._clock = clock
        self._most = most

    async def __call__(self, seconds: float) -> None:
        if len(self.taken) == self._most:
            self.over.set()
            await asyncio.Event().wait()
        self.taken.append(seconds)
        self._clock.move(seconds=seconds)


class Bench:
    """One session, and pollers on it with all they are handed."""

    def __init__(self, session: aiohttp.ClientSession, clock: FakeClock) -> None:
        self.session = session
        self.clock = clock
        self.deliveries: list[Delivery] = []

    def poller(
        self,
        url: object,
        *,
        rows: object = PLYMOUTH.rows,
        cadence_s: float = 300,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **transport: Any,
    ) -> HttpPoller:
        return HttpPoller(
            definition(url, rows, cadence_s, **transport),
            session=self.session,
            sink=self._take,
            now=self.clock,
            chance=random.Random(1),
            sleep=sleep,
        )

    async def _take(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)

    async def run(self, url: object, polls: int, **more: Any) -> tuple[HttpPoller, list[float]]:
        """Run a poller through some polls; gives it and its delays, the first poll's first."""
        sleeps = Sleeps(self.clock, polls)
        poller = self.poller(url, sleep=sleeps, **more)
        async with running(poller):
            await asyncio.wait_for(sleeps.over.wait(), 60)
        return poller, sleeps.taken


def definition(
    url: object, rows: object = PLYMOUTH.rows, cadence_s: float = 300, **transport: Any
) -> FeedDefinition:
    way = HttpPoll(url=str(url), **{"timeout_s": 5.0, **transport})
    return msgspec.structs.replace(PLYMOUTH, transport=way, rows=rows, cadence_s=cadence_s)


@asynccontextmanager
async def running(*pollers: HttpPoller) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def source(*handlers: Handler) -> AsyncIterator[tuple[URL, list[web.Request]]]:
    """A server that answers each request in turn with a handler, and then with the last one."""
    requests: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        requests.append(request)
        return await handlers[min(len(requests), len(handlers)) - 1](request)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        yield server.make_url("/waits"), requests


@asynccontextmanager
async def raw_source(handler: RawHandler) -> AsyncIterator[URL]:
    """A server that need not speak HTTP."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/waits")


def answering(
    body: bytes = b"[]", status: int = 200, media_type: str = "application/json", **headers: str
) -> Handler:
    given = {"Content-Type": media_type}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=given)

    return handler


def redirecting(*targets: str, status: int = 301) -> list[Handler]:
    return [answering(b"", status, Location=target) for target in targets]


def saying(head: bytes, body: bytes = b"") -> RawHandler:
    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        writer.write(first + head + b"\r\n" + body)

    return handler


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def pour(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" " * 65_536)


async def fault_of(poller: HttpPoller) -> str:
    with pytest.raises(PollFault) as caught:
        await poller.fetch()
    assert str(caught.value).startswith(f"{caught.value.code}: ")
    return caught.value.code


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


class NoNames(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(f"no {host}:{port} of {family}")

    async def close(self) -> None:
        pass
