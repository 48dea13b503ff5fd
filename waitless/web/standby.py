"""Routes of the one process that writes, on a process that only stands by to be it."""

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.lease import LASTS_S, Lease
from waitless.serve.process import DRAINED_WITHIN_S
from waitless.web.problems import Problem, RequestRefused

PATIENCE_S = max(LASTS_S, DRAINED_WITHIN_S) + 1
"""How long a request waits for the lease: that of a writer that was killed has lapsed by then, one
that was told to end has drained. Where the writer lives on, it is told so within 1.5 s."""


def while_writing(lease: Lease, handler: Handler) -> Handler:
    """The handler, which refuses with `standby` where this process is not the writer."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if not await lease.is_granted_within(PATIENCE_S):
            raise RequestRefused(Problem.STANDBY, "send it to the one that does")
        return await handler(request)

    return guarded
