"""The roster: every feed that an area can be heard through, with its health still blank."""

from collections.abc import Container, Mapping

from feeds.definition import HttpPoll, HttpPush, LocalFile, MqttTopic
from feeds.traffic.definition import MqttTraffic
from waitless.area.pack import Area
from waitless.health import FeedHealth
from waitless.traffic.counts import Counts

BROKER = "mqtt"
"""The feed that stands for the broker connection itself; messages on no provider's topic are
counted under it."""
MQTT_CADENCE_S = 300.0
"""Providers are asked to publish every 5 minutes (the NHS capacity form's cadence)."""
_TRANSPORT_WORDS: Mapping[type, str] = {
    HttpPoll: "http-poll",
    HttpPush: "http-push",
    LocalFile: "file",
    MqttTopic: "mqtt",
    MqttTraffic: "mqtt",
}


def list_feeds(
    area: Area, pushing: Container[str], *, listens_to_mqtt: bool
) -> dict[str, FeedHealth]:
    """Every feed that can be heard of: each definition and source, provider, the broker."""
    polled = [
        FeedHealth(
            id=feed.id,
            transport=_TRANSPORT_WORDS[type(feed.transport)],
            cadence_s=feed.cadence_s,
            required=feed.required and not isinstance(feed.transport, HttpPush),
        )
        for feed in area.feeds
    ]
    transport = "mqtt" if listens_to_mqtt else "http-push"
    providers = [
        _provider_health(area, provider, transport)
        for provider in area.list_providers()
        if listens_to_mqtt or provider in pushing
    ]
    broker = FeedHealth(
        id=BROKER,
        transport="mqtt",
        cadence_s=MQTT_CADENCE_S,
        carries_waits=False,
        required=True,
        messages_per_cadence=0,
    )
    broker_too = [broker] if listens_to_mqtt else []
    traffic = [
        FeedHealth(
            id=source.id,
            transport=_TRANSPORT_WORDS[type(source.transport)],
            cadence_s=source.cadence_s,
            traffic=Counts(),
        )
        for source in area.traffic
        if listens_to_mqtt or not isinstance(source.transport, MqttTraffic)
    ]
    trips = [
        FeedHealth(
            id=source.id,
            transport=_TRANSPORT_WORDS[type(source.transport)],
            cadence_s=source.cadence_s,
        )
        for source in area.trip_updates
    ]
    return {health.id: health for health in [*providers, *broker_too, *polled, *traffic, *trips]}


def _provider_health(area: Area, provider: str, transport: str) -> FeedHealth:
    own = sum(facility.provider == provider for facility in area.facilities.values())
    return FeedHealth(
        id=provider, transport=transport, cadence_s=MQTT_CADENCE_S, messages_per_cadence=own
    )
