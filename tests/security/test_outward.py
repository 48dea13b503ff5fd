"""Where the service goes by itself: to the sources that definitions name, and nowhere else."""

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from feeds.addresses import is_public
from feeds.definition import DefinitionFault, load_definition
from tests.conftest import DATA
from tests.support.clock import FakeClock
from tests.support.http_source import Bench, answering, definition, fault_of, source
from waitless.area.pack import Area
from waitless.settings import Settings
from waitless.transports import make_connector, make_session

NAME = "waits.example"
OUTSIDE = "203.0.114.9"  # public: beside the documentation's network


class Names(AbstractResolver):
    """A name server in a stranger's hands."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=one, port=port, family=family, proto=0, flags=socket.AI_PASSIVE
            )
            for one in self._addresses
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def sessions() -> AsyncIterator[list[aiohttp.ClientSession]]:
    opened: list[aiohttp.ClientSession] = []
    yield opened
    for session in opened:
        await session.close()


@pytest.fixture
def area(east_kent: Area) -> Area:
    return replace(east_kent, feeds=(), traffic=(), trip_updates=())


def at_name(url: URL) -> URL:
    return url.with_host(NAME)


async def test_a_name_that_leads_behind_our_walls_is_not_followed(
    area: Area, clock: FakeClock, sessions: list[aiohttp.ClientSession]
) -> None:
    async with source(answering(b"[1]")) as (url, requests):
        area = replace(area, feeds=(definition(at_name(url)),))
        sessions.append(
            aiohttp.ClientSession(connector=make_connector(area, Settings(), Names("127.0.0.1")))
        )
        poller = Bench(sessions[0], clock).poller(at_name(url))

        assert await fault_of(poller) == "private_address"
        assert requests == []


@pytest.mark.parametrize("webhook", [False, True])
async def test_a_name_that_the_operator_vouches_for_is_followed(
    area: Area, clock: FakeClock, sessions: list[aiohttp.ClientSession], *, webhook: bool
) -> None:
    async with source(answering(b"[1]")) as (url, _):
        settings = Settings(alert_webhook=str(at_name(url)) if webhook else None)
        area = replace(area, feeds=(definition(at_name(url), private=not webhook),))
        sessions.append(
            aiohttp.ClientSession(connector=make_connector(area, settings, Names("127.0.0.1")))
        )

        assert await Bench(sessions[0], clock).poller(at_name(url)).fetch() == b"[1]"


async def test_no_source_plants_what_is_sent_to_another(
    area: Area, clock: FakeClock, sessions: list[aiohttp.ClientSession]
) -> None:
    heard: list[str | None] = []

    async def plant(request: web.Request) -> web.Response:
        heard.append(request.headers.get("Cookie"))
        cookie = "site=elsewhere; Domain=example; Path=/"
        return web.json_response([1], headers={"Set-Cookie": cookie})

    async with source(plant) as (url, _):
        ours, anothers = url.with_host("a.example"), url.with_host("b.example")
        area = replace(area, feeds=tuple(definition(one, private=True) for one in (ours, anothers)))
        sessions.append(make_session(area, Settings(), Names("127.0.0.1")))
        bench = Bench(sessions[0], clock)

        for one in (ours, ours, anothers):
            assert await bench.poller(one).fetch() == b"[1]"

    assert heard == [None, None, None]


async def test_of_several_addresses_only_public_ones_are_tried(area: Area) -> None:
    names = Names("169.254.169.254", OUTSIDE, "10.0.0.7")
    connector = make_connector(area, Settings(), names)
    found = await connector._resolver.resolve(NAME, 443)  # noqa: SLF001 - what it really asks
    await connector.close()

    assert [one["host"] for one in found] == [OUTSIDE]


async def test_a_name_without_an_address_is_unknown_and_not_private(
    area: Area, clock: FakeClock, sessions: list[aiohttp.ClientSession]
) -> None:
    sessions.append(aiohttp.ClientSession(connector=make_connector(area, Settings(), Names())))

    assert await fault_of(Bench(sessions[0], clock).poller(f"http://{NAME}/")) == "dns"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",  # noqa: S104
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
        "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "ff0e::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:a00:1:8000:63bf:80ff:fffe",
        "waits.example", "",
    ],
)  # fmt: skip
def test_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [OUTSIDE, "8.8.8.8", "2a00:1450:4009::8", "64:ff9b::808:808"])
def test_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_in_another_form(address: object) -> None:
    assert is_public(f"::ffff:{address}") <= is_public(str(address))
    assert is_public(f"64:ff9b::{address}") <= is_public(str(address))


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://waits.example/", "gopher://127.0.0.1:6379/_FLUSHALL", "//a"],
)
def test_no_definition_names_another_scheme(tmp_path: Path, url: str) -> None:
    text = (DATA / "plymouth" / "feeds" / "plymouth.toml").read_text()
    [line] = [one for one in text.splitlines() if one.startswith("url")]
    path = tmp_path / "plymouth.toml"
    path.write_text(text.replace(line, f'url = "{url}"'))

    with pytest.raises(DefinitionFault, match="http or https"):
        load_definition(path)
