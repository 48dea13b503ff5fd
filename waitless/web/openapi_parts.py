"""The building blocks of an OpenAPI document: operations, parameters, refusals."""

from collections.abc import Collection, Iterable

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.web.answers import ProblemDocument
from waitless.web.problems import CONTENT_TYPE, Problem

Document = dict[str, object]
REF = "#/components/schemas/{name}"
HEADER_REF = "#/components/headers/{name}"
HEADERS: Document = {
    "RateLimit-Policy": {
        "description": "Where limits are set: q requests at once, given back over w seconds",
        "schema": {"type": "string", "pattern": r'^"default";q=\d+;w=\d+$'},
        "example": '"default";q=100;w=5',
    },
    "RateLimit": {
        "description": "Where limits are set: r requests left now, all of them again in t seconds",
        "schema": {"type": "string", "pattern": r'^"default";r=\d+;t=\d+$'},
        "example": '"default";r=99;t=1',
    },
    "Retry-After": {
        "description": "Seconds until the next request is admitted",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
}
"""Headers that are the same wherever they come."""
RATE_HEADERS = ("RateLimit-Policy", "RateLimit")


def gives(
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
                "content": {"application/json": {"schema": reference(kind)}},
            },
            **refusals({*problems, *own}),
        },
    }


def secured(operation: Document) -> Document:
    """An operation that wants a key, of the process that writes."""
    responses = {**mapping(operation["responses"])}
    responses |= refusals({Problem.UNAUTHENTICATED, Problem.FORBIDDEN})
    responses |= refusals({Problem.STANDBY, Problem.STORE_AWAY})
    return {**operation, "security": [{"key": []}], "responses": responses}


def for_people(operation: Document) -> Document:
    """One that takes a session of the operators' pages, too."""
    described = secured(operation)
    refused = refusals({Problem.FORBIDDEN, Problem.CROSS_SITE})
    return {
        **described,
        "security": [{"key": []}, {"session": []}],
        "responses": {**mapping(described["responses"]), **refused},
    }


def limited(operation: Document) -> Document:
    """An operation that a client can be refused for asking too often, where limits are set."""
    refused = refusals({Problem.TOO_MANY_REQUESTS})
    responses: Document = {
        status: _with_headers(
            mapping(told), *RATE_HEADERS, *(["Retry-After"] if status in refused else [])
        )
        for status, told in (mapping(operation["responses"]) | refused).items()
    }
    return {**operation, "responses": responses}


def _with_headers(response: Document, *names: str) -> Document:
    more = {name: {"$ref": HEADER_REF.format(name=name)} for name in names}
    return {**response, "headers": {**mapping(response.get("headers", {})), **more}}


def mapping(value: object) -> Document:
    """A part of a document that is a mapping."""
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def refusals(problems: Collection[Problem]) -> Document:
    """Problems by status, each status with its codes."""
    by_status: dict[str, list[str]] = {}
    for problem in sorted(problems, key=lambda problem: problem.code):
        by_status.setdefault(str(problem.status.value), []).append(problem.code)
    return {
        status: {
            "description": "Refused: " + ", ".join(codes),
            "content": {CONTENT_TYPE: {"schema": reference(ProblemDocument)}},
        }
        for status, codes in by_status.items()
    }


def reference(kind: type) -> Document:
    """Where a type of ours is described."""
    return {"$ref": REF.format(name=kind.__name__)}


def parameter(name: str, text: str, schema: Document, example: str | None = None) -> Document:
    """One parameter of the query; not required."""
    described: Document = {"name": name, "in": "query", "description": text, "schema": schema}
    return described if example is None else {**described, "example": example}


def path_id(kind: str, examples: list[str]) -> Document:
    """The `id` in a path."""
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": f"The {kind}'s id",
        "schema": {"type": "string"},
        "examples": {example: {"value": example} for example in examples[:1]},
    }


def words(known: Iterable[Mode | Need], default: str) -> Document:
    """One word of a few."""
    return {"type": "string", "enum": sorted(known), "default": default}


def whole(least: int, most: int) -> Document:
    """A whole number within limits."""
    return {"type": "integer", "minimum": least, "maximum": most}
