"""From a feed to a ranked answer, through real servers; and what happens when one dies."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from feeds.events import encode_event
from feeds.model import Observation
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.servers import Server
from tests.support.service import Patient, eventually, get_json, serving
from waitless.app import Role, create_app
from waitless.settings import Settings

FROM_DEAL = {"place": "Deal", "limit": 50}


@asynccontextmanager
async def provider(
    endpoint: MqttEndpoint, name: str = "kcht"
) -> AsyncIterator[Callable[[Observation], object]]:
    """A hospital's publisher."""
    async with connect_provider(endpoint, area="east-kent", provider=name) as publisher:

        async def publish(observed: Observation) -> None:
            topic = WaitTopic("east-kent", name, observed.facility_id)
            await publisher.publish(str(topic), encode_event(observed, source="/tests"))

        yield publish


async def shown_wait(patient: Patient, facility_id: str = "deal-utc") -> float | None:
    answer = await get_json(patient, "/v1/recommendations", **FROM_DEAL)
    [place] = [one for one in answer["destinations"] if one["facility"]["id"] == facility_id]
    return None if place["wait"] is None else place["wait"]["now"]["minutes"]


async def feed(patient: Patient, feed_id: str) -> dict[str, object]:
    feeds = await get_json(patient, "/v1/feeds")
    return next((one for one in feeds["feeds"] if one["id"] == feed_id), {})


def mqtt_settings(redis: Server, mosquitto: Server) -> Settings:
    return Settings(
        redis_url=f"redis://127.0.0.1:{redis.port}/0",
        mqtt_url=f"mqtt://127.0.0.1:{mosquitto.port}",
    )


async def test_a_published_wait_reaches_a_ranked_answer(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    app = create_app(mqtt_settings(own_redis, mosquitto), now=clock)

    async with serving(app) as patient, provider(endpoint) as publish:
        await publish(observation(minutes=22, as_of=clock()))

        async def visible() -> bool:
            return await shown_wait(patient) == 22

        await eventually(visible)
        answer = await get_json(patient, "/v1/recommendations", place="Deal")
        assert answer["destinations"][0]["facility"]["id"] == "deal-utc"
        assert answer["destinations"][0]["wait"]["now"]["age_seconds"] < 60

        async def live() -> bool:
            return (await feed(patient, "kcht")).get("state") == "live"

        await eventually(live)

        async def ready() -> bool:
            return (await patient.get("/readyz")).status == 200

        await eventually(ready)


async def test_the_recorded_plymouth_payload_reaches_a_ranked_answer(
    shared_data: Path, plymouth_pack: Path, redis_url: str
) -> None:
    payload = (shared_data / "feeds/uk_plymouth_uhp/facility_timeseries_response.json").read_bytes()

    async def facility(_: web.Request) -> web.Response:
        return web.Response(body=payload, content_type="application/json")

    source = web.Application()
    source.router.add_get("/facility", facility)
    just_after = datetime(2023, 7, 5, 17, 16, tzinfo=UTC)
    async with TestServer(source) as hospital:
        definition = plymouth_pack / "feeds" / "plymouth.toml"
        definition.write_text(
            definition.read_text().replace("127.0.0.1:9", f"127.0.0.1:{hospital.port}")
        )
        settings = Settings(area=str(plymouth_pack), redis_url=redis_url)
        app = create_app(settings, now=FakeClock(just_after))
        async with serving(app) as patient:

            async def ready() -> bool:
                return (await patient.get("/readyz")).status == 200

            await eventually(ready)

            async def believed() -> bool:
                return bool((await feed(patient, "plymouth-page")).get("believed"))

            await eventually(believed)
            answer = await get_json(patient, "/v1/recommendations", place="PL1")
            figures = await feed(patient, "plymouth-page")
            history = await get_json(
                patient, "/v1/facilities/cumberland-centre-utc/history", hours=12
            )

    series = [row for rows in orjson.loads(payload)["data"] for row in rows]
    zeros = [row for row in series if row["longest_wait"] == 0]
    assert figures["believed"] == len(series) - len(zeros)
    assert figures["held"] == {"dropout": len(zeros)}
    waits = [one["wait"]["minutes"] for one in history["readings"]]
    assert 0 not in waits
    assert len(waits) == len(series) - len(zeros)
    first = answer["destinations"][0]
    assert first["facility"]["id"] == "cumberland-centre-utc"
    assert first["wait"]["now"]["minutes"] == series[-1]["longest_wait"]
    assert first["wait"]["now"]["statistic"] == "longest"
    assert first["wait"]["patients_waiting"] == series[-1]["patients_waiting"]
    assert answer["data"] == "live"


async def test_the_evening_of_seventy_two_hours_shows_nobody_a_wait_of_three_days(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    app = create_app(mqtt_settings(own_redis, mosquitto), now=clock)

    async with serving(app) as patient, provider(endpoint) as publish:
        await publish(observation(minutes=35, as_of=clock() - timedelta(minutes=5)))

        async def believed() -> bool:
            return await shown_wait(patient) == 35

        await eventually(believed)
        await publish(observation(minutes=72 * 60 + 12, as_of=clock()))

        async def held() -> bool:
            return (await feed(patient, "kcht")).get("held") == {"over_limit": 1}

        await eventually(held)
        assert await shown_wait(patient) == 35
        assert (await feed(patient, "kcht"))["state"] == "suspect"
        page = await (await patient.get("/", params=FROM_DEAL)).text()
        assert "72 h" not in page


async def test_nonsense_is_counted_and_nothing_held_is_lost(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    app = create_app(mqtt_settings(own_redis, mosquitto), now=clock)
    nonsense = [b"", b"{", b"\x00" * 70_000, b'{"specversion": "1.0"}', b"[]" * 3000]

    async with serving(app) as patient, provider(endpoint) as publish:
        await publish(observation(minutes=22, as_of=clock()))
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as stranger:
            for payload in nonsense:
                topic = "waitless/v1/east-kent/kcht/deal-utc/wait"
                await stranger.publish(topic, payload, qos=1)
            await stranger.publish("waitless/v1/east-kent/nobody/x/wait", b"{}", qos=1)

        async def counted() -> bool:
            refused = (await feed(patient, "kcht")).get("refused")
            return isinstance(refused, dict) and sum(refused.values()) == len(nonsense)

        await eventually(counted)
        assert await shown_wait(patient) == 22
        metrics = await (await patient.get("/metrics")).text()
        assert 'waitless_refusals_total{feed="kcht",reason="too_large"} 1.0' in metrics
        assert 'waitless_refusals_total{feed="mqtt",reason="wrong_topic"} 1.0' in metrics


async def test_with_redis_killed_answers_go_on_degraded_and_nothing_accepted_is_lost(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    app = create_app(mqtt_settings(own_redis, mosquitto), now=clock)

    async with serving(app) as patient, provider(endpoint) as publish:
        await publish(observation(minutes=22, as_of=clock()))

        async def first() -> bool:
            return await shown_wait(patient) == 22

        await eventually(first)

        own_redis.kill()

        async def degraded() -> bool:
            return bool((await get_json(patient, "/v1/recommendations", **FROM_DEAL))["degraded"])

        await eventually(degraded)
        assert await shown_wait(patient) == 22
        assert (await patient.get("/healthz")).status == 200
        assert (await patient.get("/readyz")).status == 503
        await publish(observation(minutes=31, as_of=clock()))
        clock.move(minutes=31)
        assert await shown_wait(patient) is None

        clock.move(minutes=-31)
        own_redis.start()

        async def recovered() -> bool:
            return await shown_wait(patient) == 31

        await eventually(recovered)
        answer = await get_json(patient, "/v1/recommendations", **FROM_DEAL)
        assert not answer["degraded"]


async def test_with_the_broker_killed_its_feeds_are_lost_until_it_is_back(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    app = create_app(mqtt_settings(own_redis, mosquitto), now=clock)

    async with serving(app) as patient:
        async with provider(endpoint) as publish:
            await publish(observation(minutes=22, as_of=clock()))

            async def live() -> bool:
                return (await feed(patient, "kcht")).get("state") == "live"

            await eventually(live)
            mosquitto.kill()

            async def lost() -> bool:
                return (await feed(patient, "kcht")).get("state") == "lost"

            await eventually(lost)
            assert await shown_wait(patient) == 22
            mosquitto.start()
            with contextlib.suppress(aiomqtt.MqttError):
                await publish(observation(minutes=23, as_of=clock()))

        async with provider(endpoint) as publish:
            await publish(observation(minutes=25, as_of=clock()))

            async def back() -> bool:
                return await shown_wait(patient) == 25

            await eventually(back)


async def test_a_message_is_acknowledged_only_after_the_store_holds_it(
    own_redis: Server, mosquitto: Server
) -> None:
    """Published while Redis is away, then the service is gone: the broker still has it."""
    clock = FakeClock(running=True)
    settings = mqtt_settings(own_redis, mosquitto)
    async with serving(create_app(settings, now=clock)) as patient:

        async def connected() -> bool:
            return (await patient.get("/readyz")).status == 200

        await eventually(connected)
        own_redis.kill()
        async with aiomqtt.Client("127.0.0.1", mosquitto.port) as hospital:
            observed = observation(minutes=44, as_of=clock())
            topic = str(WaitTopic("east-kent", "kcht", "deal-utc"))
            payload = encode_event(observed, source="/tests")
            await hospital.publish(topic, payload, qos=1, retain=False)
        await asyncio.sleep(0.3)
    own_redis.start()

    async with serving(create_app(settings, now=clock)) as patient:

        async def delivered() -> bool:
            return await shown_wait(patient) == 44

        await eventually(delivered)


async def test_a_restarted_service_answers_from_what_the_store_held(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    clock = FakeClock(running=True)
    settings = mqtt_settings(own_redis, mosquitto)
    async with serving(create_app(settings, now=clock)) as patient, provider(endpoint) as publish:
        await publish(observation(minutes=22, as_of=clock()))

        async def first() -> bool:
            return await shown_wait(patient) == 22

        await eventually(first)

    async with serving(create_app(settings, Role.API, now=clock)) as patient:

        async def again() -> bool:
            return await shown_wait(patient) == 22

        await eventually(again)
        health = await get_json(patient, "/v1/facilities/deal-utc/history")
        assert [one["wait"]["minutes"] for one in health["readings"]] == [22]


async def test_when_ingest_dies_so_does_its_process_and_says_why(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint
) -> None:
    """A value of the wrong type makes Redis refuse for good: a fault of ours, not weather."""
    async with Redis.from_url(f"redis://127.0.0.1:{own_redis.port}/0") as redis:
        await redis.set("waitless:{east-kent}:history:deal-utc", "not a stream")
    environment = {
        "PATH": os.environ["PATH"],
        "WAITLESS_REDIS_URL": f"redis://127.0.0.1:{own_redis.port}/0",
        "WAITLESS_MQTT_URL": f"mqtt://127.0.0.1:{mosquitto.port}",
    }
    async with provider(endpoint) as publish:
        await publish(observation(minutes=22, as_of=datetime.now(UTC)))
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("waitless"), "serve", "--role", "ingest", "--port", "0",
            env=environment, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        try:
            output, _ = await asyncio.wait_for(process.communicate(), 50)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    assert process.returncode == 1
    assert b"WRONGTYPE" in output
