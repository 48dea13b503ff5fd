"""The OpenAPI 3.1 document, made from the types that the handlers send."""

from collections.abc import Collection, Iterable

import msgspec

from routing.modes import Mode
from waitless import __version__
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.recommend.answer import Recommendation
from waitless.recommend.query import DEFAULT_LIMIT, MOST_AGE, MOST_LIMIT
from waitless.web.answers import (
    AuditList,
    CapacityAnswer,
    Done,
    FacilityCollection,
    FacilityFeature,
    FeedFigures,
    FeedList,
    Health,
    HeldList,
    History,
    ProblemDocument,
    Readiness,
)
from waitless.web.problems import CONTENT_TYPE, Problem

Document = dict[str, object]

_TYPES = (
    Recommendation,
    FacilityCollection,
    FacilityFeature,
    History,
    FeedList,
    FeedFigures,
    Health,
    Readiness,
    ProblemDocument,
    CapacityAnswer,
    HeldList,
    AuditList,
    Done,
)
_CAPACITY = {
    "type": "object",
    "required": ["serviceId", "waitingTimeMins", "lastUpdated"],
    "additionalProperties": False,
    "properties": {
        "serviceId": {"type": "string"},
        "serviceName": {"type": "string"},
        "waitingTimeMins": {"type": ["integer", "null"], "minimum": 0, "maximum": 1440},
        "lastUpdated": {
            "type": "string",
            "description": "yyyy-MM-dd HH:mm:ss in Europe/London, or with an offset",
        },
        "numberOfPeopleWaiting": {"type": ["integer", "null"], "minimum": 0},
    },
}
"""The NHS capacity form, as `feeds.capacity` reads it."""
_REF = "#/components/schemas/{name}"


def describe_api(area: Area, modes: Collection[Mode]) -> Document:
    """The document for an area, with the modes that it can answer."""
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    schemas["Capacity"] = _CAPACITY
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "WaitLess",
            "version": __version__,
            "summary": "Where would I be seen soonest, and how sure is that?",
            "description": (
                "Live urgent-care waits and travel times as ranked destinations. No key is "
                "needed. Origins are rounded to a cell of about 220 m before anything else is "
                "done with them, and never kept."
            ),
        },
        "paths": {
            "/v1/recommendations": {"get": _recommendations(modes)},
            "/v1/facilities": {
                "get": _get("listFacilities", "Every facility, as GeoJSON", FacilityCollection)
            },
            "/v1/facilities/{id}": {
                "get": _get(
                    "getFacility",
                    "One facility, as GeoJSON",
                    FacilityFeature,
                    [_id("facility", list(area.facilities))],
                    {Problem.UNKNOWN_FACILITY},
                )
            },
            "/v1/facilities/{id}/history": {"get": _history(area)},
            "/v1/feeds": {"get": _get("listFeeds", "Health of every feed", FeedList)},
            "/v1/feeds/{id}": {
                "get": _get(
                    "getFeed",
                    "Health of one feed",
                    FeedFigures,
                    [_id("feed", area.list_providers()[:1])],
                    {Problem.UNKNOWN_FEED},
                )
            },
            "/v1/events": {"get": _events()},
            "/v1/capacities": {"post": _capacities()},
            "/v1/operator/held": {"get": _secured(_get("listHeld", "Held values", HeldList))},
            "/v1/operator/held/{id}/release": {"post": _act("releaseHeld", "Believe a held value")},
            "/v1/operator/held/{id}/drop": {"post": _act("dropHeld", "Decide that it is wrong")},
            "/v1/operator/feeds/{id}/off": {"post": _act("switchFeedOff", "Stop believing a feed")},
            "/v1/operator/feeds/{id}/on": {"post": _act("switchFeedOn", "Believe it again")},
            "/v1/operator/audit": {"get": _secured(_get("listAudit", "What was done", AuditList))},
            "/healthz": {"get": _get("getHealth", "Live: the process turns", Health, query=False)},
            "/readyz": {"get": _ready()},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _get(
    name: str,
    summary: str,
    kind: type,
    parameters: Iterable[Document] = (),
    problems: Collection[Problem] = (),
    *,
    query: bool = True,
) -> Document:
    """One GET operation: its answer's type, its parameters, and what it can refuse."""
    own = {Problem.UNKNOWN_PARAMETER, Problem.QUERY_TOO_LONG} if query else set()
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [*parameters],
        "responses": {
            "200": {
                "description": summary,
                "headers": {"ETag": {"schema": {"type": "string"}}} if query else {},
                "content": {"application/json": {"schema": _ref(kind)}},
            },
            **_refusals({*problems, *own}),
        },
    }


def _recommendations(modes: Collection[Mode]) -> Document:
    about_origin = {Problem.MISSING_ORIGIN, Problem.TWO_ORIGINS, Problem.BAD_COORDINATES}
    about_place = {Problem.OUTSIDE_AREA, Problem.UNKNOWN_PLACE, Problem.AMBIGUOUS_PLACE}
    about_rest = {
        Problem.UNKNOWN_MODE,
        Problem.MODE_UNAVAILABLE,
        Problem.UNKNOWN_NEED,
        Problem.BAD_AGE,
        Problem.BAD_LIMIT,
        Problem.REPEATED_PARAMETER,
    }
    return _get(
        "recommend",
        "Ranked destinations from an origin, with reasons",
        Recommendation,
        [
            _query("lat", "Latitude, decimal degrees WGS84; with lon", {"type": "number"}),
            _query("lon", "Longitude, decimal degrees WGS84; with lat", {"type": "number"}),
            _query("place", "Instead: a postcode, outcode or town", {"type": "string"}, "CT1"),
            _query("mode", "How you travel", _words(modes, Mode.DRIVE)),
            _query("need", "What you come with", _words(Need, Need.MINOR_INJURY)),
            _query("age", "Age in completed years", _integer(0, MOST_AGE)),
            _query(
                "limit",
                "How many destinations",
                {**_integer(1, MOST_LIMIT), "default": DEFAULT_LIMIT},
            ),
        ],
        about_origin | about_place | about_rest,
    )


def _history(area: Area) -> Document:
    return _get(
        "getHistory",
        "Believed readings of the last hours, oldest first",
        History,
        [
            _id("facility", list(area.facilities)),
            _query("hours", "How far back", {**_integer(1, 168), "default": 24}),
        ],
        {Problem.UNKNOWN_FACILITY, Problem.BAD_HOURS, Problem.STORE_AWAY},
    )


def _events() -> Document:
    return {
        "operationId": "followEvents",
        "summary": "Changes of the board and of feeds, as server-sent events",
        "description": "`board`: {epoch, degraded, data}. `feeds`: {feeds: {id: state}}.",
        "responses": {
            "200": {
                "description": "The stream",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **_refusals(
                {Problem.UNKNOWN_PARAMETER, Problem.QUERY_TOO_LONG, Problem.TOO_MANY_STREAMS}
            ),
        },
    }


def _ready() -> Document:
    operation = _get("getReadiness", "Ready: every check passes", Readiness, query=False)
    responses = _mapping(operation["responses"])
    responses["503"] = {
        "description": "Not ready, and which check fails",
        "content": {"application/json": {"schema": _ref(Readiness)}},
    }
    return operation


def _secured(operation: Document) -> Document:
    """An operation that wants a key."""
    responses = {**_mapping(operation["responses"])}
    responses |= _refusals({Problem.UNAUTHENTICATED, Problem.FORBIDDEN})
    return {**operation, "security": [{"key": []}], "responses": responses}


def _capacities() -> Document:
    operation = _get("pushCapacities", "All taken", CapacityAnswer)
    responses = {**_mapping(operation["responses"])}
    responses["207"] = {**_mapping(responses["200"]), "description": "Some taken, some refused"}
    responses |= _refusals(
        {
            Problem.BAD_CAPACITY,
            Problem.WRONG_CONTENT_TYPE,
            Problem.BODY_TOO_LARGE,
            Problem.STORE_AWAY,
        }
    )
    service = {"$ref": "#/components/schemas/Capacity"}
    body = {"oneOf": [service, {"type": "array", "items": service, "minItems": 1}]}
    return {
        **_secured({**operation, "responses": responses}),
        "summary": "Push waits in the NHS capacity form, one service or many",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    }


def _act(name: str, summary: str) -> Document:
    problems = {Problem.BAD_ACTION, Problem.UNKNOWN_HELD_VALUE, Problem.BODY_TOO_LARGE}
    operation = _get(name, summary, Done, [_id("held value or feed", [])], problems)
    act = {
        "type": "object",
        "required": ["why"],
        "properties": {"why": {"type": "string"}, "hours": {"type": ["number", "null"]}},
    }
    return {
        **_secured(operation),
        "requestBody": {"required": True, "content": {"application/json": {"schema": act}}},
    }


def _mapping(value: object) -> Document:
    """A part of a document that is a mapping."""
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _refusals(problems: Collection[Problem]) -> Document:
    """Problems by status, each status with its codes."""
    by_status: dict[str, list[str]] = {}
    for problem in sorted(problems, key=lambda problem: problem.code):
        by_status.setdefault(str(problem.status.value), []).append(problem.code)
    return {
        status: {
            "description": "Refused: " + ", ".join(codes),
            "content": {CONTENT_TYPE: {"schema": _ref(ProblemDocument)}},
        }
        for status, codes in by_status.items()
    }


def _ref(kind: type) -> Document:
    return {"$ref": _REF.format(name=kind.__name__)}


def _query(name: str, text: str, schema: Document, example: str | None = None) -> Document:
    parameter: Document = {"name": name, "in": "query", "description": text, "schema": schema}
    return parameter if example is None else {**parameter, "example": example}


def _id(kind: str, examples: list[str]) -> Document:
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": f"The {kind}'s id",
        "schema": {"type": "string"},
        "examples": {example: {"value": example} for example in examples[:1]},
    }


def _words(words: Iterable[Mode | Need], default: str) -> Document:
    return {"type": "string", "enum": sorted(words), "default": default}


def _integer(least: int, most: int) -> Document:
    return {"type": "integer", "minimum": least, "maximum": most}
