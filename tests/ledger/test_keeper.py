"""The writer's part: what becomes usual, which counts nobody believes, and who is told."""

from datetime import timedelta

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from tests.support.clock import MONDAY_MORNING as NOW
from tests.support.clock import FakeClock
from waitless.area.pack import Area
from waitless.health import Alert, AlertKind, FeedState, Subject
from waitless.lease import Lease
from waitless.ledger.correct import seen_per_minute
from waitless.ledger.counts import bucket_of
from waitless.ledger.entries import Held, Learnt, LedgerStore
from waitless.ledger.figures import KeeperMetrics
from waitless.ledger.keeper import REPEAT, SETTLED, LedgerKeeper, judge
from waitless.ledger.suspect import ALWAYS, TIMES_SEEN

SOON = bucket_of(NOW + timedelta(minutes=20))
PLACE = "deal-utc"


def held(journeys: int, served: int = 0, learnt: Learnt | None = None) -> Held:
    return Held({PLACE: {SOON: journeys}}, {PLACE: {SOON: served}}, learnt or Learnt())


def explained(area: Area) -> int:
    """The most on the way to the place within the hour and a half that can be explained."""
    return int(ALWAYS + TIMES_SEEN * 90 * seen_per_minute(area.facilities[PLACE]))


def kinds(alerts: tuple[Alert, ...]) -> list[AlertKind]:
    return [alert.kind for alert in alerts]


def test_as_many_as_the_place_can_see_are_believed(east_kent: Area) -> None:
    findings = judge(held(explained(east_kent)), east_kent, NOW, served_share=0)

    assert findings.alerts == ()
    assert findings.learnt.suspended == {}


def test_far_more_suspend_the_correction_and_somebody_is_told(east_kent: Area) -> None:
    findings = judge(held(explained(east_kent) + 1), east_kent, NOW, served_share=0)

    [alert] = findings.alerts
    assert alert.kind is AlertKind.RAISED
    assert alert.subject is Subject.LEDGER
    assert alert.state is FeedState.SUSPECT
    assert alert.what == (PLACE,)
    assert alert.text.startswith(f"ledger_anomaly: {PLACE}: {explained(east_kent) + 1} on their")
    assert findings.learnt.suspended == {PLACE: NOW}


def test_journeys_that_no_answer_led_to_are_suspect_where_answers_are_counted(
    east_kent: Area,
) -> None:
    assert kinds(judge(held(15, 1), east_kent, NOW, served_share=0).alerts) == []
    assert kinds(judge(held(15, 1), east_kent, NOW, served_share=0.1).alerts) == [AlertKind.RAISED]
    assert kinds(judge(held(15, 3), east_kent, NOW, served_share=0.1).alerts) == []


def test_answers_served_can_be_too_many_themselves(east_kent: Area) -> None:
    told = judge(held(0, 2 * explained(east_kent)), east_kent, NOW, served_share=1)
    assert kinds(told.alerts) == [AlertKind.RAISED]


def test_it_is_told_again_while_it_lasts_and_taken_back_when_it_is_over(east_kent: Area) -> None:
    most = explained(east_kent)
    learnt = judge(held(most + 1), east_kent, NOW, served_share=0).learnt

    def look(journeys: int, later: timedelta) -> list[AlertKind]:
        nonlocal learnt
        bucket = bucket_of(NOW + later + timedelta(minutes=20))
        now = Held({PLACE: {bucket: journeys}}, {}, learnt)
        findings = judge(now, east_kent, NOW + later, served_share=0)
        learnt = findings.learnt
        return kinds(findings.alerts)

    assert look(most + 1, timedelta(minutes=1)) == []
    assert look(most + 1, REPEAT) == [AlertKind.REPEATED]
    assert learnt.suspended == {PLACE: NOW}
    assert look(most - 1, REPEAT + timedelta(minutes=1)) == [], "not calm yet"
    assert look(most // 2, REPEAT + timedelta(minutes=2)) == [AlertKind.RECOVERED]
    assert learnt.suspended == {}
    assert look(most + 1, REPEAT + timedelta(minutes=3)) == [AlertKind.RAISED]


def test_a_bucket_is_learnt_once_when_it_is_over_in_its_local_hour(east_kent: Area) -> None:
    over = bucket_of(NOW)
    now = NOW + timedelta(minutes=5) + SETTLED
    known = Held({PLACE: {over: 6, over + 1: 9}}, {}, Learnt(until=over))

    early = judge(known, east_kent, now - timedelta(seconds=1), served_share=0).learnt
    assert early.usual.per_minute == {}
    learnt = judge(known, east_kent, now, served_share=0).learnt
    once = learnt.usual.count(PLACE, 10, 60)
    judge(Held(known.journeys, {}, learnt), east_kent, now, served_share=0)

    assert 0 < once == learnt.usual.count(PLACE, 10, 60)
    assert learnt.usual.count("dover-utc", 10, 60) == 0
    assert learnt.until == over + 1


def test_summer_time_is_the_hour_that_is_learnt(east_kent: Area) -> None:
    july = NOW.replace(month=7)
    known = Held({PLACE: {bucket_of(july): 6}}, {}, Learnt())

    usual = judge(known, east_kent, july + timedelta(minutes=10), served_share=0).learnt.usual

    assert usual.count(PLACE, 11, 60) > 0
    assert usual.count(PLACE, 10, 60) == 0


def test_nothing_is_learnt_from_counts_that_nobody_believes(east_kent: Area) -> None:
    over = bucket_of(NOW)
    known = Held({PLACE: {over: 1000}, "dover-utc": {over: 2}}, {}, Learnt(until=over))
    later = NOW + timedelta(minutes=10)

    usual = judge(known, east_kent, later, served_share=0).learnt.usual

    assert usual.count(PLACE, 10, 60) == 0
    assert usual.count("dover-utc", 10, 60) > 0


def test_after_an_absence_what_has_expired_is_not_taken_for_nobody(east_kent: Area) -> None:
    learnt = Learnt(until=bucket_of(NOW - timedelta(hours=5)))
    learnt.usual.per_minute[PLACE] = [1.0] * 24

    judge(Held({}, {}, learnt), east_kent, NOW, served_share=0)

    rates = learnt.usual.per_minute[PLACE]
    assert [hour for hour, rate in enumerate(rates) if rate < 1] == [9]


async def test_what_one_writer_found_the_next_goes_on_with(
    ledger: LedgerStore, fresh_redis: Redis, clock: FakeClock, east_kent: Area
) -> None:
    def keeper() -> tuple[LedgerKeeper, CollectorRegistry]:
        registry = CollectorRegistry()
        made = LedgerKeeper(
            ledger,
            Lease(fresh_redis, "east-kent"),
            east_kent,
            served_share=0.5,
            now=clock,
            metrics=KeeperMetrics(registry),
        )
        return made, registry

    await ledger.add_served({(PLACE, SOON): 1000}, NOW)
    first, _ = keeper()
    assert kinds(await first.look()) == [AlertKind.RAISED]
    clock.move(seconds=15)

    second, registry = keeper()
    assert await second.look() == ()

    place = {"facility": PLACE}
    assert registry.get_sample_value("waitless_ledger_suspended", place) == 1
    assert registry.get_sample_value("waitless_ledger_journeys", place) == 0
    assert (await ledger.load(clock())).learnt.suspended == {PLACE: NOW}
