"""A service with a few readings in its store, and a patient who asks it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from feeds.model import Observation
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.service import Patient, eventually, serving
from waitless.app import Role, create_app
from waitless.health import FeedHealth
from waitless.pulse import Pulse
from waitless.reading import apply_observation
from waitless.settings import Settings
from waitless.store import Store

READINGS = [
    observation("deal-utc", 22, as_of=MONDAY_MORNING - timedelta(minutes=4)),
    observation("dover-utc", 75, as_of=MONDAY_MORNING - timedelta(minutes=9)),
    observation("margate-utc", 40, as_of=MONDAY_MORNING - timedelta(minutes=2)),
    observation("qeqm-ed", 130, as_of=MONDAY_MORNING - timedelta(minutes=3)),
    observation("canterbury-utc", 15, as_of=MONDAY_MORNING - timedelta(minutes=45)),
]


async def put(store: Store, *observations: Observation) -> None:
    """Make observations the store's truth, as ingest would."""
    await store.save_readings([apply_observation(None, one) for one in observations])
    health = FeedHealth(id="kcht", transport="mqtt", cadence_s=300, connected=True, primed=True)
    health.told_at = MONDAY_MORNING
    health.count_message(MONDAY_MORNING)
    for one in observations:
        health.count_believed(one)
    await store.save_health([health], Pulse(at=MONDAY_MORNING))


@pytest.fixture
async def store(fresh_redis: Redis) -> Store:
    return Store(fresh_redis, "east-kent")


@pytest.fixture
async def patient(store: Store, redis_url: str, clock: FakeClock) -> AsyncIterator[Patient]:
    await put(store, *READINGS)
    app = create_app(Settings(redis_url=redis_url), Role.API, now=clock)
    async with serving(app) as client:

        async def ready() -> bool:
            return (await client.get("/readyz")).status == 200

        await eventually(ready)
        yield client
