"""A slot: one process kept alive, and replaced by a new one without a gap."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from waitless.serve.child import Child

log = logging.getLogger(__name__)

STEADY_S = 30.0
"""A process that lived this long did not die at once."""
MOST_DEATHS = 5
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 8.0


class Slot:
    """Starts a process again when it dies, later and later, and gives up loudly in the end."""

    def __init__(
        self, name: str, start: Callable[[], Awaitable[Child]], *, overlapping: bool
    ) -> None:
        """Nothing runs yet.

        Args:
            name: for the log.
            start: starts a process.
            overlapping: whether, in a replacement, the new process listens before the old one
                ends; otherwise it is only started by then, and listens when the old one has ended.
        """
        self.name = name
        self._start = start
        self._overlapping = overlapping
        self._asked: asyncio.Queue[asyncio.Future[bool]] = asyncio.Queue()

    async def run(self) -> None:
        """Keep a process alive until cancelled; return when it dies at once again and again."""
        loop, deaths = asyncio.get_running_loop(), 0
        while True:
            began, child = loop.time(), await self._start()
            if await child.boots():
                child.listen()
                log.info("%s: process %d listens", self.name, child.pid)
                child = await self._tend(child)
            await child.end()
            deaths = 1 if loop.time() - began >= STEADY_S else deaths + 1
            status = child.ended.result()
            if deaths == MOST_DEATHS:
                log.critical(
                    "%s: given up: process %d ended with status %d, the %dth to die at once",
                    self.name, child.pid, status, deaths,
                )  # fmt: skip
                return self._give_up()
            delay = min(FIRST_DELAY_S * 2 ** (deaths - 1), LONGEST_DELAY_S)
            log.error(
                "%s: process %d ended with status %d: a new one in %.1f s",
                self.name, child.pid, status, delay,
            )  # fmt: skip
            await asyncio.sleep(delay)

    async def replace(self) -> bool:
        """Put a new process into the place of the old one; False where it does not start."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked.put_nowait(done)
        return await done

    def _give_up(self) -> None:
        while not self._asked.empty():
            self._asked.get_nowait().set_result(False)

    async def _tend(self, child: Child) -> Child:
        """Replace a process whenever that is asked for; gives the one that ended by itself."""
        while True:
            asking = asyncio.create_task(self._asked.get())
            await asyncio.wait({asking, child.ended}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                asking.cancel()
                return child
            newer = await self._replace(child)
            asking.result().set_result(newer is not child)
            child = newer

    async def _replace(self, old: Child) -> Child:
        new = await self._start()
        if not await new.boots():
            await new.end()
            log.error("%s: a new process does not start: the old one goes on", self.name)
            return old
        if self._overlapping:
            new.listen()
            await old.end()
        else:
            await old.end()
            new.listen()
        log.info("%s: process %d in place of %d", self.name, new.pid, old.pid)
        return new
