"""Forecasts from a pushed wait to an answer: who learns, and what is never made live."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.support.clock import FakeClock
from tests.support.service import Patient, eventually, get_json, serving
from waitless.app import create_app
from waitless.forecast.state import ForecastState
from waitless.keys import Role, make_key
from waitless.settings import Settings
from waitless.store import Store

KEYS = {"kcht": make_key("kcht", Role.PROVIDER), "wall": make_key("wall", Role.VIEWER)}
HEADERS = {name: {"Authorization": f"Bearer {key}"} for name, (key, _) in KEYS.items()}
NEAR, FAR = "deal-utc", "sevenoaks-utc"
FROM_DEAL = {"place": "Deal", "limit": 50}


@pytest.fixture
async def patient(redis_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Patient]:
    path = tmp_path / "keys.toml"
    path.write_text("\n".join(lines for _, lines in KEYS.values()))
    settings = Settings(redis_url=redis_url, keys_file=path)
    async with serving(create_app(settings, now=clock)) as client:
        yield client


@pytest.fixture
async def store(fresh_redis: Redis) -> Store:
    return Store(fresh_redis, "east-kent")


async def push(patient: Patient, clock: FakeClock, facility_id: str, minutes: float) -> str | None:
    """A wait measured just now; gives the rule by which it is not shown, or None."""
    service = {
        "serviceId": facility_id,
        "waitingTimeMins": minutes,
        "lastUpdated": clock().isoformat(),
    }
    response = await patient.post("/v1/capacities", json=service, headers=HEADERS["kcht"])
    assert response.status == 200, await response.text()
    rule: str | None = (await response.json())["outcomes"][0]["rule"]
    return rule


async def teach(patient: Patient, clock: FakeClock, facility_id: str, waits: list[float]) -> None:
    """One wait each quarter of an hour."""
    for minutes in waits:
        clock.move(minutes=15)
        assert await push(patient, clock, facility_id, minutes) is None


async def find(patient: Patient, facility_id: str) -> tuple[dict[str, Any] | None, str | None]:
    """A place's destination, or why it is none."""
    answer = await get_json(patient, "/v1/recommendations", **FROM_DEAL)
    excluded = {one["facility_id"]: one["reason"] for one in answer["excluded"]}
    found = [one for one in answer["destinations"] if one["facility"]["id"] == facility_id]
    return (found[0] if found else None), excluded.get(facility_id)


async def test_a_site_that_is_never_recommended_still_learns(
    patient: Patient, clock: FakeClock, store: Store
) -> None:
    for minutes in (40, 45, 50, 55, 60, 65, 70, 75, 80):
        await teach(patient, clock, FAR, [minutes])
        assert await find(patient, FAR) == (None, "too_far")

    state = (await store.load_forecasts())[FAR]
    assert isinstance(state, ForecastState)
    assert state.nodes[2].spread.labels >= 4, "of an hour ahead"
    assert state.nodes[2].gain.weights[2] > 0, "it has learnt that it goes on rising"
    _, _, outlooks, _ = await store.load_picture()
    assert outlooks[FAR].as_of == clock()
    told = await patient.get("/v1/operator/told", headers=HEADERS["wall"])
    [place] = (await told.json())["facilities"]
    assert place["facility_id"] == FAR
    assert [one["hours"] > 0 for one in place["figures"]] == [True, True, True, False]


async def test_a_forecast_does_not_make_a_stale_reading_live(
    patient: Patient, clock: FakeClock, store: Store
) -> None:
    await teach(patient, clock, NEAR, [30, 32, 31, 33, 32])

    async def shown() -> bool:
        place, _ = await find(patient, NEAR)
        return place is not None and place["wait"] is not None

    await eventually(shown)
    clock.move(minutes=31)

    place, _ = await find(patient, NEAR)
    assert place is not None
    assert (place["wait"], place["total"]) == (None, None)
    assert "wait_not_current" in place["reasons"]
    assert NEAR in (await store.load_picture())[2], "though there is a forecast"


async def test_a_forecast_does_not_carry_a_held_back_value_into_answers(
    patient: Patient, clock: FakeClock, store: Store
) -> None:
    await teach(patient, clock, NEAR, [30, 32, 31, 33, 32])
    _, believed, before, _ = await store.load_picture()
    learnt = await store.load_forecasts()
    clock.move(minutes=15)

    assert await push(patient, clock, NEAR, 400) is not None

    async def suspect() -> bool:
        place, _ = await find(patient, NEAR)
        return place is not None and bool(place["wait"]) and (
            place["wait"]["feed_state"] == "suspect"
        )  # fmt: skip

    await eventually(suspect)
    place, _ = await find(patient, NEAR)
    assert place is not None
    assert place["wait"]["now"]["minutes"] == 32
    assert place["wait"]["when_seen"]["p90"] < 150
    assert (await store.load_picture())[1:3] == (believed, before)
    assert await store.load_forecasts() == learnt

    clock.move(minutes=16)
    place, _ = await find(patient, NEAR)
    assert place is not None
    assert place["wait"] is None, "the held value has not made the one before it younger"
