"""A TCP proxy between a client and a server that can make the way long, or swallow everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK = 64 * 1024


class Proxy:
    """Carries bytes to a port and back. `delay_s` and `hangs` may be changed at any time."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.delay_s = 0.0
        """How much later every chunk arrives, each way."""
        self.hangs = False
        """Take bytes, and carry none: a server that is there and does not answer."""
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK):
                await asyncio.sleep(self.delay_s)
                while self.hangs:
                    await asyncio.sleep(0.05)
                sink.write(chunk)
        except OSError:
            pass  # one end is gone: so is the other
        finally:
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
