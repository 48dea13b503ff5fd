"""The service on a Redis cluster: every script, pipeline and notice, and a master that dies."""

import asyncio
import gc
from datetime import timedelta

import pytest
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
from tests.support.redis_groups import ClusterGroup
from tests.support.servers import Server
from tests.support.service import eventually, get_json, serving
from waitless.app import Role, create_app
from waitless.ledger.counts import bucket_of
from waitless.ledger.entries import LedgerStore
from waitless.redis_link import StoreAway, open_redis
from waitless.settings import Settings

LATEST = "waitless:{east-kent}:latest"


def settings_for(cluster: ClusterGroup, mosquitto: Server, **more: object) -> Settings:
    mqtt_url = f"mqtt://127.0.0.1:{mosquitto.port}"
    return Settings(redis_url=cluster.url, mqtt_url=mqtt_url, **more)  # type: ignore[arg-type]


async def test_journeys_are_counted_cancelled_and_learnt_from(
    cluster: ClusterGroup, mosquitto: Server
) -> None:
    clock = FakeClock(running=True)
    app = create_app(settings_for(cluster, mosquitto), now=clock)
    going = {"facility": "deal-utc", "mode": "drive", "eta_minutes": 25}

    async with serving(app) as patient, open_redis(cluster.url) as redis:
        ledger = LedgerStore(redis, "east-kent")
        first, second = [await patient.post("/v1/journeys", json=going) for _ in range(2)]
        assert (first.status, second.status) == (201, 201)
        await ledger.add_served({("deal-utc", bucket_of(clock())): 2}, clock())
        assert (await patient.delete(first.headers["Location"])).status == 204

        async def learnt() -> bool:
            return (await ledger.load(clock())).learnt.until > 0

        await eventually(learnt)
        held = await ledger.load(clock())
        assert sum(held.journeys["deal-utc"].values()) == 1
        assert sum(held.served["deal-utc"].values()) == 2


async def test_a_wait_goes_from_one_process_through_the_cluster_to_another(
    cluster: ClusterGroup, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    settings = settings_for(cluster, mosquitto)
    writer = create_app(settings, Role.INGEST, now=clock)
    api = create_app(settings, Role.API, now=clock)

    async with serving(writer) as machine, serving(api) as patient, hospital(endpoint) as publish:
        await publish(observation(minutes=22, as_of=clock() - timedelta(minutes=1)))
        await until_shown(patient, 22)
        await publish(observation(minutes=25, as_of=clock()))
        await until_shown(patient, 25)

        async def ready() -> bool:
            return (await patient.get("/readyz")).status == 200

        await eventually(ready)
        assert (await machine.get("/readyz")).status == 200
        assert await history(patient) == [22, 25]
        feeds = {one["id"]: one for one in (await get_json(patient, "/v1/feeds"))["feeds"]}
        assert feeds["kcht"]["state"] == "live"
        assert not (await answer(patient))["degraded"]

    master = cluster.master_of(LATEST)
    async with Redis(port=master.port) as redis:
        keys = {key.decode() async for key in redis.scan_iter("waitless:*")}
    assert {LATEST, "waitless:{east-kent}:reach", "waitless:{east-kent}:pulse"} <= keys
    for other in cluster.nodes:
        if other is not master:
            async with Redis(port=other.port) as redis:
                assert await redis.dbsize() == 0, "an area's keys are together"


async def test_notices_reach_a_process_that_listens_at_another_node(
    cluster: ClusterGroup, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    """A notice is the whole cluster's, whichever node it was given to."""
    clock = FakeClock(running=True)
    app = create_app(settings_for(cluster, mosquitto), now=clock)
    other = next(one for one in cluster.nodes if one is not cluster.master_of(LATEST))

    async with serving(app), Redis(port=other.port) as redis, redis.pubsub() as pubsub:
        await pubsub.subscribe("waitless:{east-kent}:changes")
        async with hospital(endpoint) as publish:
            await publish(observation(minutes=22, as_of=clock()))

            async def noticed() -> bool:
                notice = await pubsub.get_message(timeout=0.1)
                return notice is not None and notice["data"] == b"readings"

            await eventually(noticed)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_a_connection_closed_under_a_command_is_weather(cluster: ClusterGroup) -> None:
    """Each command whose node is gone closes all connections, those of other tasks among them."""
    told = await close_under_commands(cluster.url)

    strange = [repr(one) for one in told if one is not None and not isinstance(one, StoreAway)]
    assert strange == []
    told.clear()
    gc.collect()  # the library leaves connections that were being opened to the collector


async def close_under_commands(url: str) -> list[object]:
    told: list[object] = []
    async with open_redis(url) as redis:
        for turns in range(100):
            asked = [asyncio.create_task(redis.get("k")) for _ in range(8)]
            for _ in range(turns % 7):
                await asyncio.sleep(0)
            await redis.aclose()
            told += await asyncio.gather(*asked, return_exceptions=True)
    return told


async def test_with_the_area_s_master_killed_its_replica_goes_on_and_nothing_is_lost(
    replicated_cluster: ClusterGroup, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    settings = settings_for(replicated_cluster, mosquitto, redis_wait_replicas=1)
    writer = create_app(settings, Role.INGEST, now=clock)
    api = create_app(settings, Role.API, now=clock)
    began = clock() - timedelta(hours=1)

    async with serving(writer), serving(api) as patient, hospital(endpoint) as publish:
        await publish(observation(minutes=22, as_of=began))

        async def first() -> bool:
            return await history(patient) == [22]

        await eventually(first)
        master = replicated_cluster.master_of(LATEST)
        master.kill()
        for minute in range(1, 21):
            at = began + timedelta(minutes=minute)
            await publish(observation(minutes=22 + minute, as_of=at))
        await until_degraded(patient, degraded=True)
        master.start()  # comes back as the replica that the new master's writes wait for
        await until_degraded(patient, degraded=False)

        async def all_there() -> bool:
            return await history(patient) == [22 + minute for minute in range(21)]

        await eventually(all_there)
        await publish(observation(minutes=50, as_of=clock()))
        await until_shown(patient, 50)
        assert await shown_wait(patient) == 50
