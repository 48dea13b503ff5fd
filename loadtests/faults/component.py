"""One process on the stage, and who starts it again when it has died, as `restart:` does."""

import asyncio
import os
import signal
from typing import Protocol

STARTED_AGAIN_AFTER_S = 1.0


class Child(Protocol):
    """A server or a `waitless serve`."""

    port: int

    @property
    def pid(self) -> int:
        """Of the process that runs now."""

    @property
    def alive(self) -> bool:
        """Whether it runs, if only stopped."""

    def start(self) -> None:
        """Start it again on its port."""


class Component:
    """A part of the service under its keeper."""

    def __init__(self, name: str, child: Child) -> None:
        self.name = name
        self.child = child
        self.lives = 1
        """How often it was started."""
        self.grace = asyncio.Event()
        """The keeper starts nothing while this is not set."""
        self.grace.set()

    @property
    def port(self) -> int:
        """Of 127.0.0.1; the same in all its lives."""
        return self.child.port

    def kill(self) -> None:
        """Kill -9."""
        os.kill(self.child.pid, signal.SIGKILL)

    def end(self) -> None:
        """Tell it to end; the keeper starts it again."""
        os.kill(self.child.pid, signal.SIGTERM)

    def pause(self) -> None:
        """Stop it where it is."""
        os.kill(self.child.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        if self.child.alive:
            os.kill(self.child.pid, signal.SIGCONT)

    async def keep(self) -> None:
        """Start it again whenever it has ended, until cancelled."""
        while True:
            if not self.child.alive:
                await asyncio.sleep(STARTED_AGAIN_AFTER_S)
                await self.grace.wait()
                await self._start()
                self.lives += 1
            await asyncio.sleep(0.05)

    async def _start(self) -> None:
        """Cancelled, it ends when the process has started: whoever clears the stage finds it."""
        starting = asyncio.create_task(asyncio.to_thread(self.child.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await starting
            raise
