"""What a backtest came to, drawn: four plots into one folder."""

from collections.abc import Callable
from datetime import timedelta, tzinfo
from pathlib import Path

from matplotlib import figure as plotting
from matplotlib.axes import Axes

from waitless.forecast.backtest import HORIZONS_MINUTES, Backtest, SiteResult
from waitless.forecast.scores import LEVELS

DAY = timedelta(days=1)
WEEK = 7 * DAY
WEEK_HORIZON = 60
ENOUGH_DAYS = 14
AIM = 0.8


def save_plots(found: Backtest, folder: Path, zone: tzinfo) -> list[Path]:
    """Draw a backtest that has sites; gives the files. The folder is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    drawings: dict[str, Callable[[Axes, Backtest], None]] = {
        "error_by_horizon": _draw_error,
        "coverage": _draw_coverage,
        "reliability": _draw_reliability,
    }
    paths = []
    for name, draw in drawings.items():
        sheet = plotting.Figure(figsize=(7, 4.5), layout="constrained")
        draw(sheet.subplots(), found)
        paths.append(folder / f"{name}.png")
        sheet.savefig(paths[-1], dpi=130)
    sheet = plotting.Figure(figsize=(11, 4.5), layout="constrained")
    _draw_week(sheet.subplots(), max(found.sites, key=lambda site: len(site.issued)), zone)
    paths.append(folder / "week.png")
    sheet.savefig(paths[-1], dpi=130)
    return paths


def _draw_error(axes: Axes, found: Backtest) -> None:
    scores = {horizon: score.summary() for horizon, score in found.scores().items()}
    for key, label, style in (
        ("rmse", "root mean square, forecast", "o-"),
        ("rmse_latest", "root mean square, latest reading", "o--"),
        ("mae_p50", "mean absolute, forecast", "s-"),
        ("mae_latest", "mean absolute, latest reading", "s--"),
    ):
        axes.plot(list(scores), [one[key] for one in scores.values()], style, label=label)
    axes.set_xlabel("minutes ahead")
    axes.set_ylabel("error, minutes")
    axes.set_ylim(bottom=0)
    axes.set_title("Error by horizon")
    axes.legend(fontsize="small")


def _draw_coverage(axes: Axes, found: Backtest) -> None:
    long = [site for site in found.sites if site.days >= ENOUGH_DAYS]
    for horizon, score in found.scores().items():
        shares = [site.scores[horizon].coverage80 for site in long if horizon in site.scores]
        axes.scatter([horizon] * len(shares), shares, s=16, color="tab:gray", alpha=0.6)
        axes.scatter([horizon], [score.coverage80], s=60, marker="D", color="tab:blue", zorder=3)
    axes.axhline(AIM, color="black", linewidth=0.8)
    axes.set_ylim(0.5, 1)
    axes.set_xlabel("minutes ahead")
    axes.set_ylabel("share of readings from p10 to p90")
    axes.set_title(f"Coverage: all (blue), and each of {len(long)} sites with 14 days or more")


def _draw_reliability(axes: Axes, found: Backtest) -> None:
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    for horizon, score in found.scores().items():
        axes.plot(LEVELS, list(score.reliability().values()), "o-", label=f"{horizon} min")
    axes.set_xlabel("share of readings that should be below p10, p50, p90")
    axes.set_ylabel("share that was")
    axes.set_title("Reliability")
    axes.legend(fontsize="small")


def _draw_week(axes: Axes, site: SiteResult, zone: tzinfo) -> None:
    """The last week of the site with most readings: what was told an hour before, and what came."""
    place, ahead = HORIZONS_MINUTES.index(WEEK_HORIZON), timedelta(minutes=WEEK_HORIZON)
    last = site.issued[-1].at.astimezone(zone)
    start = last.replace(hour=0, minute=0, second=0, microsecond=0) - WEEK
    week = [one for one in site.issued if one.at >= start]
    told = [one.expected[place] for one in week]
    then = [(one.at + ahead - start) / DAY for one in week]
    axes.fill_between(
        then,
        [one.p10 for one in told],
        [one.p90 for one in told],
        alpha=0.25,
        label=f"80% range, told {WEEK_HORIZON} min before",
    )
    axes.plot(then, [one.mean for one in told], linewidth=1, label="its mean")
    axes.step(
        [(one.at - start) / DAY for one in week],
        [one.posted.figure for one in week],
        where="post",
        linewidth=1,
        color="black",
        label="posted",
    )
    days = range(9)
    axes.set_xticks(days, [f"{start + number * DAY:%a %d %b}" for number in days])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("minutes")
    axes.set_title(f"{site.facility_id}: the last week")
    axes.legend(fontsize="small")
