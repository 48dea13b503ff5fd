"""Problems: the one shape of every refusal over HTTP (RFC 9457), and where it is made."""

import logging
from enum import Enum
from http import HTTPStatus

import orjson
from aiohttp import web

from waitless.faults import locate_fault

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


class Problem(Enum):
    """Every refusal a client can meet: its status and its title. Names are stable codes."""

    MISSING_ORIGIN = (HTTPStatus.BAD_REQUEST, "Say where the journey starts")
    TWO_ORIGINS = (HTTPStatus.BAD_REQUEST, "Say where the journey starts in one way only")
    BAD_COORDINATES = (HTTPStatus.BAD_REQUEST, "These are not coordinates")
    OUTSIDE_AREA = (HTTPStatus.BAD_REQUEST, "That is outside the area served here")
    UNKNOWN_PLACE = (HTTPStatus.BAD_REQUEST, "No such place is known here")
    AMBIGUOUS_PLACE = (HTTPStatus.BAD_REQUEST, "Several places have that name")
    UNKNOWN_MODE = (HTTPStatus.BAD_REQUEST, "No such way of travelling")
    MODE_UNAVAILABLE = (HTTPStatus.BAD_REQUEST, "That way of travelling is not available here")
    UNKNOWN_NEED = (HTTPStatus.BAD_REQUEST, "No such need")
    BAD_AGE = (HTTPStatus.BAD_REQUEST, "An age is a whole number of years from 0 to 130")
    BAD_LIMIT = (HTTPStatus.BAD_REQUEST, "A limit is a whole number from 1 to 50")
    BAD_DEPARTURE = (HTTPStatus.BAD_REQUEST, "That is no time to leave at")
    DEPARTURE_IN_PAST = (HTTPStatus.BAD_REQUEST, "That time to leave has passed")
    DEPARTURE_TOO_LATE = (HTTPStatus.BAD_REQUEST, "A departure is at most 24 hours ahead")
    BAD_HOURS = (HTTPStatus.BAD_REQUEST, "Hours are a whole number from 1 to 168")
    UNKNOWN_PARAMETER = (HTTPStatus.BAD_REQUEST, "No such parameter")
    REPEATED_PARAMETER = (HTTPStatus.BAD_REQUEST, "A parameter stands twice")
    QUERY_TOO_LONG = (HTTPStatus.REQUEST_URI_TOO_LONG, "The query is too long")
    UNKNOWN_FACILITY = (HTTPStatus.NOT_FOUND, "No such facility")
    BAD_JOURNEY = (HTTPStatus.BAD_REQUEST, "That does not say where somebody is going")
    BAD_ETA = (HTTPStatus.BAD_REQUEST, "An arrival is 0 to 360 minutes ahead")
    UNKNOWN_JOURNEY = (HTTPStatus.NOT_FOUND, "No such journey, or no longer")
    JOURNEY_DIFFERS = (HTTPStatus.CONFLICT, "Another journey has that id")
    UNKNOWN_FEED = (HTTPStatus.NOT_FOUND, "No such feed")
    NOT_FOUND = (HTTPStatus.NOT_FOUND, "There is nothing at this address")
    METHOD_NOT_ALLOWED = (HTTPStatus.METHOD_NOT_ALLOWED, "That method is not for this address")
    TOO_MANY_STREAMS = (HTTPStatus.SERVICE_UNAVAILABLE, "Too many event streams are open")
    TOO_MANY_CONNECTIONS = (HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections are open")
    TOO_MANY_REQUESTS = (HTTPStatus.TOO_MANY_REQUESTS, "Too many requests")
    STORE_AWAY = (HTTPStatus.SERVICE_UNAVAILABLE, "The store cannot be reached just now")
    STANDBY = (HTTPStatus.SERVICE_UNAVAILABLE, "Another process of this service does that now")
    UNAUTHENTICATED = (HTTPStatus.UNAUTHORIZED, "Who are you?")
    FORBIDDEN = (HTTPStatus.FORBIDDEN, "That role is not enough for this")
    CROSS_SITE = (HTTPStatus.FORBIDDEN, "That did not come from a page of this service")
    BAD_CAPACITY = (HTTPStatus.BAD_REQUEST, "These are not waits in the NHS capacity form")
    WRONG_CONTENT_TYPE = (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "That is not the type wanted here")
    BODY_TOO_LARGE = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large")
    BODY_TOO_SLOW = (HTTPStatus.REQUEST_TIMEOUT, "The body came too slowly")
    UNKNOWN_HELD_VALUE = (HTTPStatus.NOT_FOUND, "No such value is held")
    BAD_ACTION = (HTTPStatus.BAD_REQUEST, "An action wants a reason")
    BAD_OVERRIDE = (HTTPStatus.BAD_REQUEST, "That cannot be said of a facility")
    UNKNOWN_ACT = (HTTPStatus.NOT_FOUND, "No such act is in the audit")
    CANNOT_UNDO = (HTTPStatus.CONFLICT, "That act cannot be taken back")
    BAD_REQUEST = (HTTPStatus.BAD_REQUEST, "The request cannot be understood")
    INTERNAL = (HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here")

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status it is answered with."""
        return self.value[0]

    @property
    def title(self) -> str:
        """What it means, for a person."""
        return self.value[1]

    @property
    def code(self) -> str:
        """The stable code, as in `unknown_need`."""
        return self.name.lower()


class RequestRefused(Exception):
    """A request that cannot be answered: which problem, where, and what would have done."""

    def __init__(
        self, problem: Problem, detail: str, *, parameter: str | None = None, **more: object
    ) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.more = more if parameter is None else {"parameter": parameter, **more}


def render_problem(problem: Problem, detail: str, **more: object) -> bytes:
    """A problem document. `type` is an address in this service's own documentation."""
    document = {
        "type": f"/docs#{problem.code}",
        "code": problem.code,
        "title": problem.title,
        "status": problem.status.value,
        "detail": detail,
        **more,
    }
    return orjson.dumps(document)


def problem_response(problem: Problem, detail: str, **more: object) -> web.Response:
    """The response that is a problem document."""
    headers = {"Cache-Control": "no-store"}
    if problem is Problem.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        body=render_problem(problem, detail, **more),
        status=problem.status,
        content_type=CONTENT_TYPE,
        headers=headers,
    )


_BY_STATUS = {
    HTTPStatus.NOT_FOUND: Problem.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: Problem.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Problem.BODY_TOO_LARGE,
}


def answer_fault(request: web.Request, fault: Exception, request_id: str) -> web.Response:
    """The problem document that answers what a handler raised.

    Raises:
        HTTPException: what was raised was no fault, but an answer of another kind.
    """
    if isinstance(fault, RequestRefused):
        return problem_response(fault.problem, fault.detail, **fault.more)
    if not isinstance(fault, web.HTTPException):
        # The route alone, and no message: a query, or what it led to, may hold a position.
        route = request.match_info.route.resource
        log.error(
            "%s %s failed: %s (request %s)",
            request.method, route and route.canonical, locate_fault(fault), request_id,
            extra={"request_id": request_id},
        )  # fmt: skip
        return problem_response(Problem.INTERNAL, "It has been noted. Please try again.")
    if fault.status < HTTPStatus.BAD_REQUEST:
        raise fault
    problem = _BY_STATUS.get(HTTPStatus(fault.status), Problem.BAD_REQUEST)
    response = problem_response(problem, f"{request.method} {request.path[:128]}")
    if isinstance(fault, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = fault.headers["Allow"]
    return response
