"""The machine's clock stepped by an hour and a day, both ways, in a whole service."""

from datetime import datetime, timedelta

import pytest

from feeds.mqtt import MqttEndpoint
from tests.redis.conftest import answer, hospital, shown_wait, until_shown
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.servers import Server
from tests.support.service import eventually, serving
from waitless.app import create_app
from waitless.settings import Settings

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("hours", [1, 24, -1, -24])
async def test_after_a_step_nothing_old_is_live_and_the_next_wait_is_shown(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint, hours: int
) -> None:
    clock = FakeClock(running=True)
    settings = Settings(
        redis_url=f"redis://127.0.0.1:{own_redis.port}/0",
        mqtt_url=f"mqtt://127.0.0.1:{mosquitto.port}",
        fast_path=abs(hours) == 1,  # so that both ways of answering see both directions
    )
    app = create_app(settings, now=clock)
    async with serving(app) as patient, hospital(endpoint) as publish:
        await publish(observation(minutes=22, as_of=clock()))
        await until_shown(patient, 22)

        clock.move(hours=hours)
        told = await answer(patient)
        assert abs(_instant(told) - clock()) < MINUTE, "not an answer of the old clock"
        assert await shown_wait(patient) is None, "measured an hour or a day from now"

        await publish(observation(minutes=25, as_of=clock()))
        await until_shown(patient, 25)

        async def ready() -> bool:
            return (await patient.get("/readyz")).status == 200

        await eventually(ready)
        clock.move(minutes=31)
        assert await shown_wait(patient) is None


def _instant(told: dict[str, str]) -> datetime:
    return datetime.fromisoformat(told["generated_at"])
