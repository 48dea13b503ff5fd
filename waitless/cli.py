"""The `waitless` command: what it can be asked for, and which module does it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from waitless import __version__


class _Lazy(click.Group):
    """A group whose commands are loaded when they are asked for: only who asks pays for them."""

    def __init__(self, name: str, modules: Mapping[str, str], **options: Any) -> None:  # noqa: ANN401 - click's
        """Commands by name, each with its module of `waitless.commands`."""
        super().__init__(name, **options)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return sorted([*super().list_commands(ctx), *self._modules])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find one command; None where there is none of that name."""
        if cmd_name not in self._modules:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"waitless.commands.{self._modules[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


_GROUPS = [
    _Lazy(
        "accounts",
        {"hash": "accounts"},
        help="People who sign in to the operators' pages by password.",
    ),
    _Lazy(
        "feeds",
        {"check": "feeds", "replay": "replay"},
        help="Feed definitions, recorded payloads and series.",
    ),
    _Lazy(
        "forecast",
        {"backtest": "forecast"},
        help="What the waits will be, held against the past.",
    ),
    _Lazy(
        "keys",
        {"make": "keys"},
        help="Keys of providers that push waits, and of operators.",
    ),
    _Lazy("places", {"build": "places"}, help="Full postcodes, from published ones."),
    _Lazy("roads", {"build": "roads", "times": "times"}, help="Road graphs and travel times."),
    _Lazy("transit", {"build": "transit"}, help="Timetables of buses and trains."),
]

main = click.version_option(__version__)(
    _Lazy(
        "waitless",
        {"check": "check", "demo": "demo", "serve": "serve", "simulate": "simulate"},
        commands=_GROUPS,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="""Where would I be seen soonest, and how sure is that?

        Settings come from WAITLESS_* environment variables and the TOML file that WAITLESS_CONFIG
        names; docs/settings.md lists them.
        """,
    )
)
