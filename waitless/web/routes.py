"""Routes, and what happens around every request: its id, its count, its line in the log."""

import logging
import time
from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from waitless.metrics import WebMetrics
from waitless.signin.flow import RETURN_PATH
from waitless.web.problems import CONTENT_TYPE as PROBLEM_TYPE
from waitless.web.problems import Problem, answer_fault, problem_response
from waitless.web.ready import REQUEST_ID, SECURITY, ReadyAnswer, choose_request_id

log = logging.getLogger("waitless.access")

Gate = Callable[[web.Request], web.StreamResponse | None]
"""Gives the refusal of a request that shall not reach its handler."""
ShowRefusal = Callable[[web.Request, web.StreamResponse], web.StreamResponse]
"""Gives a page for people instead of a problem document."""
Trace = Callable[[str, Handler], Handler]
"""Wraps the handler of a route so that requests are told of."""
_KEY = web.RequestKey("request_id", str)
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""What is counted and logged by its name; a client may send any word."""
REFUSED = "/{path}"
"""The route of whatever has no other, as aiohttp names it."""
MOST_QUERY = 1024
"""Characters; the longest sensible query has about 120."""
LONGER_QUERIES = {RETURN_PATH: 8000}
"""An OpenID Connect provider's code may have thousands."""


class Around:
    """All that is done around a handler.

    It wraps handlers one by one, and is no middleware of aiohttp: those cost an answer a tenth
    more, in calls that only find out which of them are to be called.
    """

    def __init__(
        self, metrics: WebMetrics, gates: Sequence[Gate] = (), trace: Trace | None = None
    ) -> None:
        """Nothing wrapped yet.

        Args:
            metrics: where requests are counted.
            gates: asked in their order, before the handler.
            trace: wraps what is wrapped once more; None leaves it as it is.
        """
        self._metrics = metrics
        self._trace = trace
        self._gates = (_limit_query, *gates)

    def wrap(
        self, route: str, handler: Handler, show_refusal: ShowRefusal | None = None
    ) -> Handler:
        """The handler with all that; `route` is what it is counted and logged as.

        `show_refusal` makes a page for people of a problem document.

        Logs the route, never the query: it may hold a position. Ready answers are logged at DEBUG
        alone: a line costs as much as half an answer.
        """
        gates, answered = self._gates, self._metrics.answered

        async def handle(request: web.Request) -> web.StreamResponse:
            began = time.perf_counter()
            response: web.StreamResponse | None = None
            try:
                for gate in gates:
                    response = gate(request)
                    if response is not None:
                        break
                else:
                    response = await handler(request)
            except Exception as fault:  # noqa: BLE001 - every fault is answered
                response = answer_fault(request, fault, request_id_of(request))
            if show_refusal is not None and response.content_type == PROBLEM_TYPE:
                response = show_refusal(request, response)
            duration = time.perf_counter() - began
            method = method_of(request)
            answered(route, method, response.status, duration)
            if isinstance(response, ReadyAnswer):
                level, request_id = logging.DEBUG, response.request_id
            else:
                level, request_id = logging.INFO, request_id_of(request)
            if log.isEnabledFor(level):
                log.log(
                    level, "%s %s %d %.1f ms %s",
                    method, route, response.status, duration * 1000, request_id,
                    extra={
                        "method": method, "route": route, "status": response.status,
                        "duration_s": round(duration, 6), "request_id": request_id,
                    },
                )  # fmt: skip
            return response

        return handle if self._trace is None else self._trace(route, handle)


class Routes:
    """The routes of an application, each handler wrapped; asked for another path, it refuses."""

    def __init__(self, app: web.Application, around: Around) -> None:
        self.app = app
        self._around = around

    def add_get(
        self,
        path: str,
        handler: Handler,
        *,
        allow_head: bool = True,
        show_refusal: ShowRefusal | None = None,
    ) -> None:
        """Answer GET, and HEAD where that is allowed."""
        wrapped = self._around.wrap(path, handler, show_refusal)
        self.app.router.add_get(path, wrapped, allow_head=allow_head)

    def add_post(self, path: str, handler: Handler) -> None:
        """Answer POST."""
        self.app.router.add_post(path, self._around.wrap(path, handler))

    def add_delete(self, path: str, handler: Handler) -> None:
        """Answer DELETE."""
        self.app.router.add_delete(path, self._around.wrap(path, handler))

    def refuse_others(self) -> None:
        """Refuse every other path and method by name; to be called when all routes are there."""
        resources = list(self.app.router.resources())

        async def refuse(request: web.Request) -> web.StreamResponse:
            allowed: set[str] = set()
            for resource in resources:
                _, methods = await resource.resolve(request)
                allowed |= methods
            if allowed:
                raise web.HTTPMethodNotAllowed(request.method, allowed)
            raise web.HTTPNotFound

        self.app.router.add_route("*", "/{path:.*}", self._around.wrap("unmatched", refuse))


def _limit_query(request: web.Request) -> web.StreamResponse | None:
    if len(request.raw_path) > MOST_QUERY < len(request.query_string):
        most = LONGER_QUERIES.get(request.path, MOST_QUERY)
        if len(request.query_string) > most:
            return problem_response(Problem.QUERY_TOO_LONG, f"at most {most} characters")
    return None


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Mirror the request's id, and say what browsers must not do (before headers are sent)."""
    response.headers[REQUEST_ID] = request_id_of(request)
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/v1/"):
        response.headers["Access-Control-Allow-Origin"] = "*"


def method_of(request: web.Request) -> str:
    """A request's method as it is counted and told."""
    return request.method if request.method in _METHODS else "other"


def request_id_of(request: web.Request) -> str:
    """The id that came with a request, or one made for it."""
    if _KEY not in request:
        request[_KEY] = choose_request_id(request)
    return request[_KEY]
