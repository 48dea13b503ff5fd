"""What operators see and do, in the OpenAPI document."""

from collections.abc import Collection

from feeds.model import FacilityStatus
from waitless.web.answers import ActDone, AuditList, HeldList, OverrideList
from waitless.web.openapi_parts import Document, for_people, gives, path_id
from waitless.web.overrides import MOST_HOURS
from waitless.web.problems import Problem

_WHY: Document = {"type": "string", "minLength": 1}
_ACT: Document = {
    "type": "object",
    "required": ["why"],
    "additionalProperties": False,
    "properties": {"why": _WHY, "hours": {"type": ["number", "null"], "exclusiveMinimum": 0}},
}
_TAKEN_BACK: Document = {**_ACT, "properties": {"why": _WHY}}
_SAID: Document = {
    **_ACT,
    "properties": {
        "why": _WHY,
        "hours": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": MOST_HOURS},
        "status": {"enum": [*FacilityStatus, None]},
        "wait": {
            "oneOf": [
                {
                    "type": "object",
                    "required": ["minutes"],
                    "additionalProperties": False,
                    "properties": {"minutes": {"type": "number", "minimum": 0}},
                },
                {"const": "cleared"},
                {"type": "null"},
            ]
        },
    },
}


def describe_acts(facility_ids: Collection[str]) -> dict[str, dict[str, Document]]:
    """Held values, feeds, overrides and the audit, by path and method."""
    held, feed = path_id("held value", []), path_id("feed", [])
    facility, entry = path_id("facility", list(facility_ids)), path_id("audit entry", [])
    of_held, of_feed = {Problem.UNKNOWN_HELD_VALUE}, {Problem.UNKNOWN_FEED}
    return {
        "/v1/operator/held": {"get": for_people(gives("listHeld", "Held values", HeldList))},
        "/v1/operator/held/{id}/release": {
            "post": _act("releaseHeld", "Believe a held value", held, _ACT, of_held)
        },
        "/v1/operator/held/{id}/drop": {
            "post": _act("dropHeld", "Decide that it is wrong", held, _ACT, of_held)
        },
        "/v1/operator/feeds/{id}/off": {
            "post": _act("switchFeedOff", "Stop believing a feed", feed, _ACT, of_feed)
        },
        "/v1/operator/feeds/{id}/on": {
            "post": _act("switchFeedOn", "Believe it again", feed, _ACT, of_feed)
        },
        "/v1/operator/facilities/{id}/override": {
            "post": _act(
                "overrideFacility",
                "Say of a facility what feeds do not; nothing said lifts what stands",
                facility,
                _SAID,
                {Problem.UNKNOWN_FACILITY, Problem.BAD_OVERRIDE},
            )
        },
        "/v1/operator/overrides": {
            "get": for_people(gives("listOverrides", "Overrides that hold", OverrideList))
        },
        "/v1/operator/audit": {"get": for_people(gives("listAudit", "What was done", AuditList))},
        "/v1/operator/audit/{id}/undo": {
            "post": _act(
                "undoAct",
                "Take an act back",
                entry,
                _TAKEN_BACK,
                {Problem.UNKNOWN_ACT, Problem.CANNOT_UNDO},
            )
        },
    }


def _act(
    name: str, summary: str, subject: Document, body: Document, problems: set[Problem]
) -> Document:
    common = {Problem.BAD_ACTION, Problem.BODY_TOO_LARGE}
    operation = gives(name, summary, ActDone, [subject], problems | common)
    return {
        **for_people(operation),
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    }
