"""Groups of Redis servers, and a hospital that publishes to a service in front of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from feeds.events import encode_event
from feeds.model import Observation
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_provider
from feeds.topics import WaitTopic
from tests.support.redis_groups import ClusterGroup, SentinelGroup
from tests.support.service import Patient, eventually, get_json

AREA, PROVIDER = "east-kent", "kcht"
Publish = Callable[[Observation], Awaitable[None]]


@pytest.fixture
def sentinel_group(tmp_path: Path) -> Iterator[SentinelGroup]:
    group = SentinelGroup(tmp_path)
    yield group
    group.stop()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterGroup]:
    """Three masters without replicas."""
    group = ClusterGroup(tmp_path)
    yield group
    group.stop()


@pytest.fixture
def replicated_cluster(tmp_path: Path) -> Iterator[ClusterGroup]:
    """Three masters, each with a replica."""
    group = ClusterGroup(tmp_path, replicas=1)
    yield group
    group.stop()


@asynccontextmanager
async def hospital(endpoint: MqttEndpoint) -> AsyncIterator[Publish]:
    async with connect_provider(endpoint, area=AREA, provider=PROVIDER) as publisher:

        async def publish(observed: Observation) -> None:
            topic = WaitTopic(AREA, PROVIDER, observed.facility_id)
            await publisher.publish(str(topic), encode_event(observed, source="/tests"))

        yield publish


async def answer(patient: Patient) -> Any:
    return await get_json(patient, "/v1/recommendations", place="Deal", limit=50)


async def shown_wait(patient: Patient, facility_id: str = "deal-utc") -> float | None:
    destinations = (await answer(patient))["destinations"]
    [place] = [one for one in destinations if one["facility"]["id"] == facility_id]
    return None if place["wait"] is None else place["wait"]["now"]["minutes"]


async def until_shown(patient: Patient, minutes: float | None) -> None:
    async def shown() -> bool:
        return await shown_wait(patient) == minutes

    await eventually(shown, words=f"a wait of {minutes}")


async def until_degraded(patient: Patient, *, degraded: bool) -> None:
    async def so() -> bool:
        return bool((await answer(patient))["degraded"]) is degraded

    await eventually(so, words=f"degraded {degraded}")


async def history(patient: Patient, facility_id: str = "deal-utc") -> list[float]:
    """Every wait that was believed, in minutes, oldest first."""
    path = f"/v1/facilities/{facility_id}/history"
    readings = (await get_json(patient, path, hours=24))["readings"]
    return [one["wait"]["minutes"] for one in readings if one["wait"]]
