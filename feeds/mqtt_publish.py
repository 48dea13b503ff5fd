"""MQTT out: what providers and traffic sources publish with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiomqtt

from feeds.model import ProviderStatus
from feeds.mqtt_client import Client, ConnectionLost, MqttEndpoint
from feeds.topics import StatusTopic

__all__ = ["ConnectionLost", "MqttPublisher", "connect_provider", "connect_source"]


class MqttPublisher:
    """A connection by which retained messages go out."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish one retained message, returning once the broker has it.

        Raises:
            ConnectionLost: the connection is gone.
        """
        await self._client.publish(topic, payload, qos=1, retain=True)


@asynccontextmanager
async def connect_provider(
    endpoint: MqttEndpoint, *, area: str, provider: str
) -> AsyncIterator[MqttPublisher]:
    """A provider's session: `ready` on connect, `disconnected` at the end, `lost` if it dies."""
    topic = str(StatusTopic(area, provider))
    will = aiomqtt.Will(topic, ProviderStatus.LOST.value, qos=1, retain=True)
    async with Client.at(endpoint, f"provider-{provider}", will=will) as client:
        publisher = MqttPublisher(client)
        await publisher.publish(topic, ProviderStatus.READY.value.encode())
        try:
            yield publisher
        finally:
            with suppress(ConnectionLost):  # then the last will has spoken already
                await publisher.publish(topic, ProviderStatus.DISCONNECTED.value.encode())


@asynccontextmanager
async def connect_source(
    endpoint: MqttEndpoint, *, area: str, source: str
) -> AsyncIterator[MqttPublisher]:
    """A traffic source's session. It has no status topic: silence is seen by its cadence."""
    async with Client.at(endpoint, f"traffic-{area}-{source}") as client:
        yield MqttPublisher(client)
