"""The world: `waitless.simulate.world.World`, with and without a policy."""

from itertools import pairwise

import pytest

from waitless.answers.doors import Doors
from waitless.simulate.advice import PolicyAdviser
from waitless.simulate.draws import Draws
from waitless.simulate.kent import Kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import Scenario
from waitless.simulate.world import Publication, World

DAYS = 4
END_MIN = DAYS * 1440.0


def play(
    kent: Kent,
    people: Draws,
    policy: PolicyName = PolicyName.NONE,
    doors: Doors | None = None,
    **scenario: object,
) -> tuple[World, list[Publication]]:
    setting = Scenario(**scenario)  # type: ignore[arg-type]
    adviser = None if doors is None else PolicyAdviser(kent, doors, policy, setting)
    world = World(kent, people, setting, adviser)
    return world, list(world.advance(END_MIN))


@pytest.mark.parametrize("policy", [PolicyName.NONE, PolicyName.POSTED, PolicyName.WAITLESS])
def test_everyone_who_sets_out_is_seen_leaves_or_is_still_there(
    kent: Kent, people: Draws, doors: Doors, policy: PolicyName
) -> None:
    world, _ = play(kent, people, policy, None if policy is PolicyName.NONE else doors)

    everyone = world.patients
    seen = [one for one in everyone if one.seen_min is not None]
    left = [one for one in everyone if one.left_min is not None]
    travelling = [one for one in everyone if one.arrives_min > END_MIN]
    assert len(everyone) == len(people) > 500 * DAYS
    assert not {one.number for one in seen} & {one.number for one in left}
    assert len(seen) + len(left) + len(travelling) + sum(world.lengths[-1]) == len(everyone)


def test_nobody_is_seen_before_arriving_or_after_giving_up(kent: Kent, people: Draws) -> None:
    world, _ = play(kent, people)

    asked = people.asked_min
    for one in world.patients:
        assert one.arrives_min > asked[one.number]
        if one.seen_min is not None:
            assert one.arrives_min <= one.seen_min <= one.gives_up_min


def test_patients_of_one_facility_are_called_in_the_order_they_came(
    kent: Kent, people: Draws
) -> None:
    world, _ = play(kent, people)

    for facility in range(len(kent.facilities)):
        here = [one for one in world.patients if one.facility == facility]
        calls = [
            one.seen_min
            for one in sorted(here, key=lambda one: one.arrives_min)
            if one.seen_min is not None
        ]
        assert calls == sorted(calls)


def test_nobody_is_let_in_outside_opening_hours(kent: Kent, people: Draws, doors: Doors) -> None:
    calendar = kent.area.calendar
    world, _ = play(kent, people, PolicyName.WAITLESS, doors)

    arrived = [one for one in world.patients if one.arrives_min <= END_MIN]
    for one in arrived:
        assert calendar.is_open(kent.facilities[one.facility].hours, kent.at(one.arrives_min))
    assert not any(one.doors_shut for one in world.patients), "hours are known to all"


def test_a_door_that_shuts_early_sends_people_on_and_takes_nobody(
    kent: Kent, people: Draws
) -> None:
    deal = [one.id for one in kent.facilities].index("deal-utc")

    world, heard = play(kent, people, close=((deal, 720.0),))

    late = [one for one in world.patients if one.arrives_min % 1440 >= 720]
    assert all(one.facility != deal for one in late if one.arrives_min <= END_MIN)
    assert sum(one.doors_shut for one in world.patients) > 10 * DAYS
    at_one = [one for one in heard if one.facility == deal and one.measured_min % 1440 == 780]
    assert at_one
    assert not any(one.is_open for one in at_one)


def test_users_are_told_of_an_early_closing_once_the_feed_says_so(
    kent: Kent, people: Draws, doors: Doors
) -> None:
    deal = [one.id for one in kent.facilities].index("deal-utc")

    world, _ = play(kent, people, PolicyName.WAITLESS, doors, adoption=1.0, close=((deal, 720.0),))

    for one in world.patients:
        if one.told_facility == deal:
            # Measured at noon, visible 20 minutes later.
            assert people.asked_min[one.number] % 1440 < 740


def test_a_feed_tells_the_mean_wait_of_those_called_within_the_hour(
    kent: Kent, people: Draws
) -> None:
    world, heard = play(kent, people)

    compared = 0
    for one in heard:
        called = [
            patient.seen_min - patient.arrives_min
            for patient in world.patients
            if patient.facility == one.facility
            and patient.seen_min is not None
            and one.measured_min - 60 <= patient.seen_min <= one.measured_min
        ]
        if one.minutes is not None and called and one.measured_min % 120 == 0:
            assert one.minutes == pytest.approx(sum(called) / len(called))
            compared += 1
    assert compared > 9 * DAYS


def test_a_reading_is_as_old_as_the_feed_age_when_the_next_one_comes(
    kent: Kent, people: Draws
) -> None:
    _, heard = play(kent, people, feed_age_min=30.0)

    here = [one for one in heard if one.facility == 0]
    ages = {round(after.visible_min - before.measured_min, 6) for before, after in pairwise(here)}
    assert ages == {30.0}


def test_a_door_that_is_shut_posts_no_wait(kent: Kent, people: Draws) -> None:
    _, heard = play(kent, people)

    for one in heard:
        assert (one.minutes is None) == (not kent.is_open(one.facility, one.measured_min))


def test_a_frozen_feed_repeats_itself_and_a_lying_one_scales(kent: Kent, people: Draws) -> None:
    _, honest = play(kent, people)
    _, frozen = play(kent, people, freeze=((2, 180.0),))
    _, lying = play(kent, people, lie=((3, 0.5),))

    of_first_day = [
        one.minutes for one in frozen if one.facility == 2 and 660 <= one.measured_min < 840
    ]
    assert len(set(of_first_day)) == 1
    for told, true in zip(lying, honest, strict=True):
        if true.facility == 3 and true.minutes is not None:
            assert told.minutes == pytest.approx(true.minutes / 2)
        else:
            assert told == true


def test_stepping_through_time_gives_what_one_go_gives(kent: Kent, people: Draws) -> None:
    at_once, heard = play(kent, people)
    stepped = World(kent, people, Scenario(), None)

    heard_on_the_way = [
        one for step in range(1, DAYS * 96 + 1) for one in stepped.advance(step * 15.0)
    ]

    assert heard_on_the_way == heard
    assert stepped.lengths == at_once.lengths


def test_who_does_not_comply_goes_by_habit(kent: Kent, people: Draws, doors: Doors) -> None:
    nobody, _ = play(kent, people)
    defiant, _ = play(kent, people, PolicyName.POSTED, doors, adoption=1.0, compliance=0.0)

    assert [one.facility for one in defiant.patients] == [one.facility for one in nobody.patients]
