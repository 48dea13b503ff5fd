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
    return _bind(host, port, reuse_port=False)


def listen_together(host: str, port: int, count: int) -> list[socket.socket]:
    """Sockets on one port, between which the kernel spreads connections evenly.

    Where it cannot (no SO_REUSEPORT), the same socket as often: who accepts first, has it.

    Raises:
        ClickException: as `listen` does.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        return [listen(host, port)] * count
    listen(host, port).close()  # SO_REUSEPORT alone would join whoever else has the port
    first = _bind(host, port, reuse_port=True)
    taken = first.getsockname()[1]
    return [first, *(_bind(host, taken, reuse_port=True) for _ in range(count - 1))]


def _bind(host: str, port: int, *, reuse_port: bool) -> socket.socket:
    try:
        return socket.create_server((host, port), reuse_port=reuse_port, backlog=1024)
    except OSError as fault:
        raise click.ClickException(
            f"cannot listen on {host}, port {port} ({fault.strerror or fault}): "
            "try another port (--port 0 takes any free one)"
        ) from fault
