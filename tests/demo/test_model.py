"""The demo's live East Kent: `waitless.demo.model`, and how `waitless.demo.world` shows it."""

import random
from datetime import UTC, datetime, timedelta
from statistics import fmean

import pytest

from feeds.model import FacilityStatus, Wait
from waitless.area.pack import Area
from waitless.demo.model import RUN_DAYS, Behaviour, LiveModel
from waitless.demo.world import World
from waitless.simulate.policies import PolicyName

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HOUR = 60.0


def world_of(area: Area, model: LiveModel, *, speed: float = 1.0) -> World:
    return World(area.facilities, area.calendar, random.Random(1), MONDAY, speed=speed, model=model)


def model_of(area: Area, policy: PolicyName = PolicyName.POSTED, **more: float) -> LiveModel:
    return LiveModel(area, Behaviour(policy=policy, **more), 5, MONDAY)


def test_one_seed_gives_one_model_however_it_is_advanced(east_kent: Area) -> None:
    step, leap = (world_of(east_kent, model_of(east_kent)) for _ in range(2))

    for minutes in range(0, 12 * 60, 7):
        step.observe("deal-utc", MONDAY + timedelta(minutes=minutes))
    end = MONDAY + timedelta(hours=12)

    assert [step.observe(each, end) for each in east_kent.facilities] == [
        leap.observe(each, end) for each in east_kent.facilities
    ]


def test_the_models_places_are_shown_from_it_and_the_others_from_queues_of_their_own(
    east_kent: Area,
) -> None:
    model = model_of(east_kent)
    shown = world_of(east_kent, model)
    alone = World(east_kent.facilities, east_kent.calendar, random.Random(1), MONDAY)
    at = MONDAY + timedelta(hours=2)

    rooms = model.rooms()
    seen = {each: shown.observe(each, at) for each in east_kent.facilities}

    assert {"william-harvey-ed", "qeqm-ed", "deal-utc", "whitstable-utc"} < set(rooms)
    for facility_id, observation in seen.items():
        assert observation.simulated
        if facility_id in rooms:
            assert observation.patients_waiting == rooms[facility_id].patients_waiting()
            waits = rooms[facility_id].waits_minutes()
            if waits and isinstance(observation.wait, Wait):
                assert observation.wait.minutes is not None
                assert min(waits) - 1 < observation.wait.minutes < max(waits) + 1
        else:
            assert observation == alone.observe(facility_id, at)


def test_people_go_where_the_policy_sends_them(east_kent: Area) -> None:
    def most_waiting(policy: PolicyName) -> float:
        """At MIUs and UTCs of the model, on the busiest of nine, over a day."""
        model = model_of(east_kent, policy, adoption=1.0)
        rooms = model.rooms()
        minors = [room for name, room in rooms.items() if not name.endswith("-ed")]
        found = []
        for quarter in range(96):
            model.advance(quarter * HOUR / 4)
            found.append(max(room.patients_waiting() for room in minors))
        return fmean(found)

    assert most_waiting(PolicyName.SHORTEST_POSTED) > 1.5 * most_waiting(PolicyName.WAITLESS)


def test_doors_shut_by_the_models_clock_in_a_fast_world_too(east_kent: Area) -> None:
    shown = world_of(east_kent, model_of(east_kent), speed=60)

    by_day = shown.observe("deal-utc", MONDAY + timedelta(minutes=2))
    at_the_models_night = shown.observe("deal-utc", MONDAY + timedelta(minutes=14))

    assert by_day.status is FacilityStatus.OPEN
    assert at_the_models_night.status is FacilityStatus.CLOSED
    assert shown.observe("qeqm-ed", MONDAY + timedelta(minutes=14)).status is FacilityStatus.OPEN


def test_the_next_run_begins_with_natural_queues(east_kent: Area) -> None:
    model = model_of(east_kent)
    rooms = model.rooms().values()
    end = RUN_DAYS * 24 * HOUR

    model.advance(end - 1)
    before = sum(room.patients_in_department() for room in rooms)
    model.advance(end + 1)
    after = sum(room.patients_in_department() for room in rooms)

    assert min(before, after) > 15
    model.advance(end + 8 * HOUR)
    assert sum(room.patients_waiting() for room in rooms) > 0


@pytest.mark.parametrize("month", [1, 7])
def test_its_hours_are_the_local_clocks(east_kent: Area, month: int) -> None:
    start = datetime(2026, month, 6, 7, 30, tzinfo=UTC)  # 8:30 in July's local time
    room = LiveModel(east_kent, Behaviour(adoption=0.0), 5, start).rooms()["deal-utc"]

    assert room.is_open() is (month == 7)


def test_without_an_app_everybody_goes_by_habit(east_kent: Area) -> None:
    none, nobody = (
        model_of(east_kent, policy, adoption=adoption)
        for policy, adoption in ((PolicyName.NONE, 0.6), (PolicyName.POSTED, 0.0))
    )

    for hour in range(10):
        none.advance(hour * HOUR)
        nobody.advance(hour * HOUR)
        assert [room.patients_waiting() for room in none.rooms().values()] == [
            room.patients_waiting() for room in nobody.rooms().values()
        ]
