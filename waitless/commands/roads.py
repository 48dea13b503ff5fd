"""`waitless roads build`: an OpenStreetMap extract in, a road file and a summary out."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from routing.osm import STAGES, ExtractFault, build_roads
from routing.roadarrays import Roads
from routing.roadfile import SUFFIX, save_road_file


@click.command()
@click.argument("extract", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help=f"The file to write, ending in {SUFFIX}.",
)
@click.option("--ferries", is_flag=True, help="Take ferry routes, with a wait for boarding.")
def build(extract: Path, out: Path, *, ferries: bool) -> None:
    """Build a road graph from EXTRACT, an OpenStreetMap file such as kent-latest.osm.pbf.

    An area pack uses the result by naming it in area.toml: roads = "kent.roads".
    """
    if out.suffix != SUFFIX:
        raise click.ClickException(f"{out}: the name must end in {SUFFIX}, by which it is known")
    try:
        roads = _build_with_bar(extract, ferries=ferries)
        save_road_file(roads, out)
    except ExtractFault as fault:
        raise click.ClickException(str(fault)) from fault
    except OSError as fault:
        raise click.ClickException(f"{out}: cannot be written: {fault}") from fault
    for line in sum_up(roads):
        click.echo(line)
    click.echo(f"{out}: {out.stat().st_size / 1e3:,.0f} kB")


def _build_with_bar(extract: Path, *, ferries: bool) -> Roads:
    """Build with a progress bar on standard error, a step for each stage."""
    with click.progressbar(
        length=len(STAGES),
        label="Building roads",
        item_show_func=_show,
        file=sys.stderr,
    ) as bar:

        def report(stage: str) -> None:
            bar.update(0 if stage == STAGES[0] else 1, stage)

        roads = build_roads(extract, ferries=ferries, report=report)
        bar.update(1)
    return roads


def _show(stage: str | None) -> str | None:
    return stage


def sum_up(roads: Roads) -> Iterator[str]:
    """Yield the lines of a build's summary."""
    summary: Mapping[str, Any] = roads.meta["summary"]
    source = roads.meta["source"]
    yield f"{len(roads.lat)} junctions, {len(roads.tails)} directed edges from {source}"
    for mode, figures in summary["modes"].items():
        yield f"  {mode}: {figures['junctions']} junctions, {figures['edges']} directed edges"
    yield f"  turn restrictions honoured: {summary['turn_restrictions_honoured']}"
    kinds = ", ".join(f"{count} {kind}" for kind, count in summary["barriers"].items())
    yield f"lines that no access leg crosses: {kinds or 'none'}"
    yield "km by class, each direction for itself:"
    for name, km in summary["km"].items():
        yield f"  {name}: {km}"
    yield "dropped, or not as mapped:" if summary["dropped"] else "nothing dropped"
    for reason, count in summary["dropped"].items():
        yield f"  {reason}: {count}"
