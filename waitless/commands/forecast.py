"""`waitless forecast backtest`: a recorded series, walked forward."""

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import orjson

from feeds.recordings import RecordingFault, load_recording
from waitless.forecast.backtest import backtest as walk_series


def _zone(_: click.Context, __: click.Parameter, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as fault:
        raise click.BadParameter(f"{name!r} is not a zone such as Europe/London") from fault


@click.command()
@click.argument("series", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--zone",
    default="UTC",
    show_default=True,
    callback=_zone,
    help="The facilities' zone, which their usual hours go by.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw error by horizon, coverage, reliability and a week into this folder.",
)
def backtest(*, series: Path, zone: ZoneInfo, plots: Path | None) -> None:
    """Hold forecasts against what was posted later, and print the scores as JSON.

    SERIES is a .csv or .csv.gz file: facility, observed_at_utc, and wait_min, longest_wait_min or
    wait_lo_min and wait_hi_min. Every reading is forecast from with what was known when it came,
    each facility from nothing; `latest` in the scores is the latest reading as the forecast.
    Of a band, errors are from its middle and coverage is the share of its width in the range.
    Readings are taken as they stand: belief's rules are not applied.
    """
    if plots is not None and find_spec("matplotlib") is None:
        raise click.ClickException("--plots needs matplotlib: install the extra `plots`")
    try:
        observations = load_recording(series)
    except RecordingFault as fault:
        raise click.ClickException(str(fault)) from fault
    with click.progressbar(
        length=len(observations),
        label=series.name,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as bar:
        found = walk_series(observations, zone, time.perf_counter, bar.update)
    if not found.sites:
        raise click.ClickException(f"{series.name}: no reading with a figure in it")
    if plots is not None:
        from waitless.commands.forecast_plots import save_plots  # noqa: PLC0415 - an extra

        for path in save_plots(found, plots, zone):
            click.echo(f"drawn: {path}", err=True)
    click.echo(orjson.dumps(found.summary(), option=orjson.OPT_INDENT_2))
