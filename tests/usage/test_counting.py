"""Counts of several processes come together in Redis, day by day, and outlive its absence."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from tests.support.clock import FakeClock
from tests.support.servers import Server
from waitless.redis_link import StoreAway, open_redis
from waitless.usage.counting import UsageCounts
from waitless.usage.store import KEPT, UsageStore

LONDON = ZoneInfo("Europe/London")
TODAY = date(2026, 11, 23)
SPARED = ("utc", "ed")


def worker(redis: Redis, clock: FakeClock, *, streams: int = 0) -> UsageCounts:
    store = UsageStore(redis, "east-kent")
    return UsageCounts(store, LONDON, now=clock, streams=lambda: streams)


async def held(redis: Redis, day: date = TODAY) -> dict[str, int]:
    return (await UsageStore(redis, "east-kent").load_days([day]))[day]


async def test_the_counts_of_all_workers_sum_up(fresh_redis: Redis, clock: FakeClock) -> None:
    first, second = worker(fresh_redis, clock), worker(fresh_redis, clock)
    for one in (first, first, second):
        one.count_answer(SPARED)
    second.count_journey("utc")

    await first.tell()
    await second.tell()
    await second.tell()

    assert await held(fresh_redis) == {"answers:utc:ed": 3, "journeys:utc": 1}


async def test_they_count_for_the_local_day(fresh_redis: Redis, clock: FakeClock) -> None:
    clock.move(days=200, hours=13, minutes=30)  # 23:30 UTC in summer: the next day in London
    counts = worker(fresh_redis, clock)
    counts.count_answer(SPARED)

    await counts.tell()

    assert await held(fresh_redis, clock().date() + timedelta(days=1)) == {"answers:utc:ed": 1}


async def test_a_days_counts_are_forgotten_after_62_days(
    fresh_redis: Redis, clock: FakeClock
) -> None:
    counts = worker(fresh_redis, clock)
    counts.count_answer(SPARED)

    await counts.tell()

    lasts_s = await fresh_redis.ttl(f"waitless:{{east-kent}}:ledger:usage:{TODAY}")
    assert KEPT <= timedelta(seconds=lasts_s) <= KEPT + timedelta(days=2)


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


async def test_while_redis_is_away_each_days_counts_are_kept_and_none_is_lost(
    own_redis: Server, clock: FakeClock
) -> None:
    async with open_redis(f"redis://127.0.0.1:{own_redis.port}/0") as redis:
        counts = worker(redis, clock)
        with stopped(own_redis):
            for _ in range(2):
                counts.count_answer(SPARED)
                with pytest.raises(StoreAway):
                    await counts.tell()
                clock.move(days=1)
        await counts.tell()

        assert await held(redis) == {"answers:utc:ed": 1}
        assert await held(redis, TODAY + timedelta(days=1)) == {"answers:utc:ed": 1}


async def test_open_streams_of_all_workers_are_told_once_each_ten_seconds(
    fresh_redis: Redis, clock: FakeClock
) -> None:
    first, second = worker(fresh_redis, clock, streams=3), worker(fresh_redis, clock, streams=4)
    first.count_answer(SPARED)
    for _ in range(3):
        await first.tell()
        await second.tell()
        clock.move(seconds=2)
    clock.move(seconds=10)

    buckets = await UsageStore(fresh_redis, "east-kent").load_live(clock())

    assert sum(one.get("answers", 0) for one in buckets) == 1
    assert [one["streams"] for one in buckets if one] == [7]
