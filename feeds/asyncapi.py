"""The AsyncAPI 3.0 document of our MQTT topics, made from the type that decodes the messages."""

import msgspec

from feeds.events import EVENT_TYPE, MAX_BYTES, Event
from feeds.model import ProviderStatus
from feeds.traffic import messages, wire

Document = dict[str, object]
_REF = "#/components/schemas/{name}"


def describe_topics(version: str) -> Document:
    """The document; `docs/asyncapi.json` is this, and a test holds the two together.

    Args:
        version: of the product, for the document's `info`.
    """
    _, schemas = msgspec.json.schema_components(
        [Event, wire.TrafficEvent, wire.LinkRow, wire.EventRow], ref_template=_REF
    )
    for name, row in (("links", wire.LinkRow), ("events", wire.EventRow)):
        rows = schemas[wire.TrafficData.__name__]["properties"][name]
        rows["items"] = {"$ref": _REF.format(name=row.__name__)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "WaitLess feeds over MQTT",
            "version": version,
            "description": (
                "Providers publish the waits of their facilities, and their own connection "
                "status; traffic sources what their links take. All are retained, at QoS 1. "
                "MQTT 3.1.1 is enough."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {"broker": {"host": "{host}", "protocol": "mqtt", "variables": {
            "host": {"description": "The broker's host and port"}}}},
        "channels": {
            "wait": _channel(
                "waitless/v1/{area}/{provider}/{facility}/wait",
                "wait",
                "A facility's wait. The newest message of a facility counts.",
                ["area", "provider", "facility"],
            ),
            "status": _channel(
                "waitless/v1/{area}/{provider}/status",
                "status",
                "Whether a provider is connected; `lost` is its last will.",
                ["area", "provider"],
            ),
            "traffic": _channel(
                "waitless/v1/{area}/traffic/{source}",
                "traffic",
                "What a traffic source's links take, closures and events on the road.",
                ["area", "source"],
            ),
        },
        "operations": {
            "publishWait": _operation("wait"),
            "publishStatus": _operation("status"),
            "publishTraffic": _operation("traffic"),
        },
        "components": {
            "schemas": schemas,
            "messages": {
                "wait": {
                    "name": EVENT_TYPE,
                    "contentType": "application/json",
                    "summary": f"A CloudEvents 1.0 envelope of at most {MAX_BYTES} bytes",
                    "payload": {"$ref": _REF.format(name="Event")},
                },
                "traffic": {
                    "name": wire.EVENT_TYPE,
                    "contentType": "application/json",
                    "summary": f"A CloudEvents 1.0 envelope of at most {messages.MAX_BYTES} bytes",
                    "payload": {"$ref": _REF.format(name=wire.TrafficEvent.__name__)},
                },
                "status": {
                    "contentType": "text/plain",
                    "payload": {"type": "string", "enum": [word.value for word in ProviderStatus]},
                },
            },
        },
    }  # fmt: skip


def _channel(address: str, message: str, text: str, parameters: list[str]) -> Document:
    words = {
        "area": "The area's id, such as `east-kent`",
        "provider": "The provider's slug; it may write its own topics only",
        "facility": "The facility's id, such as `deal-utc`",
        "source": "The id of a source in the area pack's `traffic/` folder",
    }
    return {
        "address": address,
        "description": text,
        "parameters": {name: {"description": words[name]} for name in parameters},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
    }


def _operation(channel: str) -> Document:
    """What a provider does, seen from the service: it receives."""
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{channel}"}],
        "bindings": {"mqtt": {"qos": 1, "retain": True, "bindingVersion": "0.2.0"}},
    }
