"""A source of trip updates, polled, from its bytes to the changes that answers are made of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from google.transit.gtfs_realtime_pb2 import FeedMessage
from redis.asyncio import Redis

from routing.transit.changes import StopChange, TripChange
from tests.support.clock import FakeClock
from tests.support.servers import Server
from tests.support.service import Patient, eventually, get_json, serving
from tests.support.tasks import end
from tests.support.trip_updates import ADDED, CANCELED, SKIPPED, add_stop, add_trip, message
from waitless.app import create_app
from waitless.area.pack import AreaFault, load_area
from waitless.keys import Role, make_key
from waitless.settings import Settings
from waitless.timetable import Telling, TripFollower, TripShelf

START = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
PROTOBUF = "application/x-protobuf"

DEFINITION = """
id = "buses"
title = "Where the buses are"
format = "gtfs-realtime"
cadence_s = 0.1
transport = {{ kind = "http-poll", url = "http://127.0.0.1:{port}/trip-updates.pb" }}
"""


def write_source(pack: Path, port: int) -> Path:
    (pack / "trip_updates").mkdir()
    path = pack / "trip_updates" / "buses.toml"
    path.write_text(DEFINITION.format(port=port))
    return path


class Operator:
    """A bus company that answers with whatever it is told to."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes, str] = (200, b"", PROTOBUF)

    def say(self, made: FeedMessage) -> None:
        self.answer = (200, made.SerializeToString(), PROTOBUF)

    async def get(self, _: web.Request) -> web.Response:
        status, body, media_type = self.answer
        return web.Response(status=status, body=body, content_type=media_type)


class Told:
    """What an answering process was told, newest last."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[TripChange, ...], datetime | None]] = []

    def __call__(self, changes: tuple[TripChange, ...], as_of: datetime | None) -> None:
        self.calls.append((changes, as_of))

    async def until(self, trip_ids: set[str], as_of: datetime | None) -> None:
        async def came() -> bool:
            if not self.calls:
                return False
            changes, at = self.calls[-1]
            return ({change.trip_id for change in changes}, at) == (trip_ids, as_of)

        await eventually(came, words=f"{trip_ids} of {as_of}, {self.calls[-1:]}")


@asynccontextmanager
async def following(redis: Redis, clock: FakeClock, area: str) -> AsyncIterator[Told]:
    told = Told()
    task = asyncio.create_task(TripFollower(TripShelf(redis, area), told, now=clock).run())
    try:
        yield told
    finally:
        await end(task)


@asynccontextmanager
async def listening(
    pack: Path, redis_url: str, clock: FakeClock, **more: Any
) -> AsyncIterator[tuple[Operator, Patient, Told]]:
    """The service with one source of trip updates, and a process that follows what it shares."""
    company, app = Operator(), web.Application()
    app.router.add_get("/trip-updates.pb", company.get)
    async with TestServer(app) as server, Redis.from_url(redis_url) as redis:
        assert server.port is not None
        write_source(pack, server.port)
        settings = Settings(area=str(pack), redis_url=redis_url, **more)
        async with (
            serving(create_app(settings, now=clock)) as service,
            following(redis, clock, load_area(pack).id) as told,
        ):
            yield company, service, told


async def feed(service: Patient) -> dict[str, Any]:
    feeds = (await get_json(service, "/v1/feeds"))["feeds"]
    return next((one for one in feeds if one["id"] == "buses"), {})


async def until_refused(service: Patient, reason: str) -> None:
    async def refused() -> bool:
        return bool((await feed(service)).get("refused", {}).get(reason))

    await eventually(refused, words=f"a refusal {reason}")


async def test_what_a_source_tells_of_trips_comes_to_whoever_answers(
    plymouth_pack: Path, redis_url: str
) -> None:
    clock = FakeClock(START)
    made = message(START)
    late = add_trip(made, "t8", start_date="20261116")
    add_stop(late, stop_sequence=2, arrival={"delay": 120}, departure={"time": 1_794_816_600})
    add_stop(late, stop_sequence=9, relation=SKIPPED)
    add_trip(made, "t9", schedule_relationship=CANCELED)
    add_trip(made, "new", schedule_relationship=ADDED)
    async with listening(plymouth_pack, redis_url, clock) as (company, service, told):
        company.say(made)
        await told.until({"t8", "t9"}, START)

        async def live() -> bool:
            return (await feed(service)).get("state") == "live"

        await eventually(live)
        found = await feed(service)
        figures = await (await service.get("/metrics")).text()
    assert told.calls[-1][0] == (
        TripChange(
            trip_id="t8",
            day=START.date(),
            stops=(
                StopChange(sequence=2, arrival_delay_s=120, departs=1_794_816_600),
                StopChange(sequence=9, skipped=True),
            ),
        ),
        TripChange(trip_id="t9", cancelled=True),
    )
    assert len(told.calls) == 1  # the same message again is no news
    assert found["transport"] == "http-poll"
    assert found["believed"] >= 2
    assert found["last_measured_at"] == "2026-11-16T08:00:00Z"
    assert 'waitless_trips_told{feed="buses",kind="trip"} 2.0' in figures
    assert 'waitless_trips_told{feed="buses",kind="added_trip"} 1.0' in figures


def one_trip(at: datetime, trip_id: str = "t8") -> FeedMessage:
    made = message(at)
    add_trip(made, trip_id).delay = 60
    return made


async def test_garbage_failure_and_old_news_lose_nothing_and_are_told(
    plymouth_pack: Path, redis_url: str
) -> None:
    clock = FakeClock(START)
    async with listening(plymouth_pack, redis_url, clock) as (company, service, told):
        company.say(one_trip(START))
        await told.until({"t8"}, START)

        company.answer = (200, b"<html>Down for maintenance</html>", PROTOBUF)
        await until_refused(service, "malformed")
        company.say(one_trip(START - timedelta(minutes=11), "old"))
        await until_refused(service, "stale")
        company.say(one_trip(START + timedelta(minutes=3), "early"))
        await until_refused(service, "future")
        company.say(one_trip(START - timedelta(minutes=1), "before"))

        async def out_of_order() -> bool:
            return bool((await feed(service))["held"].get("out_of_order"))

        await eventually(out_of_order)
        company.answer = (200, b"<html>Down for maintenance</html>", "text/html")

        async def lost() -> bool:
            found = await feed(service)
            return (found["state"], found["fault"]) == ("lost", "content_type")

        await eventually(lost)
        company.answer = (500, b"", PROTOBUF)

        async def failing() -> bool:
            return bool((await feed(service))["fault"] == "status_500")

        await eventually(failing)
        assert [as_of for _, as_of in told.calls] == [START]

        clock.move(minutes=10, seconds=1)
        await told.until(set(), None)  # lapsed, by the message's own time
        company.say(one_trip(clock(), "t9"))
        clock.move(minutes=1)  # the source's pause is over
        await told.until({"t9"}, clock() - timedelta(minutes=1))


async def test_what_a_source_told_is_in_force_no_more_once_it_is_switched_off(
    plymouth_pack: Path, redis_url: str, tmp_path: Path
) -> None:
    clock = FakeClock(START)
    key, stored = make_key("night-desk", Role.OPERATOR)
    keys = tmp_path / "keys.toml"
    keys.write_text(stored)
    async with listening(plymouth_pack, redis_url, clock, keys_file=keys) as (
        company,
        service,
        told,
    ):
        company.say(one_trip(START))
        await told.until({"t8"}, START)

        response = await service.post(
            "/v1/operator/feeds/buses/off",
            json={"why": "it tells of another town", "hours": 1},
            headers={"Authorization": f"Bearer {key}"},
        )

        assert response.status == 200
        await told.until(set(), None)


async def test_a_redis_that_lost_everything_is_told_again(
    plymouth_pack: Path, redis_url: str, fresh_redis: Redis
) -> None:
    clock, shelf = FakeClock(START), TripShelf(fresh_redis, "plymouth")
    async with listening(plymouth_pack, redis_url, clock) as (company, _, told):
        company.say(one_trip(START))
        await told.until({"t8"}, START)
        company.answer = (500, b"", PROTOBUF)
        await fresh_redis.flushall()

        async def is_there() -> bool:
            return await shelf.find("buses") is not None

        await eventually(is_there)


async def test_what_is_held_lapses_while_redis_is_away(own_redis: Server) -> None:
    clock = FakeClock(START)
    async with Redis.from_url(f"redis://127.0.0.1:{own_redis.port}/0") as redis:
        shelf = TripShelf(redis, "kent")
        change = TripChange(trip_id="t8", delay_s=60)
        telling = Telling(as_of=START, until=START + timedelta(minutes=10), changes=(change,))
        await shelf.put({"buses": telling})
        async with following(redis, clock, "kent") as told:
            await told.until({"t8"}, START)
            own_redis.stop()
            clock.move(minutes=10)
            await told.until(set(), None)


async def test_of_several_sources_all_changes_are_told_with_the_oldest_time(
    fresh_redis: Redis,
) -> None:
    clock, shelf = FakeClock(START, running=True), TripShelf(fresh_redis, "kent")

    def telling(trip_id: str, seconds_ago: int) -> Telling:
        as_of = START - timedelta(seconds=seconds_ago)
        changes = (TripChange(trip_id=trip_id, delay_s=60),)
        return Telling(as_of=as_of, until=as_of + timedelta(minutes=10), changes=changes)

    async with following(fresh_redis, clock, "kent") as told:
        await shelf.put({"a": telling("t8", 60), "b": telling("t9", 598)})
        await told.until({"t8", "t9"}, START - timedelta(seconds=598))
        await told.until({"t8"}, START - timedelta(seconds=60))  # two seconds later, by itself
        await shelf.put({})
        await told.until(set(), None)


async def test_what_cannot_be_read_is_absent(fresh_redis: Redis) -> None:
    clock, shelf = FakeClock(START), TripShelf(fresh_redis, "kent")
    change = TripChange(trip_id="t8", delay_s=60)
    telling = Telling(as_of=START, until=START + timedelta(minutes=10), changes=(change,))
    await shelf.put({"a": telling, "b": telling})
    await fresh_redis.set("waitless:{kent}:trips:a", b"\xc1 no MessagePack")

    async with following(fresh_redis, clock, "kent") as told:
        await told.until({"t8"}, START)

    assert len(told.calls[-1][0]) == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (("gtfs-realtime", "siri"), "trip_updates: buses.toml"),
        (('id = "buses"', 'id = "mqtt"'), "stands twice"),
        (('id = "buses"', 'id = "The buses"'), "not a slug"),
        (("cadence_s = 0.1", "cadence_s = 0"), "cadence_s"),
        (("cadence_s = 0.1", "cadence_s = 9\nvalid_s = 3601"), "valid_s"),
        (("updates.pb", 'updates.pb", max_bytes = 8_388_609, timeout_s = 10.0 } #'), "max_bytes"),
    ],
)
def test_a_faulty_definition_is_named_with_its_file(
    plymouth_pack: Path, spoil: tuple[str, str], words: str
) -> None:
    path = write_source(plymouth_pack, 9)
    path.write_text(path.read_text().replace(*spoil))

    with pytest.raises(AreaFault, match=words):
        load_area(plymouth_pack)
