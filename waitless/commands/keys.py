"""`waitless keys`: who may push waits, and who may operate."""

import click

from feeds.topics import is_slug
from waitless.keys import Role, make_key


@click.command()
@click.argument("name")
@click.option(
    "--role", type=click.Choice(["provider", "viewer", "operator", "admin"]), required=True
)
def make(name: str, role: str) -> None:
    """Make a key for NAME (a provider's slug, or an operator's name).

    The key is told once, on standard error; what belongs into the key file is on standard output.
    """
    if not is_slug(name):
        raise click.ClickException(f"{name!r} is not a slug such as kcht or night-desk")
    key, lines = make_key(name, Role(role))
    click.echo(f"The key of {name}, told this once: {key}", err=True)
    click.echo(lines)
