"""No position finer than its cell, and no query, reaches a log record, a metric or Redis."""

import logging
import re
import struct
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from yarl import URL

from tests.support.clock import FakeClock
from tests.support.service import Patient, eventually, serving
from tests.web.conftest import READINGS, put
from waitless.app import Role, create_app
from waitless.metrics import WebMetrics
from waitless.settings import Settings
from waitless.store import Store
from waitless.web.routes import Around, Routes

ROUTES = [
    "/", "/v1/recommendations", "/v1/comparison", "/v1/facilities", "/v1/facilities/deal-utc",
    "/v1/facilities/deal-utc/history", "/v1/feeds", "/v1/journeys", "/healthz", "/nowhere",
    "/docs", "/v1/journeys/0123456789abcdef0123456789abcdef",
]  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
digits = st.integers(10**10, 10**11 - 1).filter(lambda one: len(set(str(one))) > 5)
"""Decimals of a degree, so many that no other figure has them by chance."""


@pytest.fixture
async def asked(store: Store, redis_url: str, clock: FakeClock) -> AsyncIterator[Patient]:
    """A service with everything on that remembers anything of a request."""
    await put(store, *READINGS)
    app = create_app(
        Settings(
            redis_url=redis_url,
            rate_limit=10_000,
            ledger_served_share=0.5,
            trusted_proxies="127.0.0.0/8",
            fast_path=True,
        ),
        Role.API,
        now=clock,
    )
    async with serving(app) as client:

        async def ready() -> bool:
            return (await client.get("/readyz")).status == 200

        await eventually(ready)
        yield client


async def _everything_in(redis: Redis) -> bytes:
    """Every key with all that it holds."""
    parts: list[Any] = []
    async for key in redis.scan_iter():
        parts.append(key)
        match await redis.type(key):
            case b"string":
                parts.append(await redis.get(key))
            case b"hash":
                parts.append(await redis.hgetall(key))
            case b"stream":
                parts.append(await redis.xrange(key))
            case b"none":
                pass  # expired since
            case other:
                pytest.fail(f"{key!r} is a {other!r}, which nobody looks into")
    return repr(parts).encode()


@settings(max_examples=60)
@given(
    method=st.sampled_from(METHODS),
    route=st.sampled_from(ROUTES),
    lat=digits,
    lon=digits,
    shape=st.sampled_from(
        [
            "lat=51.{lat}&lon=1.{lon}", "lat=51.{lat}&lon=boom{lon}", "place={lat}+{lon}",
            "lat=51.{lat}&lon=1.{lon}&mode=walk&need=injury", "lat=9{lat}&lon=1.{lon}",
            "%FF{lat}=%00{lon}", "lat=51.{lat}", "lat=51.{lat}&lat=51.{lat}&lon=1.{lon}",
        ]
    ),
    address=st.ip_addresses(network="198.51.100.0/24"),
)  # fmt: skip
@example(
    method="GET",
    route="/v1/recommendations",
    lat=22301234567,
    lon=40017654321,
    shape="lat=51.{lat}&lon=1.{lon}",
    address="198.51.100.7",
)
@example(
    method="POST",
    route="/v1/journeys",
    lat=22301234567,
    lon=40017654321,
    shape="lat=51.{lat}&lon=1.{lon}",
    address="198.51.100.7",
)
async def test_nothing_remembers_where_somebody_asked_from(
    asked: Patient,
    fresh_redis: Redis,
    caplog: pytest.LogCaptureFixture,
    *,
    method: str,
    route: str,
    lat: int,
    lon: int,
    shape: str,
    address: object,
) -> None:
    caplog.clear()
    query = shape.format(lat=lat, lon=lon)
    url = URL(f"{route}?{query}", encoded=True)
    body = {"facility": "deal-utc", "mode": "drive", "eta_minutes": 25, "lat": f"51.{lat}"}
    with caplog.at_level(logging.DEBUG):
        response = await asked.request(
            method, url,
            json=body if method in {"POST", "PUT"} else None,
            headers={"X-Forwarded-For": str(address), "Referer": f"https://a/{quote(query)}"},
        )  # fmt: skip
        await response.read()
        figures = await (await asked.get("/metrics")).text()

    ours = [record for record in caplog.records if record.name != "aiohttp.access"]
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in ours)
    held = await _everything_in(fresh_redis)
    for told in (logged, figures, held.decode()):
        for secret in (str(lat), str(lon), query, str(address)):
            assert secret not in told
    for degrees in (float(f"51.{lat}"), float(f"1.{lon}")):
        for form in (">d", "<d"):
            assert repr(struct.pack(form, degrees))[2:-1].encode() not in held


async def test_a_fault_of_ours_is_logged_without_what_it_stumbled_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def stumble(request: web.Request) -> web.Response:
        raise ValueError(f"could not convert {request.query['lat']}")

    app = web.Application()
    Routes(app, Around(WebMetrics(CollectorRegistry()))).add_get("/stumble", stumble)
    async with serving(app) as client:
        response = await client.get(
            "/stumble", params={"lat": "51.2230123"}, headers={"X-Request-ID": "night-7"}
        )
    told = [one.getMessage() for one in caplog.records if one.name == "waitless.web.problems"]

    assert response.status == 500
    assert len(told) == 1
    assert re.search(r"/stumble failed: ValueError at test_privacy.py:\d+ < routes.py", told[0])
    assert "night-7" in told[0]
    assert "2230123" not in told[0]
