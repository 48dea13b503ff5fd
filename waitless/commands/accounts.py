"""`waitless accounts hash`: a line for the accounts file."""

import sys

import click

from feeds.topics import is_slug
from waitless.keys import PEOPLE, Role
from waitless.signin.accounts import find_fault, make_account


@click.command()
@click.argument("name")
@click.option("--role", type=click.Choice([one.value for one in PEOPLE]), required=True)
def hash(name: str, role: str) -> None:  # noqa: A001 - the command's name
    """Hash the password of NAME, for the file that WAITLESS_ACCOUNTS_FILE names.

    The password is asked for, or is the first line of standard input; it is never an argument,
    which other users of the machine could read.
    """
    if not is_slug(name):
        raise click.ClickException(f"{name!r} is not a slug such as anna or night-desk")
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    fault = find_fault(password, name)
    if fault is not None:
        raise click.ClickException(f"that password will not do: {fault}")
    click.echo(make_account(name, Role(role), password), nl=False)
