"""What happens around every request: its id, its count, its line in the log."""

import logging
import time
from collections.abc import Callable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from waitless.metrics import WebMetrics
from waitless.web.problems import Problem, answer_fault, problem_response
from waitless.web.ready import REQUEST_ID, SECURITY, ReadyAnswer, choose_request_id

log = logging.getLogger("waitless.access")

Gate = Callable[[web.Request], web.StreamResponse | None]
"""Gives the refusal of a request that shall not reach its handler."""
_KEY = web.RequestKey("request_id", str)
MOST_QUERY = 1024
"""Characters; the longest sensible query has about 120."""


def around(metrics: WebMetrics, gates: Sequence[Gate] = ()) -> Middleware:
    """All that is done around handlers, in one middleware: each costs a tenth of an answer.

    Logs the path, never the query: it may hold a position. Ready answers are logged at DEBUG
    alone: a line costs as much as half an answer.

    Args:
        metrics: where requests are counted.
        gates: asked in their order, before the handler.
    """
    gates = (_limit_query, *gates)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
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
            response = answer_fault(request, fault)
        duration = time.perf_counter() - began
        resource = request.match_info.route.resource
        # The route's pattern, so that labels are bounded.
        route = "unmatched" if resource is None else resource.canonical
        metrics.answered(route, request.method, response.status, duration)
        if isinstance(response, ReadyAnswer):
            level, request_id = logging.DEBUG, response.request_id
        else:
            level, request_id = logging.INFO, request_id_of(request)
        if log.isEnabledFor(level):
            log.log(
                level, "%s %s %d %.1f ms %s",
                request.method, route, response.status, duration * 1000, request_id,
            )  # fmt: skip
        return response

    return middleware


def _limit_query(request: web.Request) -> web.StreamResponse | None:
    if len(request.raw_path) > MOST_QUERY < len(request.query_string):
        return problem_response(Problem.QUERY_TOO_LONG, f"at most {MOST_QUERY} characters")
    return None


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Mirror the request's id, and say what browsers must not do (before headers are sent)."""
    response.headers[REQUEST_ID] = request_id_of(request)
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/v1/"):
        response.headers["Access-Control-Allow-Origin"] = "*"


def request_id_of(request: web.Request) -> str:
    """The id that came with a request, or one made for it."""
    if _KEY not in request:
        request[_KEY] = choose_request_id(request)
    return request[_KEY]
