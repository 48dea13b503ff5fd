"""A TCP proxy between a client and a server that spoils the way between them."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

CHUNK = 64 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: what closes sends RST, not FIN."""


class Proxy:
    """Carries bytes to a port and back. Its attributes may be changed at any time."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.delay_s = 0.0
        """How much later every chunk arrives, each way."""
        self.hangs = False
        """Take bytes, and carry none: a server that is there and does not answer."""
        self.refuses = False
        """Close every new connection at once: a way that is cut."""
        self.chunk = CHUNK
        """The most bytes that are carried at a time: few, with a delay, are a slow drip."""
        self.hears: Callable[[str, bytes], None] | None = None
        """Told who sends (`client`, `server`) which chunk, right before it is carried."""
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()
        self._sinks: set[asyncio.StreamWriter] = set()
        self._deaf: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Ours, not the server's own: Python 3.11 complains where one of those is cancelled.
        task = asyncio.create_task(self._join(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._held(writer):
            if self.refuses:
                return
            try:
                there, back = await asyncio.open_connection("127.0.0.1", self._target)
            except OSError:
                return
            async with self._held(back), asyncio.TaskGroup() as group:
                group.create_task(self._carry("client", reader, back))
                group.create_task(self._carry("server", there, writer))

    def cut(self) -> None:
        """Close every connection, and refuse new ones until `refuses` is False."""
        self.refuses = True
        self._close_all()

    def reset(self) -> None:
        """Reset every connection (RST), as a firewall does that has lost its tables."""
        for sink in self._sinks:
            held: socket.socket = sink.get_extra_info("socket")
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._close_all()

    def half_open(self) -> None:
        """Carry nothing more for those who are connected, and tell neither end; others can come."""
        self._deaf.update(self._sinks)

    def heal(self) -> None:
        """Carry as at first. A connection that was half open stays so."""
        self.delay_s, self.chunk, self.hangs, self.refuses = 0.0, CHUNK, False, False

    def _close_all(self) -> None:
        for sink in self._sinks:
            sink.transport.abort()

    async def _carry(
        self, sender: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        try:
            while chunk := await source.read(self.chunk):
                await asyncio.sleep(self.delay_s)
                while self.hangs:
                    await asyncio.sleep(0.05)
                if self.hears is not None:
                    self.hears(sender, chunk)
                if sink not in self._deaf:
                    sink.write(chunk)
        except OSError:
            pass  # one end is gone: so is the other
        finally:
            sink.close()

    @asynccontextmanager
    async def _held(self, sink: asyncio.StreamWriter) -> AsyncIterator[None]:
        """One end of a way: closed, and seen to be, when the way is no more."""
        self._sinks.add(sink)
        try:
            yield
        finally:
            sink.close()
            with suppress(OSError):
                await sink.wait_closed()
            self._sinks.discard(sink)
            self._deaf.discard(sink)

    async def close(self) -> None:
        self._close_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
        await proxy.close()
