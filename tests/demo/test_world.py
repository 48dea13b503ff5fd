import random
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from zoneinfo import ZoneInfo

import pytest

from feeds.events import decode_message, encode_event
from feeds.model import FacilityStatus, NoFigure, Observation, Statistic, Wait
from feeds.topics import WaitTopic
from waitless.area.facility import Facility, Kind
from waitless.area.hours import Calendar
from waitless.demo import demand
from waitless.demo.world import World

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def watch(world: World, facilities: dict[str, Facility], hours: int) -> list[Observation]:
    return [
        world.observe(facility_id, MONDAY + timedelta(minutes=30 * step))
        for step in range(hours * 2 + 1)
        for facility_id in facilities
    ]


@pytest.fixture(scope="module")
def week(facilities: dict[str, Facility], calendar: Calendar) -> list[Observation]:
    """Every facility, every half hour of seven days from a Monday."""
    return watch(World(facilities, calendar, random.Random(7), MONDAY), facilities, 7 * 24)


def mean_wait(week: list[Observation], ids: set[str], hours: range) -> float:
    return fmean(
        observation.wait.minutes or 0.0
        for observation in week
        if observation.facility_id in ids
        and isinstance(observation.wait, Wait)
        and observation.as_of.hour in hours
    )


def ids_of(facilities: dict[str, Facility], kind: Kind) -> set[str]:
    return {facility.id for facility in facilities.values() if facility.kind is kind}


def test_one_seed_gives_one_world(facilities: dict[str, Facility], calendar: Calendar) -> None:
    first, second, other = (
        watch(World(facilities, calendar, random.Random(seed), MONDAY), facilities, 6)
        for seed in (1, 1, 2)
    )

    assert first == second
    assert first != other


def test_a_world_does_not_depend_on_how_often_it_is_advanced(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    step, leap = (World(facilities, calendar, random.Random(1), MONDAY) for _ in range(2))

    for minutes in range(12 * 60):
        step.advance(MONDAY + timedelta(minutes=minutes))
    end = MONDAY + timedelta(hours=12)

    assert [step.observe(each, end) for each in facilities] == [
        leap.observe(each, end) for each in facilities
    ]


def test_every_shipped_facility_has_figures_of_its_own(facilities: dict[str, Facility]) -> None:
    assert set(demand.DEMAND) == set(facilities)


def test_a_facility_out_of_the_table_is_like_its_kind(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    stranger = replace(facilities["deal-utc"], id="elsewhere-utc")

    world = World({stranger.id: stranger}, calendar, random.Random(1), MONDAY)

    assert demand.demand_of(stranger) == demand.TYPICAL[Kind.UTC]
    assert world.observe(stranger.id, MONDAY + timedelta(hours=12)).status is FacilityStatus.OPEN


def test_emergency_departments_wait_longer_than_treatment_centres(
    week: list[Observation], facilities: dict[str, Facility]
) -> None:
    day = range(10, 20)

    assert 70 < mean_wait(week, ids_of(facilities, Kind.ED), day) < 115
    assert 15 < mean_wait(week, ids_of(facilities, Kind.UTC), day) < 48
    assert 12 < mean_wait(week, ids_of(facilities, Kind.MIU), day) < 45


def test_the_night_is_quieter_than_the_day(
    week: list[Observation], facilities: dict[str, Facility]
) -> None:
    departments = ids_of(facilities, Kind.ED)
    waiting = defaultdict(list)
    for observation in week:
        if observation.facility_id in departments:
            waiting[observation.as_of.hour].append(observation.patients_waiting or 0)

    assert fmean(waiting[5]) < fmean(waiting[14]) / 3
    assert mean_wait(week, departments, range(4, 7)) < mean_wait(week, departments, range(14, 17))


def test_a_treatment_centre_fills_up_in_the_morning(
    week: list[Observation], facilities: dict[str, Facility]
) -> None:
    ids = {
        each for each in ids_of(facilities, Kind.UTC) if facilities[each].hours.days[0][0][0] > 0
    }

    assert (
        mean_wait(week, ids, range(8, 9))
        < mean_wait(week, ids, range(9, 10))
        < mean_wait(week, ids, range(11, 12))
    )


def test_nothing_is_ever_negative_or_out_of_bounds(week: list[Observation]) -> None:
    for observation in week:
        assert observation.patients_waiting is not None
        assert observation.patients_in_department is not None
        assert 0 <= observation.patients_waiting <= observation.patients_in_department < 250
        if isinstance(observation.wait, Wait):
            assert observation.wait.minutes is not None
            assert 0 <= observation.wait.minutes < 600


def test_waits_do_not_leap_as_only_broken_feeds_do(week: list[Observation]) -> None:
    by_facility = defaultdict(list)
    for observation in week:
        if isinstance(observation.wait, Wait):
            by_facility[observation.facility_id].append(observation.wait.minutes or 0.0)

    leaps = [
        abs(after - before) for waits in by_facility.values() for before, after in pairwise(waits)
    ]

    assert max(leaps) < 180


def test_a_closed_unit_says_closed_and_gives_no_wait(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    world = World(facilities, calendar, random.Random(3), MONDAY + timedelta(hours=18))

    just_closed = world.observe("deal-utc", MONDAY + timedelta(hours=20))
    later = world.observe("deal-utc", MONDAY + timedelta(hours=23, minutes=30))
    opened = world.observe("deal-utc", MONDAY + timedelta(hours=32))

    assert (just_closed.status, just_closed.wait) == (FacilityStatus.CLOSED, NoFigure.UNKNOWN)
    assert just_closed.patients_in_department, "those who came in time are still treated"
    assert (later.patients_waiting, later.patients_in_department) == (0, 0)
    assert opened.status is FacilityStatus.OPEN
    assert isinstance(opened.wait, Wait)
    assert opened.wait.minutes == 0


def test_a_provider_keeps_its_statistic_when_nobody_was_seen(week: list[Observation]) -> None:
    told = defaultdict(set)
    quiet = 0
    for observation in week:
        if isinstance(observation.wait, Wait):
            told[observation.feed_id].add(observation.wait.statistic)
            quiet += observation.wait.minutes == 0

    assert quiet > 0
    assert all(len(statistics) == 1 for statistics in told.values())
    assert set.union(*told.values()) <= {Statistic.MEAN, Statistic.MEDIAN}


def test_nobody_is_let_in_after_the_last_patient(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    strict = replace(facilities["deal-utc"], last_patient_minutes=180)
    world = World({strict.id: strict}, calendar, random.Random(3), MONDAY + timedelta(hours=12))

    observation = world.observe(strict.id, MONDAY + timedelta(hours=19, minutes=45))

    assert observation.status is FacilityStatus.OPEN
    assert observation.patients_waiting == 0


def test_a_fast_world_runs_ahead_but_keeps_the_real_opening_hours(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    noon = MONDAY + timedelta(hours=12)
    world = World(facilities, calendar, random.Random(3), noon, speed=60)

    tomorrows_noon = world.observe("william-harvey-ed", noon + timedelta(minutes=24))
    tonight_there = world.observe("deal-utc", noon + timedelta(minutes=12))
    real_night = world.observe("deal-utc", MONDAY + timedelta(hours=21))

    assert tomorrows_noon.as_of == noon + timedelta(minutes=24)
    assert (tomorrows_noon.patients_waiting or 0) > 0
    assert tonight_there.status is FacilityStatus.OPEN
    assert real_night.status is FacilityStatus.CLOSED


def test_at_speed_one_the_clocks_coincide(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    early = World(facilities, calendar, random.Random(3), MONDAY + timedelta(hours=9), speed=1.0)
    later = MONDAY + timedelta(hours=20, minutes=1)

    for facility in facilities.values():
        is_open = calendar.is_open(facility.hours, later)
        status = early.observe(facility.id, later).status
        assert status is (FacilityStatus.OPEN if is_open else FacilityStatus.CLOSED)


def test_every_observation_survives_the_wire_labelled_simulated(
    week: list[Observation], facilities: dict[str, Facility]
) -> None:
    providers = {facility.id: facility.provider for facility in facilities.values()}
    for number, observed in enumerate(week[:: len(facilities) + 1], start=1):
        sent = replace(observed, sequence=number)
        topic = WaitTopic("east-kent", sent.feed_id, sent.facility_id)

        received = decode_message(
            str(topic),
            encode_event(sent, source="urn:waitless:demo:test"),
            area="east-kent",
            providers=providers,
            now=sent.as_of,
        )

        assert received == sent
        assert sent.simulated


def test_a_warm_world_is_there_well_within_half_a_second(
    facilities: dict[str, Facility], calendar: Calendar
) -> None:
    began = time.process_time()
    World(facilities, calendar, random.Random(1), MONDAY)

    assert time.process_time() - began < 0.5
