"""`/v1/journeys`: taken once, taken back, refused by name, and never with who it is."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from routing.modes import Mode
from tests.support.clock import FakeClock
from tests.support.servers import Server
from tests.support.service import Patient, assert_problem, eventually, get_json, serving
from waitless.app import Role, create_app
from waitless.ledger.counts import KEEPS
from waitless.ledger.entries import Journey, LedgerStore
from waitless.settings import Settings
from waitless.web import body as bodies

JOURNEYS = "/v1/journeys"
GOING = {"facility": "deal-utc", "mode": "drive", "eta_minutes": 25}
OWN_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def ledger(fresh_redis: Redis) -> LedgerStore:
    return LedgerStore(fresh_redis, "east-kent")


async def on_the_way(ledger: LedgerStore, now: datetime, facility: str = "deal-utc") -> int:
    return sum((await ledger.load(now)).journeys.get(facility, {}).values())


async def go(patient: Patient, **change: object) -> dict[str, Any]:
    response = await patient.post(JOURNEYS, json=GOING | change)
    assert response.status == 201, await response.text()
    assert response.headers["Cache-Control"] == "no-store"
    taken: dict[str, Any] = await response.json()
    assert response.headers["Location"] == f"{JOURNEYS}/{taken['id']}"
    return taken


async def test_a_journey_counts_until_half_an_hour_after_its_arrival(
    patient: Patient, ledger: LedgerStore, clock: FakeClock
) -> None:
    taken = await go(patient)

    assert set(taken) == {"id", "arrives_at", "expires_at"}
    assert len(taken["id"]) == 32
    arrives_at = clock() + timedelta(minutes=25)
    assert datetime.fromisoformat(taken["arrives_at"]) == arrives_at
    assert datetime.fromisoformat(taken["expires_at"]) == arrives_at + timedelta(minutes=30)
    assert await on_the_way(ledger, clock()) == 1
    assert await on_the_way(ledger, arrives_at + timedelta(minutes=36)) == 0


async def test_every_journey_has_an_id_of_its_own(
    patient: Patient, ledger: LedgerStore, clock: FakeClock
) -> None:
    ids = {(await go(patient))["id"] for _ in range(5)}

    assert len(ids) == 5
    assert await on_the_way(ledger, clock()) == 5


async def test_sending_the_same_id_again_counts_once(
    patient: Patient, ledger: LedgerStore, clock: FakeClock
) -> None:
    first = await go(patient, id=OWN_ID)
    clock.move(seconds=30)

    assert await go(patient, id=OWN_ID) == first
    assert first["id"] == OWN_ID
    assert await on_the_way(ledger, clock()) == 1


@pytest.mark.parametrize("change", [{"facility": "dover-utc"}, {"mode": "walk"}])
async def test_the_same_id_for_another_journey_is_refused(
    patient: Patient, ledger: LedgerStore, clock: FakeClock, change: dict[str, str]
) -> None:
    await go(patient, id=OWN_ID)

    response = await patient.post(JOURNEYS, json=GOING | change | {"id": OWN_ID})

    await assert_problem(response, 409, "journey_differs")
    assert await on_the_way(ledger, clock()) == 1
    assert await on_the_way(ledger, clock(), "dover-utc") == 0


async def test_a_cancelled_journey_no_longer_counts(
    patient: Patient, ledger: LedgerStore, clock: FakeClock
) -> None:
    taken = await go(patient)

    cancelled = await patient.delete(f"{JOURNEYS}/{taken['id']}")

    assert cancelled.status == 204
    assert await cancelled.read() == b""
    assert await on_the_way(ledger, clock()) == 0
    again = await patient.delete(f"{JOURNEYS}/{taken['id']}")
    await assert_problem(again, 404, "unknown_journey")


async def test_an_expired_journey_cannot_be_cancelled(patient: Patient, clock: FakeClock) -> None:
    taken = await go(patient)
    clock.move(minutes=55)

    response = await patient.delete(f"{JOURNEYS}/{taken['id']}")
    await assert_problem(response, 404, "unknown_journey")


@pytest.mark.parametrize("journey_id", ["f" * 32, "1", "..%2F..%2Flatest", "F" * 32, "%00"])
async def test_an_id_that_nobody_was_given_is_unknown(patient: Patient, journey_id: str) -> None:
    response = await patient.delete(f"{JOURNEYS}/{journey_id}")
    assert response.status == 404


REFUSED: dict[str, tuple[dict[str, object], int, str]] = {
    "a place that is not here": ({"facility": "nowhere"}, 404, "unknown_facility"),
    "a way that is none": ({"mode": "fly"}, 400, "unknown_mode"),
    "an arrival in the past": ({"eta_minutes": -1}, 400, "bad_eta"),
    "an arrival too far ahead": ({"eta_minutes": 360.5}, 400, "bad_eta"),
    "an arrival in words": ({"eta_minutes": "25"}, 400, "bad_journey"),
    "an arrival that is a truth": ({"eta_minutes": True}, 400, "bad_journey"),
    "a place that is a number": ({"facility": 7}, 400, "bad_journey"),
    "an id that could be guessed": ({"id": "1"}, 400, "bad_journey"),
    "who it is": ({"name": "Ada"}, 400, "bad_journey"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_is_refused(what: str, patient: Patient, fresh_redis: Redis) -> None:
    change, status, code = REFUSED[what]

    response = await patient.post(JOURNEYS, json=GOING | change)

    await assert_problem(response, status, code)
    assert not await fresh_redis.keys("*ledger*")
    figures = await (await patient.get("/metrics")).text()
    assert f'waitless_journeys_total{{outcome="{code}"}} 1.0' in figures


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"facility": "\xff"}', b'{"a": 1}'])
async def test_what_is_no_journey_is_refused(patient: Patient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = await patient.post(JOURNEYS, data=body, headers=headers)
    await assert_problem(response, 400, "bad_journey")


@pytest.mark.parametrize("eta_minutes", [0, 0.5, 360])
async def test_an_arrival_may_be_anything_up_to_six_hours_ahead(
    patient: Patient, ledger: LedgerStore, clock: FakeClock, eta_minutes: float
) -> None:
    await go(patient, eta_minutes=eta_minutes)
    assert await on_the_way(ledger, clock()) == 1


async def test_another_type_and_a_large_body_are_refused(patient: Patient) -> None:
    text = await patient.post(JOURNEYS, data=json.dumps(GOING))
    await assert_problem(text, 415, "wrong_content_type")

    large = await patient.post(JOURNEYS, json=GOING | {"id": "0" * 2000})
    await assert_problem(large, 413, "body_too_large")


async def test_a_body_that_comes_byte_by_byte_is_not_waited_for(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "WHOLE_WITHIN_S", 0.3)

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield b" "
            await asyncio.sleep(0.1)

    slow = await patient.post(JOURNEYS, data=drip(), headers={"Content-Type": "application/json"})

    await assert_problem(slow, 408, "body_too_slow")


async def test_a_body_that_is_not_packed_as_its_header_says_is_refused(patient: Patient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await patient.post(JOURNEYS, data=b"zzzz", headers=headers)
    await assert_problem(response, 400, "bad_request")


async def test_two_processes_take_one_journey_once(
    patient: Patient, redis_url: str, ledger: LedgerStore, clock: FakeClock
) -> None:
    async with serving(create_app(Settings(redis_url=redis_url), Role.API, now=clock)) as other:
        told = await asyncio.gather(
            *(go(one, id=OWN_ID) for one in (patient, other, patient, other))
        )
        assert told.count(told[0]) == 4
        assert await on_the_way(ledger, clock()) == 1

        assert (await other.delete(f"{JOURNEYS}/{OWN_ID}")).status == 204
        assert await on_the_way(ledger, clock()) == 0


async def test_while_redis_is_away_the_patient_is_told_to_send_it_again(
    own_redis: Server, clock: FakeClock
) -> None:
    url = f"redis://127.0.0.1:{own_redis.port}/0"
    async with serving(create_app(Settings(redis_url=url), Role.API, now=clock)) as patient:
        taken = await go(patient, id=OWN_ID)
        own_redis.kill()
        refused = await patient.post(JOURNEYS, json=GOING)
        lost = await assert_problem(refused, 503, "store_away")
        kept = await patient.delete(f"{JOURNEYS}/{OWN_ID}")
        await assert_problem(kept, 503, "store_away")

        own_redis.start()
        assert await go(patient, id=OWN_ID) == taken
        assert (await go(patient, id=lost["id"]))["id"] == lost["id"]


async def test_whoever_tells_too_many_is_refused(
    settings: Callable[..., Settings], clock: FakeClock
) -> None:
    limited = settings(rate_limit=0.01, rate_burst=3)
    async with serving(create_app(limited, Role.API, now=clock)) as patient:
        for _ in range(3):
            await go(patient)
        response = await patient.post(JOURNEYS, json=GOING)
        await assert_problem(response, 429, "too_many_requests")


async def test_nothing_in_redis_says_who_it_was(patient: Patient, fresh_redis: Redis) -> None:
    await go(patient, id=OWN_ID)

    stored = await fresh_redis.get(f"waitless:{{east-kent}}:ledger:journey:{OWN_ID}")
    assert set(json.loads(stored)) == {"facility", "mode", "arrives_at", "expires_at"}


async def test_a_process_that_does_both_takes_counts_and_learns(
    redis_url: str, ledger: LedgerStore, clock: FakeClock
) -> None:
    async with serving(create_app(Settings(redis_url=redis_url), now=clock)) as patient:
        await go(patient)
        assert await on_the_way(ledger, clock()) == 1

        async def looked() -> bool:
            figures = await (await patient.get("/metrics")).text()
            return (await ledger.load(clock())).learnt.until > 0 and (
                'waitless_ledger_journeys{facility="deal-utc"}' in figures
                and "waitless_ledger_shared 1.0" in figures
            )

        await eventually(looked)


async def test_more_than_can_be_explained_is_an_alert(
    redis_url: str, ledger: LedgerStore, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    arrives_at = clock() + timedelta(minutes=20)
    flood = Journey(
        facility="deal-utc", mode=Mode.DRIVE, arrives_at=arrives_at, expires_at=arrives_at + KEEPS
    )
    for number in range(100):
        await ledger.enter(f"{number:032x}", flood, clock())

    async with serving(create_app(Settings(redis_url=redis_url), Role.INGEST, now=clock)):

        async def told() -> bool:
            return "alert raised: ledger_anomaly: deal-utc: 100 on their way" in caplog.text

        await eventually(told)
    assert (await ledger.load(clock())).learnt.suspended == {"deal-utc": clock()}


async def test_the_document_has_what_a_client_needs(patient: Patient) -> None:
    paths = (await get_json(patient, "/openapi.json"))["paths"]

    told = paths[JOURNEYS]["post"]["responses"]
    assert set(told) == {"201", "400", "404", "409", "413", "415", "429", "503"}
    assert set(paths[JOURNEYS + "/{id}"]["delete"]["responses"]) == {"204", "404", "429", "503"}


def test_role_ingest_takes_none() -> None:
    app = create_app(Settings(), Role.INGEST)
    assert not [one for one in app.router.routes() if "journeys" in str(one.resource)]
