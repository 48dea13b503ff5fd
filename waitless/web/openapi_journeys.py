"""The part of the OpenAPI document that is about journeys."""

from collections.abc import Collection, Iterable

from routing.modes import Mode
from waitless.web.journeys import ID_PATTERN, MOST_ETA_MINUTES, JourneyTaken
from waitless.web.openapi_parts import Document, path_id, reference, refusals
from waitless.web.problems import Problem

_ID = {"type": "string", "pattern": ID_PATTERN}


def describe_journeys(
    facility_ids: Iterable[str], modes: Collection[Mode]
) -> dict[str, dict[str, Document]]:
    """Its operations by path and method."""
    return {
        "/v1/journeys": {"post": _tell(facility_ids, modes)},
        "/v1/journeys/{id}": {"delete": _cancel()},
    }


def _tell(facility_ids: Iterable[str], modes: Collection[Mode]) -> Document:
    going = {
        "type": "object",
        "required": ["facility", "mode", "eta_minutes"],
        "additionalProperties": False,
        "properties": {
            "facility": {"type": "string", "enum": list(facility_ids)},
            "mode": {"type": "string", "enum": sorted(modes)},
            "eta_minutes": {"type": "number", "minimum": 0, "maximum": MOST_ETA_MINUTES},
            "id": {
                **_ID,
                "type": ["string", "null"],
                "description": "128 random bits of your own, so that sending again counts once",
            },
        },
    }
    return {
        "operationId": "tellJourney",
        "summary": "I am going there: others are told a wait that knows of one more",
        "description": "It holds nothing of who goes. The id cancels it; half an hour after its "
        "arrival it no longer counts.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": going}}},
        "responses": {
            "201": {
                "description": "Counted",
                "headers": {"Location": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": reference(JourneyTaken)}},
            },
            **refusals({
                Problem.BAD_JOURNEY,
                Problem.BAD_ETA,
                Problem.UNKNOWN_FACILITY,
                Problem.UNKNOWN_MODE,
                Problem.MODE_UNAVAILABLE,
                Problem.JOURNEY_DIFFERS,
                Problem.WRONG_CONTENT_TYPE,
                Problem.BODY_TOO_LARGE,
                Problem.STORE_AWAY,
            }),
        },
    }  # fmt: skip


def _cancel() -> Document:
    return {
        "operationId": "cancelJourney",
        "summary": "I am not going after all",
        "parameters": [path_id("journey", [])],
        "responses": {
            "204": {"description": "It no longer counts"},
            **refusals({Problem.UNKNOWN_JOURNEY, Problem.STORE_AWAY}),
        },
    }
