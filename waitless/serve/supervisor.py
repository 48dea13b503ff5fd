"""The supervisor: several processes that answer on one port, and one beside them that writes."""

import asyncio
import logging
import signal
import socket
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from waitless.listening import listen, listen_together
from waitless.registry import SHARED
from waitless.serve.child import Child
from waitless.serve.slot import Slot
from waitless.settings import Settings

log = logging.getLogger(__name__)

TABLES_FOLDER = "WAITLESS_TABLES_FOLDER"


def supervise(settings: Settings, workers: int, *, writes: bool) -> int:
    """Run until SIGTERM or SIGINT; gives the exit status.

    SIGHUP replaces every process by a new one, which reads settings, keys and area pack again.

    Args:
        settings: where to listen.
        workers: how many processes answer.
        writes: whether a process that writes runs beside them, on `writer_port`.

    Raises:
        ClickException: a port is taken.
    """
    answering = listen_together(settings.host, settings.port, workers)
    writing = listen(settings.host, settings.writer_port) if writes else None
    with tempfile.TemporaryDirectory(prefix="waitless-") as folder:
        metrics, tables = Path(folder) / "metrics", Path(folder) / "tables"
        metrics.mkdir()
        tables.mkdir()
        more = {SHARED: str(metrics)}
        if settings.tables_folder is None:
            more[TABLES_FOLDER] = str(tables)
        return asyncio.run(_Supervisor(answering, writing, more).run())


class _Supervisor:
    def __init__(
        self,
        answering: list[socket.socket],
        writing: socket.socket | None,
        more: dict[str, str],
    ) -> None:
        self._answering = answering
        self._writing = writing
        self._more = more
        self._living: set[Child] = set()
        self._renewing = asyncio.Event()

    async def run(self) -> int:
        """The exit status: 1 where no process is left that answers."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._renewing.set)
        workers = {
            Slot(f"worker {number}", partial(self._start, "api", sock), overlapping=True): sock
            for number, sock in enumerate(self._answering, start=1)
        }
        slots = list(workers)
        if self._writing is not None:
            start = partial(self._start, "ingest", self._writing)
            slots.append(Slot("ingest", start, overlapping=False))
        keeping: dict[asyncio.Task[Any], Slot] = {
            asyncio.create_task(slot.run(), name=slot.name): slot for slot in slots
        }
        rolling = asyncio.create_task(self._roll(slots))
        stop = asyncio.create_task(stopping.wait())
        log.info("%d workers on %s", len(workers), _addresses(self._answering, self._writing))
        try:
            while workers and not stop.done():
                tasks: set[asyncio.Task[Any]] = {stop, rolling, *keeping}
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if rolling in done:
                    rolling.result()
                for task in done & keeping.keys():
                    task.result()
                    slot = keeping.pop(task)
                    slots.remove(slot)
                    if (sock := workers.pop(slot, None)) is not None:
                        self._let_go(sock)
            return 0 if workers else 1
        finally:
            for task in (stop, rolling, *keeping):
                task.cancel()
            await self._end()

    async def _start(self, role: str, listening: socket.socket) -> Child:
        child = await Child.start(role, listening, self._more)
        self._living.add(child)
        child.ended.add_done_callback(lambda _: self._bury(child))
        return child

    def _bury(self, child: Child) -> None:
        """What a process counted stays counted; what it gauged goes with it."""
        self._living.discard(child)
        mark_process_dead(child.pid, self._more[SHARED])  # type: ignore[no-untyped-call]

    async def _roll(self, slots: list[Slot]) -> None:
        """At every SIGHUP, replace one process after the other."""
        while True:
            await self._renewing.wait()
            self._renewing.clear()
            log.info("replacing every process")
            for slot in list(slots):
                if slot in slots and not await slot.replace():
                    log.error("%s could not be replaced: the others stay as they are", slot.name)
                    break
            else:
                log.info("every process has been replaced")

    def _let_go(self, sock: socket.socket) -> None:
        """Send no more connections where nobody accepts them."""
        self._answering.remove(sock)
        if sock not in self._answering:  # without SO_REUSEPORT all have one
            sock.close()

    async def _end(self) -> None:
        """Accept nothing more, and drain everything."""
        for sock in {*self._answering, *([self._writing] if self._writing else [])}:
            sock.close()
        if self._living:
            await asyncio.gather(*(child.end() for child in self._living))


def _addresses(answering: list[socket.socket], writing: socket.socket | None) -> str:
    host, port = answering[0].getsockname()[:2]
    beside = "" if writing is None else f"; pushes and operators: port {writing.getsockname()[1]}"
    return f"http://{host}:{port}{beside}"
