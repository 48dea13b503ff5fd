"""The AsyncAPI document says what the code reads, and real messages keep to it."""

from pathlib import Path

import jsonschema
import orjson
import pytest
from hypothesis import given

from feeds.asyncapi import describe_topics
from feeds.events import decode_message, encode_event
from feeds.model import Observation
from tests.feeds.test_events import observations
from tests.support.clock import MONDAY_MORNING
from tests.support.messages import event
from waitless import __version__

PUBLISHED = Path(__file__).parents[2] / "docs" / "asyncapi.json"
DOCUMENT = orjson.loads(PUBLISHED.read_bytes())
SCHEMA = {
    **DOCUMENT["components"]["messages"]["wait"]["payload"],
    "components": DOCUMENT["components"],
}


def test_the_published_document_is_what_the_code_says() -> None:
    made = orjson.loads(orjson.dumps(describe_topics(__version__)))

    assert made == DOCUMENT, "make docs/asyncapi.json anew: waitless feeds asyncapi"


def test_every_reference_leads_somewhere() -> None:
    def follow(node: object) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                target = DOCUMENT
                for step in node["$ref"].removeprefix("#/").split("/"):
                    target = target[step]
            for inner in node.values():
                follow(inner)
        elif isinstance(node, list):
            for inner in node:
                follow(inner)

    follow(DOCUMENT)


@given(observations)
def test_every_message_we_send_keeps_to_the_schema(observation: Observation) -> None:
    jsonschema.validate(orjson.loads(encode_event(observation, source="/tests")), SCHEMA)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"wait_minutes": "22"},
        {"wait_minutes": -1},
        {"statistic": "best"},
        {"status": "ajar"},
        {"patients_waiting": 1.5},
        {"clock": {"from": "arrival", "until": "treatment"}},
    ],
)
def test_what_the_schema_refuses_the_code_refuses_too(spoilt: dict[str, object]) -> None:
    message = event(**spoilt)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(message, SCHEMA)
    decoded = decode_message(
        "waitless/v1/east-kent/kcht/deal-utc/wait",
        orjson.dumps(message),
        area="east-kent",
        providers={"deal-utc": "kcht"},
        now=MONDAY_MORNING,
    )
    assert not isinstance(decoded, Observation)
