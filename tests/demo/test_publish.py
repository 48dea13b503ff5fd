import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiomqtt
import pytest

from feeds.events import decode_message
from feeds.model import FacilityStatus, Observation, ProviderNotice, ProviderStatus
from feeds.mqtt import MqttEndpoint
from tests.support.service import eventually
from waitless.area.facility import Facility
from waitless.area.hours import Calendar
from waitless.demo import publish
from waitless.demo.broker import embedded_broker
from waitless.demo.publish import run_publishers
from waitless.demo.world import World

AREA = "east-kent"


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def publishing(
    endpoint: MqttEndpoint,
    facilities: dict[str, Facility],
    calendar: Calendar,
    *,
    speed: float = 1.0,
) -> AsyncIterator[asyncio.Task[None]]:
    world = World(facilities, calendar, random.Random(1), now(), speed=speed)
    task = asyncio.create_task(
        run_publishers(
            endpoint,
            area_id=AREA,
            facilities=facilities,
            world=world,
            now=now,
            chance=random.Random(2),
            speed=speed,
        )
    )
    try:
        yield task
    finally:
        task.cancel()
        async with asyncio.timeout(30):
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def heard(
    client: aiomqtt.Client, facilities: dict[str, Facility]
) -> AsyncIterator[Observation | ProviderNotice]:
    providers = {facility.id: facility.provider for facility in facilities.values()}
    async for message in client.messages:
        assert isinstance(message.payload, bytes)
        decoded = decode_message(
            str(message.topic), message.payload, area=AREA, providers=providers, now=now()
        )
        assert isinstance(decoded, Observation | ProviderNotice), decoded
        yield decoded


async def test_every_facility_is_published_at_once_labelled_simulated(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    observed: dict[str, Observation] = {}
    ready = set()
    async with (
        embedded_broker() as endpoint,
        aiomqtt.Client(endpoint.host, endpoint.port) as client,
    ):
        await client.subscribe("waitless/v1/#", qos=1)
        began = time.monotonic()
        async with publishing(endpoint, facilities, calendar), asyncio.timeout(60):
            async for message in heard(client, facilities):
                if isinstance(message, Observation):
                    observed[message.facility_id] = message
                else:
                    ready.add((message.feed_id, message.status))
                if len(observed) == len(facilities):
                    break
        assert time.monotonic() - began < 30, "at once: not at their cadence of a minute and more"

    assert set(observed) == set(facilities)
    assert ready == {(facility.provider, ProviderStatus.READY) for facility in facilities.values()}
    for observation in observed.values():
        assert observation.simulated
        assert observation.sequence == 1
        assert observation.status in (FacilityStatus.OPEN, FacilityStatus.CLOSED)


async def test_a_facility_is_published_again_at_its_cadence(
    facilities: dict[str, Facility], calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "FASTEST_S", 0.1)
    deal = {"deal-utc": facilities["deal-utc"]}
    async with (
        embedded_broker() as endpoint,
        aiomqtt.Client(endpoint.host, endpoint.port) as client,
        publishing(endpoint, deal, calendar, speed=3000),
        asyncio.timeout(30),
    ):
        await client.subscribe("waitless/v1/+/+/+/wait", qos=1)
        messages = heard(client, deal)
        found = [await anext(messages) for _ in range(4)]

    observations = [message for message in found if isinstance(message, Observation)]
    sequences = [observation.sequence or 0 for observation in observations]
    assert sequences == list(range(sequences[0], sequences[0] + 4))
    times = [observation.as_of for observation in observations]
    assert times == sorted(set(times))


def test_cadences_are_one_to_five_minutes_by_the_speed_and_never_under_two_seconds() -> None:
    chance = random.Random(1)
    at_one = [publish.draw_period_s(chance, 1.0) for _ in range(500)]
    at_ten = [publish.draw_period_s(chance, 10.0) for _ in range(500)]
    at_thousand = {publish.draw_period_s(chance, 1000.0) for _ in range(500)}

    assert 60 <= min(at_one) < 70
    assert 290 < max(at_one) <= 300
    assert 6 <= min(at_ten) < max(at_ten) <= 30
    assert at_thousand == {2.0}


async def test_ending_says_disconnected_for_every_provider(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    providers = {facility.provider for facility in facilities.values()}

    async def all_say(status: ProviderStatus) -> None:
        saying: set[str] = set()
        while saying != providers:
            message = await anext(messages)
            if isinstance(message, ProviderNotice) and message.status is status:
                saying.add(message.feed_id)

    async with (
        embedded_broker() as endpoint,
        aiomqtt.Client(endpoint.host, endpoint.port) as client,
    ):
        await client.subscribe("waitless/v1/+/+/status", qos=1)
        messages = heard(client, facilities)
        async with asyncio.timeout(30):
            async with publishing(endpoint, facilities, calendar):
                await all_say(ProviderStatus.READY)
            await all_say(ProviderStatus.DISCONNECTED)


async def test_publishers_survive_a_broker_that_goes_away_and_still_end_when_told(
    facilities: dict[str, Facility],
    calendar: Calendar,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(publish, "FASTEST_S", 0.1)
    caplog.set_level(logging.INFO, "waitless.demo.publish")
    async with embedded_broker() as endpoint:
        publishers = publishing(endpoint, facilities, calendar, speed=3000)
        task = await publishers.__aenter__()
        await asyncio.sleep(0.5)

    async def noticed() -> bool:
        return any("again in" in record.message for record in caplog.records)

    await eventually(noticed)
    assert not task.done()
    began = time.monotonic()
    await publishers.__aexit__(None, None, None)
    assert task.cancelled()
    assert time.monotonic() - began < 10


async def test_publishers_end_when_told_just_after_the_broker_has_gone(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    async with embedded_broker() as endpoint:
        publishers = publishing(endpoint, facilities, calendar)
        task = await publishers.__aenter__()
        await asyncio.sleep(0.5)

    await publishers.__aexit__(None, None, None)

    assert task.cancelled()
