"""Lockout: delays that grow, by account and by address, counted where every process sees them."""

import asyncio

import pytest
from redis.asyncio import Redis

from tests.support.clock import FakeClock
from waitless.signin.lockout import ACCOUNT_MAY_FAIL, ADDRESS_MAY_FAIL, Lockout
from waitless.signin.refusal import SignInRefused, Why

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def lockout(fresh_redis: Redis) -> Lockout:
    return Lockout(fresh_redis, "east-kent")


async def locked_for_s(lockout: Lockout, name: str, address: str, clock: FakeClock) -> int:
    """Seconds until a try is admitted; a try that is counts as failed, and gives 0."""
    try:
        await lockout.admit(name, address, clock())
    except SignInRefused as refused:
        return refused.again_in_s or 0 if refused.why is Why.LOCKED_OUT else -1
    return 0


async def test_delays_of_an_account_double_up_to_a_quarter_of_an_hour(
    lockout: Lockout, clock: FakeClock
) -> None:
    for number in range(ACCOUNT_MAY_FAIL):  # from ever other addresses
        assert await locked_for_s(lockout, "anna", f"192.0.2.{number}", clock) == 0

    delays = []
    for _ in range(7):
        delays.append(await locked_for_s(lockout, "anna", ELSEWHERE, clock))
        clock.move(seconds=delays[-1])
        assert await locked_for_s(lockout, "anna", ELSEWHERE, clock) == 0

    assert delays == [30, 60, 120, 240, 480, 900, 900]


async def test_an_address_that_tries_many_names_is_locked_out_and_others_are_not(
    lockout: Lockout, clock: FakeClock
) -> None:
    for number in range(ADDRESS_MAY_FAIL):
        assert await locked_for_s(lockout, f"name-{number}", HOME, clock) == 0

    assert await locked_for_s(lockout, "anna", HOME, clock) == 30
    assert await locked_for_s(lockout, "anna", ELSEWHERE, clock) == 0


async def test_addresses_of_one_ipv6_network_are_one(lockout: Lockout, clock: FakeClock) -> None:
    for number in range(ADDRESS_MAY_FAIL):
        await locked_for_s(lockout, f"name-{number}", f"2001:db8:1:2::{number:x}", clock)

    assert await locked_for_s(lockout, "anna", "2001:db8:1:2:ffff::1", clock) == 30
    assert await locked_for_s(lockout, "anna", "2001:db8:1:3::1", clock) == 0


async def test_many_tries_at_once_are_no_more_than_one_after_the_other(
    lockout: Lockout, clock: FakeClock
) -> None:
    told = await asyncio.gather(
        *(locked_for_s(lockout, "anna", f"192.0.2.{number}", clock) for number in range(40))
    )

    assert told.count(0) == ACCOUNT_MAY_FAIL


async def test_a_right_password_forgives_the_account_but_not_the_address(
    lockout: Lockout, clock: FakeClock
) -> None:
    for number in range(ADDRESS_MAY_FAIL - 1):
        await locked_for_s(lockout, f"name-{number}", HOME, clock)
    await locked_for_s(lockout, "anna", ELSEWHERE, clock)

    await lockout.forgive(await lockout.admit("anna", HOME, clock()))

    for _ in range(ACCOUNT_MAY_FAIL):
        assert await locked_for_s(lockout, "anna", ELSEWHERE, clock) == 0
    assert await locked_for_s(lockout, "anna", ELSEWHERE, clock) == 30
    assert await locked_for_s(lockout, "otto", HOME, clock) == 0, "the one that was left"
    assert await locked_for_s(lockout, "otto", HOME, clock) == 30


async def test_another_process_knows(redis_url: str, clock: FakeClock) -> None:
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
        for _ in range(ACCOUNT_MAY_FAIL):
            await locked_for_s(Lockout(one, "east-kent"), "anna", HOME, clock)

        assert await locked_for_s(Lockout(other, "east-kent"), "anna", ELSEWHERE, clock) == 30


async def test_neither_names_nor_addresses_are_kept_and_all_of_it_expires(
    lockout: Lockout, fresh_redis: Redis, clock: FakeClock
) -> None:
    await locked_for_s(lockout, "anna", HOME, clock)

    keys = await fresh_redis.keys("*")
    assert len(keys) == 3
    for key in keys:
        assert b"anna" not in key
        assert HOME.encode() not in key
        assert 0 < await fresh_redis.ttl(key) <= 86_400
