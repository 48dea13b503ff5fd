"""The writer's lease: one process writes, and one that was one writes nothing any more."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from feeds.mqtt import MqttEndpoint
from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import observation
from tests.support.processes import Serving, ports_connected_to, starved_s
from tests.support.servers import Server
from tests.support.tasks import end
from waitless.audit import Action, AuditEntry
from waitless.belief.state import BeliefState, FacilityState
from waitless.health import FeedHealth, WatchMemory
from waitless.lease import LASTS_S, RENEW_EVERY_S, Lease, LeaseLost
from waitless.override import Override
from waitless.pulse import Pulse
from waitless.reading import apply_observation
from waitless.redis_link import StoreUnwilling, open_redis
from waitless.store import Store
from waitless.traffic.picture import SourcePicture
from waitless.travel.shelf import Entry, Shelf

READING = apply_observation(None, observation("deal-utc", 22, as_of=MONDAY_MORNING))
OVERRIDE = Override(
    facility_id="deal-utc", at=MONDAY_MORNING, until=MONDAY_MORNING, by="night-desk", why="y"
)
KEY = "waitless:{east-kent}:writer"
TABLE = Entry(pack="a", frame="b", table="c", as_of=None)
WRITES: dict[str, Callable[[Store, Shelf], Awaitable[object]]] = {
    "readings": lambda store, _: store.save_readings([READING]),
    "health": lambda store, _: store.save_health(
        [FeedHealth(id="kcht", transport="mqtt", cadence_s=300)], Pulse(at=MONDAY_MORNING)
    ),
    "belief": lambda store, _: store.save_belief(
        BeliefState(facilities={"deal-utc": FacilityState()}), ["deal-utc"], []
    ),
    "traffic": lambda store, _: store.save_traffic({"roads": SourcePicture()}),
    "watch": lambda store, _: store.save_watch(WatchMemory()),
    "audit": lambda store, _: store.acts.add_audit(
        AuditEntry(at=MONDAY_MORNING, who="night-desk", action=Action.DROP, what="x", why="y")
    ),
    "override": lambda store, _: store.acts.save_override(
        OVERRIDE,
        lifted=False,
        ended=[],
        entry=AuditEntry(
            at=MONDAY_MORNING, who="night-desk", action=Action.OVERRIDE, what="deal-utc", why="y"
        ),
    ),
    "tables": lambda _, shelf: shelf.put(Mode.DRIVE, TABLE, b"frame", b"table"),
}


@pytest.fixture
def lease(fresh_redis: Redis) -> Lease:
    return Lease(fresh_redis, "east-kent")


async def everything(redis: Redis) -> dict[bytes, bytes]:
    """All that an area has in Redis, but the lease."""
    keys = [key async for key in redis.scan_iter("waitless:*") if key != KEY.encode()]
    return {key: await redis.dump(key) for key in keys}


async def lapse(redis: Redis) -> None:
    """As if the holder had not renewed it for long."""
    await redis.hset(KEY, "until", 1)


async def test_of_many_who_ask_at_once_one_is_granted_it(redis_url: str) -> None:
    clients = [Redis.from_url(redis_url) for _ in range(20)]
    leases = [Lease(client, "east-kent") for client in clients]
    granted = await asyncio.gather(*(lease.ask() for lease in leases))
    assert sum(granted) == 1
    assert [lease.held for lease in leases] == granted
    await asyncio.gather(*(client.aclose() for client in clients))


async def test_it_is_another_area_s_own(fresh_redis: Redis, lease: Lease) -> None:
    assert await lease.ask()
    assert await Lease(fresh_redis, "kent").ask()


async def test_one_who_is_gone_is_followed_when_the_lease_lapses(
    fresh_redis: Redis, lease: Lease
) -> None:
    await lease.ask()
    began = time.monotonic()
    await Lease(fresh_redis, "east-kent").win()
    assert LASTS_S - 0.5 < time.monotonic() - began < 15


async def test_one_who_keeps_it_is_not_followed(fresh_redis: Redis, lease: Lease) -> None:
    await lease.ask()
    keeping = asyncio.create_task(lease.keep())
    other = asyncio.create_task(Lease(fresh_redis, "east-kent").win())
    await asyncio.sleep(LASTS_S + 1)
    assert not other.done()
    assert not keeping.done()
    await end(keeping, other)


async def test_one_who_releases_it_is_followed_at_once(fresh_redis: Redis, lease: Lease) -> None:
    await lease.ask()
    await lease.release()
    assert not lease.held
    assert await Lease(fresh_redis, "east-kent").ask()


async def test_releasing_what_another_holds_changes_nothing(
    fresh_redis: Redis, lease: Lease
) -> None:
    await lease.ask()
    await lapse(fresh_redis)
    other = Lease(fresh_redis, "east-kent")
    await other.ask()
    await lease.release()
    await other.write(("SET", "waitless:{east-kent}:pulse", b"1"))
    assert not await Lease(fresh_redis, "east-kent").ask()


async def test_one_who_finds_it_granted_to_another_is_told(
    fresh_redis: Redis, lease: Lease
) -> None:
    """Even where the other's has lapsed by then: it has written in between."""
    await lease.ask()
    await lapse(fresh_redis)
    await Lease(fresh_redis, "east-kent").ask()
    await lapse(fresh_redis)
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(lease.keep(), 30)
    assert not lease.held


async def test_one_who_was_late_goes_on_where_nobody_else_asked(
    fresh_redis: Redis, lease: Lease
) -> None:
    await lease.ask()
    await lapse(fresh_redis)
    keeping = asyncio.create_task(lease.keep())
    await asyncio.sleep(1.5)
    assert not await Lease(fresh_redis, "east-kent").ask()
    await end(keeping)


async def test_a_store_that_lost_everything_grants_it_to_its_holder_again(
    fresh_redis: Redis, lease: Lease
) -> None:
    await lease.ask()
    await fresh_redis.flushall()
    keeping = asyncio.create_task(lease.keep())
    await asyncio.sleep(1.5)
    await lease.write(("SET", "waitless:{east-kent}:pulse", b"1"))
    await end(keeping)


@asynccontextmanager
async def two_who_may_write(redis: Server) -> AsyncIterator[tuple[Lease, Lease]]:
    """The one who writes, and one who stands by and has seen that; each has its own client."""
    url = f"redis://127.0.0.1:{redis.port}/0"
    async with open_redis(url) as first, open_redis(url) as second:
        writer, standby = Lease(first, "east-kent"), Lease(second, "east-kent")
        await writer.ask()
        tasks = [asyncio.create_task(writer.keep()), asyncio.create_task(standby.win())]
        await asyncio.sleep(1)
        try:
            yield writer, standby
            assert not any(task.done() for task in tasks), "the lease has changed hands"
        finally:
            await end(*tasks)


async def test_a_store_that_hung_is_still_the_writer_s(own_redis: Server) -> None:
    """For longer than a lease lasts: what the standby had asked meanwhile must not count."""
    async with two_who_may_write(own_redis) as (writer, standby):
        os.kill(own_redis.pid, signal.SIGSTOP)
        await asyncio.sleep(LASTS_S + 2)
        os.kill(own_redis.pid, signal.SIGCONT)
        await asyncio.sleep(LASTS_S + 2)
        assert (writer.held, standby.held) == (True, False)
        await writer.write(("SET", "waitless:{east-kent}:pulse", b"1"))


async def test_a_store_that_was_gone_is_still_the_writer_s(own_redis: Server) -> None:
    async with two_who_may_write(own_redis) as (writer, standby):
        own_redis.kill()
        await asyncio.sleep(LASTS_S + 1)
        own_redis.start()
        await asyncio.sleep(LASTS_S + 2)
        assert (writer.held, standby.held) == (True, False)


async def test_a_store_that_lost_everything_is_the_writer_s_who_knows_what_it_held(
    own_redis: Server,
) -> None:
    async with (
        two_who_may_write(own_redis) as (writer, standby),
        Redis(port=own_redis.port) as redis,
    ):
        for _ in range(5):  # each at another moment between two renewals
            await redis.flushall()
            await asyncio.sleep(RENEW_EVERY_S + 0.4)
        assert (writer.held, standby.held) == (True, False)


async def test_a_standby_takes_over_though_the_store_was_gone_with_the_writer(
    own_redis: Server,
) -> None:
    async with two_who_may_write(own_redis) as (_, standby):
        pass
    url = f"redis://127.0.0.1:{own_redis.port}/0"
    own_redis.kill()
    async with open_redis(url) as client:
        standby = Lease(client, "east-kent")
        winning = asyncio.create_task(standby.win())
        own_redis.start()
        await asyncio.wait_for(winning, 2 * LASTS_S + 2)
        assert standby.held


async def test_a_clock_of_the_store_that_was_set_back_keeps_nobody_out(
    fresh_redis: Redis, lease: Lease
) -> None:
    await lease.ask()
    in_an_hour = time.time() * 1000 + timedelta(hours=1).total_seconds() * 1000
    await fresh_redis.hset(KEY, "until", round(in_an_hour))
    assert await Lease(fresh_redis, "east-kent").ask()


@pytest.mark.parametrize("what", WRITES)
async def test_the_holder_writes(fresh_redis: Redis, lease: Lease, what: str) -> None:
    store, shelf = Store(fresh_redis, "east-kent", lease), Shelf(fresh_redis, "east-kent", lease)
    await lease.ask()
    await WRITES[what](store, shelf)
    assert await everything(fresh_redis)


@pytest.mark.parametrize("what", WRITES)
async def test_one_who_was_the_holder_changes_nothing(
    fresh_redis: Redis, lease: Lease, what: str
) -> None:
    await lease.ask()
    await lapse(fresh_redis)
    newer = Lease(fresh_redis, "east-kent")
    await newer.ask()
    for write in WRITES.values():
        await write(Store(fresh_redis, "east-kent", newer), Shelf(fresh_redis, "east-kent", newer))
    before = await everything(fresh_redis)
    store, shelf = Store(fresh_redis, "east-kent", lease), Shelf(fresh_redis, "east-kent", lease)
    if what == "tables":  # what is on the shelf already is not written again
        await fresh_redis.delete("waitless:{east-kent}:reach:drive:c")
        before.pop(b"waitless:{east-kent}:reach:drive:c")
    with pytest.raises(StoreUnwilling):
        await WRITES[what](store, shelf)
    assert await everything(fresh_redis) == before


async def test_who_never_asked_writes_nothing_once_somebody_did(
    fresh_redis: Redis, lease: Lease
) -> None:
    await lease.ask()
    with pytest.raises(StoreUnwilling):
        await Store(fresh_redis, "east-kent").save_readings([READING])
    assert not await everything(fresh_redis)


def ingest(folder: Path, redis: Server, broker: MqttEndpoint) -> Serving:
    return Serving(
        folder,
        "--role",
        "ingest",
        WAITLESS_REDIS_URL=f"redis://127.0.0.1:{redis.port}/0",
        WAITLESS_MQTT_URL=f"mqtt://127.0.0.1:{broker.port}",
    )


@pytest.fixture
async def pair(own_redis: Server, endpoint: MqttEndpoint, tmp_path: Path):  # noqa: ANN201 - an async generator of two
    """Two ingest processes of one area: the one that writes, and the one that stands by."""
    first = ingest(tmp_path, own_redis, endpoint)
    try:
        await first.becomes("ready")
        second = ingest(tmp_path, own_redis, endpoint)
        try:
            await second.becomes("standby")
            yield first, second
        finally:
            second.close()
    finally:
        first.close()


async def test_a_standby_speaks_to_nobody_but_redis(
    pair: tuple[Serving, Serving], own_redis: Server, mosquitto: Server
) -> None:
    first, second = pair
    assert (await second.get("/readyz"))[0] == 503
    assert (await second.get("/healthz"))[0] == 200
    assert ports_connected_to(second.process.pid) == {own_redis.port}
    assert mosquitto.port in ports_connected_to(first.process.pid)
    status, problem = await second.get("/v1/operator/held")
    assert (status, problem["code"]) == (503, "standby")


async def test_a_killed_writer_is_followed_within_five_seconds(
    pair: tuple[Serving, Serving], own_redis: Server
) -> None:
    first, second = pair
    store = Store(Redis(port=own_redis.port), "east-kent")
    async with store:
        first.signal(signal.SIGKILL)
        await first.ends()
        died, pids = time.monotonic(), (second.pid, own_redis.pid, os.getpid())
        starved = starved_s(*pids)
        before = await store.load_pulse()
        assert before is not None
        while (pulse := await store.load_pulse()) is None or pulse.at <= before.at:
            took = time.monotonic() - died - (starved_s(*pids) - starved)
            assert took < 5, second.log.read_text()
            await asyncio.sleep(0.02)
    await second.becomes("ready", within_s=5)


async def test_a_stopped_writer_that_wakes_writes_nothing_and_ends(
    pair: tuple[Serving, Serving], own_redis: Server
) -> None:
    first, second = pair
    async with Redis(port=own_redis.port) as redis:
        old = await redis.hget(KEY, "token")
        first.signal(signal.SIGSTOP)
        await second.becomes("ready")
        new = await redis.hget(KEY, "token")
        assert new != old
        async with redis.monitor() as monitor:
            first.signal(signal.SIGCONT)
            assert await first.ends() == 1
            marker = "all was said"
            await redis.echo(marker)
            by_first: list[str] = []
            async for heard in monitor.listen():
                if marker in heard["command"]:
                    break
                if old.decode() in heard["command"]:
                    by_first.append(heard["command"])
        assert await redis.hget(KEY, "token") == new
    assert by_first, "it did try"
    assert "another process has become the writer" in first.log.read_text()


async def test_a_writer_that_is_told_to_stop_hands_over_at_once(
    pair: tuple[Serving, Serving],
) -> None:
    first, second = pair
    first.signal(signal.SIGTERM)
    assert await first.ends() == 0
    await second.becomes("ready", within_s=2)
