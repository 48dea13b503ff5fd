"""The `waitless` command: every way in, each a few lines that call the part that does the work."""

import asyncio
import csv
import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import click

from waitless import __version__
from waitless.listening import listen
from waitless.logs import start_logging
from waitless.loops import make_loop
from waitless.settings import Settings, SettingsFault, load_settings
from waitless.simulate.policies import PolicyName

MODES = click.Choice(["drive", "walk", "cycle"])


class _LazyMain(click.Group):
    """`waitless`: `simulate` is loaded when it is asked for, as its options name its parts."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return sorted([*super().list_commands(ctx), "simulate"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find one command."""
        if cmd_name != "simulate":
            return super().get_command(ctx, cmd_name)
        from waitless.commands.simulate import simulate  # noqa: PLC0415 - only this command pays

        return simulate


@click.group(cls=_LazyMain, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Where would I be seen soonest, and how sure is that?

    Settings come from WAITLESS_* environment variables and the TOML file that WAITLESS_CONFIG
    names; docs/settings.md lists them.
    """


@main.command()
@click.option("--role", type=click.Choice(["all", "api", "ingest"]), default="all")
@click.option("--port", type=click.IntRange(0, 65535), help="Instead of WAITLESS_PORT.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Answer from so many processes on one port; role all adds one that writes.",
)
@click.option("--listen-fd", type=int, hidden=True)
@click.option("--control-fd", type=int, hidden=True)
def serve(
    role: str, port: int | None, workers: int | None, listen_fd: int | None, control_fd: int | None
) -> None:
    """Run the service against the configured Redis and MQTT broker.

    SIGTERM drains. With --workers, SIGHUP replaces every process without a failed request.
    """
    settings = _settings(port=port)
    start_logging(settings.log_level, settings.log_format)
    if workers is not None:
        from waitless.serve.supervisor import supervise  # noqa: PLC0415 - only this pays for it

        if role == "ingest":
            raise click.UsageError("--workers is for the roles all and api: one process writes")
        sys.exit(supervise(settings, workers, writes=role == "all"))
    from waitless.app import Role, create_app  # noqa: PLC0415 - only this command pays for it
    from waitless.area.pack import AreaFault  # noqa: PLC0415
    from waitless.keys import KeysFault  # noqa: PLC0415
    from waitless.serve.process import serve_app  # noqa: PLC0415

    try:
        app = create_app(settings, Role(role))
        loop = make_loop(settings.loop)
    except (AreaFault, SettingsFault, KeysFault) as fault:
        raise click.ClickException(str(fault)) from fault
    if listen_fd is None or control_fd is None:
        listening, control = listen(settings.host, settings.port), None
        host, taken = listening.getsockname()[:2]
        click.echo(f"Running on http://{host}:{taken}")
    else:  # started by a supervisor
        listening, control = socket.socket(fileno=listen_fd), socket.socket(fileno=control_fd)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serve_app(app, listening, control))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--speed", type=click.FloatRange(0.1, 3600), default=1.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--adoption",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    help="Of the simulated people, so many go where an app sends them.",
)
@click.option(
    "--policy",
    type=click.Choice([one.value for one in PolicyName]),
    default=PolicyName.WAITLESS.value,
    show_default=True,
    help="By what that app sends them.",
)
def demo(port: int, speed: float, seed: int, adoption: float, policy: str) -> None:
    """Run everything on this machine with simulated feeds; nothing else is needed."""
    from waitless.demo.model import Behaviour  # noqa: PLC0415 - only this command pays for it
    from waitless.demo.run import run_demo  # noqa: PLC0415

    quiet = None if "WAITLESS_LOG_LEVEL" in os.environ else "WARNING"
    settings = _settings(log_level=quiet)
    start_logging(settings.log_level, settings.log_format)
    behaviour = Behaviour(policy=PolicyName(policy), adoption=adoption)
    run_demo(port=port, speed=speed, seed=seed, behaviour=behaviour)


@main.command()
def check() -> None:
    """Say whether settings and area pack are valid, or what is wrong and where."""
    from waitless.area.pack import AreaFault, find_pack, load_area  # noqa: PLC0415
    from waitless.keys import KeyRing, KeysFault  # noqa: PLC0415
    from waitless.redis_link import open_redis  # noqa: PLC0415
    from waitless.signin.accounts import Accounts  # noqa: PLC0415
    from waitless.signin.openid import OpenId  # noqa: PLC0415
    from waitless.tracing.opening import find_collector  # noqa: PLC0415
    from waitless.travel import TravelBuilder  # noqa: PLC0415

    settings = _settings()
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


@main.group()
def keys() -> None:
    """Keys of providers that push waits, and of operators."""


@keys.command()
@click.argument("name")
@click.option(
    "--role", type=click.Choice(["provider", "viewer", "operator", "admin"]), required=True
)
def make(name: str, role: str) -> None:
    """Make a key for NAME (a provider's slug, or an operator's name).

    The key is told once, on standard error; what belongs into the key file is on standard output.
    """
    from feeds.topics import is_slug  # noqa: PLC0415 - only this command pays for it
    from waitless.keys import Role, make_key  # noqa: PLC0415

    if not is_slug(name):
        raise click.ClickException(f"{name!r} is not a slug such as kcht or night-desk")
    key, lines = make_key(name, Role(role))
    click.echo(f"The key of {name}, told this once: {key}", err=True)
    click.echo(lines)


class _LazyRoads(click.Group):
    """`waitless roads`: `build` is loaded when it is asked for, as it brings numpy and scipy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return sorted([*super().list_commands(ctx), "build"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find one command."""
        if cmd_name != "build":
            return super().get_command(ctx, cmd_name)
        from waitless.commands.roads import build  # noqa: PLC0415 - only this command pays for it

        return build


@main.group(cls=_LazyRoads)
def roads() -> None:
    """Road graphs and travel times."""


@roads.command()
@click.argument("origins", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mode", type=MODES, default="drive", show_default=True)
def times(origins: Path, mode: str) -> None:
    """Usual travel minutes from each origin to every facility, as CSV.

    ORIGINS is a CSV file with the columns id, lat and lon.
    """
    from waitless.area.pack import AreaFault, find_pack, load_area  # noqa: PLC0415
    from waitless.origins import NamedOrigin, OriginsFault, read_origins, write_times  # noqa: PLC0415
    from waitless.travel import TravelBuilder  # noqa: PLC0415

    try:
        settings = _settings()
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


class _LazyFeeds(click.Group):
    """`waitless feeds`: loaded when it is asked for, as it brings the MQTT client along."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return self._loaded().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find one command."""
        return self._loaded().get_command(ctx, cmd_name)

    def _loaded(self) -> click.Group:
        from waitless.commands.feeds import feeds  # noqa: PLC0415 - only this group pays for it
        from waitless.commands.replay import replay  # noqa: PLC0415

        feeds.add_command(replay)
        return feeds


class _LazyGroup(click.Group):
    """A group whose commands are loaded when they are asked for: only who asks pays for them."""

    def __init__(self, name: str, sources: dict[str, str], *, help: str) -> None:  # noqa: A002 - click's
        """Commands by name, each with the module that has it under that name."""
        super().__init__(name, help=help)
        self._sources = sources

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Name the commands."""
        return list(self._sources)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find one command."""
        if cmd_name not in self._sources:
            return None
        command: click.Command = getattr(import_module(self._sources[cmd_name]), cmd_name)
        return command


_LAZY = [
    _LazyGroup(
        "accounts",
        {"hash": "waitless.commands.accounts"},
        help="People who sign in to the operators' pages by password.",
    ),
    _LazyGroup(
        "places",
        {"build": "waitless.commands.places"},
        help="Full postcodes, from published ones.",
    ),
    _LazyGroup(
        "transit",
        {"build": "waitless.commands.transit"},
        help="Timetables of buses and trains.",
    ),
    _LazyGroup(
        "forecast",
        {"backtest": "waitless.commands.forecast"},
        help="What the waits will be, held against the past.",
    ),
]
for _group in _LAZY:
    main.add_command(_group)
main.add_command(_LazyFeeds("feeds", help="Feed definitions, recorded payloads and series."))


def _settings(**overrides: object) -> Settings:
    try:
        return load_settings(os.environ, **overrides)
    except SettingsFault as fault:
        raise click.ClickException(str(fault)) from fault
