"""`/v1/operator`: a held value is seen, released or dropped, and every act is written down."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from feeds.events import encode_event
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.servers import Server
from tests.support.service import Patient, assert_problem, eventually, get_json, serving
from waitless.app import create_app
from waitless.keys import Role, make_key
from waitless.settings import Settings

OPERATOR, VIEWER = make_key("night-desk", Role.OPERATOR), make_key("wall", Role.VIEWER)


def bearer(key: tuple[str, str] = OPERATOR) -> dict[str, str]:
    return {"Authorization": f"Bearer {key[0]}"}


@pytest.fixture
async def desk(
    redis_url: str, mosquitto: Server, endpoint: MqttEndpoint, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Patient]:
    """The service after a believed 30 and a held jump to 300 minutes at Deal."""
    keys = tmp_path / "keys.toml"
    keys.write_text(OPERATOR[1] + VIEWER[1])
    settings = Settings(
        redis_url=redis_url, mqtt_url=f"mqtt://127.0.0.1:{mosquitto.port}", keys_file=keys
    )
    clock.move(hours=6)  # long enough open for five hours to be possible
    async with (
        serving(create_app(settings, now=clock)) as client,
        connect_provider(endpoint, area="east-kent", provider="kcht") as publisher,
    ):

        async def ready() -> bool:
            return (await client.get("/readyz")).status == 200

        # Subscribed before anything is published: of retained messages only the newest comes.
        await eventually(ready)
        for minutes, ago in ((30, 6), (300, 1)):
            observed = observation(minutes=minutes, as_of=clock() - timedelta(minutes=ago))
            topic = WaitTopic("east-kent", "kcht", "deal-utc")
            await publisher.publish(str(topic), encode_event(observed, source="/tests"))

        async def held() -> bool:
            return (await held_values(client)) != []

        async def shown() -> bool:  # the board follows the desk, by the store
            return await shown_minutes(client) == 30

        await eventually(held)
        await eventually(shown)
        yield client


async def held_values(client: Patient) -> list[dict[str, object]]:
    response = await client.get("/v1/operator/held", headers=bearer())
    assert response.status == 200, await response.text()
    values: list[dict[str, object]] = (await response.json())["held"]
    return values


async def shown_minutes(client: Patient) -> float | None:
    feature = await get_json(client, "/v1/facilities/deal-utc")
    reading = feature["properties"]["reading"]
    return None if reading is None or reading["wait"] is None else float(reading["wait"]["minutes"])


def path_of(value: dict[str, object], act: str) -> str:
    return f"/v1/operator/held/{quote(str(value['id']), safe='')}/{act}"


async def test_a_held_value_is_seen_with_its_rule_and_not_shown(desk: Patient) -> None:
    [value] = await held_values(desk)

    assert (value["rule"], value["fate"], value["may_be_released"]) == ("jump", "waiting", True)
    assert value["wait"]["minutes"] == 300  # type: ignore[index]
    assert await shown_minutes(desk) == 30


async def test_a_released_value_is_shown_and_written_down(desk: Patient) -> None:
    [value] = await held_values(desk)

    response = await desk.post(
        path_of(value, "release"), json={"why": "rang the unit: it is true"}, headers=bearer()
    )

    assert response.status == 200, await response.text()

    async def shown() -> bool:
        return await shown_minutes(desk) == 300

    await eventually(shown)
    audit = await (await desk.get("/v1/operator/audit", headers=bearer(VIEWER))).json()
    [entry] = audit["entries"]
    assert (entry["who"], entry["action"], entry["what"]) == ("night-desk", "release", value["id"])
    assert entry["why"] == "rang the unit: it is true"


async def test_a_dropped_value_stays_hidden_and_cannot_be_dropped_twice(desk: Patient) -> None:
    [value] = await held_values(desk)

    first = await desk.post(path_of(value, "drop"), json={"why": "typing error"}, headers=bearer())
    again = await desk.post(path_of(value, "drop"), json={"why": "again"}, headers=bearer())

    assert first.status == 200
    await assert_problem(again, 404, "unknown_held_value")
    assert await shown_minutes(desk) == 30
    assert [one["fate"] for one in await held_values(desk)] == ["dropped"]


async def test_a_feed_switched_off_is_not_believed_until_it_is_on_again(
    desk: Patient, clock: FakeClock
) -> None:
    path = "/v1/operator/feeds/kcht/"
    body = {"why": "maintenance", "hours": 1}
    assert (await desk.post(path + "off", json=body, headers=bearer())).status == 200

    async def is_off() -> bool:
        return (await get_json(desk, "/v1/feeds/kcht"))["state"] == "off"

    await eventually(is_off)
    clock.move(hours=1)

    async def is_on_by_itself() -> bool:
        return (await get_json(desk, "/v1/feeds/kcht"))["state"] != "off"

    await eventually(is_on_by_itself)


@pytest.mark.parametrize(
    ("body", "key", "status", "code"),
    [
        ({"why": "x"}, VIEWER, 403, "forbidden"),
        ({"why": " "}, OPERATOR, 400, "bad_action"),
        ({}, OPERATOR, 400, "bad_action"),
        ({"why": "x", "hours": -1}, OPERATOR, 400, "bad_action"),
        ({"why": "x", "colour": 1}, OPERATOR, 400, "bad_action"),
    ],
)
async def test_an_act_wants_the_role_and_a_reason(
    desk: Patient, body: dict[str, object], key: tuple[str, str], status: int, code: str
) -> None:
    response = await desk.post("/v1/operator/feeds/kcht/off", json=body, headers=bearer(key))

    await assert_problem(response, status, code)


async def test_an_unknown_held_value_or_feed_is_refused(desk: Patient) -> None:
    act = {"json": {"why": "x"}, "headers": bearer()}

    await assert_problem(
        await desk.post("/v1/operator/held/nothing/release", **act), 404, "unknown_held_value"
    )
    await assert_problem(
        await desk.post("/v1/operator/feeds/nobody/off", **act), 404, "unknown_feed"
    )


async def test_without_a_key_nothing_is_told(desk: Patient) -> None:
    await assert_problem(await desk.get("/v1/operator/held"), 401, "unauthenticated")
    await assert_problem(await desk.get("/v1/operator/audit"), 401, "unauthenticated")


async def test_a_release_is_undone_and_what_was_shown_before_is_shown_again(desk: Patient) -> None:
    [value] = await held_values(desk)
    act = {"json": {"why": "rang the unit"}, "headers": bearer()}
    done = await (await desk.post(path_of(value, "release"), **act)).json()

    undone = await desk.post(f"/v1/operator/audit/{done['audit_id']}/undo", **act)

    assert undone.status == 200, await undone.text()

    async def shown_as_before() -> bool:
        return await shown_minutes(desk) == 30

    await eventually(shown_as_before)
    assert [one["fate"] for one in await held_values(desk)] == ["waiting"]


async def test_a_drop_is_undone_and_can_be_done_again_from_the_audit(desk: Patient) -> None:
    [value] = await held_values(desk)
    act = {"json": {"why": "typing error"}, "headers": bearer()}
    dropped = await (await desk.post(path_of(value, "drop"), **act)).json()

    undone = await (await desk.post(f"/v1/operator/audit/{dropped['audit_id']}/undo", **act)).json()
    assert [one["fate"] for one in await held_values(desk)] == ["waiting"]
    redone = await desk.post(f"/v1/operator/audit/{undone['audit_id']}/undo", **act)

    assert redone.status == 200, await redone.text()
    assert [one["fate"] for one in await held_values(desk)] == ["dropped"]
