"""Rate limits: one worker's judgement, what workers share, and what Redis is left to know."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.support.servers import Server, free_port
from waitless.background import running
from waitless.limits import MOST_CLIENTS, SYNC_S, Limiter
from waitless.redis_link import StoreAway, open_redis

PEER = "192.0.2.7"
Make = Callable[..., Limiter]


class Ticks:
    """Monotonic seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admitted(limiter: Limiter, times: int, peer: str = PEER) -> int:
    return sum(limiter.admit(peer).admitted for _ in range(times))


def alone(rate: float, burst: int) -> tuple[Limiter, Ticks]:
    """A limiter that never shares."""
    ticks = Ticks()
    redis = open_redis(f"redis://127.0.0.1:{free_port()}/0")
    return Limiter(redis, "east-kent", rate=rate, burst=burst, clock=ticks), ticks


class TestOneWorker:
    def test_admits_a_burst_then_the_rate(self) -> None:
        limiter, ticks = alone(rate=2, burst=5)

        assert admitted(limiter, 10) == 5
        ticks.now += 1
        assert admitted(limiter, 10) == 2
        ticks.now += 100
        assert admitted(limiter, 10) == 5

    def test_says_what_is_left_and_when_to_come_again(self) -> None:
        limiter, _ = alone(rate=0.5, burst=3)

        told = [limiter.admit(PEER) for _ in range(4)]

        assert [one.admitted for one in told] == [True, True, True, False]
        assert [one.remaining for one in told] == [2, 1, 0, 0]
        assert [one.reset_s for one in told] == [2, 4, 6, 6]
        assert [one.retry_after_s for one in told] == [0, 0, 0, 2]

    def test_clients_do_not_pay_for_each_other(self) -> None:
        limiter, _ = alone(rate=1, burst=3)

        assert admitted(limiter, 5) == 3
        assert admitted(limiter, 5, "192.0.2.8") == 3
        assert admitted(limiter, 5, "key kcht") == 3

    def test_one_network_of_ipv6_is_one_client(self) -> None:
        limiter, _ = alone(rate=1, burst=3)

        assert [limiter.admit(f"2001:db8:0:1::{one}").admitted for one in range(5)].count(True) == 3
        assert admitted(limiter, 5, "2001:db8:0:2::1") == 3
        assert admitted(limiter, 2, PEER) == 2
        assert admitted(limiter, 5, f"::ffff:{PEER}") == 1, "the same IPv4 address"
        assert admitted(limiter, 5, "no:address") == 3

    @given(
        rate=st.floats(0.01, 10_000),
        burst=st.integers(1, 1000),
        pauses_s=st.lists(st.floats(0, 30), max_size=200),
    )
    def test_never_admits_more_than_burst_and_rate_allow(
        self, rate: float, burst: int, pauses_s: list[float]
    ) -> None:
        limiter, ticks = alone(rate, burst)
        began, given_out = ticks.now, 0

        for pause in pauses_s:
            ticks.now += pause
            verdict = limiter.admit(PEER)
            given_out += verdict.admitted
            most = burst + rate * (ticks.now - began)
            assert given_out <= most * (1 + 1e-6) + 1e-6
            assert 0 <= verdict.remaining < burst or not verdict.admitted

    def test_a_flood_of_addresses_takes_the_place_of_the_oldest(self) -> None:
        limiter, _ = alone(rate=1, burst=1)
        assert limiter.admit(PEER).admitted

        for number in range(MOST_CLIENTS - 1):
            limiter.admit(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        assert not limiter.admit(PEER).admitted
        limiter.admit("192.0.2.99")
        assert limiter.admit(PEER).admitted, "forgotten"


@pytest.fixture
async def make(redis_url: str) -> AsyncIterator[Make]:
    """Makes workers that share a Redis."""
    opened: list[Redis] = []

    def worker(ticks: Ticks, *, rate: float = 0.01, burst: int = 10) -> Limiter:
        opened.append(open_redis(redis_url))
        return Limiter(opened[-1], "east-kent", rate=rate, burst=burst, clock=ticks)

    yield worker
    for redis in opened:
        await redis.aclose()


class TestWorkersThatShare:
    async def test_what_one_gave_the_other_does_not_give_again(self, make: Make) -> None:
        ticks = Ticks()
        first, second = make(ticks), make(ticks)

        assert admitted(first, 8) == 8
        await first.share()
        assert admitted(second, 1) == 1  # it learns of a client from its first request on
        await second.share()

        assert admitted(second, 8) == 1
        await second.share()
        assert admitted(first, 8) == 2, "it had two left, and knew of no others"

    async def test_together_they_give_a_burst_each_at_most_and_it_is_paid_back(
        self, make: Make
    ) -> None:
        ticks = Ticks()
        workers = [make(ticks) for _ in range(3)]

        given_out = 0
        for _ in range(20):
            for worker in workers:
                given_out += admitted(worker, 50)
            for worker in workers:
                await worker.share()

        assert given_out == 3 * 10
        ticks.now += 10 / 0.01  # a burst's time: the shared debt of two bursts stands till then
        assert admitted(workers[2], 50) == 0, "it synced last, so it knows of all three"

    async def test_nobody_s_address_is_in_redis_and_what_is_there_goes(
        self, make: Make, fresh_redis: Redis
    ) -> None:
        worker = make(Ticks(), rate=5, burst=10)
        worker.admit(PEER)
        await worker.share()

        keys = [key.decode() async for key in fresh_redis.scan_iter("*")]
        values = [await fresh_redis.get(key) for key in keys]
        left_ms = [await fresh_redis.pttl(key) for key in keys]

        assert len(keys) == 2
        assert all(key.startswith("waitless:{east-kent}:limits:") for key in keys)
        assert PEER not in str(keys) + str(values)
        assert min(left_ms) <= 200, "a request at 5 a second is paid back after 0.2 s"
        assert max(left_ms) <= 86_400_000

    async def test_a_worker_that_came_later_takes_over_the_secret(
        self, make: Make, fresh_redis: Redis
    ) -> None:
        ticks = Ticks()
        first, second = make(ticks), make(ticks)
        for worker in (first, second):
            worker.admit(PEER)
            await worker.share()

        assert await fresh_redis.dbsize() == 2, "the secret, and one bucket for both"

        await fresh_redis.delete("waitless:{east-kent}:limits:secret")
        first.admit(PEER)
        await first.share()
        assert await fresh_redis.dbsize() == 3, "with a new secret the client has a new name"

    async def test_many_clients_are_shared_in_batches(self, make: Make) -> None:
        ticks = Ticks()
        first, second = make(ticks), make(ticks)
        peers = [f"10.0.{number >> 8}.{number & 255}" for number in range(1203)]
        for worker in (first, second):
            for peer in peers:
                assert admitted(worker, 7, peer) == 7
            await worker.share()

        assert sum(admitted(second, 1, peer) for peer in peers) == 0


class TestWithRedisAway:
    async def test_each_worker_goes_on_alone_and_shares_again_later(
        self, own_redis: Server
    ) -> None:
        url = f"redis://127.0.0.1:{own_redis.port}/0"
        ticks = Ticks()
        own_redis.kill()
        async with open_redis(url) as redis:
            worker = Limiter(redis, "east-kent", rate=1, burst=10, clock=ticks)
            assert admitted(worker, 20) == 10
            with pytest.raises(StoreAway):
                await worker.share()
            ticks.now += 3
            assert admitted(worker, 20) == 3

            own_redis.start()
            await worker.share()
            assert admitted(worker, 20) == 0
            async with open_redis(url) as other_redis:
                other = Limiter(other_redis, "east-kent", rate=1, burst=10, clock=ticks)
                assert admitted(other, 1) == 1
                await other.share()
                assert admitted(other, 20) == 0, "it has learnt of the ten and three"

    async def test_what_was_paid_back_during_an_outage_is_no_debt_after_it(
        self, own_redis: Server
    ) -> None:
        ticks = Ticks()
        own_redis.kill()
        async with open_redis(f"redis://127.0.0.1:{own_redis.port}/0") as redis:
            worker = Limiter(redis, "east-kent", rate=1, burst=10, clock=ticks)
            for _ in range(100):
                assert admitted(worker, 1) == 1
                ticks.now += 1
            with pytest.raises(StoreAway):
                await worker.share()

            own_redis.start()
            admitted(worker, 10)
            await worker.share()

            ticks.now += 1
            assert admitted(worker, 5) == 1, "it owes ten requests, not a hundred"


async def test_a_client_that_plays_workers_against_each_other_gains_a_burst_each_once(
    redis_url: str,
) -> None:
    """In real time, by Redis's clock: three workers, each asked without pause for two seconds."""
    rate, burst, workers, seconds = 50.0, 20, 3, 2.0
    async with AsyncExitStack() as stack:
        limiters = []
        for _ in range(workers):
            redis = await stack.enter_async_context(open_redis(redis_url))
            limiters.append(
                Limiter(redis, "east-kent", rate=rate, burst=burst, clock=time.monotonic)
            )
        async with running({f"share {one}": limiter.run() for one, limiter in enumerate(limiters)}):
            began, given_out = time.monotonic(), 0
            while time.monotonic() - began < seconds:
                given_out += sum(limiter.admit(PEER).admitted for limiter in limiters)
                await asyncio.sleep(0.001)
            took = time.monotonic() - began

    in_a_sync = workers * rate * SYNC_S
    assert given_out <= rate * took + workers * burst + in_a_sync
    assert given_out >= rate * took, "and it gets what is its due"
