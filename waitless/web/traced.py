"""Requests with a span each, on the ordinary path and on the fast one; only where traces are."""

import re
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.tracing.context import TRACE_ID
from waitless.tracing.requests import ASKED, UNTRACED, RequestTraces
from waitless.web.fastpath import ROUTE, FastPath
from waitless.web.ready import REQUEST_ID, ReadyAnswer
from waitless.web.routes import method_of, request_id_of

_TRACEPARENT = "traceparent"
_IN_CHUNK = re.compile(rb"\r\ntraceparent: ([^\r]*)", re.IGNORECASE)
_STATUS = slice(len("HTTP/1.1 "), len("HTTP/1.1 200"))
_ID_IN_RESPONSE = re.compile(rb"\r\n%b: ([^\r]*)" % REQUEST_ID.encode())


def trace_handler(traces: RequestTraces, route: str, handler: Handler) -> Handler:
    """The handler with a span for each chosen request; machines' routes have none."""
    if route in UNTRACED:
        return handler

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = traces.begin(route, _traceparent_of(request)) if traces.chooses() else None
        if asked is None:
            return await handler(request)
        asking, logging_as = ASKED.set(asked), TRACE_ID.set(asked.ref.trace_hex)
        began = time.perf_counter()
        response: web.StreamResponse | None = None
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            response = answer
            raise
        finally:
            ASKED.reset(asking)
            TRACE_ID.reset(logging_as)
            traces.end(
                asked,
                method=method_of(request),
                status=None if response is None else response.status,
                request_id=_request_id_of(request, response),
                duration_s=time.perf_counter() - began,
            )
        return response

    return handle


def _traceparent_of(request: web.Request) -> str | None:
    """The header; None where there is none, or more than one."""
    given = request.headers.getall(_TRACEPARENT, ())
    return given[0] if len(given) == 1 else None


def _request_id_of(request: web.Request, response: web.StreamResponse | None) -> str:
    return response.request_id if isinstance(response, ReadyAnswer) else request_id_of(request)


class TracedFastPath(FastPath):
    """The fast path with a span for each chosen question that it answers itself."""

    def __init__(self, traces: RequestTraces, *parts: Any, **settings: Any) -> None:  # noqa: ANN401 - FastPath's
        super().__init__(*parts, **settings)
        self._traces = traces

    def respond(self, chunk: bytes, peer: Callable[[], str]) -> bytes | None:
        """As `FastPath` does."""
        if not self._traces.chooses():
            return super().respond(chunk, peer)
        given = _IN_CHUNK.search(chunk)
        asked = self._traces.begin(ROUTE, None if given is None else given[1].decode("latin-1"))
        if asked is None:
            return super().respond(chunk, peer)
        began = time.perf_counter()
        response = super().respond(chunk, peer)
        request_id = None if response is None else _ID_IN_RESPONSE.search(response)
        if response is not None and request_id is not None:
            self._traces.end(
                asked,
                method="GET",
                status=int(response[_STATUS]),
                request_id=request_id[1].decode("latin-1"),
                duration_s=time.perf_counter() - began,
            )
        return response
