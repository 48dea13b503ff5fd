"""The service behind Sentinel: the master is killed in the middle of a stream of waits."""

from datetime import timedelta

import pytest

from feeds.mqtt import MqttEndpoint
from tests.redis.conftest import history, hospital, until_degraded, until_shown
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.redis_groups import SentinelGroup
from tests.support.servers import Server
from tests.support.service import eventually, serving
from waitless.app import Role, create_app
from waitless.redis_clients import Wanted
from waitless.redis_link import StoreUnwilling, open_redis
from waitless.settings import Settings

LATEST = "waitless:{east-kent}:latest"


async def test_every_acknowledged_wait_is_there_after_the_master_has_died(
    sentinel_group: SentinelGroup, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    settings = Settings(
        redis_url=sentinel_group.url,
        mqtt_url=f"mqtt://127.0.0.1:{mosquitto.port}",
        redis_wait_replicas=1,
    )
    writer = create_app(settings, Role.INGEST, now=clock)
    api = create_app(settings, Role.API, now=clock)
    began = clock() - timedelta(hours=2)
    waits = [20 + number for number in range(60)]

    async with serving(writer), serving(api) as patient, hospital(endpoint) as publish:
        for number, minutes in enumerate(waits):
            if number == 30:
                sentinel_group.master.kill()
            await publish(observation(minutes=minutes, as_of=began + timedelta(minutes=number)))
        await until_degraded(patient, degraded=True)

        async def promoted() -> bool:
            return sentinel_group.master_port() == sentinel_group.replica.port

        await eventually(promoted)
        await until_degraded(patient, degraded=False)  # reads survive
        sentinel_group.master.start()  # made a replica, which the writer's saves wait for

        async def all_there() -> bool:
            return await history(patient) == waits

        await eventually(all_there)
        await publish(observation(minutes=95, as_of=clock()))
        await until_shown(patient, 95)


async def test_without_a_replica_a_wait_stays_unacknowledged(
    sentinel_group: SentinelGroup,
) -> None:
    wanted = Wanted(replicas=1, timeout_ms=100)
    async with open_redis(sentinel_group.url, wanted=wanted) as redis:
        assert await redis.hset(LATEST, "deal-utc", "22") == 1

        sentinel_group.replica.kill()

        with pytest.raises(StoreUnwilling, match="0 of 1 replicas"):
            await redis.hset(LATEST, "deal-utc", "25")
        with pytest.raises(StoreUnwilling, match="0 of 1 replicas"):
            await redis.register_script("return redis.call('HSET', KEYS[1], 'a', 'b')")(
                keys=[LATEST]
            )
        # What nobody was told is safe waits for nobody.
        assert await redis.hset("waitless:{east-kent}:belief", "feed:kcht", "{}") == 1
