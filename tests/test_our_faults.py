"""Messages that a fault of ours comes up over: they are refused, and nothing else is held up."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feeds.model import Observation, Wait
from feeds.mqtt import MqttEndpoint
from feeds.traffic.model import LinkFigure
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.servers import Server
from tests.support.service import assert_problem, eventually, get_json, serving
from tests.test_end_to_end import feed, mqtt_settings, provider, shown_wait
from tests.traffic.test_live_traffic import source
from waitless.app import create_app
from waitless.belief import Believer, Verdict
from waitless.keys import Role, make_key
from waitless.told.monitor import Monitor
from waitless.traffic.picture import SourcePicture

UNLUCKY = 13
FAULTS = {UNLUCKY: ZeroDivisionError, 14: StopIteration}
"""By the wait that belief fails over."""
SECRET = "what it stumbled over"


@pytest.fixture
def fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Belief that fails over some waits, once it has judged what came before them."""
    judge = Believer.judge_delivery

    def judge_badly(
        self: Believer, feed_id: str, observations: Sequence[Observation], now: datetime
    ) -> list[Verdict]:
        verdicts = judge(self, feed_id, observations, now)
        for one in observations:
            if isinstance(one.wait, Wait) and one.wait.minutes in FAULTS:
                raise FAULTS[int(one.wait.minutes)](SECRET)
        return verdicts

    monkeypatch.setattr(Believer, "judge_delivery", judge_badly)


@pytest.mark.usefixtures("fault_of_ours")
async def test_a_message_is_refused_by_name_and_the_next_ones_are_believed(
    own_redis: Server,
    mosquitto: Server,
    endpoint: MqttEndpoint,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock(running=True)
    app = create_app(mqtt_settings(own_redis, mosquitto), now=clock)
    began = clock() - timedelta(minutes=5)

    async with serving(app) as patient, provider(endpoint) as publish:
        await publish(observation(minutes=22, as_of=began))
        await publish(observation(minutes=UNLUCKY, as_of=began + timedelta(minutes=1)))
        await publish(observation("folkestone-utc", minutes=40, as_of=began))

        async def others_are_shown() -> bool:
            return await shown_wait(patient, "folkestone-utc") == 40

        await eventually(others_are_shown)
        assert await shown_wait(patient) == 22

        async def refused() -> bool:
            return (await feed(patient, "kcht"))["refused"] == {"our_fault": 1}

        await eventually(refused)
        assert 'waitless_refusals_total{feed="kcht",reason="our_fault"} 1.0' in (
            await (await patient.get("/metrics")).text()
        )

        await publish(observation(minutes=25, as_of=began + timedelta(minutes=2)))

        async def newer_is_shown() -> bool:
            return await shown_wait(patient) == 25

        await eventually(newer_is_shown)
    [told] = [one for one in caplog.records if one.levelno == logging.CRITICAL]
    assert "ZeroDivisionError at test_our_faults.py" in told.getMessage()
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("fault_of_ours")
async def test_what_changes_nothing_empties_no_cache(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    app = create_app(mqtt_settings(own_redis, mosquitto), now=clock)

    async with serving(app) as patient, provider(endpoint) as publish:
        await publish(observation(minutes=22, as_of=clock()))

        async def shown() -> bool:
            return await shown_wait(patient) == 22

        await eventually(shown)
        before = await get_json(patient, "/v1/recommendations", place="Deal")

        await publish(observation(minutes=UNLUCKY, as_of=clock()))

        async def refused() -> bool:
            return (await feed(patient, "kcht")).get("refused") == {"our_fault": 1}

        await eventually(refused)
        after = await get_json(patient, "/v1/recommendations", place="Deal")
        assert after["epoch"] == before["epoch"]


async def test_what_was_believed_before_the_fault_is_stored(
    own_redis: Server,
    mosquitto: Server,
    endpoint: MqttEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def take_badly(*_: object) -> None:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(Monitor, "take", take_badly)
    clock = FakeClock(running=True)
    app = create_app(mqtt_settings(own_redis, mosquitto), now=clock)

    async with serving(app) as patient, provider(endpoint) as publish:
        await publish(observation(minutes=22, as_of=clock()))

        async def shown() -> bool:
            return await shown_wait(patient) == 22

        await eventually(shown)


async def test_a_fault_over_traffic_is_told_of_its_source_and_not_of_the_broker(
    own_redis: Server,
    mosquitto: Server,
    endpoint: MqttEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who is told to switch off what floods with them shall not switch off every provider."""

    def apply_badly(*_: object) -> bool:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(SourcePicture, "apply", apply_badly)
    clock = FakeClock(running=True)
    settings = msgspec.structs.replace(mqtt_settings(own_redis, mosquitto), simulated=True)

    async with serving(create_app(settings, now=clock)) as patient, source(endpoint) as publish:
        await publish(LinkFigure(link_id="1", as_of=clock(), travel_s=60.0))

        async def refused() -> bool:
            return (await feed(patient, "simulated")).get("refused") == {"our_fault": 1}

        await eventually(refused)


@pytest.mark.usefixtures("fault_of_ours")
async def test_who_pushes_is_told_that_it_is_not_their_doing(
    own_redis: Server, mosquitto: Server, tmp_path: Path
) -> None:
    key, lines = make_key("kcht", Role.PROVIDER)
    keys = tmp_path / "keys.toml"
    keys.write_text(lines)
    settings = msgspec.structs.replace(mqtt_settings(own_redis, mosquitto), keys_file=keys)
    clock = FakeClock(running=True)

    async with serving(create_app(settings, now=clock)) as hospital:

        async def push(minutes: int) -> Any:
            service = {
                "serviceId": "deal-utc",
                "waitingTimeMins": minutes,
                "lastUpdated": f"{clock() - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}",
            }
            headers = {"Authorization": f"Bearer {key}"}
            return await hospital.post("/v1/capacities", json=service, headers=headers)

        for minutes in FAULTS:
            await assert_problem(await push(minutes), 500, "internal")
        taken = await push(5)
        assert (await taken.json())["outcomes"][0]["outcome"] == "believed"
