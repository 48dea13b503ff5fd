"""Where a patient is goes no further than the answer: not into logs, Redis, metrics or traces."""

import asyncio
import logging
import re
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.security.conftest import send
from tests.support.collector import Collector
from tests.support.service import Patient, eventually
from waitless.cell import cell_of

EXAMPLES = 15
ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
OTHERS_LOGS = {"aiohttp.access", "asyncio"}
"""The test server's own access log, which the service has not, and the test's own loop."""


@dataclass(frozen=True, slots=True)
class Patients:
    """Somebody who asks: from where, by what address, for what."""

    lat: str
    lon: str
    inward: str
    address: str
    need: str

    @property
    def postcodes(self) -> tuple[str, ...]:
        return f"CT14 {self.inward}", f"ct14{self.inward.lower()}"

    def list_traces(self) -> Iterator[bytes]:
        """What may be nowhere: the position to about 10 m or finer, as text or as a number; the
        postcode; the address. (Of a longitude a decimal more: durations begin like it.)"""
        for text, decimals in ((self.lat, 4), (self.lon, 5)):
            yield text[: text.index(".") + 1 + decimals].encode()
            yield f"{float(text):.{decimals}f}".encode()
            for form in ("<d", ">d", "<f", ">f"):
                yield struct.pack(form, float(text))
        yield from (one.encode() for one in (*self.postcodes, self.postcodes[1].upper()))
        yield self.address.encode()


digits = st.lists(st.sampled_from("123456789"), min_size=5, max_size=8).map("".join)
patients = st.builds(
    Patients,
    lat=st.tuples(st.sampled_from(("51.2", "51.0", "51.3")), digits).map("".join),
    lon=st.tuples(st.sampled_from(("1.3", "0.9", "1.1")), digits).map("".join),
    inward=st.from_regex(r"[3-8][ABDEFGHJLNPQRSTUWXYZ]{2}", fullmatch=True),
    address=st.builds("198.51.100.{}".format, st.integers(100, 250)),
    need=st.sampled_from(("wound", "eye", "boom")),
).filter(lambda one: f"{cell_of(float(one.lat), float(one.lon)).lat:.4f}" not in one.lat)


def list_requests(who: Patients) -> Iterator[bytes]:
    """Every public way to say where one is, the right ones and the wrong ones."""
    position = f"lat={who.lat}&lon={who.lon}"
    places = [f"place={one.replace(' ', '%20')}" for one in who.postcodes]
    for query in (position, f"{position}&need={who.need}", *places, f"{position}&{places[0]}",
                  f"lat={who.lat}", f"lat={who.lat}&lon=boom", f"lat={who.lon}&lon={who.lat}",
                  f"{position}&boom={who.lat}", f"{position}%ff"):  # fmt: skip
        for path in ("/v1/recommendations", "/v1/comparison", "/"):
            yield get(who, f"{path}?{query}")
    for path in ("/v1/facilities", "/v1/facilities/deal-utc", "/v1/facilities/deal-utc/history",
                 "/v1/feeds", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics",
                 "/static/patient.css", "/operator/sign-in", "/v1/nothing"):  # fmt: skip
        yield get(who, f"{path}?{position}&{places[0]}")
    yield get(who, f"/v1/facilities/{who.lat},{who.lon}")
    yield get(who, f"/{who.lat}/{who.lon}")
    yield get(who, f"/v1/recommendations?place={who.postcodes[0]}")  # no request: a blank in it
    told = f'{{"facility":"deal-utc","mode":"drive","eta_minutes":10,"lat":{who.lat}}}'.encode()
    for body in (told, f'{{"at":"{who.postcodes[0]}"'.encode()):
        head = f"POST /v1/journeys?{position} HTTP/1.1\r\nContent-Type: application/json\r\n"
        yield (head + lines(who) + f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    yield f"DELETE /v1/journeys/{who.lat}?{position} HTTP/1.1\r\n{lines(who)}\r\n".encode()
    yield f"BREW /?{position} HTTP/1.1\r\n{lines(who)}\r\n".encode()
    yield f"GET /?{position} HTTP/9.9\r\n{lines(who)}\r\n".encode()
    yield f"GET /v1/events?{position} HTTP/1.1\r\n{lines(who)}\r\n".encode()


def get(who: Patients, target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\n{lines(who)}\r\n".encode()


def lines(who: Patients) -> str:
    seen = f"https://waitless.example/?lat={who.lat}&lon={who.lon}"
    return f"Host: here\r\nX-Forwarded-For: {who.address}\r\nReferer: {seen}\r\n"


@asynccontextmanager
async def watching(redis: Redis) -> AsyncIterator[list[bytes]]:
    """Every command that anybody sends to the store meanwhile, as bytes."""
    kwargs = redis.connection_pool.connection_kwargs
    reader, writer = await asyncio.open_connection(kwargs["host"], kwargs["port"])
    writer.write(b"MONITOR\r\n")
    assert await reader.readline() == b"+OK\r\n"
    said: list[bytes] = []

    async def listen() -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(1 << 20):
                said.append(chunk)

    listening = asyncio.create_task(listen())
    yield said
    await redis.ping()  # what was sent before has come by then
    await asyncio.sleep(0.05)
    listening.cancel()
    writer.close()


def around(text: bytes, trace: bytes) -> bytes:
    """What a trace was found in."""
    at = text.index(trace)
    return text[max(at - 60, 0) : at + 60]


@settings(max_examples=EXAMPLES)
@given(who=patients)
async def test_nothing_finer_than_its_cell_is_kept_or_told_of_a_patient(
    service: Patient,
    store: Redis,
    collector: Collector,
    caplog: pytest.LogCaptureFixture,
    who: Patients,
) -> None:
    caplog.clear()
    collector.spans.clear()
    collector.bodies.clear()
    async with watching(store) as stored:
        with caplog.at_level(logging.DEBUG):
            for request in list_requests(who):
                assert (await send(service, request)).startswith((b"HTTP/1.", b"HTTP/")), request
            metrics = await (await service.get("/metrics")).read()
            while b"limits:" not in b"".join(stored):  # they are shared every 100 ms
                await asyncio.sleep(0.02)
            await service.get("/v1/feeds", headers={"X-Request-ID": "the-last"})

    async def all_told() -> bool:
        return any(one.says["waitless.request_id"] == "the-last" for one in collector.spans)

    await eventually(all_told)
    records = [one for one in caplog.records if one.name not in OTHERS_LOGS]
    logged = "\n".join(logging.Formatter().format(one) for one in records).encode()
    kept = ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), b"".join(stored))
    assert b"waitless.access" in "\n".join(one.name for one in records).encode()
    told = b"".join(collector.bodies)
    assert b"GET /v1/recommendations" in told
    texts = {"log": logged, "store": kept, "metrics": metrics, "traces": told}
    for where, text in texts.items():
        for trace in who.list_traces():
            assert trace not in text, (where, trace, around(text, trace))
        for part in (b"?lat", b"lat=", b"place=", b"need="):
            assert part not in text, (where, part, around(text, part))


async def test_what_is_looked_for_would_be_found(store: Redis) -> None:
    who = Patients("51.223012", "1.400176", "9ZZ", "198.51.100.7", "eye")
    async with watching(store) as stored:
        for trace in who.list_traces():
            await store.set(b"told " + trace, trace)

    text = ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), b"".join(stored))
    assert all(trace in text for trace in who.list_traces() if trace.isascii())
