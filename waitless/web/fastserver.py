"""Connections with the fast path before aiohttp's parser (0011).

A connection is served by the fast path only while every chunk that came on it was one whole plain
question. The first chunk that is anything else goes to aiohttp as it came, and so does all that
follows on that connection: aiohttp's parser has seen nothing before it, so there are never two
views of where a request begins.

This leans on these internals of aiohttp's `RequestHandler`, and on nothing else: `_force_close`,
`_close`, `_paused` (the client does not read), `_loop`, `_keepalive_timeout` and
`_next_keepalive_close_time`; and on `Application._make_handler` and what
`Server` was made with.
"""
# ruff: noqa: SLF001 - see above

import logging
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from waitless.web.fastpath import FastPath

log = logging.getLogger(__name__)

TESTED_WITH = ("3.14",)
"""Versions of aiohttp whose internals tests/web/test_fast_path.py has been run against."""


class FastHandler(RequestHandler):
    """aiohttp's connection, the fast path before it until a chunk comes that is not for it."""

    __slots__ = ("_fast",)

    def __init__(self, fast: FastPath, manager: web.Server, **settings: Any) -> None:  # noqa: ANN401 - aiohttp's
        super().__init__(manager, **settings)
        self._fast: FastPath | None = fast

    def data_received(self, data: bytes) -> None:
        """Answer, or hand this connection to aiohttp for good."""
        fast = self._fast
        if fast is not None:
            # aiohttp has been given nothing on this connection, so it has nothing to answer first.
            closing = self._force_close or self._close or self._paused
            response = None if closing else fast.respond(data, self._peer)
            if response is not None and self.transport is not None:
                self.transport.write(response)
                self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
                return
            self._fast = None
            fast.handed_over += 1
        super().data_received(data)

    def _peer(self) -> str:
        """As `web.Request.remote` has it."""
        peer = self.peername
        return str(peer[0]) if isinstance(peer, tuple | list) else str(peer or "")


class _FastServer(web.Server):
    """aiohttp's maker of connections, making fast ones."""

    def __init__(self, fast: FastPath, plain: web.Server) -> None:
        super().__init__(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            loop=plain._loop,
            **plain._kwargs,
        )
        self._fast = fast

    def __call__(self) -> RequestHandler:
        return FastHandler(self._fast, self, loop=self._loop, **self._kwargs)


def install(app: web.Application, fast: FastPath) -> bool:
    """Put the fast path before an application, however it is then run.

    Gives whether it could: not with a version of aiohttp that it was not tested with.
    """
    if not aiohttp.__version__.startswith(tuple(f"{version}." for version in TESTED_WITH)):
        log.warning(
            "the fast path is off: it was tested with aiohttp %s, this is %s",
            " and ".join(TESTED_WITH), aiohttp.__version__,
        )  # fmt: skip
        return False
    make_plain = app._make_handler

    def make_fast(**settings: Any) -> web.Server:  # noqa: ANN401 - aiohttp's
        return _FastServer(fast, make_plain(**settings))

    # Past aiohttp's warning against attributes of one's own: this one is aiohttp's.
    object.__setattr__(app, "_make_handler", make_fast)
    return True
