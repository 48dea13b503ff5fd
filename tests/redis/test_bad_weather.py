"""Redis slow, hung, full and still loading: answers degrade, never lie, and recover alone.

Redis killed stands in tests/test_end_to_end.py, failing over in test_sentinel.py and
test_cluster.py.
"""

import time
from datetime import timedelta
from pathlib import Path

from redis.asyncio import Redis

from feeds.mqtt import MqttEndpoint
from tests.redis.conftest import (
    answer,
    history,
    hospital,
    shown_wait,
    until_degraded,
    until_shown,
)
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.proxy import proxy_to
from tests.support.redis_groups import start_server
from tests.support.servers import Server
from tests.support.service import eventually, serving
from waitless.app import Role, create_app
from waitless.settings import Settings

FULL_BYTES = 3_000_000


def settings_for(redis_port: int, mosquitto: Server) -> Settings:
    return Settings(
        redis_url=f"redis://127.0.0.1:{redis_port}/0",
        mqtt_url=f"mqtt://127.0.0.1:{mosquitto.port}",
        rate_limit=1000.0,
        rate_burst=10_000,
    )


async def test_a_slow_redis_makes_no_answer_slow_and_waits_come_late_but_come(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    async with proxy_to(own_redis.port) as proxy:
        app = create_app(settings_for(proxy.port, mosquitto), now=clock)
        async with serving(app) as patient, hospital(endpoint) as publish:
            await publish(observation(minutes=22, as_of=clock() - timedelta(minutes=1)))
            await until_shown(patient, 22)

            proxy.delay_s = 0.4
            took = []
            for _ in range(20):
                began = time.perf_counter()
                told = await answer(patient)
                took.append(time.perf_counter() - began)
                assert not told["degraded"], "slow is not away"
            assert sorted(took)[10] < 0.4, "an answer asks Redis nothing"
            await publish(observation(minutes=25, as_of=clock()))
            await until_shown(patient, 25)


async def test_a_hung_redis_is_an_absent_one(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    async with proxy_to(own_redis.port) as proxy:
        app = create_app(settings_for(proxy.port, mosquitto), now=clock)
        async with serving(app) as patient, hospital(endpoint) as publish:
            await publish(observation(minutes=22, as_of=clock()))
            await until_shown(patient, 22)

            proxy.hangs = True
            await until_degraded(patient, degraded=True)
            assert await shown_wait(patient) == 22
            assert (await patient.get("/healthz")).status == 200
            clock.move(minutes=31)
            assert await shown_wait(patient) is None

            clock.move(minutes=-31)
            await publish(observation(minutes=31, as_of=clock()))
            proxy.hangs = False
            await until_degraded(patient, degraded=False)
            await until_shown(patient, 31)


async def test_a_full_redis_takes_nothing_new_shows_nothing_old_and_loses_nothing(
    tmp_path: Path, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    server = start_server(tmp_path / "redis", "--maxmemory-policy", "noeviction")
    try:
        writer = create_app(settings_for(server.port, mosquitto), Role.INGEST, now=clock)
        api = create_app(settings_for(server.port, mosquitto), Role.API, now=clock)
        async with (
            serving(writer) as machine,
            serving(api) as patient,
            hospital(endpoint) as publish,
            Redis(port=server.port) as redis,
        ):
            await publish(observation(minutes=22, as_of=clock() - timedelta(minutes=5)))
            await until_shown(patient, 22)

            await redis.config_set("maxmemory", 1)
            await publish(observation(minutes=25, as_of=clock() - timedelta(minutes=1)))
            await publish(observation(minutes=28, as_of=clock()))
            clock.move(seconds=20)

            async def told() -> bool:
                return (await patient.get("/readyz")).status == 503

            await eventually(told, words="nobody vouches for the feeds")
            assert await shown_wait(patient) == 22
            assert (await machine.get("/healthz")).status == 200
            clock.move(minutes=26)
            assert await shown_wait(patient) is None

            clock.move(minutes=-26, seconds=-20)
            await redis.config_set("maxmemory", 0)
            await until_shown(patient, 28)
            assert await history(patient) == [22, 25, 28]
    finally:
        server.stop()


async def test_a_redis_that_still_loads_its_log_is_waited_for(
    tmp_path: Path, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    # Half a second a thousand keys: as long as a log of many gigabytes takes.
    slowly = ("--key-load-delay", "500")
    server = start_server(
        tmp_path / "redis", *slowly, "--loading-process-events-interval-bytes", "1024"
    )
    try:
        app = create_app(settings_for(server.port, mosquitto), now=clock)
        async with serving(app) as patient, hospital(endpoint) as publish:
            await publish(observation(minutes=22, as_of=clock()))
            await until_shown(patient, 22)
            async with Redis(port=server.port) as redis, redis.pipeline(transaction=False) as pipe:
                for number in range(6000):
                    pipe.set(f"ballast:{number}", "x" * 200)
                await pipe.execute()
                await redis.bgrewriteaof()

                async def rewritten() -> bool:
                    return not (await redis.info("persistence"))["aof_rewrite_in_progress"]

                await eventually(rewritten)

            server.kill()
            server.start()
            loading = False
            async with Redis(port=server.port) as redis:
                loading = bool((await redis.info("persistence"))["loading"])
            assert loading
            await publish(observation(minutes=25, as_of=clock()))
            await until_degraded(patient, degraded=True)
            assert await shown_wait(patient) == 22
            await until_degraded(patient, degraded=False)
            await until_shown(patient, 25)
    finally:
        server.stop()
