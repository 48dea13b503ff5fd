"""Forecasts of recorded waits, walked forward, against the latest reading as the forecast.

The series are of the shared data folder (`series/`). Bars are on the root mean square error at 60
and 120 minutes, on the share of readings within the 80% range, over all horizons and of each
site with at least 14 days, and on the time to learn one reading and forecast five horizons.
"""

import time
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from feeds.recordings import load_recording
from loadtests.benchmarks.detector.series import find_series
from loadtests.benchmarks.figures import RESULTS, Figure
from waitless.commands.forecast_plots import save_plots
from waitless.forecast.backtest import Backtest, backtest
from waitless.forecast.scores import Score

PLOTS = RESULTS / "forecast_backtest"
ENOUGH_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One series and how much lower its error must be, percent by horizon."""

    name: str
    file: str
    zone: str
    bars: dict[int, float]


TRIALS = (
    Trial(
        name="alberta",
        file="alberta_2026-06-16_2026-07-31.csv.gz",
        zone="America/Edmonton",
        bars={60: 11.0, 120: 21.0},
    ),
    Trial(
        name="coventry",
        file="coventry_changes_2022-12_2023-03.csv.gz",
        zone="Europe/London",
        bars={60: 7.5, 120: 13.0},
    ),
    Trial(
        name="hong_kong",
        file="hongkong_2024-03_2024-08.csv.gz",
        zone="Asia/Hong_Kong",
        bars={60: 8.0, 120: 14.0},
    ),
)


def run() -> list[Figure]:
    """Walk every series, save its plots and return the figures.

    Raises:
        FileNotFoundError: the series are not on this machine.
    """
    folder = find_series()
    figures: list[Figure] = []
    for trial in TRIALS:
        zone = ZoneInfo(trial.zone)
        found = backtest(load_recording(folder / trial.file), zone, time.perf_counter)
        save_plots(found, PLOTS / trial.name, zone)
        _print(found)
        figures += [*_errors(trial, found), *_coverages(trial.name, found)]
        figures.append(
            Figure(
                name=f"forecast.{trial.name}_ms_per_reading",
                value=1000 * sum(site.seconds for site in found.sites) / found.readings,
                unit="ms",
                bar=0.3,
                better="lower",
                reference=f"{found.readings} readings, five horizons each",
            )
        )
    return figures


def _errors(trial: Trial, found: Backtest) -> list[Figure]:
    scores = {horizon: score.summary() for horizon, score in found.scores().items()}
    return [
        Figure(
            name=f"forecast.{trial.name}_rmse_lower_{horizon}",
            value=100 * (1 - scores[horizon]["rmse"] / scores[horizon]["rmse_latest"]),
            unit="percent",
            bar=bar,
            better="higher",
            reference="the latest reading",
        )
        for horizon, bar in trial.bars.items()
    ]


def _coverages(name: str, found: Backtest) -> list[Figure]:
    sites = [_over_all(site.scores) for site in found.sites if site.days >= ENOUGH_DAYS]
    shares = [100 * site.coverage80 for site in sites if site.n]
    over_all = 100 * _over_all(found.scores()).coverage80
    return [
        _coverage(f"{name}_coverage_short_of_80", 80 - over_all, 2.0),
        _coverage(f"{name}_coverage_over_80", over_all - 80, 3.0),
        _coverage(f"{name}_site_coverage_short_of_80", 80 - min(shares), 10.0),
        _coverage(f"{name}_site_coverage_over_80", max(shares) - 80, 10.0),
    ]


def _coverage(name: str, value: float, bar: float) -> Figure:
    return Figure(
        name=f"forecast.{name}",
        value=value,
        unit="points",
        bar=bar,
        better="lower",
        reference="8 in 10 within the range",
    )


def _over_all(scores: dict[int, Score]) -> Score:
    return sum(scores.values(), start=Score())


def _print(found: Backtest) -> None:
    for horizon, score in found.scores().items():
        one = score.summary()
        print(
            f"  {horizon:>4} min: rmse {one['rmse']:6.2f} against {one['rmse_latest']:6.2f}, "
            f"mae {one['mae_p50']:6.2f} against {one['mae_latest']:6.2f}, "
            f"coverage {one['coverage80']:.3f}, {score.n} forecasts"
        )


if __name__ == "__main__":
    for item in run():
        print(item.line())
