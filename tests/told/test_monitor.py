"""What was told, held against what came: pure, one facility, a clock that is given."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import FacilityStatus, Statistic, Wait
from tests.support.clock import MONDAY_MORNING as NOW
from tests.support.messages import observation
from tests.support.waits import made_up, observe
from waitless.area.pack import Area
from waitless.belief.rules import unknown_hours
from waitless.forecast.learner import Learner
from waitless.reading import apply_observation
from waitless.told.advised import Met, Told, interpolate, list_changes
from waitless.told.alarm import list_figures
from waitless.told.facility import FacilityTold
from waitless.told.monitor import Monitor
from waitless.told.running import HALF_LIFE, Running
from waitless.told.said import KEEPS, SLACK, STEPS, Said, find_standing, keep

PLACE = "deal-utc"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Watched:
    """A facility whose readings teach a forecast, and the monitor over it."""

    def __init__(self, area: Area) -> None:
        self.learner = Learner(area.facilities, UTC, unknown_hours)
        self.monitor = Monitor(area.facilities, UTC)

    def believe(self, at: datetime, minutes: float, **more: object) -> None:
        told = observation(PLACE, minutes, as_of=at, received_at=at, **more)
        reading = apply_observation(None, told)
        self.learner.take(reading)
        self.monitor.take(reading, self.learner.states.get(PLACE), at)

    @property
    def told(self) -> FacilityTold:
        return self.monitor.facilities[PLACE]


@pytest.fixture
def watched(east_kent: Area) -> Watched:
    return Watched(east_kent)


def said(at: datetime, mean: float = 20.0) -> Said:
    return Said(
        made_at=at,
        as_of=at,
        mean=(mean,) * STEPS,
        p10=(mean - 10,) * STEPS,
        p90=(mean + 10,) * STEPS,
    )


def test_what_stood_an_hour_ago_is_held_against_what_comes(watched: Watched) -> None:
    watched.believe(NOW, 20)
    expected = watched.told.said[0].expect(NOW + HOUR)

    watched.believe(NOW + HOUR, 50)

    [thirty, sixty, two_hours] = watched.told.by_horizon
    assert sixty.bias == pytest.approx(50 - expected[0])
    assert sixty.mean_absolute_error == pytest.approx(50 - expected[0])
    assert sixty.coverage == (expected[1] <= 50 <= expected[2])
    assert thirty.bias == pytest.approx(50 - expected[0]), "it stood until half an hour ago"
    assert two_hours.bias is None, "two hours ago nothing was told"


def test_a_wait_that_falls_below_what_was_told_is_a_bias_below_zero(watched: Watched) -> None:
    for number in range(24):
        watched.believe(NOW + number * HOUR, 200 - 5 * number)

    assert all((one.bias or 0) < 0 for one in watched.told.by_horizon)


def test_forecasts_of_a_day_that_can_be_learnt_are_hardly_biased(east_kent: Area) -> None:
    watched = Watched(east_kent)
    for at, wait in made_up(21):
        watched.believe(at, wait.minutes or 0.0)

    for name, running in list_figures(watched.told).items():
        if name != "advised":
            assert abs(running.bias or 99) < 4, name
            assert 0.7 < (running.coverage or 0) < 0.9, name
            assert 100 < running.hours < 250, name


def test_a_reading_that_is_repeated_or_older_counts_once(watched: Watched) -> None:
    watched.believe(NOW, 20)
    watched.believe(NOW + HOUR, 50)
    once = msgspec.json.encode(watched.told)

    watched.believe(NOW + HOUR, 80)
    watched.believe(NOW + MINUTE, 80)

    assert msgspec.json.encode(watched.told) == once


def test_nothing_told_before_the_door_shut_is_held_against_what_comes_after(
    watched: Watched,
) -> None:
    watched.believe(NOW, 20)
    watched.told.enter(1, 3, Told(20.0, NOW + HOUR))

    watched.believe(NOW + 10 * MINUTE, 20, status=FacilityStatus.CLOSED)
    watched.believe(NOW + HOUR, 50, status=FacilityStatus.OPEN)

    assert all(one.bias is None for one in watched.told.by_horizon)
    assert (watched.told.groups, watched.told.unmet) == ({}, 3)


def test_another_statistic_is_not_held_against_what_was_told_of_the_first(
    watched: Watched,
) -> None:
    watched.believe(NOW, 20)
    longest = Wait(minutes=90, statistic=Statistic.LONGEST)

    watched.believe(NOW + HOUR, 0, wait=longest)

    assert all(one.bias is None for one in watched.told.by_horizon)


def test_a_wait_that_was_stale_when_it_came_is_told_nobody_and_held_against_nothing(
    watched: Watched,
) -> None:
    watched.believe(NOW, 20)
    before = msgspec.json.encode(watched.told)
    late = observation(PLACE, 50, as_of=NOW + HOUR, received_at=NOW + HOUR + 31 * MINUTE)

    reading = apply_observation(None, late)
    watched.learner.take(reading)
    watched.monitor.take(reading, watched.learner.states.get(PLACE), late.received_at)

    assert msgspec.json.encode(watched.told) == before


def test_a_band_is_covered_by_as_much_of_it_as_lies_in_the_range(watched: Watched) -> None:
    band = Wait(minutes=None, low=0, high=240, statistic=Statistic.BAND)
    for number in range(5):
        watched.believe(NOW + number * HOUR, 0, wait=band)

    sixty = watched.told.by_horizon[1]
    assert sixty.bias == pytest.approx(0), "its middle is what was told"
    assert 0 < (sixty.coverage or 0) < 1


def test_what_stands_is_what_was_told_last_while_it_is_live() -> None:
    first, second = said(NOW), said(NOW + 20 * MINUTE)
    both = [first, second]

    assert find_standing(both, NOW - SLACK - MINUTE) is None
    assert find_standing(both, NOW - SLACK) is first
    assert find_standing(both, NOW + 19 * MINUTE) is first
    assert find_standing(both, NOW + 50 * MINUTE) is second
    assert find_standing(both, NOW + 50 * MINUTE + SLACK) is second
    assert find_standing(both, NOW + 51 * MINUTE + SLACK) is None


def test_a_source_of_every_second_leaves_a_bounded_memory_that_ends_with_the_newest() -> None:
    kept: list[Said] = []
    for number in range(0, 5 * 3600, 20):
        newest = said(NOW + timedelta(seconds=number), number)
        kept = keep(kept, newest)
        assert kept[-1] is newest

    assert len(kept) <= KEEPS / timedelta(minutes=4) + 2
    for before, after in pairwise(kept[:-1]):
        assert timedelta(minutes=4) <= after.made_at - before.made_at < timedelta(minutes=5)


def test_an_error_counts_half_after_a_week() -> None:
    running = Running()
    running.add(NOW, 10)
    running.add(NOW + HALF_LIFE, 40)

    assert running.bias == pytest.approx((0.5 * 10 + 40) / 1.5)
    assert running.hours_at(NOW + 2 * HALF_LIFE) == pytest.approx(0.75)


def test_a_minute_of_a_frequent_source_weighs_as_a_minute() -> None:
    frequent, hourly = Running(), Running()
    for number in range(24 * 60 + 1):
        frequent.add(NOW + number * MINUTE, 10)
    for number in range(25):
        hourly.add(NOW + number * HOUR, 10)

    assert frequent.hours == pytest.approx(hourly.hours, rel=0.01)


@given(errors=st.lists(st.tuples(st.integers(-(10**6), 10**7), st.floats(-2000, 2000)), min_size=1))
def test_times_in_any_order_leave_means_within_what_was_added(
    errors: list[tuple[int, float]],
) -> None:
    running = Running()
    for second, error in errors:
        running.add(NOW + timedelta(seconds=second), error, weight=1)

    least, most = min(one for _, one in errors), max(one for _, one in errors)
    assert running.bias is not None
    assert least - 1e-6 <= running.bias <= most + 1e-6
    assert 0 <= running.hours_at(NOW) <= running.hours


def test_the_advised_meet_the_figure_of_the_moment_they_are_seen(watched: Watched) -> None:
    watched.believe(NOW, 20)
    watched.told.enter(1, 3, Told(20.0, NOW + 45 * MINUTE))
    watched.believe(NOW + 30 * MINUTE, 30)
    assert watched.told.advised.bias is None, "not yet seen"

    watched.believe(NOW + 60 * MINUTE, 50)

    assert watched.told.advised.bias == pytest.approx(40 - 20)
    assert watched.told.advised.weight == 3
    assert watched.told.groups == {}


def test_people_of_one_five_minutes_are_held_against_the_mean_of_what_they_were_told() -> None:
    told = FacilityTold(last=Met(at=NOW, figure=50))
    told.enter(1, 1, Told(20.0, NOW + HOUR))
    told.enter(1, 3, Told(40.0, NOW + 80 * MINUTE))

    assert told.groups[1].told_min == pytest.approx(35)
    assert told.groups[1].due == NOW + 75 * MINUTE


def test_who_cancels_is_not_waited_for() -> None:
    told = FacilityTold()
    told.enter(1, 3, Told(20.0, NOW))

    told.cancel(1, 2)
    assert told.groups[1].people == 1
    told.cancel(1, 5)
    told.cancel(2, 1)

    assert told.groups == {}


def test_a_feed_that_falls_silent_leaves_the_advised_unmet() -> None:
    told = FacilityTold()
    told.enter(1, 3, Told(20.0, NOW))

    told.give_up(NOW + 2 * HOUR)
    assert told.unmet == 0
    told.give_up(NOW + 2 * HOUR + MINUTE)

    assert (told.groups, told.unmet) == ({}, 3)


def test_between_figures_too_far_apart_nothing_is_made_up() -> None:
    before = Met(at=NOW, figure=20)

    assert interpolate(before, Met(at=NOW + 90 * MINUTE, figure=50), NOW + HOUR) == 40
    assert interpolate(before, Met(at=NOW + 91 * MINUTE, figure=50), NOW + HOUR) is None
    assert interpolate(None, Met(at=NOW, figure=20), NOW) is None


def test_changes_of_counts_are_people_entered_and_cancelled() -> None:
    assert list_changes({1: 2, 2: 1, 3: 4}, {1: 5, 2: 1, 4: 1}) == {1: 3, 3: -4, 4: 1}


def test_it_is_stored_in_less_than_16_kb_and_goes_on_as_if_nothing_had_happened(
    east_kent: Area,
) -> None:
    unbroken, stopped, chance = Watched(east_kent), Watched(east_kent), random.Random(1)
    for number in range(24 * 15):
        at, minutes = NOW + number * 4 * MINUTE, chance.gauss(60, 10)
        for one in (unbroken, stopped):
            one.believe(at, minutes)
        if number == 200:
            stored = msgspec.json.encode(stopped.told)
            assert len(stored) < 16_000
            decoded = msgspec.json.decode(stored, type=FacilityTold)
            stopped.monitor.restore({PLACE: decoded})

    assert msgspec.json.encode(stopped.told) == msgspec.json.encode(unbroken.told)


def test_facilities_that_have_left_the_area_are_not_gone_on_with(watched: Watched) -> None:
    watched.monitor.restore({PLACE: FacilityTold(), "nowhere": FacilityTold()})

    assert list(watched.monitor.facilities) == [PLACE]


@pytest.mark.parametrize("damage", [{"by_horizon": []}, {"said": [[1, 2]]}, {"last": 5}])
def test_what_is_damaged_is_refused_when_it_is_read(damage: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(damage), type=FacilityTold)


def test_readings_of_places_that_nothing_is_forecast_of_are_let_by(watched: Watched) -> None:
    one = observe(NOW, Wait(minutes=5, statistic=Statistic.MEDIAN), "nowhere")

    watched.monitor.take(apply_observation(None, one), None, NOW)

    assert watched.monitor.facilities == {}
