"""A forecast laid out over time: `waitless.forecast.outlook`."""

import dataclasses
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import Statistic, Wait
from feeds.recordings import load_recording
from tests.support.waits import MONDAY, made_up
from waitless.area.facility import Kind
from waitless.forecast.learn import shut, update
from waitless.forecast.outlook import (
    LAST_MINUTES,
    STEPS,
    Columns,
    Outlook,
    averaging_window,
    make_outlook,
)
from waitless.forecast.posted import WhenSeen, mean_of_range
from waitless.forecast.predict import Course, predict_seen, widen_expected
from waitless.forecast.state import ForecastState

HOUR = timedelta(hours=1)


def learn(days: float) -> tuple[ForecastState, datetime]:
    state, last = None, MONDAY
    for at, wait in made_up(days):
        state, last = update(state, wait, at, UTC), at
    assert state is not None
    return state, last


def lay_out(state: ForecastState, as_of: datetime, window: timedelta = HOUR) -> Outlook:
    outlook = make_outlook(state, as_of, Kind.UTC, zone=UTC, window=window)
    assert outlook is not None
    return outlook


@st.composite
def outlooks(draw: st.DrawFn) -> Outlook:
    """Any outlook there can be: waits of up to two days, ends in order."""
    minutes = st.floats(0, 2880).map(lambda one: round(one, 3))
    ends = [sorted(draw(st.tuples(minutes, minutes, minutes))) for _ in range(STEPS + 1)]
    p10, p50, p90 = zip(*ends, strict=True)
    posted = draw(st.tuples(*[minutes] * (STEPS + 1)))
    half = draw(st.sampled_from([0.0, 30.0]))
    return Outlook(as_of=MONDAY, half_window_min=half, posted=posted, p10=p10, p50=p50, p90=p90)


def compiled(columns: Columns, now_us: int, travel_us: int) -> tuple[float, float, float, float]:
    """`Outlook.seen` as its docstring spells it, from columns alone."""

    def at(nodes: tuple[float, ...], ahead: float) -> float:
        place = min(max(ahead, 0.0), 180.0) / 15.0
        k = min(int(place), 11)
        return nodes[k] + (place - k) * (nodes[k + 1] - nodes[k])

    away = float(now_us - columns.as_of_us + travel_us) / 60000000.0 + columns.half_window_min
    wait = at(columns.posted, away + columns.posted[0])
    p50 = at(columns.p50, away + wait)
    p10 = min(at(columns.p10, away + wait), p50)
    p90 = max(at(columns.p90, away + wait), p50)
    return p10, p50, p90, 0.3 * p10 + 0.4 * p50 + 0.3 * p90


@given(outlooks(), st.integers(-600_000_000, 7_200_000_000), st.integers(0, 14_400_000_000))
def test_what_is_written_of_its_arithmetic_gives_the_same_bits(
    outlook: Outlook, since_us: int, travel_us: int
) -> None:
    seen = outlook.seen(
        MONDAY + timedelta(microseconds=since_us), timedelta(microseconds=travel_us)
    )

    now_us = int(MONDAY.timestamp()) * 1_000_000 + since_us
    assert compiled(outlook.columns, now_us, travel_us) == (
        seen.p10,
        seen.p50,
        seen.p90,
        seen.mean,
    )


@given(outlooks(), st.timedeltas(-HOUR, 3 * HOUR), st.timedeltas(timedelta(), 12 * HOUR))
def test_every_range_is_in_order_and_within_its_nodes(
    outlook: Outlook, since: timedelta, travel: timedelta
) -> None:
    seen = outlook.seen(MONDAY + since, travel)

    assert 0 <= seen.p10 <= seen.p50 <= seen.p90
    assert seen.p90 <= max(outlook.p90) + 1e-9
    assert seen.mean == mean_of_range(seen.p10, seen.p50, seen.p90)
    assert seen.basis == "forecast"


@given(outlooks())
def test_stored_and_read_again_it_is_the_same(outlook: Outlook) -> None:
    assert msgspec.json.decode(msgspec.json.encode(outlook), type=Outlook) == outlook


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("p50", [1.0] * STEPS),
        ("posted", [1.0] * (STEPS + 2)),
        ("p90", [1.0] * STEPS + [-1.0]),
        ("p10", [1.0] * STEPS + [None]),
        ("as_of", "2026-11-23T10:00:00"),
        ("half_window_min", None),
    ],
)
def test_a_damaged_one_cannot_be_read(part: str, value: object) -> None:
    told = msgspec.json.decode(msgspec.json.encode(lay_out(*learn(2))))

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({**told, part: value}), type=Outlook)


def test_at_a_node_it_is_the_forecast_itself() -> None:
    state, as_of = learn(20)
    outlook, window = lay_out(state, as_of), averaging_window(Statistic.MEDIAN)
    wait = timedelta(minutes=outlook.posted[0])
    # The first step falls on a node, and so does the second, as nothing is expected to change.
    assert state.latest is not None
    flat = dataclasses.replace(outlook, posted=outlook.posted[:1] * (STEPS + 1))

    for step in range(4, STEPS + 1):
        travel = timedelta(minutes=15 * step) - wait - window / 2
        told = Course(state, state.latest, UTC).expect(15.0 * step)
        expected = widen_expected(state, told, Kind.UTC)
        assert flat.seen(as_of, travel).p50 == pytest.approx(expected.p50, abs=0.002)
        assert flat.seen(as_of, travel).p90 == pytest.approx(expected.p90, abs=0.002)


def test_beyond_three_hours_is_as_at_three_hours() -> None:
    outlook = lay_out(*learn(3))

    far = outlook.seen(outlook.as_of, timedelta(minutes=LAST_MINUTES))

    assert far == outlook.seen(outlook.as_of, timedelta(days=2))
    assert far.p90 == pytest.approx(outlook.p90[-1])


def test_a_clock_behind_the_readings_gets_the_reading_at_least() -> None:
    outlook = lay_out(*learn(3), timedelta())

    seen = outlook.seen(outlook.as_of - timedelta(days=1), timedelta())

    assert seen.p50 == outlook.p50[0]


def test_the_first_reading_is_told_with_a_wide_range() -> None:
    state = update(None, Wait(minutes=60, statistic=Statistic.MEDIAN), MONDAY, UTC)
    assert state is not None

    seen = lay_out(state, MONDAY).seen(MONDAY, timedelta(minutes=20))

    assert seen.p50 == pytest.approx(60, abs=1)
    assert seen.p10 < 25
    assert seen.p90 > 110


def test_of_another_reading_than_the_learnt_one_there_is_none() -> None:
    state, as_of = learn(2)

    for other in (as_of + timedelta(seconds=1), as_of - timedelta(minutes=15)):
        assert make_outlook(state, other, Kind.UTC, zone=UTC, window=HOUR) is None


def test_while_the_door_is_shut_there_is_none() -> None:
    state, as_of = learn(2)

    assert make_outlook(shut(state), as_of, Kind.UTC, zone=UTC, window=HOUR) is None


def test_only_figures_of_those_who_were_seen_have_a_window() -> None:
    hourly = {Statistic.MEAN, Statistic.MEDIAN, Statistic.P90}

    assert {one for one in Statistic if averaging_window(one)} == hourly
    assert averaging_window(Statistic.MEDIAN) == HOUR


@pytest.mark.parametrize(
    ("file", "zone"),
    [
        ("alberta_2026-06-16_2026-07-31.csv.gz", "America/Edmonton"),
        ("coventry_changes_2022-12_2023-03.csv.gz", "Europe/London"),
    ],
)
def test_it_tells_what_the_forecast_tells_within_a_minute_99_times_in_100(
    shared_data: Path, file: str, zone: str
) -> None:
    chance, states, local = random.Random(1), {}, ZoneInfo(zone)
    off: dict[str, list[float]] = {"p10": [], "p50": [], "p90": [], "mean": []}
    for row in load_recording(shared_data / "series" / file):
        if not isinstance(row.wait, Wait):
            continue
        at = row.measured_at
        state = states[row.facility_id] = update(states.get(row.facility_id), row.wait, at, local)
        if state is None or chance.random() > 0.1:
            continue
        window = averaging_window(state.statistic)
        outlook = make_outlook(state, at, Kind.ED, zone=local, window=window)
        if outlook is None:
            continue
        now = at + timedelta(minutes=chance.uniform(0, 30))
        travel = timedelta(minutes=chance.choice([0, 5, 20, 45, 90]))
        told = predict_seen(state, now, travel, Kind.ED, zone=local, window=window)
        assert isinstance(told, WhenSeen)
        for name, values in off.items():
            values.append(abs(getattr(outlook.seen(now, travel), name) - getattr(told, name)))

    for values in off.values():
        values.sort()
        assert len(values) > 400
        assert values[len(values) * 99 // 100] < 1
        assert values[-1] < 8
