"""What happens around every request: its id, its count, its line in the log."""

import logging
import re
import time

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from waitless.metrics import WebMetrics
from waitless.web.problems import Problem, problem_response
from waitless.web.ready import REQUEST_ID, SECURITY, ReadyAnswer, new_request_id

log = logging.getLogger("waitless.access")

_KEY = web.RequestKey("request_id", str)
MOST_QUERY = 1024
"""Characters; the longest sensible query has about 120."""
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def around(metrics: WebMetrics) -> Middleware:
    """The outermost middleware. Logs the path, never the query: it may hold a position.

    Ready answers are logged at DEBUG alone: a line costs as much as half an answer.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        request_id = request_id_of(request)
        if len(request.raw_path) > MOST_QUERY < len(request.query_string):
            response: web.StreamResponse = problem_response(
                Problem.QUERY_TOO_LONG, f"at most {MOST_QUERY} characters"
            )
        else:
            response = await handler(request)
        duration = time.perf_counter() - began
        route = _route(request)
        metrics.answered(route, request.method, response.status, duration)
        level = logging.DEBUG if isinstance(response, ReadyAnswer) else logging.INFO
        if log.isEnabledFor(level):
            log.log(
                level, "%s %s %d %.1f ms %s",
                request.method, route, response.status, duration * 1000, request_id,
            )  # fmt: skip
        return response

    return middleware


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Mirror the request's id, and say what browsers must not do (before headers are sent)."""
    response.headers[REQUEST_ID] = request_id_of(request)
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/v1/"):
        response.headers["Access-Control-Allow-Origin"] = "*"


def request_id_of(request: web.Request) -> str:
    """The id that came with a request, or one made for it."""
    known = request.get(_KEY)
    if known is None:
        given = request.headers.get(REQUEST_ID, "")
        known = given if _GOOD_ID.fullmatch(given) else new_request_id()
        request[_KEY] = known
    return known


def _route(request: web.Request) -> str:
    """The route's pattern, so that labels are bounded; `unmatched` for everything else."""
    resource = request.match_info.route.resource
    return "unmatched" if resource is None else resource.canonical
