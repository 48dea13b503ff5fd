"""`waitless demo`: everything on one machine."""

import os

import click

from waitless.commands.settings import read_settings
from waitless.demo.model import Behaviour
from waitless.demo.run import run_demo
from waitless.logs import start_logging
from waitless.simulate.policies import PolicyName


@click.command()
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
    quiet = None if "WAITLESS_LOG_LEVEL" in os.environ else "WARNING"
    settings = read_settings(log_level=quiet)
    start_logging(settings.log_level, settings.log_format)
    behaviour = Behaviour(policy=PolicyName(policy), adoption=adoption)
    run_demo(port=port, speed=speed, seed=seed, behaviour=behaviour)
