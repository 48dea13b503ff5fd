"""What the writer learns from what it believes: `Learner`, and the desk that it stands at."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from feeds.model import FacilityStatus, NoFigure, Observation, Statistic, Wait
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.waits import made_up
from waitless.area.pack import Area
from waitless.belief import Fate
from waitless.belief.rules import unknown_hours
from waitless.forecast.learner import Forecast, Learner
from waitless.forecast.state import StateFault, decode_state, encode_state
from waitless.ingest import Desk
from waitless.metrics import IngestMetrics
from waitless.reading import Reading, apply_observation

FEED = "kcht"


@pytest.fixture
def learner(east_kent: Area) -> Learner:
    return Learner(east_kent.facilities, UTC, unknown_hours)


@pytest.fixture
def desk(east_kent: Area, clock: FakeClock) -> Desk:
    metrics = IngestMetrics(CollectorRegistry())
    return Desk(east_kent, now=clock, metrics=metrics, listens_to_mqtt=True)


def readings(days: float, start: datetime = MONDAY_MORNING) -> Iterator[Reading]:
    for at, wait in made_up(days, start=start):
        yield apply_observation(None, observation(as_of=at, wait=wait))


def reading(minutes: float | None = 22, **more: Any) -> Reading:
    return apply_observation(None, observation("deal-utc", minutes, **more))


def state_of(learner: Learner) -> bytes:
    return encode_state(learner.states["deal-utc"])


def hear(desk: Desk, clock: FakeClock, minutes: float | None, **more: Any) -> Forecast | None:
    """The desk takes one observation that was measured just now."""
    one = observation(minutes=minutes, as_of=clock(), received_at=clock(), **more)
    changed, _ = desk.judge(FEED, [one])
    told = desk.learner.tell(changed)
    return told[0] if told else None


def test_a_believed_wait_is_learnt_and_laid_out_from_its_instant(learner: Learner) -> None:
    one = reading()
    learner.take(one)

    [told] = learner.tell([one])

    assert told.outlook is not None
    assert told.outlook.as_of == one.wait_as_of
    assert told.outlook.posted[0] == 22
    assert told.outlook.half_window_min == 30


def test_of_several_readings_the_last_is_laid_out(learner: Learner) -> None:
    both = [reading(22), reading(24, as_of=MONDAY_MORNING + timedelta(minutes=5))]
    for one in both:
        learner.take(one)

    [told] = learner.tell(both)

    assert told.outlook is not None
    assert told.outlook.posted[0] == 24


def test_the_same_reading_again_teaches_nothing(learner: Learner) -> None:
    learner.take(reading())
    before = state_of(learner)

    learner.take(reading())
    learner.take(reading(90, as_of=MONDAY_MORNING - timedelta(minutes=5)))

    assert state_of(learner) == before


def test_a_wait_that_was_stale_when_it_came_teaches_nothing(learner: Learner) -> None:
    learner.take(reading(received_at=MONDAY_MORNING + timedelta(minutes=31)))

    assert learner.states == {}


@pytest.mark.parametrize("wait", [NoFigure.UNKNOWN, NoFigure.SUPPRESSED, Wait()])
def test_without_a_figure_nothing_is_forecast(learner: Learner, wait: Wait | NoFigure) -> None:
    learner.take(reading())
    before = state_of(learner)
    later = reading(as_of=MONDAY_MORNING + timedelta(minutes=5), wait=wait)

    learner.take(later)

    assert state_of(learner) == before
    assert learner.tell([later])[0].outlook is None


def test_a_facility_that_nobody_knows_teaches_nothing(learner: Learner) -> None:
    learner.take(replace(reading(), facility_id="atlantis"))

    assert learner.states == {}


def test_a_change_of_statistic_starts_afresh(learner: Learner) -> None:
    for one in readings(2):
        learner.take(one)
    other = Wait(minutes=40, statistic=Statistic.LONGEST)
    last = reading(as_of=MONDAY_MORNING + timedelta(days=3), wait=other)

    learner.take(last)

    [told] = learner.tell([last])
    assert told.state.profile.weight == 1.0
    assert told.outlook is not None
    assert told.outlook.half_window_min == 0


def test_a_door_that_its_source_calls_closed_has_no_forecast(learner: Learner) -> None:
    first = reading()
    learner.take(first)
    closed = apply_observation(
        first,
        observation(
            as_of=MONDAY_MORNING + timedelta(minutes=5),
            wait=NoFigure.NOT_GIVEN,
            status=FacilityStatus.CLOSED,
        ),
    )

    learner.take(closed)

    [told] = learner.tell([closed])
    assert told.outlook is None
    assert told.state.latest is None
    assert told.state.profile.weight == 1.0


@pytest.mark.parametrize("status", [FacilityStatus.FULL, FacilityStatus.DIVERTING])
def test_a_full_door_still_has_a_queue_to_learn_from(
    learner: Learner, status: FacilityStatus
) -> None:
    one = reading(status=status)
    learner.take(one)

    assert learner.tell([one])[0].outlook is not None


def test_a_closing_by_the_hours_is_a_closing(east_kent: Area) -> None:
    opened: dict[datetime, float | None] = {}
    learner = Learner(east_kent.facilities, UTC, lambda _, at: opened[at])
    evening, night = MONDAY_MORNING, MONDAY_MORNING + timedelta(hours=1)
    morning = MONDAY_MORNING + timedelta(hours=2)
    opened |= {evening: 600.0, night: -1.0, morning: 10.0}

    learner.take(reading(60, as_of=evening))
    learner.take(reading(0, as_of=night))
    assert learner.states["deal-utc"].latest is None
    weight = learner.states["deal-utc"].profile.weight
    learner.take(reading(5, as_of=morning))

    state = learner.states["deal-utc"]
    assert weight == 1.0
    assert state.latest is not None
    assert state.latest.rise == 0
    assert len(state.anchors) == 1


def test_a_closing_between_two_readings_that_nobody_spoke_of_counts(east_kent: Area) -> None:
    learner = Learner(east_kent.facilities, UTC, lambda _, __: 10.0)
    learner.take(reading(60))
    learner.take(reading(5, as_of=MONDAY_MORNING + timedelta(minutes=40)))

    assert len(learner.states["deal-utc"].anchors) == 1


def test_a_restart_in_the_middle_changes_no_bit(east_kent: Area, learner: Learner) -> None:
    restarted = Learner(east_kent.facilities, UTC, unknown_hours)
    for number, one in enumerate(readings(6)):
        learner.take(one)
        restarted.take(one)
        if number % 37 == 0:
            raw = encode_state(restarted.states["deal-utc"])
            restarted = Learner(east_kent.facilities, UTC, unknown_hours)
            assert restarted.restore({"deal-utc": decode_state(raw)}) == 0
        assert restarted.tell([one])[0].outlook == learner.tell([one])[0].outlook

    assert state_of(restarted) == state_of(learner)


def test_what_cannot_be_read_is_dropped_and_counted(learner: Learner) -> None:
    learner.take(reading())
    kept = learner.states["deal-utc"]

    dropped = learner.restore({"deal-utc": kept, "dover-utc": StateFault("not one")})

    assert dropped == 1
    assert learner.states == {"deal-utc": kept}


def test_a_held_value_teaches_nothing_until_it_is_released(desk: Desk, clock: FakeClock) -> None:
    hear(desk, clock, 20)
    for _ in range(12):
        clock.move(minutes=5)
        hear(desk, clock, 21)
    before = state_of(desk.learner)
    clock.move(minutes=5)
    assert hear(desk, clock, 300) is None
    assert state_of(desk.learner) == before
    [held] = [one for one in desk.believer.list_held() if one.fate is Fate.WAITING]

    released = desk.release(held.id)

    assert isinstance(released, Reading)
    [told] = desk.learner.tell([released])
    assert told.outlook is not None
    assert told.outlook.posted[0] == 300
    assert told.outlook.as_of == clock()


def test_a_dropped_value_never_teaches(desk: Desk, clock: FakeClock) -> None:
    for minutes in [20, 21, 20, 21]:
        hear(desk, clock, minutes)
        clock.move(minutes=5)
    before = state_of(desk.learner)
    hear(desk, clock, 300)
    [held] = [one for one in desk.believer.list_held() if one.fate is Fate.WAITING]

    assert desk.believer.drop(held.id, clock()) is not None

    assert state_of(desk.learner) == before


def test_repeated_and_late_messages_never_teach(desk: Desk, clock: FakeClock) -> None:
    hear(desk, clock, 20)
    clock.move(minutes=5)
    hear(desk, clock, 22)
    before = state_of(desk.learner)

    late: list[Observation] = [
        observation(minutes=22, as_of=clock(), received_at=clock()),
        observation(minutes=25, as_of=clock() - timedelta(minutes=2), received_at=clock()),
    ]
    for one in late:
        assert desk.judge(FEED, [one])[0] == []

    assert state_of(desk.learner) == before
