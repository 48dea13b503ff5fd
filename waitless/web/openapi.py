"""The OpenAPI 3.1 document, made from the types that the handlers send."""

from collections.abc import Collection

import msgspec

from feeds.events import MAX_PEOPLE
from routing.modes import Mode
from waitless import __version__
from waitless.area.pack import Area
from waitless.health import FeedFigures
from waitless.recommend.answer import Recommendation
from waitless.web.answers import (
    ActDone,
    AuditList,
    CapacityAnswer,
    FacilityCollection,
    FacilityFeature,
    FeedList,
    Health,
    HeldList,
    History,
    OverrideList,
    ProblemDocument,
    Readiness,
)
from waitless.web.auth import CSRF_HEADER
from waitless.web.comparison import Comparison
from waitless.web.cookies import SECURE_PREFIX, SESSION
from waitless.web.journeys import JourneyTaken
from waitless.web.openapi_acts import describe_acts
from waitless.web.openapi_journeys import describe_journeys
from waitless.web.openapi_parts import (
    HEADERS,
    REF,
    Document,
    for_people,
    gives,
    limited,
    mapping,
    parameter,
    path_id,
    reference,
    refusals,
    secured,
    whole,
)
from waitless.web.openapi_questions import describe_questions
from waitless.web.problems import Problem
from waitless.web.told import ToldList
from waitless.web.usage import Usage

_TYPES = (
    Recommendation,
    Comparison,
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
    ActDone,
    OverrideList,
    JourneyTaken,
    ToldList,
    Usage,
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
        "numberOfPeopleWaiting": {
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": MAX_PEOPLE,
        },
    },
}
"""The NHS capacity form, as `feeds.capacity` reads it."""


def describe_api(area: Area, modes: Collection[Mode]) -> Document:
    """The document for an area, with the modes that it can answer."""
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=REF)
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
            path: {
                method: limited(operation) if path.startswith("/v1/") else operation
                for method, operation in operations.items()
            }
            for path, operations in _list_paths(area, modes).items()
        },
        "components": {
            "schemas": schemas,
            "headers": HEADERS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SECURE_PREFIX + SESSION,
                    "description": f"With {CSRF_HEADER} and Origin on what changes anything",
                },
            },
        },
    }


def _list_paths(area: Area, modes: Collection[Mode]) -> dict[str, dict[str, Document]]:
    """Every operation by path and method, as it is where no limits are set."""
    return {
        **describe_questions(modes),
        "/v1/facilities": {
            "get": gives("listFacilities", "Every facility, as GeoJSON", FacilityCollection)
        },
        "/v1/facilities/{id}": {
            "get": gives(
                "getFacility",
                "One facility, as GeoJSON",
                FacilityFeature,
                [path_id("facility", list(area.facilities))],
                {Problem.UNKNOWN_FACILITY},
            )
        },
        "/v1/facilities/{id}/history": {"get": _history(area)},
        "/v1/feeds": {"get": gives("listFeeds", "Health of every feed", FeedList)},
        "/v1/feeds/{id}": {
            "get": gives(
                "getFeed",
                "Health of one feed",
                FeedFigures,
                [path_id("feed", area.list_providers()[:1])],
                {Problem.UNKNOWN_FEED},
            )
        },
        "/v1/events": {"get": _events()},
        **describe_journeys(area.facilities, modes),
        "/v1/capacities": {"post": _capacities()},
        **describe_acts(area.facilities),
        "/v1/operator/told": {
            "get": for_people(gives("listTold", "What people were told, and what came", ToldList))
        },
        "/v1/operator/usage": {
            "get": for_people(gives("getUsage", "Where people are sent, and where they go", Usage))
        },
        "/healthz": {"get": gives("getHealth", "Live: the process turns", Health, query=False)},
        "/readyz": {"get": _ready()},
    }


def _history(area: Area) -> Document:
    return gives(
        "getHistory",
        "Believed readings of the last hours, oldest first",
        History,
        [
            path_id("facility", list(area.facilities)),
            parameter("hours", "How far back", {**whole(1, 168), "default": 24}),
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
            **refusals(
                {Problem.UNKNOWN_PARAMETER, Problem.QUERY_TOO_LONG, Problem.TOO_MANY_STREAMS}
            ),
        },
    }


def _ready() -> Document:
    operation = gives("getReadiness", "Ready: every check passes", Readiness, query=False)
    responses = mapping(operation["responses"])
    responses["503"] = {
        "description": "Not ready, and which check fails",
        "content": {"application/json": {"schema": reference(Readiness)}},
    }
    return operation


def _capacities() -> Document:
    operation = gives("pushCapacities", "All taken", CapacityAnswer)
    responses = {**mapping(operation["responses"])}
    responses["207"] = {**mapping(responses["200"]), "description": "Some taken, some refused"}
    responses |= refusals(
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
        **secured({**operation, "responses": responses}),
        "summary": "Push waits in the NHS capacity form, one service or many",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    }
