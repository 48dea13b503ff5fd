"""One serving process: start the application, listen when told to, drain when it ends."""

import asyncio
import gc
import signal
import socket
from typing import cast

from aiohttp import web

from waitless.serve.draining import DRAINING, Draining
from waitless.serve.gate import Gate
from waitless.web.ready import add_hook

BOOTED, LISTEN = b"b", b"l"
"""What a process tells its supervisor, and is told by it, on the socket between them."""
DRAINED_WITHIN_S = 5.0
"""How long keep-alive connections have to be told `Connection: close` with their next answer."""
FINISHED_WITHIN_S = 5.0
"""How long a request in work may take after that."""
_LOOK_EVERY_S = 0.05


GATE = web.AppKey("gate", Gate)
"""Where an application has its own."""


async def serve_app(
    app: web.Application, listening: socket.socket, control: socket.socket | None = None
) -> None:
    """Serve until told to end, or until background work of the application dies.

    SIGTERM, and the death of the supervisor, drain; SIGINT ends at once.

    Args:
        app: the application, not yet started.
        listening: bound; other processes may have it too, so that what waits in it is not lost.
        control: to the supervisor, which says when to listen; None where there is none.
    """
    draining = app.setdefault(DRAINING, Draining())
    add_hook(app, draining.close_after)
    ending, at_once = asyncio.Event(), asyncio.Event()

    def interrupt() -> None:
        at_once.set()
        ending.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    if control is not None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the supervisor's business
    gate = app[GATE]
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=gate.idle_s,
        shutdown_timeout=FINISHED_WITHIN_S,
    )
    try:
        await runner.setup()
        calm_collector()
        told = None if control is None else asyncio.create_task(_obey(control, ending))
        if told is None or await _first(told, ending):
            accepting = await gate.open(cast("web.Server", runner.server), listening)
            await ending.wait()
            await gate.close(accepting)
            draining.on = True
            if not at_once.is_set():
                await _drain(runner, at_once)
    finally:
        await runner.cleanup()


def calm_collector() -> None:
    """Have garbage collected in small steps; whatever searches for it holds answers up.

    What start-up made stays to the end and is never searched: 190,000 objects, 150 ms. Answering
    makes next to no cycles, so the middle generation is searched at every second turn of the young
    one, while it is small, and the old one once in some 70,000 objects that stay: every connection
    that ends leaves a cycle of asyncio's, and if it was open for long, a kilobyte there.
    """
    gc.freeze()
    gc.set_threshold(700, 1, 50)


async def _obey(control: socket.socket, ending: asyncio.Event) -> None:
    """Say that we could listen; return when we shall, and go on to end with the supervisor."""
    loop = asyncio.get_running_loop()
    control.setblocking(False)
    await loop.sock_sendall(control, BOOTED)
    if await loop.sock_recv(control, 1) != LISTEN:
        ending.set()
        return
    loop.add_reader(control.fileno(), ending.set)  # nothing more is sent: its end is readable


async def _first(told: asyncio.Task[None], ending: asyncio.Event) -> bool:
    """Whether we are told to listen before we are told to end."""
    waiting = asyncio.create_task(ending.wait())
    await asyncio.wait({told, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if told.done():
        told.result()
    else:
        told.cancel()
    return not ending.is_set()


async def _drain(runner: web.AppRunner, at_once: asyncio.Event) -> None:
    """Wait until every connection has had an answer that closes it, but not for ever."""
    await runner.shutdown()  # event streams would never end
    deadline = asyncio.get_running_loop().time() + DRAINED_WITHIN_S
    await asyncio.sleep(2 * _LOOK_EVERY_S)  # what was accepted last is not among the connections
    server = runner.server
    while server is not None and server.connections and not at_once.is_set():
        if asyncio.get_running_loop().time() >= deadline:
            return
        await asyncio.sleep(_LOOK_EVERY_S)
