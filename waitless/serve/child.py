"""A serving process as its supervisor sees it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress

from waitless.serve.process import BOOTED, LISTEN

BOOTS_WITHIN_S = 180.0
"""Travel tables of a country take a while where no other process has put them on the shelf."""
ENDS_WITHIN_S = 20.0


class Child:
    """One process, from its start to its end.

    Attributes:
        ended: done, with its exit status, once it has ended.
    """

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        self.ended = asyncio.create_task(process.wait())

    @classmethod
    async def start(cls, role: str, listening: socket.socket, more: Mapping[str, str]) -> "Child":
        """Start a process that inherits a listening socket.

        Args:
            role: what it does: `api` or `ingest`.
            listening: stays open here, so that nothing that waits in it is lost with the process.
            more: environment beside ours.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "waitless", "serve", "--role", role,
                "--listen-fd", str(listening.fileno()), "--control-fd", str(theirs.fileno()),
                pass_fds=(listening.fileno(), theirs.fileno()),
                env={**os.environ, **more},
            )  # fmt: skip
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def boots(self) -> bool:
        """Whether it comes to where it could listen, before it ends or the time is over."""
        try:
            async with asyncio.timeout(BOOTS_WITHIN_S):
                return await asyncio.get_running_loop().sock_recv(self._control, 1) == BOOTED
        except (TimeoutError, OSError):
            return False

    def listen(self) -> None:
        """Let it accept connections."""
        with suppress(OSError):  # it has just died: `ended` will tell
            self._control.send(LISTEN)

    async def end(self) -> None:
        """Let it drain and end; kill it where it does not."""
        for number, within_s in ((signal.SIGTERM, ENDS_WITHIN_S), (signal.SIGKILL, None)):
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            await asyncio.wait({self.ended}, timeout=within_s)
            if self.ended.done():
                break
        self._control.close()
