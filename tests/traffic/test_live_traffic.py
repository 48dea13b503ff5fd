"""From a traffic source to a patient's minutes, through real servers."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from feeds.mqtt import MqttEndpoint
from feeds.mqtt_publish import connect_source
from feeds.topics import TrafficTopic
from feeds.traffic.messages import encode_traffic
from feeds.traffic.model import LinkFigure, TrafficReport
from tests.support.clock import FakeClock
from tests.support.servers import Server
from tests.support.service import Patient, eventually, get_json, serving
from waitless.app import Role, create_app
from waitless.area.pack import Area
from waitless.settings import Settings
from waitless.travel import TravelBuilder
from waitless.travel.shelf import Shelf

FROM_DEAL = {"place": "Deal", "limit": 50}
ALL_DAY = timedelta(hours=8)


def settings_for(redis: Server, mosquitto: Server, **more: Any) -> Settings:
    return Settings(
        redis_url=f"redis://127.0.0.1:{redis.port}/0",
        mqtt_url=f"mqtt://127.0.0.1:{mosquitto.port}",
        simulated=True,
        most_minutes=600,
        **more,
    )


@asynccontextmanager
async def source(endpoint: MqttEndpoint) -> AsyncIterator[Callable[..., Any]]:
    """A traffic source that tells of every road of the area at once."""
    async with connect_source(endpoint, area="east-kent", source="simulated") as publisher:

        async def publish(*figures: LinkFigure) -> None:
            told_at = max(figure.as_of for figure in figures)
            report = TrafficReport(
                feed_id="simulated",
                published_at=told_at,
                received_at=told_at,
                figures=figures,
                simulated=True,
            )
            topic = TrafficTopic("east-kent", "simulated")
            await publisher.publish(str(topic), encode_traffic(report, source="/tests"))

        yield publish


def all_slowed(area: Area, clock: FakeClock, factor: float) -> list[LinkFigure]:
    names = area.roads.name_junctions()
    return [
        LinkFigure(
            link_id=f"{names[tail]}>{names[head]}",
            as_of=clock(),
            travel_s=float(time_s) * factor,
            expires_at=clock() + timedelta(minutes=5),
        )
        for tail, head, time_s in zip(
            area.roads.tails, area.roads.heads, area.roads.time_s, strict=True
        )
    ]


async def travel(patient: Patient, facility_id: str = "qeqm-ed") -> dict[str, Any]:
    answer = await get_json(patient, "/v1/recommendations", **FROM_DEAL)
    [place] = [one for one in answer["destinations"] if one["facility"]["id"] == facility_id]
    found: dict[str, Any] = place["travel"]
    return found


async def test_slow_roads_make_slow_journeys_that_say_so_and_recover_when_figures_expire(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint, east_kent: Area
) -> None:
    clock = FakeClock()
    app = create_app(settings_for(own_redis, mosquitto), now=clock)
    async with serving(app) as patient, source(endpoint) as publish:
        usual = await travel(patient)
        assert usual["basis"] == "usual"
        await publish(*all_slowed(east_kent, clock, 1.8))

        async def live() -> bool:
            return (await travel(patient))["basis"] == "live_traffic"

        await eventually(live)
        slow = await travel(patient)
        assert 1.4 < slow["minutes"] / usual["minutes"] < 1.9
        assert slow["as_of"].startswith(clock().strftime("%Y-%m-%dT%H:%M:%S"))

        async def counted() -> bool:
            figures = await get_json(patient, "/v1/feeds/simulated")
            told = figures["traffic"]["live"] == len(east_kent.roads.tails)
            return bool(figures["simulated"] and told)

        await eventually(counted)

        clock.move(minutes=45)

        async def recovered() -> bool:
            return (await travel(patient))["basis"] == "usual"

        await eventually(recovered)
        again = await travel(patient)
        assert abs(again["minutes"] - usual["minutes"]) <= 1


async def test_a_closed_road_is_driven_round(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint, east_kent: Area
) -> None:
    clock = FakeClock()
    shut = [
        LinkFigure(
            link_id=one.link_id, as_of=one.as_of, expires_at=one.as_of + ALL_DAY, closed=True
        )
        for one in all_slowed(east_kent, clock, 1.0)
    ]
    app = create_app(settings_for(own_redis, mosquitto), now=clock)
    async with serving(app) as patient, source(endpoint) as publish:
        await travel(patient)
        await publish(*shut)

        async def cut_off() -> bool:
            answer = await get_json(patient, "/v1/recommendations", **FROM_DEAL)
            return any(
                one["facility_id"] == "qeqm-ed" and one["reason"] == "unreachable"
                for one in answer["excluded"]
            )

        await eventually(cut_off)
        walk = await get_json(patient, "/v1/recommendations", **FROM_DEAL, mode="walk")
        assert walk["destinations"], "closed to cars is not closed to walkers"


async def test_traffic_outlives_the_process_that_heard_it(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint, east_kent: Area
) -> None:
    clock = FakeClock()
    settings = settings_for(own_redis, mosquitto)
    async with serving(create_app(settings, now=clock)) as patient, source(endpoint) as publish:
        await publish(*all_slowed(east_kent, clock, 1.8))

        async def live() -> bool:
            return (await travel(patient))["basis"] == "live_traffic"

        await eventually(live)
    without_mqtt = Settings(redis_url=settings.redis_url, simulated=True, most_minutes=600)
    async with serving(create_app(without_mqtt, now=clock)) as patient:
        assert (await travel(patient))["basis"] == "live_traffic"


async def test_processes_that_only_answer_follow_the_writers_tables(
    own_redis: Server, mosquitto: Server, endpoint: MqttEndpoint, east_kent: Area, tmp_path: Any
) -> None:
    clock = FakeClock()
    settings = settings_for(own_redis, mosquitto, tables_folder=tmp_path)
    async with (
        serving(create_app(settings, Role.API, now=clock)) as early,
        serving(create_app(settings, Role.INGEST, now=clock)) as _,
        source(endpoint) as publish,
    ):
        assert (await travel(early))["as_of"] is None, "built here: the writer was not there yet"

        async def follows() -> bool:
            return (await travel(early))["as_of"] is not None

        await eventually(follows)
        await publish(*all_slowed(east_kent, clock, 1.5))

        async def live() -> bool:
            return (await travel(early))["basis"] == "live_traffic"

        await eventually(live)
        async with serving(create_app(settings, Role.API, now=clock)) as late:
            assert await travel(late) == await travel(early)
    assert list(tmp_path.glob("east-kent/drive-*.reach")), "tables are files that processes share"


async def test_superseded_tables_are_removed_from_the_shared_folder(
    own_redis: Server, mosquitto: Server, tmp_path: Path
) -> None:
    settings = settings_for(own_redis, mosquitto, tables_folder=tmp_path)
    folder = tmp_path / "east-kent"
    folder.mkdir()
    old, young = folder / "drive-old.reach", folder / "drive-young.reach"
    others = tmp_path / "kent" / "drive-old.reach"
    others.parent.mkdir()
    for path in (old, young, others):
        path.write_bytes(b"superseded")
    for path in (old, others):
        os.utime(path, (1, 1))
    async with serving(create_app(settings, now=FakeClock())):

        async def settled() -> bool:
            frames_and_times = 6
            return not old.exists() and len(list(folder.iterdir())) == frames_and_times + 1

        await eventually(settled, words="a frame and times of each mode, without the old one")
    assert young.exists(), "another process may be about to map it"
    assert others.exists(), "another area's"


async def test_a_store_that_lost_its_tables_gets_them_again(
    own_redis: Server, mosquitto: Server
) -> None:
    clock = FakeClock()
    settings = settings_for(own_redis, mosquitto)
    async with (
        Redis.from_url(settings.redis_url) as redis,
        serving(create_app(settings, Role.INGEST, now=clock)),
    ):
        shelf = Shelf(redis, "east-kent")

        async def shelved() -> bool:
            return len(await shelf.list_current()) == 3

        await eventually(shelved)
        await redis.flushall()
        await eventually(shelved)


async def test_tables_of_other_roads_are_let_lie(
    own_redis: Server, mosquitto: Server, plymouth_pack: Any
) -> None:
    """A pack that has changed under a writer of the old one answers from its own roads."""
    clock = FakeClock()
    settings = settings_for(own_redis, mosquitto, area=str(plymouth_pack))
    async with serving(create_app(settings, Role.INGEST, now=clock)):
        facilities = plymouth_pack / "facilities.toml"
        facilities.write_text(facilities.read_text().replace("50.4168", "50.4100"))
        async with serving(create_app(settings, Role.API, now=clock)) as patient:
            await asyncio.sleep(0.5)
            answer = await get_json(patient, "/v1/recommendations", place="PL1")
            assert all(one["travel"]["as_of"] is None for one in answer["destinations"])


def test_usual_minutes_do_not_depend_on_who_built_them(east_kent: Area) -> None:
    one, other = (TravelBuilder(east_kent, 720).build() for _ in range(2))
    assert one.journeys_from_point(51.22, 1.40, mode := next(iter(one.modes))) == (
        other.journeys_from_point(51.22, 1.40, mode)
    )
