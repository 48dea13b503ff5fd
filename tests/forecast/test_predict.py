"""What is told from a state: `waitless.forecast.predict`."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from feeds.model import Statistic, Wait
from tests.support.waits import MONDAY, made_up
from waitless.area.facility import Kind
from waitless.forecast.learn import shut, update
from waitless.forecast.posted import NORMAL_P90, between_patients
from waitless.forecast.predict import Expected, find_floor, predict, predict_seen, widen_expected
from waitless.forecast.state import ForecastState


def learn(days: float, *, every_min: float = 15, noise: float = 10) -> ForecastState:
    state = None
    for at, wait in made_up(days, every_min=every_min, noise=noise):
        state = update(state, wait, at, UTC)
    assert state is not None
    return state


def one_reading(wait: Wait) -> ForecastState:
    state = update(None, wait, MONDAY, UTC)
    assert state is not None
    return state


def tell(state: ForecastState, after_min: float) -> Expected:
    assert state.newest_min is not None
    told = predict(state, datetime.fromtimestamp(60 * (state.newest_min + after_min), UTC), UTC)
    assert told is not None
    return told


def test_the_first_reading_is_told_on_with_a_wide_range() -> None:
    told = tell(one_reading(Wait(minutes=60, statistic=Statistic.MEDIAN)), 60)

    assert told.mean == told.p50 == pytest.approx(60)
    assert told.p10 < 30
    assert told.p90 > 100


def test_a_range_narrows_to_what_a_quiet_facility_does() -> None:
    cold = tell(one_reading(Wait(minutes=60, statistic=Statistic.MEDIAN)), 60)
    warm = tell(learn(21, noise=2), 60)

    assert warm.p90 - warm.p10 < (cold.p90 - cold.p10) / 3


def test_the_reading_itself_is_told_for_its_own_instant() -> None:
    told = tell(learn(3), 0)
    band = tell(one_reading(Wait(low=60, high=120, statistic=Statistic.BAND)), 0)

    assert told.p10 == told.p90 == told.mean
    assert (band.p10, band.p90) == (pytest.approx(66), pytest.approx(114))


def test_an_instant_before_the_reading_is_told_as_the_reading() -> None:
    state = learn(3)

    assert tell(state, -30) == tell(state, 0)


def test_beyond_three_hours_is_told_as_three_hours() -> None:
    state = learn(3)
    assert state.latest is not None

    far, end = tell(state, 500), tell(state, 180)

    assert far == end


def test_a_forecast_does_not_jump_from_one_minute_to_the_next() -> None:
    state = learn(20)

    told = [tell(state, minute) for minute in range(181)]

    steps = [abs(after.mean - before.mean) for before, after in pairwise(told)]
    ends = [abs(after.p90 - before.p90) for before, after in pairwise(told)]
    assert max(steps) < 3
    assert max(ends) < 8


def test_an_hourly_source_lends_its_range_to_shorter_horizons() -> None:
    state = learn(30, every_min=60, noise=2)

    assert tell(state, 15).p90 - tell(state, 15).p10 <= tell(state, 60).p90 - tell(state, 60).p10


def test_nothing_posted_is_foretold_below_a_floor() -> None:
    state = None
    for at, wait in made_up(10):
        assert wait.minutes is not None
        stopped = Wait(minutes=max(60, wait.minutes), statistic=Statistic.ESTIMATE)
        state = update(state, stopped, at, UTC)
    assert state is not None

    told = [tell(state, after) for after in (15, 60, 180)]

    assert find_floor(state) == 60
    assert all(one.p10 >= 60 and one.mean >= 60 for one in told)


def test_at_a_floor_a_patients_range_opens_down_to_nothing() -> None:
    state = None
    for number in range(400):
        figure = 30 if number % 4 else 45
        at = MONDAY + timedelta(minutes=15 * number)
        state = update(state, Wait(minutes=figure, statistic=Statistic.ESTIMATE), at, UTC)
    assert state is not None

    seen = widen_expected(state, tell(state, 30), Kind.ED)

    assert find_floor(state) == 30
    assert seen.p10 == 0


def test_the_lowest_band_is_no_floor() -> None:
    state = None
    for number in range(400):
        low = 60 if number % 4 else 120
        band = Wait(low=low, high=low + 60, statistic=Statistic.BAND)
        state = update(state, band, MONDAY + timedelta(minutes=15 * number), UTC)
    assert state is not None

    assert find_floor(state) is None


def test_nothing_is_told_while_the_door_is_shut() -> None:
    state = shut(learn(2))

    assert predict(state, MONDAY + timedelta(days=2), UTC) is None
    assert (
        predict_seen(state, MONDAY + timedelta(days=2), timedelta(minutes=20), Kind.UTC, zone=UTC)
        is None
    )


def test_a_patients_range_is_wider_than_that_of_the_figure_by_what_is_between_patients() -> None:
    state = learn(20)
    told = tell(state, 60)

    seen = widen_expected(state, told, Kind.UTC)

    apart = NORMAL_P90 * between_patients(told.mean, Kind.UTC)
    assert seen.p90 - seen.p50 == pytest.approx(math.hypot(told.p90 - told.p50, apart))
    assert seen.p10 == max(0.0, seen.p50 - math.hypot(told.p50 - told.p10, apart))
    assert seen.basis == "forecast"
    assert seen.p10 < seen.mean < seen.p90


@pytest.mark.parametrize("statistic", list(Statistic))
def test_every_statistic_gives_a_range_in_order(statistic: Statistic) -> None:
    state = one_reading(Wait(minutes=50, statistic=statistic))

    seen = widen_expected(state, tell(state, 60), Kind.MIU)

    assert 0 <= seen.p10 <= seen.p50 <= seen.p90
    assert seen.p10 <= seen.mean <= seen.p90


def test_of_a_ninetieth_percentile_most_patients_wait_less() -> None:
    of_p90 = one_reading(Wait(minutes=120, statistic=Statistic.P90))
    of_median = one_reading(Wait(minutes=120, statistic=Statistic.MEDIAN))

    low = widen_expected(of_p90, tell(of_p90, 60), Kind.ED)
    high = widen_expected(of_median, tell(of_median, 60), Kind.ED)

    assert low.p50 < high.p50


def test_an_open_band_reaches_further_up_than_a_closed_one() -> None:
    closed = one_reading(Wait(low=240, high=300, statistic=Statistic.BAND))
    over = one_reading(Wait(low=240, statistic=Statistic.BAND))

    seen = [widen_expected(one, tell(one, 30), Kind.ED) for one in (closed, over)]

    assert seen[1].p90 - seen[1].p50 == pytest.approx(2 * (seen[0].p90 - seen[0].p50))


def test_the_wait_is_that_of_when_the_patient_is_seen_and_not_of_now() -> None:
    # At noon it is on the rise: the usual is 90 then, 120 at two and 142 at four.
    state = learn(28.5, noise=1)
    noon = MONDAY + timedelta(days=28.5)

    now = predict_seen(state, noon, timedelta(), Kind.UTC, zone=UTC)
    later = predict_seen(
        state, noon, timedelta(minutes=40), Kind.UTC, zone=UTC, window=timedelta(minutes=60)
    )

    assert now is not None
    assert later is not None
    assert now.p50 > 105
    assert later.p50 > now.p50 + 10
