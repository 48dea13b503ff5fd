"""The writer's part over a real Redis: figures that outlive it, alarms, and the advised."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING as NOW
from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.service import Patient, assert_problem, serving
from tests.support.tasks import end
from waitless.app import create_app
from waitless.area.pack import Area
from waitless.health import AlertKind, FeedState, Subject
from waitless.health.states import SwitchedOff
from waitless.ingest import Desk, Ingest
from waitless.keys import Role, make_key
from waitless.lease import Lease
from waitless.ledger.counts import KEEPS
from waitless.ledger.entries import Journey, Learnt, LedgerStore
from waitless.ledger.policy import Policy
from waitless.metrics import IngestMetrics
from waitless.settings import Settings
from waitless.store import Store
from waitless.told.alarm import ADVISED, ENOUGH_HOURS, REPEAT, WATCHED, judge
from waitless.told.facility import FacilityTold
from waitless.told.figures import ToldMetrics
from waitless.told.keeper import EVERY_S, MOST_BETWEEN_LOOKS, ToldKeeper
from waitless.told.said import find_standing

PLACE = "deal-utc"
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
KEY = "waitless:{east-kent}:told"


class Writer:
    """The one writer, and its keeper of what was told, who looks when the test says so."""

    def __init__(self, ingest: Ingest, store: Store, ledger: LedgerStore, clock: FakeClock) -> None:
        self.ingest, self.ledger, self.clock = ingest, ledger, clock
        self.registry = CollectorRegistry()
        metrics = ToldMetrics(self.registry)
        self.keeper = ToldKeeper(ingest, store, ledger, policy=Policy(), metrics=metrics)

    @property
    def told(self) -> FacilityTold:
        return self.ingest.desk.told.facilities[PLACE]

    async def believe(self, minutes: float) -> None:
        one = observation(PLACE, minutes, as_of=self.clock(), received_at=self.clock())
        assert [told.rule for told in await self.ingest.submit([one])] == [None]

    async def look(self) -> list[tuple[AlertKind, str]]:
        alerts = await self.keeper.look()
        await self.keeper.save()
        return [(alert.kind, alert.text) for alert in alerts]

    async def enter(self, number: int = 1, *, minutes: float = 20, first: int = 0) -> None:
        arrives_at = self.clock() + timedelta(minutes=minutes)
        journey = Journey(
            facility=PLACE, mode=Mode.DRIVE, arrives_at=arrives_at, expires_at=arrives_at + KEEPS
        )
        for one in range(first, first + number):
            await self.ledger.enter(f"{one:032x}", journey, self.clock())


Start = Callable[[], Awaitable[Writer]]


@pytest.fixture
async def start(fresh_redis: Redis, east_kent: Area, clock: FakeClock) -> AsyncIterator[Start]:
    """Starts a writer; the one before ends."""
    running: list[asyncio.Task[None]] = []

    async def stop() -> None:
        await end(*running)
        running.clear()

    async def begin() -> Writer:
        await stop()
        metrics = IngestMetrics(CollectorRegistry())
        desk = Desk(east_kent, now=clock, metrics=metrics, listens_to_mqtt=True, hours_bind=False)
        store = Store(fresh_redis, "east-kent")
        ingest = Ingest(desk, store, metrics)
        running.append(asyncio.create_task(ingest.run()))
        await ingest.wait_restored()
        return Writer(ingest, store, LedgerStore(fresh_redis, "east-kent"), clock)

    yield begin
    await stop()


@pytest.fixture
async def writer(start: Start) -> Writer:
    return await start()


async def play(writer: Writer, hours: float, above: float) -> list[tuple[AlertKind, str]]:
    """Readings that lie so many minutes above what was told an hour before; gives the alerts."""
    alerts = []
    for _ in range(round(hours * 4)):
        writer.clock.move(minutes=15)
        said = find_standing(writer.told.said, writer.clock() - HOUR)
        await writer.believe(
            20 if said is None else round(said.expect(writer.clock())[0] + above, 1)
        )
        alerts += await writer.look()
    return alerts


async def test_a_feed_that_ends_up_above_what_was_told_raises_an_alarm_that_clears(
    start: Start,
) -> None:
    writer = await start()
    await writer.believe(20)
    assert await play(writer, ENOUGH_HOURS, 15) == [], "too little is known"

    [(kind, text)] = await play(writer, 12, 15)
    assert kind is AlertKind.RAISED
    assert text.startswith(f"told_bias: {PLACE}: figures come out above what was told an hour")
    assert "+15 min over 48 h" in text
    labels = {"facility": PLACE, "whom": WATCHED}
    assert writer.registry.get_sample_value("waitless_told_alarm", labels) == 1

    writer = await start()
    alerts = await play(writer, 5 * 24, 0)

    kinds = [kind for kind, _ in alerts]
    assert kinds[-1] is AlertKind.RECOVERED
    assert set(kinds[:-1]) == {AlertKind.REPEATED}, "what was told outlives the writer"
    assert writer.registry.get_sample_value("waitless_told_alarm", labels) == 0
    assert (await play(writer, 24, 0)) == []


async def test_a_writer_that_starts_again_goes_on_with_every_figure(
    start: Start, fresh_redis: Redis
) -> None:
    writer = await start()
    await writer.believe(20)
    await play(writer, 6, 15)
    stored = await fresh_redis.hgetall(KEY)
    figures = msgspec.json.encode(writer.told)

    writer = await start()

    assert msgspec.json.encode(writer.told) == figures
    await writer.look()
    assert await fresh_redis.hgetall(KEY) == stored
    labels = {"facility": PLACE, "whom": "all_60"}
    bias = writer.registry.get_sample_value("waitless_told_bias_minutes", labels)
    assert bias == pytest.approx(15, abs=0.1)


async def test_a_store_that_lost_everything_is_told_it_again(
    writer: Writer, fresh_redis: Redis
) -> None:
    await writer.believe(20)
    await writer.look()
    stored = await fresh_redis.hgetall(KEY)
    await fresh_redis.flushall()

    await writer.ingest.mend_store()
    await writer.look()

    assert await fresh_redis.hgetall(KEY) == stored


async def test_what_cannot_be_read_begins_afresh(start: Start, fresh_redis: Redis) -> None:
    await fresh_redis.hset(KEY, PLACE, b'{"by_horizon": [{"hours": "many"}]}')

    writer = await start()
    await writer.believe(20)

    assert len(writer.told.said) == 1


async def test_the_advised_are_held_against_the_figure_they_met(writer: Writer) -> None:
    await writer.believe(20)
    await writer.look()
    await writer.enter(3)
    writer.clock.move(seconds=EVERY_S)
    await writer.look()

    [group] = writer.told.groups.values()
    assert group.people == 3
    assert group.told_min == pytest.approx(20, abs=2), "what the outlook says, and none before them"
    assert group.due - NOW == pytest.approx(timedelta(minutes=20 + 20 + 30), abs=5 * QUARTER / 15)

    for _ in range(6):
        writer.clock.move(minutes=15)
        await writer.believe(50)
    assert writer.told.advised.bias == pytest.approx(50 - group.told_min)
    assert writer.told.advised.weight == 3


async def test_who_sets_out_after_others_is_told_a_wait_that_knows_of_them(writer: Writer) -> None:
    await writer.believe(20)
    await writer.look()
    await writer.enter(2, minutes=5)
    writer.clock.move(seconds=EVERY_S)
    await writer.look()
    await writer.enter(1, minutes=40, first=2)
    writer.clock.move(seconds=EVERY_S)
    await writer.look()

    first, last = (group.told_min for _, group in sorted(writer.told.groups.items()))
    assert last - first > 10, "two more at a place that sees one in ten minutes"


async def test_who_cancels_is_not_counted(writer: Writer) -> None:
    await writer.believe(20)
    await writer.look()
    await writer.enter(2)
    await writer.look()
    assert await writer.ledger.cancel(f"{1:032x}", writer.clock())

    await writer.look()

    assert [group.people for group in writer.told.groups.values()] == [1]


async def test_nobody_was_told_a_forecast_of_a_stale_reading(writer: Writer) -> None:
    await writer.believe(20)
    writer.clock.move(minutes=31)
    await writer.look()
    await writer.enter(2)

    await writer.look()

    assert writer.told.groups == {}


async def test_nobody_was_told_a_forecast_of_a_feed_that_is_switched_off(writer: Writer) -> None:
    await writer.believe(20)
    await writer.look()
    health = writer.ingest.desk.health_of("kcht")
    health.off = SwitchedOff(by="night-desk", why="wrong", at=NOW, until=None)
    await writer.enter(2)

    await writer.look()

    assert writer.told.groups == {}


async def test_of_whom_was_entered_while_nobody_looked_nobody_knows_what_they_were_told(
    writer: Writer,
) -> None:
    await writer.believe(20)
    await writer.look()
    await writer.enter(2)
    writer.clock.move(seconds=MOST_BETWEEN_LOOKS.total_seconds() + 1)

    await writer.look()

    assert writer.told.groups == {}


async def test_arrivals_that_leave_the_ledger_are_not_taken_for_cancelled(writer: Writer) -> None:
    await writer.believe(20)
    await writer.look()
    await writer.enter(2, minutes=0)
    await writer.look()
    assert [group.people for group in writer.told.groups.values()] == [2]
    writer.told.groups[min(writer.told.groups)].due += 10 * HOUR  # and not given up meanwhile

    for _ in range(10):
        writer.clock.move(minutes=4)
        await writer.look()

    assert [group.people for group in writer.told.groups.values()] == [2]


async def test_counts_that_nobody_believes_are_told_to_nobody(
    writer: Writer, fresh_redis: Redis
) -> None:
    await writer.believe(20)
    await writer.look()
    lease = Lease(fresh_redis, "east-kent")
    await writer.ledger.save_learnt(Learnt(suspended={PLACE: NOW}), lease)
    await writer.enter(2)

    await writer.look()

    assert writer.told.groups == {}


def test_an_alarm_for_the_advised_says_so_is_repeated_daily_and_ends() -> None:
    told = FacilityTold()
    for hour in range(60):
        told.advised.add(NOW + hour * HOUR, 12, weight=2)
    at = NOW + 60 * HOUR

    [alert] = judge(PLACE, told, at)
    assert (alert.kind, alert.subject, alert.state) == (
        AlertKind.RAISED, Subject.TOLD, FeedState.SUSPECT,
    )  # fmt: skip
    assert "met more than they were told: +12 min" in alert.text
    assert list(told.alarms) == [ADVISED]
    assert list(judge(PLACE, told, at + REPEAT - timedelta(seconds=1))) == []
    [again] = judge(PLACE, told, at + REPEAT)
    assert (again.kind, again.since) == (AlertKind.REPEATED, at)

    [over] = judge(PLACE, told, at + timedelta(days=14))
    assert over.kind is AlertKind.RECOVERED
    assert "too little is known" in over.text
    assert told.alarms == {}


def test_a_bias_that_stays_about_the_bound_is_told_once() -> None:
    told, alerts = FacilityTold(), []
    for hour in range(24 * 14):
        told.by_horizon[1].add(NOW + hour * HOUR, 11 if hour % 48 < 24 else 9)
        alerts += judge(PLACE, told, NOW + hour * HOUR)

    assert [alert.kind for alert in alerts].count(AlertKind.RAISED) == 1
    assert AlertKind.RECOVERED not in [alert.kind for alert in alerts]


@asynccontextmanager
async def service(
    redis_url: str, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[tuple[Patient, dict[str, dict[str, str]]]]:
    keys = {"wall": make_key("wall", Role.VIEWER), "kcht": make_key("kcht", Role.PROVIDER)}
    path = tmp_path / "keys.toml"
    path.write_text("\n".join(lines for _, lines in keys.values()))
    app = create_app(Settings(redis_url=redis_url, keys_file=path), now=clock)
    headers = {name: {"Authorization": f"Bearer {key}"} for name, (key, _) in keys.items()}
    async with serving(app) as client:
        yield client, headers


async def test_operators_see_what_was_told_and_what_came(
    redis_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with service(redis_url, tmp_path, clock) as (client, headers):
        for minutes, moved in ((20, 0), (50, 60)):
            clock.move(minutes=moved)
            pushed = {
                "serviceId": PLACE,
                "waitingTimeMins": minutes,
                "lastUpdated": clock().isoformat(),
            }
            sent = await client.post("/v1/capacities", json=pushed, headers=headers["kcht"])
            assert sent.status == 200, await sent.text()
        refused = await client.get("/v1/operator/told")
        response = await client.get("/v1/operator/told", headers=headers["wall"])

        await assert_problem(refused, 401, "unauthenticated")
        assert response.status == 200
        document = await response.json()

    [place] = document["facilities"]
    assert place["facility_id"] == PLACE
    by_whom = {one["whom"]: one for one in place["figures"]}
    assert by_whom["all_60"]["bias_minutes"] == pytest.approx(30, abs=3)
    assert by_whom["all_60"]["hours"] == 1
    assert by_whom["all_120"]["bias_minutes"] is None
    assert by_whom["advised"]["people"] == 0
    assert document["alarm_minutes"] == 10
