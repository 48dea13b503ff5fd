"""`waitless serve`: the service, in one process or several."""

import asyncio
import socket
import sys

import click

from waitless.commands.settings import read_settings
from waitless.listening import listen
from waitless.logs import start_logging
from waitless.loops import make_loop
from waitless.settings import SettingsFault


@click.command()
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
    settings = read_settings(port=port)
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
