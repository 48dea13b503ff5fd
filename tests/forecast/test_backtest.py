"""Walk-forward evaluation: `waitless.forecast.backtest`."""

import time
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feeds.model import NoFigure, Observation, Statistic, Wait
from feeds.recordings import load_recording
from tests.support.waits import MONDAY, made_up, observe
from waitless.forecast.backtest import HORIZONS_MINUTES, backtest, hold, walk


def test_changing_the_future_changes_no_earlier_forecast() -> None:
    rows = [observe(at, wait) for at, wait in made_up(6)]
    cut = len(rows) // 2
    other = [
        observe(row.as_of + timedelta(minutes=3), Wait(minutes=400, statistic=Statistic.MEDIAN))
        for row in rows[cut:]
    ]

    as_it_was, changed = walk(rows, UTC), walk(rows[:cut] + other, UTC)

    assert changed[:cut] == as_it_was[:cut]
    assert changed[cut] != as_it_was[cut]


def test_errors_are_those_of_forecasts_against_the_reading_an_hour_later() -> None:
    rows = [
        observe(MONDAY + timedelta(hours=hour), Wait(minutes=figure, statistic=Statistic.MEDIAN))
        for hour, figure in enumerate([60, 90, 30])
    ]

    scores = hold(walk(rows, UTC))

    assert set(scores) == {60, 120}
    summary = scores[60].summary()
    assert summary["n"] == 2
    assert summary["rmse_latest"] == pytest.approx(((30**2 + 60**2) / 2) ** 0.5)
    assert summary["mae_latest"] == pytest.approx(45)
    # The latest reading as all three quantiles: 30 short, then 60 over.
    assert summary["pinball_latest"] == pytest.approx((15 + 30) / 2)


def test_a_reading_more_than_ten_minutes_off_is_no_label() -> None:
    rows = [
        observe(MONDAY + timedelta(minutes=minute), Wait(minutes=60, statistic=Statistic.MEDIAN))
        for minute in (0, 49, 300)
    ]

    assert hold(walk(rows, UTC)) == {}


def test_a_missing_figure_is_a_gap_and_not_a_reading() -> None:
    rows = [observe(at, wait) for at, wait in made_up(1)]
    gap = Observation(
        facility_id="deal-utc",
        feed_id="recording",
        as_of=rows[10].as_of + timedelta(minutes=1),
        received_at=rows[10].as_of,
        wait=NoFigure.UNKNOWN,
    )

    assert walk([*rows[:11], gap, *rows[11:]], UTC) == walk(rows, UTC)


def test_facilities_do_not_teach_each_other() -> None:
    rows = [observe(at, wait) for at, wait in made_up(3)]
    others = [observe(at, wait, "dover-utc") for at, wait in made_up(3, seed=2)]
    mixed = [row for pair in zip(rows, others, strict=True) for row in pair]

    found = backtest(mixed, UTC, time.perf_counter)

    assert [site.facility_id for site in found.sites] == ["deal-utc", "dover-utc"]
    assert found.sites[0].issued == walk(rows, UTC)


def test_on_a_made_up_place_the_latest_reading_is_beaten_and_8_in_10_are_within() -> None:
    rows = [observe(at, wait) for at, wait in made_up(60)]

    scores = backtest(rows, UTC, time.perf_counter).scores()

    assert list(scores) == list(HORIZONS_MINUTES)
    for horizon in (60, 120):
        summary = scores[horizon].summary()
        assert summary["rmse"] < 0.8 * summary["rmse_latest"]
        assert summary["mae_p50"] < 0.8 * summary["mae_latest"]
        assert 0.77 < summary["coverage80"] < 0.83


@pytest.mark.parametrize(
    ("file", "zone", "lower"),
    [
        ("alberta_2026-06-16_2026-07-31.csv.gz", "America/Edmonton", {60: 0.11, 120: 0.21}),
        ("coventry_changes_2022-12_2023-03.csv.gz", "Europe/London", {60: 0.075, 120: 0.13}),
    ],
)
def test_recorded_series_are_forecast_as_well_as_is_told(
    shared_data: Path, file: str, zone: str, lower: dict[int, float]
) -> None:
    rows = load_recording(shared_data / "series" / file)

    scores = backtest(rows, ZoneInfo(zone), time.perf_counter).scores()

    for horizon, bar in lower.items():
        summary = scores[horizon].summary()
        assert summary["rmse"] <= (1 - bar) * summary["rmse_latest"]
        assert 0.78 <= summary["coverage80"] <= 0.835
