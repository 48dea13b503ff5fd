"""What moves a place in an answer: those on their way, the margin, a lot, the forecast."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from feeds.model import Wait
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.servers import Server
from tests.support.service import Patient, eventually, get_json, serving
from tests.web.conftest import READINGS, put
from waitless.app import Role, create_app
from waitless.forecast.learn import update
from waitless.forecast.learner import Forecast
from waitless.forecast.outlook import STEPS, Outlook
from waitless.reading import apply_observation
from waitless.settings import Settings
from waitless.store import Store

QUESTION = {"place": "CT14", "limit": "50"}


async def ask(patient: Patient, **more: str) -> dict[str, dict[str, Any]]:
    """The destinations by facility."""
    answer = await get_json(patient, "/v1/recommendations", **(QUESTION | more))
    return {one["facility"]["id"]: one for one in answer["destinations"]}


async def test_those_on_their_way_are_counted_told_and_move_the_wait(patient: Patient) -> None:
    before = (await ask(patient))["deal-utc"]
    for _ in range(3):
        going = {"facility": "deal-utc", "mode": "drive", "eta_minutes": 1}
        assert (await patient.post("/v1/journeys", json=going)).status == 201

    async def counted() -> bool:
        return bool((await ask(patient))["deal-utc"]["others_on_the_way"])

    await eventually(counted)
    after = await ask(patient)
    deal, moved = after["deal-utc"], after["deal-utc"]["wait"]["when_seen"]
    still = before["wait"]["when_seen"]
    assert before["others_on_the_way"] == 0
    assert 1 <= deal["others_on_the_way"] <= 3
    assert moved["mean"] > still["mean"]
    assert moved["p90"] - still["p90"] == moved["p50"] - still["p50"] > 0
    assert "others_on_the_way" in deal["reasons"]
    assert "others_on_the_way" not in before["reasons"]
    assert deal["wait"]["now"] == before["wait"]["now"] | {
        "age_seconds": deal["wait"]["now"]["age_seconds"]
    }, "what the source posted stays what it posted"
    assert after["margate-utc"]["others_on_the_way"] == 0


async def test_an_emergency_department_is_kept_free_by_the_margin_alone(
    store: Store, redis_url: str, clock: FakeClock
) -> None:
    at = MONDAY_MORNING - timedelta(minutes=3)
    await put(store, observation("qeqm-ed", 20, as_of=at), observation("margate-utc", 30, as_of=at))
    told: dict[float, list[tuple[str, list[str]]]] = {}
    for margin in (0.0, 20.0):
        settings = Settings(redis_url=redis_url, ed_margin_minutes=margin)
        async with serving(create_app(settings, Role.API, now=clock)) as patient:

            async def known(patient: Patient = patient) -> bool:
                return (await ask(patient, place="CT9"))["qeqm-ed"]["wait"] is not None

            await eventually(known)
            ranked = await ask(patient, place="CT9")
            told[margin] = [(one, ranked[one]["reasons"]) for one in list(ranked)[:2]]
            serious = list(await ask(patient, place="CT9", need="head_injury"))
            assert "qeqm-ed" in serious[:1], "no margin where the need may be serious"

    assert [name for name, _ in told[0.0]] == ["qeqm-ed", "margate-utc"]
    assert [name for name, _ in told[20.0]] == ["margate-utc", "qeqm-ed"]
    assert "ed_kept_free" in told[20.0][0][1]
    assert "shortest_total" not in told[20.0][0][1]
    assert "policy_margin" in told[20.0][1][1]
    assert not {"ed_kept_free", "policy_margin"} & {
        code for _, reasons in told[0.0] for code in reasons
    }


async def test_without_a_shared_ledger_people_are_spread_over_places_alike(
    own_redis: Server, clock: FakeClock
) -> None:
    """Many cells ask in one minute; without the ledger some are sent to the next best."""
    url = f"redis://127.0.0.1:{own_redis.port}/0"
    async with Redis.from_url(url) as redis:
        at = MONDAY_MORNING - timedelta(minutes=2)
        store = Store(redis, "east-kent")
        await put(
            store,
            observation("deal-utc", 30, as_of=at),
            observation("dover-utc", 30, as_of=at),
            observation("canterbury-utc", 30, as_of=at),
        )
    async with serving(create_app(Settings(redis_url=url), Role.API, now=clock)) as patient:

        async def ready() -> bool:
            return (await patient.get("/readyz")).status == 200

        await eventually(ready)
        together = await first_of_many(patient)
        own_redis.kill()

        async def spread() -> bool:
            return "spread" in str(await first_of_many(patient))

        clock.move(seconds=20)  # a picture that old is none
        await eventually(spread)
        apart, again = await first_of_many(patient), await first_of_many(patient)

    assert all(reason != "spread" for _, reasons in together for reason in reasons)
    sent = [(one[0], other[0]) for one, other in zip(together, apart, strict=True)]
    drawn = [reasons[0] == "spread" for _, reasons in apart]
    assert [one != other for one, other in sent] == drawn
    assert 3 <= sum(drawn) <= 21, "some go elsewhere, and some do not"
    assert apart == again, "whoever asks again in that minute is told the same"


async def first_of_many(patient: Patient) -> list[tuple[str, list[str]]]:
    """What some cells between the three are told first."""
    told = []
    for step in range(24):
        answer = await get_json(
            patient,
            "/v1/recommendations",
            lat=f"{51.19 + step * 0.002:.4f}",
            lon="1.25",
        )
        first = answer["destinations"][0]
        told.append((first["facility"]["id"], first["reasons"]))
    return told


async def test_a_forecast_tells_the_wait_at_the_moment_of_being_seen(
    patient: Patient, store: Store
) -> None:
    """It rises by two minutes a minute, so whoever has further to go is told more."""
    measured = MONDAY_MORNING - timedelta(minutes=4)
    rising = tuple(22.0 + 30.0 * step for step in range(STEPS + 1))
    low, high = tuple(one * 0.5 for one in rising), tuple(one * 1.5 for one in rising)
    outlook = Outlook(
        as_of=measured, half_window_min=0.0, posted=rising, p10=low, p50=rising, p90=high
    )
    await save_outlook(store, outlook)

    async def forecast() -> bool:
        wait = (await ask(patient))["deal-utc"]["wait"]
        return bool(wait["when_seen"]["basis"] == "forecast")

    await eventually(forecast)
    near, far = await ask(patient), await ask(patient, place="CT1")
    waits = [one["deal-utc"]["wait"] for one in (near, far)]
    journeys = [one["deal-utc"]["travel"]["minutes"] for one in (near, far)]
    assert [one["now"]["minutes"] for one in waits] == [22.0, 22.0]
    risen = waits[1]["when_seen"]["p50"] - waits[0]["when_seen"]["p50"]
    assert journeys[1] > journeys[0] + 5
    # Two steps of the fixed point: the rise over the journeys, and over the rise itself.
    assert 2 * (journeys[1] - journeys[0]) < risen < 15 * (journeys[1] - journeys[0])
    assert (await ask(patient))["dover-utc"]["wait"]["when_seen"]["basis"] == "posted"


async def save_outlook(store: Store, outlook: Outlook) -> None:
    """As the writer does with a reading."""
    reading = apply_observation(None, READINGS[0])
    assert isinstance(reading.wait, Wait)
    state = update(None, reading.wait, outlook.as_of, ZoneInfo("Europe/London"))
    assert state is not None
    forecast = Forecast(facility_id=reading.facility_id, state=state, outlook=outlook)
    await store.save_readings([reading], [forecast])
