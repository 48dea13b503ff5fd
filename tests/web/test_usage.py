"""`/v1/operator/usage`: what was answered and begun, by the service itself."""

from pathlib import Path
from typing import Any

from tests.support.clock import FakeClock
from tests.support.service import Patient, assert_problem, eventually, get_json, serving
from tests.web.conftest import READINGS, put
from waitless.app import create_app
from waitless.keys import Role, make_key
from waitless.settings import Settings
from waitless.store import Store

VIEWER = make_key("wall", Role.VIEWER)


async def usage(client: Patient) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {VIEWER[0]}"}
    response = await client.get("/v1/operator/usage", headers=headers)
    assert response.status == 200, await response.text()
    told: dict[str, Any] = await response.json()
    return told


async def test_answers_of_every_path_and_journeys_are_counted_by_kind(
    store: Store, redis_url: str, clock: FakeClock, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.toml"
    keys.write_text(VIEWER[1])
    await put(store, *READINGS)
    settings = Settings(redis_url=redis_url, keys_file=keys, fast_path=True)
    async with serving(create_app(settings, now=clock)) as client:

        async def ready() -> bool:
            return bool(
                (await get_json(client, "/v1/facilities/deal-utc"))["properties"]["reading"]
            )

        await eventually(ready)
        for _ in range(2):  # the second comes from the near cache
            answer = await get_json(client, "/v1/recommendations", place="Deal")
        assert answer["destinations"][0]["facility"]["kind"] == "utc"
        assert (await client.get("/", params={"place": "Deal"})).status == 200
        going = {"facility": "qeqm-ed", "mode": "drive", "eta_minutes": 20, "id": "0" * 32}
        for _ in range(2):  # the same journey twice is one
            assert (await client.post("/v1/journeys", json=going)).status == 201
            clock.move(seconds=1)

        async def counted() -> bool:
            return bool((await usage(client))["week"]["journeys"]["ed"])

        await eventually(counted)
        told = await usage(client)

    for part in (told["week"], told["month"], told["days"][-1]):
        assert (part["answers"], part["first"]["utc"], part["nearest"]["utc"]) == (3, 3, 3)
        assert part["journeys"] == {"ed": 1, "utc": 0, "miu": 0, "walk-in": 0}
        assert (part["ed_share_of_first"], part["ed_share_of_journeys"]) == (0.0, 1.0)
    assert told["week"]["since"] == told["days"][-1]["until"] == "2026-11-23"
    assert told["month"]["since"] == "2026-11-01"


async def test_without_a_key_no_usage_is_told(redis_url: str, clock: FakeClock) -> None:
    async with serving(create_app(Settings(redis_url=redis_url), now=clock)) as client:
        await assert_problem(await client.get("/v1/operator/usage"), 401, "unauthenticated")
