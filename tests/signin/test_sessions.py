"""Sessions: random ids of which only hashes are kept, two lifetimes, ended for every process."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from tests.support.clock import FakeClock
from waitless.keys import How, Role
from waitless.signin.sessions import Session, Sessions, csrf_token_of, is_csrf_token, name_of

IDLE, LONGEST = timedelta(minutes=60), timedelta(hours=12)


@pytest.fixture
def roles() -> dict[str, Role]:
    """What everybody may do now."""
    return {"anna": Role.OPERATOR, "bela": Role.VIEWER}


@pytest.fixture
def sessions(fresh_redis: Redis, roles: dict[str, Role], clock: FakeClock) -> Sessions:
    return make_sessions(fresh_redis, roles, clock)


def make_sessions(redis: Redis, roles: dict[str, Role], clock: FakeClock) -> Sessions:
    return Sessions(
        redis, "east-kent", idle=IDLE, longest=LONGEST,
        role_now=lambda session: roles.get(session.subject), now=clock,
    )  # fmt: skip


def session_of(name: str, clock: FakeClock) -> Session:
    return Session(
        name=name, role=Role.OPERATOR, how=How.ACCOUNT, subject=name, stamp="1",
        begun_at=clock(), seen_at=clock(),
    )  # fmt: skip


async def test_a_session_is_found_by_its_id_alone(
    sessions: Sessions, fresh_redis: Redis, clock: FakeClock
) -> None:
    session_id = await sessions.begin(session_of("anna", clock))

    found = await sessions.find(session_id)
    assert found is not None
    assert (found.name, found.role) == ("anna", Role.OPERATOR)
    assert await sessions.find(name_of(session_id)) is None, "what Redis has opens nothing"
    assert await sessions.find("A" * 43) is None
    [key] = await fresh_redis.keys("*")
    assert session_id.encode() not in key + b"".join((await fresh_redis.hgetall(key)).keys())


async def test_ids_have_256_bits_and_never_repeat(sessions: Sessions, clock: FakeClock) -> None:
    ids = {await sessions.begin(session_of("anna", clock)) for _ in range(50)}

    assert len(ids) == 50
    assert {len(one) for one in ids} == {43}


async def test_a_session_ends_when_it_is_idle(sessions: Sessions, clock: FakeClock) -> None:
    session_id = await sessions.begin(session_of("anna", clock))

    for _ in range(3):
        clock.move(minutes=59)
        assert await sessions.find(session_id) is not None
    clock.move(minutes=60)

    assert await sessions.find(session_id) is None


async def test_a_session_ends_after_its_longest_time_however_busy(
    sessions: Sessions, clock: FakeClock
) -> None:
    session_id = await sessions.begin(session_of("anna", clock))

    for _ in range(23):
        clock.move(minutes=30)
        assert await sessions.find(session_id) is not None
    clock.move(minutes=30)

    assert await sessions.find(session_id) is None


async def test_a_session_that_was_ended_is_over_in_every_process(
    sessions: Sessions, redis_url: str, roles: dict[str, Role], clock: FakeClock
) -> None:
    session_id = await sessions.begin(session_of("anna", clock))
    async with Redis.from_url(redis_url) as redis:
        other = make_sessions(redis, roles, clock)
        assert await other.find(session_id) is not None

        assert await sessions.end(name_of(session_id)) is not None

        assert await other.find(session_id) is None
        assert await other.end(name_of(session_id)) is None


async def test_a_session_that_ends_while_it_is_used_stays_ended(
    sessions: Sessions, clock: FakeClock
) -> None:
    for _ in range(30):
        session_id = await sessions.begin(session_of("anna", clock))
        clock.move(minutes=5)  # so that being used is written down

        await asyncio.gather(
            sessions.end(name_of(session_id)), *(sessions.find(session_id) for _ in range(3))
        )

        assert await sessions.find(session_id) is None


async def test_signing_in_again_ends_what_the_browser_had(
    sessions: Sessions, clock: FakeClock
) -> None:
    first = await sessions.begin(session_of("anna", clock))

    second = await sessions.begin(session_of("anna", clock), instead_of=first)

    assert second != first
    assert await sessions.find(first) is None
    assert await sessions.find(second) is not None


async def test_a_role_is_what_it_is_now_and_who_has_none_is_out(
    sessions: Sessions, roles: dict[str, Role], clock: FakeClock
) -> None:
    session_id = await sessions.begin(session_of("anna", clock))

    roles["anna"] = Role.VIEWER
    found = await sessions.find(session_id)
    assert found is not None
    assert found.role is Role.VIEWER

    del roles["anna"]
    assert await sessions.find(session_id) is None


async def test_living_sessions_are_listed_and_the_others_swept_out(
    sessions: Sessions, fresh_redis: Redis, clock: FakeClock
) -> None:
    await sessions.begin(session_of("anna", clock))
    clock.move(minutes=61)
    second = await sessions.begin(session_of("bela", clock))

    assert list(await sessions.list_all()) == [name_of(second)]
    [key] = await fresh_redis.keys("*")
    assert await fresh_redis.hlen(key) == 1


async def test_what_cannot_be_read_is_no_session(
    sessions: Sessions, fresh_redis: Redis, clock: FakeClock
) -> None:
    session_id = await sessions.begin(session_of("anna", clock))
    [key] = await fresh_redis.keys("*")
    await fresh_redis.hset(key, name_of(session_id), b'{"name": 1}')

    assert await sessions.find(session_id) is None
    assert await sessions.list_all() == {}


def test_a_token_is_good_for_its_own_session_alone() -> None:
    assert is_csrf_token(csrf_token_of("a"), "a")
    assert not is_csrf_token(csrf_token_of("a"), "b")
    assert not is_csrf_token("", "a")
    assert not is_csrf_token("\udcff", "a")
