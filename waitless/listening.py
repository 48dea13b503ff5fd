"""The listening socket, bound before anything else is started: a taken port is told at once."""

import socket

import click


def listen(host: str, port: int) -> socket.socket:
    """A bound TCP socket.

    Args:
        host: a name or an address.
        port: 0 takes any free one.

    Raises:
        ClickException: the port is taken, or the host is none of ours; says what to try.
    """
    try:
        return socket.create_server((host, port), reuse_port=False)
    except OSError as fault:
        raise click.ClickException(
            f"cannot listen on {host}, port {port} ({fault.strerror or fault}): "
            "try another port (--port 0 takes any free one)"
        ) from fault
