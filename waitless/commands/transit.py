"""`waitless transit build`: a GTFS feed in, a timetable file and a summary out."""

import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import click
import numpy as np

from routing.transit.feedfile import SUFFIX, save_feed
from routing.transit.gtfs import TABLES, read_gtfs
from routing.transit.model import Gtfs
from routing.transit.reports import GtfsFault
from routing.transit.timetable import TimetableFault, lay_out_day


@click.command()
@click.argument("feed", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Say what runs on this day, and fail where nothing does.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The file to write, ending in {SUFFIX}; without it the feed is checked alone.",
)
def build(feed: Path, day: datetime | None, out: Path | None) -> None:
    """Build a timetable from FEED, a GTFS zip file or a folder with its tables."""
    if out is not None and out.suffix != SUFFIX:
        raise click.ClickException(f"{out}: the name must end in {SUFFIX}, by which it is known")
    try:
        gtfs = _read_with_bar(feed)
        lines = [*sum_up(gtfs), *([] if day is None else [_sum_up_day(gtfs, day.date())])]
        if out is not None:
            save_feed(gtfs, out)
    except (GtfsFault, TimetableFault) as fault:
        raise click.ClickException(str(fault)) from fault
    except OSError as fault:
        raise click.ClickException(f"{out}: cannot be written: {fault}") from fault
    for line in lines:
        click.echo(line)
    if out is not None:
        click.echo(f"{out}: {out.stat().st_size / 1e3:,.0f} kB")


def _read_with_bar(feed: Path) -> Gtfs:
    """Read with a progress bar on standard error, a step for each table."""
    with click.progressbar(
        length=len(TABLES),
        label="Reading timetable",
        item_show_func=lambda table: table,
        file=sys.stderr,
    ) as bar:
        gtfs = read_gtfs(feed, progress=lambda table: bar.update(table != TABLES[0], table))
        bar.update(1)
    return gtfs


def sum_up(gtfs: Gtfs) -> Iterator[str]:
    """Yield the lines of a build's summary."""
    yield (
        f"{len(np.unique(gtfs.stops))} stops served, {len(gtfs.line_names)} lines, "
        f"{np.count_nonzero(np.diff(gtfs.first))} trips, {len(gtfs.stops)} stop times, {gtfs.zone}"
    )
    first, last = _find_period(gtfs)
    yield f"runs from {first} to {last}"
    yield "refused, or not as written:" if gtfs.report.counts else "nothing refused"
    for reason, count in sorted(gtfs.report.counts.items()):
        yield f"  {reason}: {count}"
        for refusal in gtfs.report.examples:
            if refusal.reason is reason:
                yield f"    {refusal.file}:{refusal.line}: {refusal.problem}"


def _find_period(gtfs: Gtfs) -> tuple[date, date]:
    """Return the first and the last day that any service names."""
    weekly = [service for service in gtfs.services if any(service.weekdays)]
    days = [day for service in gtfs.services for day in service.added]
    days += [service.starts for service in weekly] + [service.ends for service in weekly]
    return min(days, default=date.min), max(days, default=date.min)


def _sum_up_day(gtfs: Gtfs, day: date) -> str:
    timetable = lay_out_day(gtfs, day)
    departs_s = timetable.connections.departs_s
    if not len(departs_s):
        raise TimetableFault(f"{day}: nothing runs on this day")
    first, last = (timedelta(seconds=int(departs_s[i])) for i in (0, -1))
    runs = len(np.unique(timetable.connections.runs))
    return f"{day}: {runs} runs, {len(departs_s)} connections from {first} to {last}"
