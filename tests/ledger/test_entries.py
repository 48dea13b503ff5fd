"""The ledger in a real Redis: counted once, taken back once, shared, and gone by itself."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from redis.asyncio import Redis

from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING as NOW
from tests.support.clock import FakeClock
from tests.support.servers import Server, free_port
from waitless.lease import Lease
from waitless.ledger.counts import KEEPS, bucket_of
from waitless.ledger.entries import MOST_ETA, Held, Journey, Learnt, LedgerStore
from waitless.ledger.follow import OLDEST, LedgerFollower
from waitless.ledger.served import ServedAnswers
from waitless.ledger.usual import Usual
from waitless.redis_link import StoreAway, open_redis

ID = "0" * 31 + "1"
PLACES = ("deal-utc", "dover-utc")
PREFIX = "waitless:{east-kent}:ledger:"


def journey(facility: str = "deal-utc", eta_minutes: float = 25, at: datetime = NOW) -> Journey:
    arrives_at = at + timedelta(minutes=eta_minutes)
    return Journey(
        facility=facility, mode=Mode.DRIVE, arrives_at=arrives_at, expires_at=arrives_at + KEEPS
    )


def total(held: Held, facility: str = "deal-utc") -> int:
    return sum(held.journeys.get(facility, {}).values())


async def test_a_journey_is_counted_in_the_bucket_of_its_arrival(ledger: LedgerStore) -> None:
    await ledger.enter(ID, journey(), NOW)

    held = await ledger.load(NOW)
    assert held.journeys == {"deal-utc": {bucket_of(NOW + timedelta(minutes=25)): 1}}
    assert held.served == {}


async def test_the_same_id_counts_once_and_gives_the_entry_that_stands(
    ledger: LedgerStore,
) -> None:
    first = await ledger.enter(ID, journey(), NOW)
    again = await ledger.enter(ID, journey("dover-utc", 40), NOW + timedelta(seconds=5))

    assert again == first
    assert total(await ledger.load(NOW)) == 1
    assert total(await ledger.load(NOW), "dover-utc") == 0


async def test_a_cancelled_journey_no_longer_counts_nor_can_be_cancelled(
    ledger: LedgerStore, fresh_redis: Redis
) -> None:
    await ledger.enter(ID, journey(), NOW)

    assert await ledger.cancel(ID, NOW)
    assert total(await ledger.load(NOW)) == 0
    assert not await ledger.cancel(ID, NOW)
    assert await fresh_redis.exists(f"{PREFIX}journey:{ID}") == 0


async def test_two_workers_at_once_count_an_id_once_and_take_it_back_once(
    ledger: LedgerStore, redis_url: str
) -> None:
    async with Redis.from_url(redis_url) as other:
        second = LedgerStore(other, "east-kent")
        both = [ledger, second]
        for number in range(20):
            one_id = f"{number:032x}"
            await asyncio.gather(*(one.enter(one_id, journey(), NOW) for one in both * 3))
        assert total(await second.load(NOW)) == 20

        for number in range(20):
            one_id = f"{number:032x}"
            told = await asyncio.gather(*(one.cancel(one_id, NOW) for one in both * 3))
            assert told.count(True) == 1
        assert total(await ledger.load(NOW)) == 0


async def test_half_an_hour_after_its_arrival_it_is_over(ledger: LedgerStore) -> None:
    await ledger.enter(ID, journey(eta_minutes=0), NOW)

    assert total(await ledger.load(NOW + KEEPS)) == 1
    assert not await ledger.cancel(ID, NOW + KEEPS)
    assert total(await ledger.load(NOW + KEEPS + timedelta(minutes=5))) == 0


async def test_nothing_stays_in_redis_for_good(ledger: LedgerStore, fresh_redis: Redis) -> None:
    await ledger.enter(ID, journey(eta_minutes=360), NOW)
    await ledger.add_served({("deal-utc", bucket_of(NOW)): 3}, NOW)

    keys = await fresh_redis.keys("*")
    longest = (MOST_ETA + KEEPS + timedelta(minutes=6)).total_seconds() * 1000
    assert len(keys) == 3
    for key in keys:
        assert 0 < await fresh_redis.pttl(key) <= longest


async def test_cancelling_after_the_bucket_has_gone_leaves_nothing_behind(
    ledger: LedgerStore, fresh_redis: Redis
) -> None:
    await ledger.enter(ID, journey(), NOW)
    bucket = f"{PREFIX}{bucket_of(NOW + timedelta(minutes=25))}"
    await fresh_redis.delete(bucket)

    assert await ledger.cancel(ID, NOW)
    assert await fresh_redis.exists(bucket) == 0


async def test_what_cannot_be_read_is_reported_and_left_out(
    ledger: LedgerStore, fresh_redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await ledger.enter(ID, journey(), NOW)
    bucket = f"{PREFIX}{bucket_of(NOW)}"
    await fresh_redis.hset(bucket, mapping={"journeys:deal-utc": "-3", "\xff": "1", "odd": "x"})
    await fresh_redis.set(f"{PREFIX}learnt", "{")
    await fresh_redis.set(f"{PREFIX}journey:{'f' * 32}", "[]")

    with caplog.at_level(logging.WARNING):
        held = await ledger.load(NOW)
        assert not await ledger.cancel("f" * 32, NOW)

    assert total(held) == 1
    assert held.learnt == Learnt()
    assert len(caplog.records) == 5


async def test_what_was_learnt_comes_back(ledger: LedgerStore, fresh_redis: Redis) -> None:
    usual = Usual()
    usual.learn(10, {"deal-utc": 2.0}, PLACES)
    learnt = Learnt(usual=usual, until=7, suspended={"dover-utc": NOW}, told_at={"dover-utc": NOW})

    await ledger.save_learnt(learnt, Lease(fresh_redis, "east-kent"))

    assert (await ledger.load(NOW)).learnt == learnt


async def test_who_does_not_hold_the_lease_teaches_nothing(
    ledger: LedgerStore, fresh_redis: Redis
) -> None:
    assert await Lease(fresh_redis, "east-kent").ask()

    with pytest.raises(StoreAway):
        await ledger.save_learnt(Learnt(until=7), Lease(fresh_redis, "east-kent"))
    assert (await ledger.load(NOW)).learnt == Learnt()


class TestServedAnswers:
    @pytest.fixture
    def told(self) -> list[int]:
        return []

    @pytest.fixture
    def served(self, ledger: LedgerStore, clock: FakeClock, told: list[int]) -> ServedAnswers:
        return ServedAnswers(ledger, now=clock, on_told=told.append)

    async def test_of_two_processes_come_together(
        self, ledger: LedgerStore, served: ServedAnswers, clock: FakeClock, told: list[int]
    ) -> None:
        other = ServedAnswers(ledger, now=clock, on_told=told.append)
        eta_s = clock().timestamp() + 600
        for one in (served, served, other):
            one.count("deal-utc", eta_s)

        await served.tell()
        await other.tell()
        await served.tell()

        assert (await ledger.load(NOW)).served == {"deal-utc": {int(eta_s // 300): 3}}
        assert told == [2, 1, 0]

    async def test_that_no_longer_count_are_dropped(
        self, ledger: LedgerStore, served: ServedAnswers, clock: FakeClock
    ) -> None:
        served.count("deal-utc", clock().timestamp())
        served.count("deal-utc", clock().timestamp() + 86_400)
        clock.move(minutes=36)

        await served.tell()

        assert (await ledger.load(NOW)).served == {}

    async def test_are_kept_while_redis_is_away(self, own_redis: Server, clock: FakeClock) -> None:
        async with open_redis(f"redis://127.0.0.1:{own_redis.port}/0") as redis:
            ledger = LedgerStore(redis, "east-kent")
            served = ServedAnswers(ledger, now=clock, on_told=lambda _: None)
            served.count("deal-utc", clock().timestamp())
            own_redis.kill()
            with pytest.raises(StoreAway):
                await served.tell()
            served.count("deal-utc", clock().timestamp())
            own_redis.start()

            await served.tell()

            assert (await ledger.load(NOW)).served == {"deal-utc": {bucket_of(NOW): 2}}


MakeFollower = Callable[..., LedgerFollower]


class TestFollower:
    @pytest.fixture
    def shared(self) -> list[bool]:
        return []

    @pytest.fixture
    def follow(self, clock: FakeClock, shared: list[bool]) -> MakeFollower:
        def make(ledger: LedgerStore, served_share: float = 0.0) -> LedgerFollower:
            return LedgerFollower(
                ledger, PLACES, served_share=served_share, now=clock, on_shared=shared.append
            )

        return make

    async def test_sees_who_is_on_the_way_and_a_share_of_those_served(
        self, ledger: LedgerStore, follow: MakeFollower
    ) -> None:
        await ledger.enter(ID, journey(), NOW)
        await ledger.add_served({("deal-utc", bucket_of(NOW)): 8}, NOW)
        alone, with_served = follow(ledger), follow(ledger, 0.25)

        await alone.look()
        await with_served.look()

        hour = NOW, NOW + timedelta(hours=1)
        assert alone.picture.snapshot.count("deal-utc", *hour) == 1
        assert with_served.picture.snapshot.count("deal-utc", *hour) == 3
        assert with_served.picture.snapshot.facility_ids == PLACES

    async def test_keeps_the_same_picture_while_nothing_changes(
        self, ledger: LedgerStore, follow: MakeFollower, clock: FakeClock
    ) -> None:
        await ledger.enter(ID, journey(), NOW)
        follower = follow(ledger)
        await follower.look()
        before = follower.picture

        clock.move(seconds=5)
        await follower.look()
        assert follower.picture is before

        await ledger.enter("2" * 32, journey(), NOW)
        await follower.look()
        assert follower.picture is not before

    async def test_does_not_count_where_the_writer_suspended_it(
        self, ledger: LedgerStore, follow: MakeFollower, fresh_redis: Redis
    ) -> None:
        learnt = Learnt(suspended={"dover-utc": NOW})
        await ledger.save_learnt(learnt, Lease(fresh_redis, "east-kent"))
        follower = follow(ledger)

        await follower.look()

        assert list(follower.picture.counts) == [True, False]

    async def test_corrects_nothing_when_redis_has_been_away_too_long(
        self, own_redis: Server, follow: MakeFollower, clock: FakeClock, shared: list[bool]
    ) -> None:
        async with open_redis(f"redis://127.0.0.1:{own_redis.port}/0") as redis:
            ledger = LedgerStore(redis, "east-kent")
            await ledger.enter(ID, journey(), NOW)
            follower = follow(ledger)
            assert not follower.picture.shared
            await follower.look()
            own_redis.kill()
            clock.move(seconds=5)
            await follower.look()
            assert follower.picture.shared, "one failed read is not an absence"

            clock.move(seconds=OLDEST.total_seconds())
            await follower.look()
            assert not follower.picture.counts.any()
            hour = NOW, NOW + timedelta(hours=1)
            assert follower.picture.snapshot.count("deal-utc", *hour) == 0

            own_redis.start()
            await follower.look()
            assert follower.picture.snapshot.count("deal-utc", *hour) == 1
        assert shared == [True, True, False, True]


async def test_without_any_redis_nothing_is_known(clock: FakeClock) -> None:
    async with open_redis(f"redis://127.0.0.1:{free_port()}/0") as redis:
        follower = LedgerFollower(
            LedgerStore(redis, "east-kent"),
            PLACES,
            served_share=0,
            now=clock,
            on_shared=lambda _: None,
        )
        await follower.look()
        assert not follower.picture.shared
