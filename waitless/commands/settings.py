"""The settings a command was given, or its end with the sentence that says what is wrong."""

import os

import click

from waitless.settings import Settings, SettingsFault, load_settings


def read_settings(**overrides: object) -> Settings:
    """Settings from the environment and the file it names, but for `overrides` that are not None.

    Raises:
        click.ClickException: a setting cannot be used.
    """
    try:
        return load_settings(os.environ, **overrides)
    except SettingsFault as fault:
        raise click.ClickException(str(fault)) from fault
