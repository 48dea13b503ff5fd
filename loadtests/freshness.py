"""How long from a provider's publish until an HTTP answer shows the wait, under whatever load.

Waits that can be told apart by their hundredths are published at an even cadence, each facility's
by a task of its own, which then asks for that facility until the answer shows the wait. The time
counts from when the message was due, so a slow one delays none of the others' starts unseen.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp

from feeds.events import encode_event
from feeds.model import Observation, Statistic, Wait
from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import MqttPublisher, connect_provider
from feeds.topics import WaitTopic
from loadtests.processes import AREA
from waitless.area.facility import Facility

FIRST_MINUTES, STEP_MINUTES = 12.0, 0.01
"""A step that no rule of belief minds."""
POLL_EVERY_S = 0.005
VISIBLE_WITHIN_S = 10.0


@dataclass(slots=True)
class Freshness:
    """What was seen."""

    visible_ms: list[float] = field(default_factory=list)
    """From due to visible, the poll's own interval within it."""
    lost: int = 0
    """Waits that no answer showed in time."""


async def watch_freshness(
    endpoint: MqttEndpoint,
    port: int,
    facilities: Sequence[Facility],
    *,
    every_s: float,
    seconds: float,
    seen: Freshness,
) -> None:
    """Publish and ask, for so many seconds.

    Args:
        endpoint: the broker.
        port: of the service, on 127.0.0.1.
        facilities: of one provider, for whom nobody else speaks meanwhile.
        every_s: between two waits of a facility.
        seconds: how long waits fall due.
        seen: is added to.
    """
    provider = facilities[0].provider
    async with (
        connect_provider(endpoint, area=AREA, provider=provider) as session,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
        asyncio.TaskGroup() as group,
    ):
        began = time.perf_counter()
        for number, facility in enumerate(facilities):
            first = began + every_s * number / len(facilities)
            group.create_task(
                _watch_one(session, client, facility, (first, every_s, began + seconds), seen)
            )


async def _watch_one(
    session: MqttPublisher,
    client: aiohttp.ClientSession,
    facility: Facility,
    schedule: tuple[float, float, float],
    seen: Freshness,
) -> None:
    due, every_s, until = schedule
    minutes = FIRST_MINUTES
    while due < until:
        await asyncio.sleep(due - time.perf_counter())
        minutes = round(minutes + STEP_MINUTES, 2)
        topic = str(WaitTopic(AREA, facility.provider, facility.id))
        await session.publish(topic, encode_wait(facility, minutes))
        while time.perf_counter() - due < VISIBLE_WITHIN_S:
            if await _shown_minutes(client, facility) == minutes:
                seen.visible_ms.append((time.perf_counter() - due) * 1000)
                break
            await asyncio.sleep(POLL_EVERY_S)
        else:
            seen.lost += 1
        due += every_s


def encode_wait(facility: Facility, minutes: float) -> bytes:
    """The message of a wait that is measured now."""
    now = datetime.now(UTC)
    return encode_event(
        Observation(
            facility_id=facility.id,
            feed_id=facility.provider,
            as_of=now,
            received_at=now,
            wait=Wait(minutes=minutes, statistic=Statistic.MEDIAN),
            simulated=True,
        ),
        source="urn:waitless:load",
    )


async def _shown_minutes(client: aiohttp.ClientSession, facility: Facility) -> float | None:
    async with client.get(f"/v1/facilities/{facility.id}") as answer:
        document = await answer.json()
    reading = document["properties"]["reading"]
    wait = None if reading is None else reading["wait"]
    return None if wait is None else wait["minutes"]
