"""`/v1/operator/facilities/{id}/override`: shown at once, written down, undone, over in time."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.support.clock import FakeClock
from tests.support.service import Patient, assert_problem, eventually, get_json, serving
from tests.web.conftest import READINGS, put
from waitless.app import create_app
from waitless.keys import Role, make_key
from waitless.settings import Settings
from waitless.store import Store

OPERATOR, VIEWER = make_key("night-desk", Role.OPERATOR), make_key("wall", Role.VIEWER)
PROVIDER = make_key("kcht", Role.PROVIDER)
DEAL = "/v1/operator/facilities/deal-utc/override"
FULL = {"status": "full", "why": "rang: corridor full", "hours": 1}


def bearer(key: tuple[str, str] = OPERATOR) -> dict[str, str]:
    return {"Authorization": f"Bearer {key[0]}"}


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    keys = tmp_path / "keys.toml"
    keys.write_text(OPERATOR[1] + VIEWER[1] + PROVIDER[1])
    return Settings(redis_url=redis_url, keys_file=keys)


@pytest.fixture
async def service(store: Store, settings: Settings, clock: FakeClock) -> AsyncIterator[Patient]:
    await put(store, *READINGS)
    async with serving(create_app(settings, now=clock)) as client:

        async def restored() -> bool:
            return (await shown(client))["reading"] is not None

        await eventually(restored)
        yield client


async def shown(client: Patient) -> dict[str, Any]:
    feature = await get_json(client, "/v1/facilities/deal-utc")
    properties: dict[str, Any] = feature["properties"]
    return properties


async def act(client: Patient, path: str, **body: object) -> dict[str, Any]:
    response = await client.post(path, json=body, headers=bearer())
    assert response.status == 200, await response.text()
    done: dict[str, Any] = await response.json()
    return done


async def show_override(client: Patient) -> None:
    async def told() -> bool:
        return (await shown(client))["override"] is not None

    await eventually(told)


async def show_none(client: Patient) -> None:
    async def gone() -> bool:
        return (await shown(client))["override"] is None

    await eventually(gone)


async def audit(client: Patient) -> list[dict[str, Any]]:
    response = await client.get("/v1/operator/audit", headers=bearer(VIEWER))
    entries: list[dict[str, Any]] = (await response.json())["entries"]
    return entries


async def ask(client: Patient) -> dict[str, Any]:
    answer: dict[str, Any] = await get_json(client, "/v1/recommendations", place="Deal", limit=50)
    return answer


async def test_a_place_that_is_full_is_left_out_with_the_operators_word_until_the_second(
    service: Patient, clock: FakeClock
) -> None:
    done = await act(service, DEAL, **FULL)
    await show_override(service)

    [out] = [one for one in (await ask(service))["excluded"] if one["facility_id"] == "deal-utc"]
    assert out["reason"] == "full"
    assert out["text"] == "Full until 11:00, as its operator said at 10:00."
    assert done["until"] == "2026-11-23T11:00:00Z"

    clock.move(minutes=59, seconds=59)
    assert (await shown(service))["override"] is not None
    answer = await ask(service)
    assert answer["valid_until"] == "2026-11-23T11:00:00Z", "nobody keeps it longer"
    ranked = [one["facility"]["id"] for one in answer["destinations"]]
    assert "deal-utc" in ranked, "it is over by the arrival"
    clock.move(seconds=1)
    assert (await shown(service))["override"] is None


async def test_an_entered_wait_says_that_it_was_entered_and_is_gone_after_half_an_hour(
    service: Patient, clock: FakeClock
) -> None:
    await act(service, DEAL, wait={"minutes": 45}, why="screen is wrong", hours=1)
    await show_override(service)

    deal = next(
        one for one in (await ask(service))["destinations"] if one["facility"]["id"] == "deal-utc"
    )
    assert deal["wait"]["when_seen"]["basis"] == "entered"
    assert deal["wait"]["now"]["minutes"] == 45
    assert deal["wait"]["now"]["as_of"] == "2026-11-23T10:00:00Z"
    assert "wait_entered" in deal["reasons"]
    assert (await shown(service))["override"]["wait"] == "entered"

    clock.move(minutes=30, seconds=1)
    assert (await shown(service))["reading"]["wait"] is None


async def test_a_cleared_wait_is_not_shown_and_says_who_asked_for_that(service: Patient) -> None:
    await act(service, DEAL, wait="cleared", why="screen is wrong")
    await show_override(service)

    deal = next(
        one for one in (await ask(service))["destinations"] if one["facility"]["id"] == "deal-utc"
    )
    assert deal["wait"] is None
    assert "wait_cleared" in deal["reasons"]


async def test_the_public_is_told_what_was_said_and_never_by_whom_or_why(service: Patient) -> None:
    await act(service, DEAL, **FULL)
    await show_override(service)

    card = (await shown(service))["override"]
    history = await get_json(service, "/v1/facilities/deal-utc/history")

    assert card == {
        "status": "full", "wait": None, "minutes": None,
        "since": "2026-11-23T10:00:00Z", "until": "2026-11-23T11:00:00Z",
    }  # fmt: skip
    assert history["overrides"] == [card]


async def test_undone_it_is_as_it_was_and_the_audit_says_by_which_act(
    service: Patient, clock: FakeClock
) -> None:
    first = await act(service, DEAL, **FULL)
    clock.move(minutes=1)
    second = await act(service, DEAL, status="closed", why="power cut")

    undone = await act(
        service, f"/v1/operator/audit/{second['audit_id']}/undo", why="power is back"
    )

    entries = {one["id"]: one for one in await audit(service)}
    assert entries[second["audit_id"]]["undone_by"] == undone["audit_id"]
    assert not entries[second["audit_id"]]["may_be_undone"]
    assert entries[undone["audit_id"]]["undoes"] == second["audit_id"]
    assert entries[undone["audit_id"]]["override"]["status"] == "full"
    assert entries[undone["audit_id"]]["may_be_undone"]

    async def full_again() -> bool:
        return ((await shown(service))["override"] or {}).get("status") == "full"

    await eventually(full_again)
    again = await service.post(
        f"/v1/operator/audit/{second['audit_id']}/undo", json={"why": "twice"}, headers=bearer()
    )
    await assert_problem(again, 409, "cannot_undo")
    assert entries[first["audit_id"]]["who"] == "night-desk"


async def test_an_act_that_another_came_after_or_that_has_ended_cannot_be_undone(
    service: Patient, clock: FakeClock
) -> None:
    first = await act(service, DEAL, **FULL)
    second = await act(service, DEAL, status="closed", why="power cut", hours=1)

    overtaken = await service.post(
        f"/v1/operator/audit/{first['audit_id']}/undo", json={"why": "x"}, headers=bearer()
    )
    clock.move(hours=1)
    ended = await service.post(
        f"/v1/operator/audit/{second['audit_id']}/undo", json={"why": "x"}, headers=bearer()
    )

    assert "another act" in (await assert_problem(overtaken, 409, "cannot_undo"))["detail"]
    assert "ended by itself" in (await assert_problem(ended, 409, "cannot_undo"))["detail"]


async def test_nothing_said_lifts_what_stands_and_undoing_that_brings_it_back(
    service: Patient,
) -> None:
    await act(service, DEAL, **FULL)
    await show_override(service)
    lifted = await act(service, DEAL, status=None, wait=None, why="free again")
    await show_none(service)
    assert lifted["action"] == "lift"

    await act(service, f"/v1/operator/audit/{lifted['audit_id']}/undo", why="wrong unit")

    await show_override(service)


async def test_a_feed_that_was_switched_off_is_on_again_when_that_is_undone(
    service: Patient,
) -> None:
    off = await act(service, "/v1/operator/feeds/kcht/off", why="maintenance", hours=1)

    await act(service, f"/v1/operator/audit/{off['audit_id']}/undo", why="wrong feed")

    [undone, entry] = await audit(service)
    assert (undone["action"], undone["what"]) == ("undo", "kcht")
    assert entry["undone_by"] == undone["id"]

    async def is_on() -> bool:
        return (await get_json(service, "/v1/feeds/kcht"))["state"] != "off"

    await eventually(is_on)


async def test_overrides_that_hold_are_listed_with_who_and_why(
    service: Patient, clock: FakeClock
) -> None:
    await act(service, DEAL, wait={"minutes": 45}, why="screen is wrong")

    response = await service.get("/v1/operator/overrides", headers=bearer(VIEWER))

    [one] = (await response.json())["overrides"]
    assert (one["facility_id"], one["by"], one["why"]) == (
        "deal-utc", "night-desk", "screen is wrong",
    )  # fmt: skip
    assert one["shown_until"] == one["override"]["until"] == "2026-11-23T10:30:00Z"
    clock.move(minutes=30)
    after = await service.get("/v1/operator/overrides", headers=bearer(VIEWER))
    assert (await after.json())["overrides"] == []


async def test_another_writer_goes_on_with_what_was_said(
    service: Patient, store: Store, settings: Settings, clock: FakeClock
) -> None:
    await act(service, DEAL, **FULL)
    await service.close()

    async with serving(create_app(settings, now=clock)) as successor:

        async def listed() -> bool:
            response = await successor.get("/v1/operator/overrides", headers=bearer())
            return response.status == 200 and (await response.json())["overrides"] != []

        await eventually(listed)
    assert (await store.acts.load_overrides())["deal-utc"].until == clock() + timedelta(hours=1)


async def test_a_store_that_lost_everything_is_told_again_what_was_said(
    service: Patient, store: Store, fresh_redis: Redis
) -> None:
    await act(service, DEAL, **FULL)
    await fresh_redis.delete("waitless:{east-kent}:overrides", "waitless:{east-kent}:epoch")

    async def told_again() -> bool:
        return "deal-utc" in await store.acts.load_overrides()

    await eventually(told_again)


async def test_an_override_that_has_ended_is_forgotten_at_the_next_act(
    service: Patient, store: Store, clock: FakeClock
) -> None:
    await act(service, DEAL, **FULL)
    clock.move(hours=1)

    await act(service, "/v1/operator/facilities/dover-utc/override", status="full", why="rang")

    assert list(await store.acts.load_overrides()) == ["dover-utc"]


async def test_an_act_of_which_nobody_wrote_down_what_it_changed_cannot_be_undone(
    service: Patient, clock: FakeClock, fresh_redis: Redis
) -> None:
    entry = {"at": clock().isoformat(), "who": "x", "action": "drop", "what": "y", "why": "z"}
    name = await fresh_redis.xadd("waitless:{east-kent}:audit", {"entry": json.dumps(entry)})
    undo = f"/v1/operator/audit/{name.decode()}/undo"

    [card] = await audit(service)
    refused = await service.post(undo, json={"why": "x"}, headers=bearer())

    assert not card["may_be_undone"]
    assert card["why_not"] == (await assert_problem(refused, 409, "cannot_undo"))["detail"]


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"status": "full"}, None),
        ({"status": "full", "why": " "}, "why"),
        ({"status": "shut", "why": "x"}, None),
        ({"status": "full", "why": "x", "hours": 0}, "hours"),
        ({"status": "full", "why": "x", "hours": 168.1}, "hours"),
        ({"wait": {"minutes": -1}, "why": "x"}, "wait"),
        ({"wait": {"minutes": 1441}, "why": "x"}, "wait"),
        ({"wait": {"minutes": "45"}, "why": "x"}, None),
        ({"wait": "gone", "why": "x"}, None),
        ({"wait": 45, "why": "x"}, None),
        ({"status": None, "why": "nothing stands"}, "status"),
        ({"status": "full", "why": "x", "colour": 1}, None),
    ],
)
async def test_what_is_no_override_is_refused_and_changes_nothing(
    service: Patient, body: dict[str, object], parameter: str | None
) -> None:
    response = await service.post(DEAL, json=body, headers=bearer())

    problem = await assert_problem(response, 400, "bad_override")
    assert problem.get("parameter") == parameter
    assert await audit(service) == []


async def test_who_may_not_and_what_is_unknown_are_refused_by_name(service: Patient) -> None:
    nowhere = "/v1/operator/facilities/nowhere/override"
    undo = "/v1/operator/audit/{}/undo"
    why = {"why": "x"}

    viewer = await service.post(DEAL, json=FULL, headers=bearer(VIEWER))
    unknown = await service.post(nowhere, json=FULL, headers=bearer())
    never = await service.post(undo.format("1-1"), json=why, headers=bearer())
    garbage = await service.post(undo.format("-"), json=why, headers=bearer())

    await assert_problem(viewer, 403, "forbidden")
    await assert_problem(unknown, 404, "unknown_facility")
    await assert_problem(never, 404, "unknown_act")
    await assert_problem(garbage, 404, "unknown_act")
