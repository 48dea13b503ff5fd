"""What a reading teaches: `waitless.forecast.learn`."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model import Clock, Statistic, Wait
from tests.support.waits import MONDAY, made_up, usual_day
from waitless.forecast.learn import shut, update
from waitless.forecast.predict import predict
from waitless.forecast.state import ForecastState, encode_state

LONDON = ZoneInfo("Europe/London")


def minutes(figure: float) -> Wait:
    return Wait(minutes=figure, statistic=Statistic.MEDIAN)


def learn(readings: Iterable[tuple[datetime, Wait]]) -> ForecastState:
    state = None
    for at, wait in readings:
        state = update(state, wait, at, UTC)
    assert state is not None
    return state


def test_a_usual_day_is_learnt_and_foretold() -> None:
    state = learn(made_up(28.25))
    six_in_the_morning = MONDAY + timedelta(days=28.25)

    told = predict(state, six_in_the_morning + timedelta(hours=2), UTC)

    assert told is not None
    assert state.latest is not None
    rise = usual_day(six_in_the_morning + timedelta(hours=2)) - usual_day(six_in_the_morning)
    assert told.mean - state.latest.figure == pytest.approx(rise, abs=12)


def test_usual_hours_go_by_the_clock_on_the_wall_across_a_change_of_it() -> None:
    # The clocks went forward on 29 March 2026: 8 in the morning was 08:00 UTC, then 07:00.
    start, zone = datetime(2026, 3, 23, 0, 30, tzinfo=LONDON), LONDON
    state = None
    for hour in range(24 * 14):
        at = (start.astimezone(UTC) + timedelta(hours=hour)).astimezone(zone)
        state = update(state, minutes(120 if at.hour == 8 else 20), at, zone)
    assert state is not None

    hourly = [state.profile.usual(24 + hour + 0.5) for hour in range(24)]

    assert max(range(24), key=hourly.__getitem__) == 8
    assert hourly[7] == pytest.approx(hourly[9], abs=1)


def test_a_change_of_statistic_starts_afresh() -> None:
    state = learn(made_up(5))

    changed = update(
        state, Wait(minutes=60, statistic=Statistic.LONGEST), MONDAY + timedelta(days=6), UTC
    )

    assert changed is not None
    assert changed.statistic is Statistic.LONGEST
    assert changed.profile.weight == 1.0
    assert len(changed.anchors) == 1
    assert all(node.spread.labels == 0 for node in changed.nodes)


def test_a_change_of_clock_starts_afresh() -> None:
    state = learn(made_up(5))
    other = Wait(minutes=60, statistic=Statistic.MEDIAN, clock=Clock(start="triage"))

    changed = update(state, other, MONDAY + timedelta(days=6), UTC)

    assert changed is not None
    assert changed.profile.weight == 1.0


def test_what_is_not_newer_teaches_nothing() -> None:
    state = learn(made_up(2))
    before = encode_state(state)

    for hours in (0, 20, 47.75):
        state = update(state, minutes(300), MONDAY + timedelta(hours=hours), UTC) or state

    assert encode_state(state) == before


def test_a_wait_without_any_figure_teaches_nothing() -> None:
    assert update(None, Wait(statistic=Statistic.BAND), MONDAY, UTC) is None


def test_a_closing_forgets_the_queue_and_keeps_what_is_usual() -> None:
    state = learn(made_up(10))
    weight, labels = state.profile.weight, [node.spread.labels for node in state.nodes]

    state = shut(state)

    assert state.latest is None
    assert predict(state, MONDAY + timedelta(days=10), UTC) is None
    opened = update(state, minutes(5), MONDAY + timedelta(days=10, minutes=30), UTC)
    assert opened is not None
    assert opened.latest is not None
    assert opened.latest.rise == 0
    assert opened.profile.weight > weight
    assert [node.spread.labels for node in opened.nodes] == labels


def test_a_reading_from_before_the_closing_does_not_come_back_after_it() -> None:
    state = shut(learn(made_up(1)))

    again = update(state, minutes(90), MONDAY + timedelta(hours=23), UTC)

    assert again is not None
    assert again.latest is None


def test_a_gap_leaves_out_what_it_hides_and_nothing_else() -> None:
    state = learn(made_up(10))
    labels = [node.spread.labels for node in state.nodes]

    state = learn_more(state, MONDAY + timedelta(days=11), [40])
    after_gap = [node.spread.labels for node in state.nodes]
    state = learn_more(state, MONDAY + timedelta(days=11, minutes=60), [50])

    assert after_gap == labels
    taught = [now - before for now, before in zip(node_labels(state), labels, strict=True)]
    assert taught == [0, 0, 1, 1, 0]


def learn_more(state: ForecastState, at: datetime, figures: list[float]) -> ForecastState:
    for number, figure in enumerate(figures):
        state = update(state, minutes(figure), at + timedelta(minutes=15 * number), UTC) or state
    return state


def node_labels(state: ForecastState) -> list[int]:
    return [node.spread.labels for node in state.nodes]


def test_an_hourly_source_teaches_the_horizons_it_can_and_no_shorter_one() -> None:
    state = learn(made_up(30, every_min=60))

    assert node_labels(state)[:2] == [0, 0]
    assert all(count > 600 for count in node_labels(state)[2:])


def test_state_does_not_grow_however_often_a_source_posts() -> None:
    few, many = learn(made_up(2, every_min=5)), learn(made_up(2, every_min=0.5))

    assert len(many.anchors) <= 51
    assert len(encode_state(many)) < 1.3 * len(encode_state(few))
    assert len(encode_state(many)) < 25_000


def test_a_reading_between_two_that_teach_is_still_the_latest() -> None:
    state = learn_more(learn(made_up(1, every_min=5)), MONDAY + timedelta(days=1), [80])

    state = update(state, minutes(200), MONDAY + timedelta(days=1, minutes=2), UTC) or state

    assert state.latest is not None
    assert state.latest.figure == 200
    assert state.anchors[-1].posted.figure == 80


def test_how_often_a_source_posts_does_not_change_what_its_day_weighs() -> None:
    often, seldom = learn(made_up(3, every_min=1)), learn(made_up(3, every_min=30))

    assert often.profile.weight == pytest.approx(seldom.profile.weight, rel=0.03)


def test_an_open_band_is_as_wide_as_the_last_closed_one() -> None:
    band = Wait(low=0, high=30, statistic=Statistic.BAND)
    state = update(None, band, MONDAY, UTC)

    over = Wait(low=240, statistic=Statistic.BAND)
    state = update(state, over, MONDAY + timedelta(minutes=15), UTC)

    assert state is not None
    assert state.latest is not None
    assert (state.latest.low, state.latest.high) == (240, 270)
    assert state.latest.open_topped


def test_a_band_teaches_by_its_width() -> None:
    """A range that ends within the band holds a part of it: neither a hit nor a miss."""
    bands = [Wait(low=60 * n, high=60 * n + 60, statistic=Statistic.BAND) for n in (1, 2)]
    state = None
    for number in range(4 * 24 * 30):
        wait = bands[number % 8 == 0]
        state = update(state, wait, MONDAY + timedelta(minutes=15 * number), UTC)
    assert state is not None
    assert state.latest is not None

    told = predict(state, MONDAY + timedelta(days=30), UTC)

    # Seven in eight are even over 60 to 120: with their middle alone the range would be 0 wide.
    assert told is not None
    assert 60 < told.p10 < 75
    assert told.p90 > 110


figures = st.one_of(
    st.builds(minutes, st.floats(0, 2160)),
    st.builds(lambda low: Wait(low=low, statistic=Statistic.MEDIAN), st.floats(0, 2160)),
    st.builds(
        lambda low, wide: Wait(low=low, high=low + wide, statistic=Statistic.MEDIAN),
        st.floats(0, 1000),
        st.floats(0, 600),
    ),
)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0.02, 6000), figures), min_size=1, max_size=60),
    st.floats(0, 400),
)
def test_whatever_is_posted_every_range_is_in_order_and_finite(
    readings: list[tuple[float, Wait]], ahead: float
) -> None:
    at, state = MONDAY, None
    for gap, wait in readings:
        at += timedelta(minutes=gap)
        state = update(state, wait, at, LONDON)
    assert state is not None

    told = predict(state, at + timedelta(minutes=ahead), LONDON)

    assert told is not None
    assert 0 <= told.p10 <= told.p50 <= told.p90 < 20_000
    assert 0 <= told.p10 <= told.mean <= told.p90
