"""Routes of the one process that writes, on a process that only stands by to be it."""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.lease import LASTS_S, Lease
from waitless.web.problems import Problem, RequestRefused

PATIENCE_S = LASTS_S + 1
"""How long a request waits for the lease: that of a writer that was killed has lapsed by then."""


def while_writing(lease: Lease, handler: Handler) -> Handler:
    """The handler, which refuses with `standby` where this process is not the writer."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await lease.wait()
        except TimeoutError as fault:
            raise RequestRefused(Problem.STANDBY, "send it to the one that does") from fault
        return await handler(request)

    return guarded
