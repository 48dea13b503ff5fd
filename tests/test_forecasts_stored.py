"""Forecasts beside the readings: written at once, fenced, restored, followed by every process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from feeds.model import FacilityStatus, NoFigure, Observation
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.service import eventually
from tests.support.tasks import end
from tests.support.waits import made_up
from waitless.area.pack import Area
from waitless.belief.rules import unknown_hours
from waitless.board import Board
from waitless.follow import BoardFollower
from waitless.forecast.learner import Forecast, Learner
from waitless.forecast.state import ForecastState, encode_state
from waitless.health import FeedHealth
from waitless.health.states import SwitchedOff
from waitless.ingest import Desk, Ingest
from waitless.lease import Lease
from waitless.metrics import IngestMetrics
from waitless.reading import Reading, apply_observation
from waitless.redis_link import StoreUnwilling
from waitless.store import Store

FORECASTS, OUTLOOKS = "waitless:{east-kent}:forecasts", "waitless:{east-kent}:outlooks"
LATER = timedelta(minutes=5)


@pytest.fixture
def store(fresh_redis: Redis) -> Store:
    return Store(fresh_redis, "east-kent")


@pytest.fixture
def learner(east_kent: Area) -> Learner:
    return Learner(east_kent.facilities, UTC, unknown_hours)


def told_of(learner: Learner, one: Reading) -> list[Forecast]:
    learner.take(one)
    return learner.tell([one])


def reading(minutes: float = 22.0, **more: object) -> Reading:
    return apply_observation(None, observation("deal-utc", minutes, **more))


@asynccontextmanager
async def writing(
    store: Store, area: Area, clock: FakeClock, registry: CollectorRegistry | None = None
) -> AsyncIterator[Ingest]:
    """The one writer, from what the store holds until it is stopped."""
    metrics = IngestMetrics(registry or CollectorRegistry())
    desk = Desk(area, now=clock, metrics=metrics, listens_to_mqtt=True, hours_bind=False)
    ingest = Ingest(desk, store, metrics)
    running = asyncio.create_task(ingest.run())
    try:
        yield ingest
    finally:
        await end(running)


async def teach(ingest: Ingest, clock: FakeClock, waits: list[Observation]) -> None:
    for one in waits:
        clock.move(seconds=(one.as_of - clock()).total_seconds())
        assert [told.rule for told in await ingest.submit([one])] == [None]


def series(hours: float) -> list[Observation]:
    return [
        observation(as_of=at, received_at=at, wait=wait)
        for at, wait in made_up(hours / 24, noise=2, start=MONDAY_MORNING)
    ]


async def test_readings_and_what_is_forecast_from_them_are_written_at_once(
    fresh_redis: Redis, store: Store, learner: Learner
) -> None:
    one = reading()
    before = await store.load_epoch()

    epoch = await store.save_readings([one], told_of(learner, one))

    assert epoch == before + 1
    found, readings, outlooks, _ = await store.load_picture()
    assert (found, readings) == (epoch, {"deal-utc": one})
    assert outlooks["deal-utc"].as_of == one.wait_as_of
    restored = (await store.load_forecasts())["deal-utc"]
    assert isinstance(restored, ForecastState)
    assert encode_state(restored) == encode_state(learner.states["deal-utc"])
    assert await fresh_redis.hlen(OUTLOOKS) == 1


async def test_what_is_no_longer_forecast_is_taken_away(store: Store, learner: Learner) -> None:
    one = reading()
    await store.save_readings([one], told_of(learner, one))
    shut = observation(
        as_of=one.as_of + LATER, wait=NoFigure.NOT_GIVEN, status=FacilityStatus.CLOSED
    )
    closed = apply_observation(one, shut)

    await store.save_readings([closed], told_of(learner, closed))

    _, _, outlooks, _ = await store.load_picture()
    assert outlooks == {}
    assert list(await store.load_forecasts()) == ["deal-utc"]


async def test_a_lost_lease_writes_no_forecast(fresh_redis: Redis, learner: Learner) -> None:
    mine, other = Lease(fresh_redis, "east-kent"), Lease(fresh_redis, "east-kent")
    await mine.ask()
    await fresh_redis.hset(mine.key, "until", 1)
    await other.ask()
    one = reading()

    with pytest.raises(StoreUnwilling):
        await Store(fresh_redis, "east-kent", mine).save_readings([one], told_of(learner, one))

    assert not await fresh_redis.exists(FORECASTS, OUTLOOKS)


async def test_a_writer_that_starts_again_in_the_middle_forecasts_the_same_bits(
    store: Store, east_kent: Area, clock: FakeClock, fresh_redis: Redis
) -> None:
    waits = series(24)
    async with writing(store, east_kent, clock) as ingest:
        await teach(ingest, clock, waits)
    unbroken = await fresh_redis.hgetall(FORECASTS), await fresh_redis.hgetall(OUTLOOKS)
    await fresh_redis.flushall()
    other_clock = FakeClock()

    for part in (waits[:31], waits[31:32], waits[32:]):
        async with writing(store, east_kent, other_clock) as ingest:
            await teach(ingest, other_clock, part)

    assert await fresh_redis.hgetall(FORECASTS) == unbroken[0]
    assert await fresh_redis.hgetall(OUTLOOKS) == unbroken[1]


async def test_a_writer_without_forecasts_learns_the_same_bits_from_the_history(
    store: Store, east_kent: Area, clock: FakeClock, fresh_redis: Redis
) -> None:
    async with writing(store, east_kent, clock) as ingest:
        await teach(ingest, clock, series(24))
    learnt = await fresh_redis.hgetall(FORECASTS), await fresh_redis.hgetall(OUTLOOKS)
    await fresh_redis.delete(FORECASTS, OUTLOOKS)

    async def as_before() -> bool:
        return await fresh_redis.hlen(OUTLOOKS) == 1

    async with writing(store, east_kent, clock):
        await eventually(as_before)

    assert await fresh_redis.hgetall(FORECASTS) == learnt[0]
    assert await fresh_redis.hgetall(OUTLOOKS) == learnt[1]


@pytest.mark.parametrize("damage", [b"", b"\x81\xa7version\x63", b'{"version":1}', b"\xff" * 99])
async def test_a_damaged_forecast_is_counted_and_the_facility_begins_again(
    store: Store, east_kent: Area, clock: FakeClock, fresh_redis: Redis, damage: bytes
) -> None:
    await fresh_redis.hset(FORECASTS, "deal-utc", damage)
    registry = CollectorRegistry()

    async with writing(store, east_kent, clock, registry) as ingest:
        await teach(ingest, clock, series(1))

    assert registry.get_sample_value("waitless_forecasts_dropped_total") == 1
    assert isinstance((await store.load_forecasts())["deal-utc"], ForecastState)


async def test_a_damaged_outlook_counts_as_absent(
    store: Store, learner: Learner, fresh_redis: Redis
) -> None:
    one = reading()
    await store.save_readings([one], told_of(learner, one))
    await fresh_redis.hset(OUTLOOKS, "deal-utc", b'{"as_of":"2026-11-23T10:00:00Z"}')

    _, readings, outlooks, _ = await store.load_picture()

    assert readings == {"deal-utc": one}
    assert outlooks == {}


async def test_those_who_answer_follow_outlooks_with_the_readings(
    store: Store, learner: Learner
) -> None:
    boards: list[Board] = []
    follower = BoardFollower(store, boards.append)
    following = asyncio.create_task(follower.run())
    try:
        for number in range(3):
            one = reading(20 + number, as_of=MONDAY_MORNING + number * LATER)
            epoch = await store.save_readings([one], told_of(learner, one))

            async def seen(epoch: int = epoch) -> bool:
                return follower.board.epoch == epoch

            await eventually(seen)
    finally:
        await end(following)

    for board in boards:
        for facility_id, outlook in board.outlooks.items():
            assert outlook.as_of == board.readings[facility_id].wait_as_of
    assert boards[-1].outlooks["deal-utc"].posted[0] == 22


def board_of(learner: Learner, one: Reading, **more: object) -> Board:
    [told] = told_of(learner, one)
    assert told.outlook is not None
    given = {"readings": {"deal-utc": one}, "outlooks": {"deal-utc": told.outlook}, **more}
    return Board(epoch=1, **given)  # type: ignore[arg-type]


def test_a_forecast_is_live_as_long_as_its_reading(learner: Learner) -> None:
    board = board_of(learner, reading())

    assert board.live_outlook("deal-utc", MONDAY_MORNING) is board.outlooks["deal-utc"]
    assert board.live_outlook("deal-utc", MONDAY_MORNING + 6 * LATER) is not None
    assert board.live_outlook("deal-utc", MONDAY_MORNING + 6.01 * LATER) is None
    assert board.live_outlook("dover-utc", MONDAY_MORNING) is None


def test_a_forecast_from_another_reading_is_never_used(learner: Learner) -> None:
    newer = reading(as_of=MONDAY_MORNING + LATER)
    board = board_of(learner, reading(), readings={"deal-utc": newer})

    assert board.live_wait("deal-utc", MONDAY_MORNING + LATER) is not None
    assert board.live_outlook("deal-utc", MONDAY_MORNING + LATER) is None


def test_a_feed_that_an_operator_switched_off_has_no_forecasts(learner: Learner) -> None:
    health = FeedHealth(id="kcht", transport="mqtt", cadence_s=300)
    health.off = SwitchedOff(by="night-desk", why="wrong", at=MONDAY_MORNING, until=None)
    board = board_of(learner, reading(), feeds={"kcht": health})

    assert board.live_outlook("deal-utc", MONDAY_MORNING) is None
