"""`waitless check`: whether what the service is given can be used."""

from datetime import UTC, datetime, timedelta

import click

from waitless.area.pack import AreaFault, find_pack, load_area
from waitless.commands.settings import read_settings
from waitless.keys import KeyRing, KeysFault
from waitless.redis_link import open_redis
from waitless.settings import SettingsFault
from waitless.signin.accounts import Accounts
from waitless.signin.openid import OpenId
from waitless.tracing.opening import find_collector
from waitless.travel import TravelBuilder


@click.command()
def check() -> None:
    """Say whether settings and area pack are valid, or what is wrong and where."""
    settings = read_settings()
    try:
        settings.find_mqtt()
        settings.list_trusted_proxies()
        find_collector(settings)
        open_redis(settings.redis_url, password=settings.find_redis_password())
        KeyRing.load(settings.keys_file)
        Accounts.load(settings.accounts_file)
        OpenId.read(settings)
        area = load_area(find_pack(settings.area), settings.places_file, settings.timetable_file)
        TravelBuilder(area, settings.horizon_minutes)
    except (AreaFault, SettingsFault, KeysFault) as fault:
        raise click.ClickException(str(fault)) from fault
    postcodes = area.places.postcodes
    full_postcodes = f"{len(postcodes.keys)} full postcodes, " if postcodes is not None else ""
    click.echo(
        f"{area.id}: {len(area.facilities)} facilities, {len(area.roads.lat)} junctions, "
        f"{len(area.roads.tails)} directed road links, {len(area.places.list_places())} places, "
        f"{full_postcodes}"
        f"{len(area.feeds)} feeds and {len(area.traffic)} traffic sources listened to: valid"
    )
    if area.timetable is not None:
        click.echo(f"timetable: {area.timetable.sum_up()}")
        if area.timetable.find_last_day() < datetime.now(UTC).date():
            click.echo("note: nothing in the timetable runs any more: build a newer one", err=True)
    last = max(area.calendar.holidays, default=None)
    if last is None or last < datetime.now(UTC).date() + timedelta(days=90):
        click.echo(f"note: the last public holiday listed is {last}: add the coming ones", err=True)
