"""Routes of the one process that writes, on a process that only stands by to be it."""

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.lease import LASTS_S, Lease
from waitless.web.problems import Problem, RequestRefused

PATIENCE_S = LASTS_S + 1
"""How long a request waits for the lease: that of a writer that was killed has lapsed by then.
Where the writer lives it is told so with its next renewal, within a second."""


def while_writing(lease: Lease, handler: Handler) -> Handler:
    """The handler, which refuses with `standby` where this process is not the writer."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if not await lease.is_granted_within(PATIENCE_S):
            raise RequestRefused(Problem.STANDBY, "send it to the one that does")
        return await handler(request)

    return guarded
