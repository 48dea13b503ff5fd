"""A TCP proxy between a client and a server that spoils the way between them."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

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
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._deaf: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.close()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        for sender, source, sink in (("client", reader, back), ("server", there, writer)):
            task = asyncio.create_task(self._carry(sender, source, sink))
            self._tasks[task] = sink
            task.add_done_callback(self._tasks.pop)

    def cut(self) -> None:
        """Close every connection, and refuse new ones until `refuses` is False."""
        self.refuses = True
        self._close_all()

    def reset(self) -> None:
        """Reset every connection (RST), as a firewall does that has lost its tables."""
        for sink in self._tasks.values():
            held: socket.socket = sink.get_extra_info("socket")
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._close_all()

    def half_open(self) -> None:
        """Carry nothing more for those who are connected, and tell neither end; others can come."""
        self._deaf.update(self._tasks.values())

    def heal(self) -> None:
        """Carry as at first. A connection that was half open stays so."""
        self.delay_s, self.chunk, self.hangs, self.refuses = 0.0, CHUNK, False, False

    def _close_all(self) -> None:
        for sink in self._tasks.values():
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
            self._deaf.discard(sink)
            sink.close()

    async def close(self) -> None:
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
