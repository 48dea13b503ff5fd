"""Sources that speak in a form of their own: from a file, over MQTT, or posted to us."""

from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
import orjson
import pytest

from tests.support.clock import FakeClock
from tests.support.servers import Server
from tests.support.service import Patient, assert_problem, eventually, get_json, serving
from waitless.app import create_app
from waitless.keys import Role, make_key
from waitless.settings import Settings

JUST_AFTER = datetime(2023, 7, 5, 13, 2, tzinfo=UTC)
KEY, STRANGER = make_key("plymouth-page", Role.PROVIDER), make_key("uhp", Role.PROVIDER)


def document(minutes: int, dt: str = "2023-7-5T13:0:26Z") -> bytes:
    row = {"dt": dt, "longest_wait": minutes, "patients_waiting": 9, "patients_in_department": 24}
    return orjson.dumps({"name": "Cumberland Centre", "data": [[row]]})


def speak_by(pack: Path, transport: str) -> None:
    """Give the tiny pack's feed another transport, and a short cadence."""
    path = pack / "feeds" / "plymouth.toml"
    text = path.read_text()
    http = '[transport]\nkind = "http-poll"\nurl = "http://127.0.0.1:9/facility"\n'
    assert http in text
    text = text.replace(http, f"[transport]\n{transport}\n")
    path.write_text(text.replace("cadence_s = 300", "cadence_s = 0.05"))


async def shows(patient: Patient, minutes: float) -> bool:
    feature = await get_json(patient, "/v1/facilities/cumberland-centre-utc")
    reading = feature["properties"]["reading"]
    return reading is not None and reading["wait"] == {
        "minutes": minutes, "low": None, "high": None, "statistic": "longest",
        "clock_from": "arrival", "clock_to": "treatment",
    }  # fmt: skip


async def test_a_file_is_read_whenever_it_changes_and_missed_when_it_is_gone(
    plymouth_pack: Path, redis_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "waits.json"
    file.write_bytes(document(112))
    speak_by(plymouth_pack, f'kind = "file"\npath = "{file}"')
    clock = FakeClock(JUST_AFTER)
    app = create_app(Settings(area=str(plymouth_pack), redis_url=redis_url), now=clock)
    async with serving(app) as patient:
        await eventually(lambda: shows(patient, 112))
        file.write_bytes(document(118, "2023-7-5T13:1:26Z"))
        await eventually(lambda: shows(patient, 118))
        file.unlink()

        async def missed() -> bool:
            feed = await get_json(patient, "/v1/feeds/plymouth-page")
            return (feed["state"], feed["fault"]) == ("lost", "not_found")

        await eventually(missed)
        assert await shows(patient, 118)


async def test_a_topic_in_the_sources_own_form_is_read_as_its_definition_says(
    plymouth_pack: Path, redis_url: str, mosquitto: Server
) -> None:
    speak_by(plymouth_pack, 'kind = "mqtt"\ntopic = "plymouth/waits"')
    settings = Settings(
        area=str(plymouth_pack),
        redis_url=redis_url,
        mqtt_url=f"mqtt://127.0.0.1:{mosquitto.port}",
    )
    async with serving(create_app(settings, now=FakeClock(JUST_AFTER))) as patient:
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as source:
            await source.publish("plymouth/waits", document(112), qos=1, retain=True)
            await eventually(lambda: shows(patient, 112))
            await source.publish("plymouth/waits", b"<html>503</html>", qos=1)

        async def refused() -> bool:
            feed = await get_json(patient, "/v1/feeds/plymouth-page")
            return bool(feed["refused"] == {"malformed": 1})

        await eventually(refused)
        assert await shows(patient, 112)


@pytest.fixture
def door(plymouth_pack: Path, redis_url: str, tmp_path: Path) -> Settings:
    speak_by(plymouth_pack, 'kind = "http-push"\npath = "/push/plymouth"\nmax_bytes = 4000')
    keys = tmp_path / "keys.toml"
    keys.write_text(KEY[1] + STRANGER[1])
    return Settings(area=str(plymouth_pack), redis_url=redis_url, keys_file=keys)


async def test_a_posted_document_is_stored_before_it_is_answered(door: Settings) -> None:
    async with serving(create_app(door, now=FakeClock(JUST_AFTER))) as patient:
        headers = {"Authorization": f"Bearer {KEY[0]}"}
        response = await patient.post("/push/plymouth", data=document(112), headers=headers)

        assert response.status == 204
        await eventually(lambda: shows(patient, 112))


async def test_the_door_of_one_source_is_not_anothers(door: Settings) -> None:
    async with serving(create_app(door, now=FakeClock(JUST_AFTER))) as patient:
        for headers, status, code in (
            ({}, 401, "unauthenticated"),
            ({"Authorization": f"Bearer {STRANGER[0]}"}, 403, "forbidden"),
        ):
            response = await patient.post("/push/plymouth", data=b"{}", headers=headers)
            await assert_problem(response, status, code)


async def test_a_posted_document_has_a_size(door: Settings) -> None:
    async with serving(create_app(door, now=FakeClock(JUST_AFTER))) as patient:
        headers = {"Authorization": f"Bearer {KEY[0]}"}
        body = b" " * 4001
        response = await patient.post("/push/plymouth", data=body, headers=headers)

        await assert_problem(response, 413, "body_too_large")
