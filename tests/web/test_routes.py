"""The other routes: directory, feeds, events, machines, documentation."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest
from yarl import URL

from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.service import Patient, assert_problem, eventually, get_json
from tests.web.conftest import put
from waitless.area.pack import Area
from waitless.follow import WOKEN_AT_ONCE
from waitless.store import Store


async def test_the_directory_is_geojson_with_every_facility(
    patient: Patient, east_kent: Area
) -> None:
    collection = await get_json(patient, "/v1/facilities")

    assert collection["type"] == "FeatureCollection"
    assert [one["id"] for one in collection["features"]] == list(east_kent.facilities)
    for feature in collection["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        assert east_kent.bounds.contain(lat, lon)


async def test_a_facility_shows_a_live_wait_and_hides_an_old_one(patient: Patient) -> None:
    live = (await get_json(patient, "/v1/facilities/deal-utc"))["properties"]
    old = (await get_json(patient, "/v1/facilities/canterbury-utc"))["properties"]

    assert live["reading"]["wait"]["minutes"] == 22
    assert live["open_now"]
    assert old["reading"]["wait"] is None
    assert old["reading"]["age_seconds"] == 45 * 60
    assert old["feed_state"] == "stale"


async def test_history_is_oldest_first_and_bounded_by_hours(
    patient: Patient, store: Store, clock: FakeClock
) -> None:
    clock.move(minutes=10)
    await put(store, observation("deal-utc", 30, as_of=clock()))

    history = await get_json(patient, "/v1/facilities/deal-utc/history", hours=1)

    assert [one["wait"]["minutes"] for one in history["readings"]] == [22, 30]


@pytest.mark.parametrize("hours", ["0", "169", "many"])
async def test_history_of_impossible_length_is_refused(patient: Patient, hours: str) -> None:
    response = await patient.get("/v1/facilities/deal-utc/history", params={"hours": hours})

    await assert_problem(response, 400, "bad_hours")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/facilities/nowhere", 404, "unknown_facility"),
        ("GET", "/v1/facilities/nowhere/history", 404, "unknown_facility"),
        ("GET", "/v1/feeds/nobody", 404, "unknown_feed"),
        ("GET", "/v2/recommendations", 404, "not_found"),
        ("GET", "/static/nothing.css", 404, "not_found"),
        ("GET", "/static/", 404, "not_found"),
        ("GET", "/static/%2e%2e/app.py", 404, "not_found"),
        ("GET", "/static/..%2fapp.py", 404, "not_found"),
        ("HEAD", "/v1/events", 405, "method_not_allowed"),
        ("GET", "/v1/facilities?x=1", 400, "unknown_parameter"),
        ("POST", "/v1/recommendations", 405, "method_not_allowed"),
        ("DELETE", "/", 405, "method_not_allowed"),
    ],
)
async def test_every_refusal_is_a_problem_document(
    patient: Patient, method: str, path: str, status: int, code: str
) -> None:
    response = await patient.request(method, URL(path, encoded=True))

    if method == "HEAD":
        assert response.status == status
    else:
        await assert_problem(response, status, code)


async def test_feeds_tell_their_state_and_ages(patient: Patient) -> None:
    [kcht] = (await get_json(patient, "/v1/feeds"))["feeds"]

    assert (kcht["id"], kcht["state"], kcht["believed"]) == ("kcht", "live", 5)
    assert kcht["age_seconds"] == 120
    assert await get_json(patient, "/v1/feeds/kcht") == kcht


async def test_a_feed_that_nobody_vouches_for_any_more_is_lost(
    patient: Patient, clock: FakeClock
) -> None:
    clock.move(seconds=16)

    assert (await get_json(patient, "/v1/feeds/kcht"))["state"] == "lost"


async def test_events_tell_the_board_at_once_and_at_every_change(
    patient: Patient, store: Store, clock: FakeClock
) -> None:
    async with patient.get("/v1/events") as stream:
        assert stream.content_type == "text/event-stream"
        before = await next_event(stream.content, "board")
        await put(store, observation("deal-utc", 200, as_of=clock()))
        after = await next_event(stream.content, "board")

    assert after["epoch"] > before["epoch"]
    assert after["degraded"] is False


async def test_every_stream_is_told_however_many_there_are(
    patient: Patient, store: Store, clock: FakeClock
) -> None:
    """More than are woken at once, and no round number of those."""
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(patient.get("/v1/events"))
            for _ in range(2 * WOKEN_AT_ONCE + 3)
        ]
        before = [await next_event(stream.content, "board") for stream in streams]
        await put(store, observation("deal-utc", 200, as_of=clock()))
        after = [await next_event(stream.content, "board") for stream in streams]

    epochs = zip(before, after, strict=True)
    assert all(new["epoch"] > old["epoch"] for old, new in epochs)


async def next_event(stream: asyncio.StreamReader, name: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while (await stream.readline()).decode().strip() != f"event: {name}":
            pass
        data = await stream.readline()
    event: dict[str, Any] = orjson.loads(data.removeprefix(b"data: "))
    return event


async def test_live_ready_and_metrics_are_three_answers(patient: Patient) -> None:
    assert await get_json(patient, "/healthz") == {"status": "live"}
    assert (await get_json(patient, "/readyz"))["checks"]["redis"]
    metrics = await (await patient.get("/metrics")).text()
    assert 'waitless_http_requests_total{method="GET",route="/healthz",status="200"}' in metrics
    assert "waitless_board_degraded 0.0" in metrics


async def test_routes_nobody_declared_share_one_label(patient: Patient) -> None:
    await patient.get("/some/random/path")

    metrics = await (await patient.get("/metrics")).text()
    assert 'route="unmatched",status="404"' in metrics
    assert "random" not in metrics


async def test_a_reading_that_cannot_be_read_counts_as_absent(
    patient: Patient, store: Store, fresh_redis: object
) -> None:
    await fresh_redis.hset("waitless:{east-kent}:latest", "deal-utc", "{broken")  # type: ignore[attr-defined]
    await put(store, observation("dover-utc", 5))

    async def absent() -> bool:
        feature = await get_json(patient, "/v1/facilities/deal-utc")
        return feature["properties"]["reading"] is None

    await eventually(absent)
