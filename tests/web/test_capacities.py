"""`POST /v1/capacities`: waits pushed in the NHS capacity form, through to an answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.capacity import CapacityFault, decode_capacities
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.servers import Server
from tests.support.service import Patient, assert_problem, eventually, get_json, serving
from waitless.app import create_app
from waitless.keys import KeyRing, KeysFault, Role, make_key
from waitless.settings import Settings

PATH = "/v1/capacities"
KEYS = {
    "kcht": make_key("kcht", Role.PROVIDER),
    "night-desk": make_key("night-desk", Role.OPERATOR),
}


def bearer(name: str = "kcht") -> dict[str, str]:
    return {"Authorization": f"Bearer {KEYS[name][0]}"}


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.toml"
    path.write_text("\n".join(lines for _, lines in KEYS.values()))
    return path


@pytest.fixture
async def hospital(redis_url: str, keys_file: Path, clock: FakeClock) -> AsyncIterator[Patient]:
    """The whole service without MQTT, as a hospital reaches it."""
    app = create_app(Settings(redis_url=redis_url, keys_file=keys_file), now=clock)
    async with serving(app) as client:
        yield client


def service(**more: Any) -> dict[str, Any]:
    return {
        "serviceId": "deal-utc",
        "waitingTimeMins": 35,
        "lastUpdated": "2026-11-23 09:58:00",
        "numberOfPeopleWaiting": 7,
        **more,
    }


async def reading(client: Patient, facility_id: str = "deal-utc") -> Any:
    feature = await get_json(client, f"/v1/facilities/{facility_id}")
    return feature["properties"]["reading"]


async def test_a_pushed_wait_is_stored_before_it_is_answered(hospital: Patient) -> None:
    response = await hospital.post(PATH, json=service(), headers=bearer())

    assert response.status == 200
    assert (await response.json())["outcomes"] == [
        {"facility_id": "deal-utc", "outcome": "believed", "rule": None}
    ]

    async def shown() -> bool:
        found = await reading(hospital)
        return found is not None and found["wait"]["minutes"] == 35

    await eventually(shown)
    assert (await reading(hospital))["age_seconds"] == 120


async def test_the_same_again_changes_nothing(hospital: Patient) -> None:
    await hospital.post(PATH, json=service(), headers=bearer())

    again = await hospital.post(PATH, json=service(), headers=bearer())

    assert again.status == 200
    assert (await again.json())["outcomes"][0]["rule"] == "duplicate"


async def test_a_time_without_a_zone_is_london_summer_time_in_summer(
    hospital: Patient, clock: FakeClock
) -> None:
    clock.move(days=-150)  # 26 June, 10:00 UTC, 11:00 in London

    response = await hospital.post(
        PATH, json=service(lastUpdated="2026-06-26 10:55:00"), headers=bearer()
    )

    assert response.status == 200

    async def five_minutes_old() -> bool:
        found = await reading(hospital)
        return found is not None and found["age_seconds"] == 300

    await eventually(five_minutes_old)


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ({"serviceId": None}, "VAL-0001"),
        ({"serviceId": ""}, "VAL-0001"),
        ({"serviceName": " "}, "VAL-0002"),
        ({"lastUpdated": None}, "VAL-0003"),
        ({"lastUpdated": "10 o'clock"}, "VAL-0003"),
        ({"lastUpdated": "2026-11-23 09:29:59"}, "VAL-0003"),
        ({"lastUpdated": "2026-11-23 10:02:01"}, "VAL-0003"),
        ({"waitingTimeMins": -1}, "VAL-0004"),
        ({"waitingTimeMins": 1441}, "VAL-0005"),
        ({"numberOfPeopleWaiting": -1}, "VAL-0006"),
        ({"numberOfPeopleWaiting": 100_001}, "out_of_range"),
        ({"serviceId": "qeqm-ed"}, "unknown_service"),
        ({"waitingTimeMins": "35"}, "wrong_type"),
        ({"waitingTimeMins": 3.5}, "wrong_type"),
        ({"waitingTimeMins": True}, "wrong_type"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
async def test_what_the_form_forbids_is_refused_with_its_code(
    hospital: Patient, spoilt: dict[str, Any], code: str
) -> None:
    response = await hospital.post(PATH, json=service(**spoilt), headers=bearer())

    document = await assert_problem(response, 400, "bad_capacity")
    assert [error["code"] for error in document["errors"]] == [code]

    async def counted() -> bool:
        feed = await hospital.get("/v1/feeds/kcht")
        return feed.status == 200 and (await feed.json())["refused"] == {code: 1}

    await eventually(counted)


@pytest.mark.parametrize("digits", [20, 400, 4200])
async def test_a_number_that_no_answer_could_hold_spoils_no_answer(
    hospital: Patient, digits: int
) -> None:
    """JSON puts no end to a number; what renders answers does, at 64 bits."""
    sent = service(numberOfPeopleWaiting=10**digits)

    refused = await hospital.post(PATH, json=sent, headers=bearer())

    await assert_problem(refused, 400, "bad_capacity")
    assert (await hospital.get("/v1/recommendations?place=CT14")).status == 200
    assert (await hospital.get("/v1/facilities")).status == 200


async def test_one_bad_service_of_a_batch_costs_only_itself(hospital: Patient) -> None:
    batch = [service(), service(serviceId="folkestone-utc", waitingTimeMins=-5)]

    response = await hospital.post(PATH, json=batch, headers=bearer())

    answer = await response.json()
    assert response.status == 207
    assert [one["facility_id"] for one in answer["outcomes"]] == ["deal-utc"]
    assert [(one["index"], one["code"]) for one in answer["refused"]] == [(1, "VAL-0004")]


async def test_null_is_no_figure_and_never_zero(hospital: Patient) -> None:
    await hospital.post(PATH, json=service(waitingTimeMins=None), headers=bearer())

    async def told() -> bool:
        found = await reading(hospital)
        return found is not None and found["wait"] is None and found["no_figure"] == "unknown"

    await eventually(told)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"NaN",
        b'{"serviceId": "a", "serviceId": "b"}',
        b"[" * 5000,
        b"\xff",
        b'{"\\ud800": 3}',
    ],
)
async def test_a_body_that_is_not_the_form_is_refused(hospital: Patient, body: bytes) -> None:
    headers = {**bearer(), "Content-Type": "application/json"}

    await assert_problem(await hospital.post(PATH, data=body, headers=headers), 400, "bad_capacity")


async def test_size_and_type_are_limited(hospital: Patient) -> None:
    text = {**bearer(), "Content-Type": "text/plain"}
    await assert_problem(
        await hospital.post(PATH, data=b"{}", headers=text), 415, "wrong_content_type"
    )
    huge = {**bearer(), "Content-Type": "application/json"}
    await assert_problem(
        await hospital.post(PATH, data=b" " * 300_000, headers=huge), 413, "body_too_large"
    )


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthenticated"),
        ({"Authorization": "Bearer guess"}, 401, "unauthenticated"),
        ({"Authorization": "Basic a2NodA=="}, 401, "unauthenticated"),
        (bearer("night-desk"), 403, "forbidden"),
    ],
)
async def test_only_a_provider_may_push(
    hospital: Patient, headers: dict[str, str], status: int, code: str
) -> None:
    await assert_problem(await hospital.post(PATH, json=service(), headers=headers), status, code)


async def test_while_the_store_is_away_a_push_is_not_answered_as_stored(
    own_redis: Server, keys_file: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waitless.web.capacities.STORED_WITHIN_S", 0.5)
    url = f"redis://127.0.0.1:{own_redis.port}/0"
    app = create_app(Settings(redis_url=url, keys_file=keys_file), now=clock)
    async with serving(app) as hospital:

        async def up() -> bool:
            return (await hospital.get("/v1/feeds/kcht")).status == 200

        await eventually(up)
        own_redis.kill()
        response = await hospital.post(PATH, json=service(), headers=bearer())
        await assert_problem(response, 503, "store_away")
        own_redis.start()

        async def stored_all_the_same() -> bool:
            found = await reading(hospital)
            return found is not None and found["wait"] is not None

        await eventually(stored_all_the_same)


@given(st.binary(max_size=300))
def test_no_body_raises_anything_but_the_named_fault(payload: bytes) -> None:
    try:
        decode_capacities(payload, provider="kcht", services={}, now=MONDAY_MORNING)
    except CapacityFault as fault:
        assert str(fault)  # noqa: PT017 - either outcome is right


def test_a_key_file_holds_no_key(keys_file: Path) -> None:
    text = keys_file.read_text()

    assert KEYS["kcht"][0] not in text
    holder = KeyRing.load(keys_file).find_holder(KEYS["kcht"][0])
    assert holder is not None
    assert (holder.name, holder.role) == ("kcht", Role.PROVIDER)


@pytest.mark.parametrize(
    "text", ["[[key]]\n", "nonsense", '[[key]]\nname="A b"\nrole="viewer"\nsha256="x"']
)
def test_a_broken_key_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)

    with pytest.raises(KeysFault, match=r"keys\.toml"):
        KeyRing.load(path)
