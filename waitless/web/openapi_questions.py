"""The questions' part of the OpenAPI document."""

from collections.abc import Collection

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.recommend.answer import Recommendation
from waitless.recommend.query import DEFAULT_LIMIT, MOST_AGE, MOST_LIMIT
from waitless.web.comparison import Comparison
from waitless.web.openapi_parts import Document, gives, parameter, whole, words
from waitless.web.problems import Problem
from waitless.web.targets import COMPARED_LIMIT


def describe_questions(modes: Collection[Mode]) -> dict[str, dict[str, Document]]:
    """Every route that a patient's question is asked on, by path and method."""
    return {
        "/v1/recommendations": {
            "get": _ask(
                "recommend",
                "Ranked destinations from an origin, with reasons",
                Recommendation,
                limit=DEFAULT_LIMIT,
                more=[parameter("mode", "How you travel", words(modes, Mode.DRIVE))],
                problems={Problem.UNKNOWN_MODE, Problem.MODE_UNAVAILABLE},
            )
        },
        "/v1/comparison": {
            "get": _ask(
                "compare",
                "The same by every way of travelling: the answer to each, in one",
                Comparison,
                limit=COMPARED_LIMIT,
            )
        },
    }


def _ask(
    name: str,
    summary: str,
    kind: type,
    *,
    limit: int,
    more: Collection[Document] = (),
    problems: Collection[Problem] = (),
) -> Document:
    about_origin = {Problem.MISSING_ORIGIN, Problem.TWO_ORIGINS, Problem.BAD_COORDINATES}
    about_place = {Problem.OUTSIDE_AREA, Problem.UNKNOWN_PLACE, Problem.AMBIGUOUS_PLACE}
    about_rest = {
        Problem.UNKNOWN_NEED,
        Problem.BAD_AGE,
        Problem.BAD_LIMIT,
        Problem.BAD_DEPARTURE,
        Problem.DEPARTURE_IN_PAST,
        Problem.DEPARTURE_TOO_LATE,
        Problem.REPEATED_PARAMETER,
    }
    return gives(
        name,
        summary,
        kind,
        [
            parameter("lat", "Latitude, decimal degrees WGS84; with lon", {"type": "number"}),
            parameter("lon", "Longitude, decimal degrees WGS84; with lat", {"type": "number"}),
            parameter("place", "Instead: a postcode, outcode or town", {"type": "string"}, "CT1"),
            *more,
            parameter("need", "What you come with", words(Need, Need.MINOR_INJURY)),
            parameter("age", "Age in completed years", whole(0, MOST_AGE)),
            parameter(
                "limit",
                "How many destinations",
                {**whole(1, MOST_LIMIT), "default": limit},
            ),
            parameter(
                "depart_at",
                "When you leave, RFC 3339 (without a zone: local time) or HH:MM, the next such; at "
                "most 24 hours ahead. Not given: at once",
                {"type": "string"},
            ),
        ],
        {*about_origin, *about_place, *about_rest, *problems},
    )
