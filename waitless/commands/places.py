"""`waitless places build`: published postcodes in, an area's own file and a summary out."""

import sys
from pathlib import Path

import click

from waitless.area.bounds import Bounds
from waitless.area.pack import AreaFault, find_pack, load_bounds
from waitless.area.postcodefile import SUFFIX, PlacesFault, save_postcodes
from waitless.area.postcodesource import Source, list_files, read_source


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--area", "pack", required=True, help="A shipped area's name, or a pack's folder.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help=f"The file to write, ending in {SUFFIX}.",
)
def build(source: Path, pack: str, out: Path) -> None:
    """Keep the full postcodes of SOURCE that lie in an area.

    SOURCE is a CSV file (.csv or .csv.gz) or a folder of them: Code-Point Open, or ONSPD. An area
    pack uses the result by naming it in area.toml: postcodes = "kent.places"; or name it with
    WAITLESS_PLACES_FILE.
    """
    if out.suffix != SUFFIX:
        raise click.ClickException(f"{out}: the name must end in {SUFFIX}, by which it is known")
    try:
        read = _read_with_bar(source, load_bounds(find_pack(pack)))
        save_postcodes(read.postcodes, out)
    except (AreaFault, PlacesFault, OSError) as fault:
        raise click.ClickException(str(fault)) from fault
    click.echo(f"{len(read.postcodes.keys)} postcodes of {read.rows} ({read.postcodes.source})")
    for drop, count in sorted(read.dropped.items()):
        where = f", first in {read.first[drop]}" if drop in read.first else ""
        click.echo(f"  left out: {count} {drop}{where}")
    click.echo(f"{out}: {out.stat().st_size / 1e3:,.0f} kB")


def _read_with_bar(source: Path, bounds: Bounds) -> Source:
    """Read with a progress bar on standard error, by bytes."""
    size = sum(one.stat().st_size for one in list_files(source))
    with click.progressbar(length=size, label="Reading postcodes", file=sys.stderr) as bar:
        return read_source(source, bounds, bar.update)
