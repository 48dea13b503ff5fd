"""A service to be misled, and the sources that mislead it: over MQTT, by HTTP, and pushed."""

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feeds.events import encode_event
from feeds.model import Observation
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from tests.conftest import DATA
from tests.support.clock import FakeClock
from tests.support.service import Patient, eventually, get_json, serving
from waitless.app import Role, create_app
from waitless.keys import Role as KeyRole
from waitless.keys import make_key
from waitless.settings import Settings

PAGE = "uhp-page"
KEYS = {
    PAGE: make_key(PAGE, KeyRole.PROVIDER),
    "ekhuft": make_key("ekhuft", KeyRole.PROVIDER),
    "night-desk": make_key("night-desk", KeyRole.OPERATOR),
}
NAMES = {
    "derriford-ed": "Derriford Hospital",
    "cumberland-centre-utc": "Cumberland Centre",
    "tavistock-miu": "Tavistock MIU",
}
JSON_ROWS = 'format = "json"\npath = "sites"'
JSON_FIELDS = """
facility = { path = "name" }
as_of = { path = "at" }
wait = { path = "wait", unit = "minutes", statistic = "mean", zero = "normal" }
patients_waiting = { path = "waiting" }
patients_in_department = { path = "inside" }
status = { path = "status", map = { open = "open", closed = "closed" } }
"""


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[name][0]}"}


def site(facility_id: str, at: datetime, wait: float | None, **more: Any) -> dict[str, Any]:
    """One row of a source's document."""
    return {"name": NAMES.get(facility_id, facility_id), "at": at.isoformat(), "wait": wait, **more}


def sites(*rows: dict[str, Any]) -> bytes:
    return orjson.dumps({"status": "ok", "sites": rows})


class Source:
    """Somebody else's web server. `body` is what it answers, or makes it at each request."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = 0
        self.says(b"")

    def says(
        self, body: bytes | Callable[[], bytes], media: str = "application/json", status: int = 200
    ) -> None:
        self._answer = body, media, status

    def moves_to(self, path: str) -> None:
        """Answer at another path, and where it was, say so (301)."""
        self._moved_to = path

    _moved_to = ""

    async def answer(self, request: web.Request) -> web.Response:
        if self._moved_to and request.path != self._moved_to:
            raise web.HTTPMovedPermanently(self._moved_to)
        self.asked += 1
        body, media, status = self._answer
        whole = body if isinstance(body, bytes) else body()
        return web.Response(body=whole, status=status, headers={"Content-Type": media})

    async def asked_again(self, times: int = 2) -> None:
        """Until what it says now has been fetched, and handed on before the next fetch."""
        wanted = self.asked + times

        async def asked() -> bool:
            return self.asked >= wanted

        await eventually(asked, words="another poll")


class Service:
    """The running service, and what it tells patients, programs and operators."""

    def __init__(self, patient: Patient, place: str) -> None:
        self.patient = patient
        self._place = {"place": place, "limit": 50}

    async def answer(self, **more: object) -> Any:
        return await get_json(self.patient, "/v1/recommendations", **{**self._place, **more})

    async def order(self) -> list[str]:
        """The places a patient is sent to, the first first."""
        return [one["facility"]["id"] for one in (await self.answer())["destinations"]]

    async def destination(self, facility_id: str) -> Any:
        destinations = (await self.answer())["destinations"]
        [found] = [one for one in destinations if one["facility"]["id"] == facility_id]
        return found

    async def wait(self, facility_id: str) -> float | None:
        """The published minutes that a patient is shown."""
        shown = (await self.destination(facility_id))["wait"]
        return None if shown is None else shown["now"]["minutes"]

    async def excluded(self) -> dict[str, str]:
        return {one["facility_id"]: one["reason"] for one in (await self.answer())["excluded"]}

    async def facility(self, facility_id: str) -> Any:
        return (await get_json(self.patient, f"/v1/facilities/{facility_id}"))["properties"]

    async def history(self, facility_id: str) -> list[float]:
        """Every wait in minutes that was ever believed."""
        path = f"/v1/facilities/{facility_id}/history"
        readings = (await get_json(self.patient, path, hours=24))["readings"]
        return [one["wait"]["minutes"] for one in readings if one["wait"]]

    async def feed(self, feed_id: str) -> Any:
        response = await self.patient.get(f"/v1/feeds/{feed_id}")
        return await response.json() if response.status == 200 else {}

    async def page(self) -> str:
        response = await self.patient.get("/", params=self._place)
        assert response.status == 200
        return unescape(await response.text())

    async def card(self, facility_id: str) -> str:
        """What the page shows of one place."""
        name = (await self.facility(facility_id))["short_name"]
        starts = '<article class="card"|<li class="card"|<p class="serious">'
        cards = re.split(starts, await self.page())
        heads = (f'<h1 id="best">{name} <', f"<h3>{name} <")
        [found] = [card for card in cards if any(head in card for head in heads)]
        return str(found)

    async def held(self) -> list[dict[str, Any]]:
        """The held values, as operators see them."""
        response = await self.patient.get("/v1/operator/held", headers=bearer("night-desk"))
        assert response.status == 200, await response.text()
        return list((await response.json())["held"])

    async def operate(self, path: str, why: str) -> int:
        url = f"/v1/operator/{path}"
        response = await self.patient.post(url, json={"why": why}, headers=bearer("night-desk"))
        return response.status

    async def push(self, *rows: dict[str, Any]) -> None:
        """A source of the tiny area posts its document; when it is stored, go on."""
        body = sites(*rows)
        response = await self.patient.post("/in", data=body, headers=bearer(PAGE))
        assert response.status == 204, await response.text()

    async def until(self, what: Callable[[Any], bool], feed_id: str = PAGE) -> Any:
        """Wait for a feed's figures; gives them."""
        seen: Any = {}

        async def told() -> bool:
            nonlocal seen
            seen = await self.feed(feed_id)
            return bool(seen) and what(seen)

        try:
            await eventually(told)
        except AssertionError:
            raise AssertionError(f"feed {feed_id} came to: {seen}") from None
        return seen

    async def until_state(self, facility_id: str, state: str) -> None:
        """Wait for the state of one facility."""

        async def reached() -> bool:
            return bool((await self.facility(facility_id))["feed_state"] == state)

        await eventually(reached, words=f"{facility_id} {state}")

    async def until_shown(self, facility_id: str, minutes: float | None) -> None:
        async def shown() -> bool:
            return await self.wait(facility_id) == minutes

        await eventually(shown, words=f"{minutes} minutes at {facility_id}")

    async def assert_unknown(self, facility_id: str, reason: str) -> None:
        """The site is still one to go to, without any claim about its wait."""
        place = await self.destination(facility_id)
        assert (place["wait"], place["total"]) == (None, None)
        assert reason in place["reasons"]
        assert place["travel"]["minutes"] > 0
        assert (
            "wait is not known" in (card := await self.card(facility_id))
            or "Wait not known" in card
        )
        reading = (await self.facility(facility_id))["reading"]
        assert reading is None or reading["wait"] is None

    async def assert_never_told(self, figure: float, *words: str) -> None:
        """No answer, no history and no page has the figure."""
        answer = await self.answer()
        documents = [answer, await get_json(self.patient, "/v1/facilities")]
        for one in [*answer["destinations"], *answer["excluded"]]:
            facility_id = one.get("facility_id") or one["facility"]["id"]
            assert figure not in await self.history(facility_id)
        assert figure not in {number for one in documents for number in numbers_in(one)}
        page = await self.page()
        for word in words:
            assert word not in page


def numbers_in(document: object) -> Iterator[float]:
    """Every number of a JSON document."""
    match document:
        case dict():
            for value in document.values():
                yield from numbers_in(value)
        case list():
            for value in document:
                yield from numbers_in(value)
        case int() | float():
            yield document


Start = Callable[..., AbstractAsyncContextManager[Service]]
WriteFeed = Callable[..., str]
Publish = Callable[..., Awaitable[None]]


@pytest.fixture
def clock() -> FakeClock:
    """Running, as clocks do; moved where a test cannot wait."""
    return FakeClock(running=True)


@pytest.fixture
def start(redis_url: str, tmp_path: Path, clock: FakeClock) -> Start:
    """Starts the real service; twice over one store, if wanted."""
    keys = tmp_path / "keys.toml"
    keys.write_text("\n".join(lines for _, lines in KEYS.values()))

    @asynccontextmanager
    async def starting(
        place: str, role: Role = Role.ALL, **settings: object
    ) -> AsyncIterator[Service]:
        given = Settings(redis_url=redis_url, keys_file=keys, port=0, most_minutes=120, **settings)
        async with serving(create_app(given, role, now=clock)) as patient:
            yield Service(patient, place)

    return starting


@pytest.fixture
def write_feed(tmp_path: Path) -> WriteFeed:
    """Puts one feed into a tiny area of its own; gives the area's folder."""

    def write(
        transport: str = 'kind = "http-push"\npath = "/in"',
        *,
        rows: str = JSON_ROWS,
        fields: str = JSON_FIELDS,
        names: Sequence[tuple[str, str]] = tuple((name, one) for one, name in NAMES.items()),
        expected: Sequence[str] | None = None,
        cadence_s: float = 300,
        cumberland: str = "00:00-24:00",
    ) -> str:
        folder = tmp_path / "plymouth"
        shutil.copytree(DATA / "plymouth", folder)
        facilities = folder / "facilities.toml"
        facilities.write_text(facilities.read_text().replace("08:00-21:00", cumberland))
        table = "\n".join(f'"{name}" = "{facility_id}"' for name, facility_id in names)
        only = "" if expected is None else f"expected = {list(expected)}\n"
        (folder / "feeds" / "plymouth.toml").write_text(
            f'id = "{PAGE}"\ntitle = "A page"\nzone = "Europe/London"\ncadence_s = {cadence_s}\n'
            f"{only}[transport]\n{transport}\n[rows]\n{rows}\n[fields]\n{fields}\n"
            f"[facilities]\n{table}\n"
        )
        return str(folder)

    return write


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    app, source = web.Application(), Source()
    app.router.add_get("/{path:.*}", source.answer)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        source.url = str(server.make_url("/waits"))
        yield source


@pytest.fixture
def write_polled(write_feed: WriteFeed, source: Source) -> WriteFeed:
    """The same, polled from the source several times a second."""

    def write(**more: Any) -> str:
        return write_feed(f'kind = "http-poll"\nurl = "{source.url}"', cadence_s=0.2, **more)

    return write


class Broker:
    """A real broker, and the hospitals of East Kent that publish their waits to it."""

    def __init__(self, endpoint: MqttEndpoint) -> None:
        self.url = f"mqtt://{endpoint.host}:{endpoint.port}"
        self._endpoint = endpoint

    @asynccontextmanager
    async def provider(self, name: str) -> AsyncIterator[Publish]:
        async with connect_provider(self._endpoint, area="east-kent", provider=name) as publisher:

            async def publish(*observations: Observation) -> None:
                for one in observations:
                    topic = WaitTopic("east-kent", name, one.facility_id)
                    await publisher.publish(str(topic), encode_event(one, source="/tests"))

            yield publish


@pytest.fixture
def broker(endpoint: MqttEndpoint) -> Broker:
    return Broker(endpoint)
