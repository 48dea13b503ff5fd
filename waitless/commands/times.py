"""`waitless roads times`: how long the way is from many places to every facility."""

import csv
import sys
from pathlib import Path

import click

from waitless.area.pack import AreaFault, find_pack, load_area
from waitless.commands.settings import read_settings
from waitless.origins import NamedOrigin, OriginsFault, read_origins, write_times
from waitless.travel import TravelBuilder

MODES = click.Choice(["drive", "walk", "cycle"])


@click.command()
@click.argument("origins", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mode", type=MODES, default="drive", show_default=True)
def times(origins: Path, mode: str) -> None:
    """Usual travel minutes from each origin to every facility, as CSV.

    ORIGINS is a CSV file with the columns id, lat and lon.
    """
    try:
        settings = read_settings()
        area = load_area(find_pack(settings.area))
        rows = read_origins(origins)
        tables = TravelBuilder(area, settings.horizon_minutes).build()
    except (AreaFault, OriginsFault) as fault:
        raise click.ClickException(str(fault)) from fault

    def unreachable(origin: NamedOrigin) -> None:
        place = f"{origin.id} ({origin.lat}, {origin.lon})"
        click.echo(f"no way from {place} to any facility: outside the area?", err=True)

    writer = csv.writer(sys.stdout, lineterminator="\n")
    write_times(rows, tables, mode, writer, unreachable)
