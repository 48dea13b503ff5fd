"""MQTT in and out: the only module that knows aiomqtt."""

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Self

import aiomqtt

from feeds.backoff import backoff_delays
from feeds.model import Delivery, ProviderStatus
from feeds.topics import ProbeTopic, StatusTopic, subscriptions

log = logging.getLogger(__name__)

PRIMED_AFTER_S = 0.5
"""Retained messages count as delivered when this long passes without another one."""
WAITING_ROOM = 100_000
"""Messages held between the socket and us, as many as a broker keeps for us (ops/mosquitto.conf).
One beyond it would be dropped *unacknowledged*, and come again only when we reconnect. A broker's
in-flight window ought to keep it near empty, but mosquitto 2.0.11 sends a session that comes back
about three messages for each acknowledgement, until all of its backlog is here."""
IDLE_TURNS = 3
"""Turns of the event loop without a message after which a burst of them is over."""
STEADY_AFTER_S = 30.0
"""A connection that lasted so long was a good one: the next attempt need not wait."""
REFUSED_SUBSCRIPTION = 0x80
CONNECT_TIMEOUT_S = 5.0
PROBE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttEndpoint:
    """Where the broker is and who we are to it. `password` is never logged."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls: bool = False

    def __repr__(self) -> str:
        return f"mqtt{'s' if self.tls else ''}://{self.host}:{self.port}"


class _Client(aiomqtt.Client):
    """An aiomqtt client whose QoS 1 messages are acknowledged by whoever has stored them.

    aiomqtt 2.5 acknowledges before the message is handled; paho, beneath it, can leave that to
    us. What reaches through to paho's client and aiomqtt's queue is in this class and nowhere else
    (docs/decisions/0003).
    """

    @classmethod
    def at(
        cls,
        endpoint: MqttEndpoint,
        identifier: str,
        *,
        keep_session: bool = False,
        will: aiomqtt.Will | None = None,
    ) -> Self:
        client = cls(
            hostname=endpoint.host,
            port=endpoint.port,
            username=endpoint.username,
            password=endpoint.password,
            identifier=identifier,
            clean_session=not keep_session,
            will=will,
            timeout=CONNECT_TIMEOUT_S,
            tls_context=ssl.create_default_context() if endpoint.tls else None,
            max_queued_incoming_messages=WAITING_ROOM,
        )
        client._client.manual_ack_set(on=True)
        return client

    def acknowledger(self, message: aiomqtt.Message) -> Callable[[], None]:
        """What to call once `message` is safe; does nothing after the connection has gone."""

        def acknowledge() -> None:
            self._client.ack(message.mid, message.qos)

        return acknowledge

    async def flow(self) -> AsyncIterator[aiomqtt.Message]:
        """What `messages` gives, at a third of the price while one comes upon the other.

        aiomqtt makes a task and waits for two things at each message; here that is done once a
        burst, which ends with a few turns of the loop that bring nothing.
        """
        async for first in self.messages:
            yield first
            idle = 0
            while idle < IDLE_TURNS:
                if self._queue.empty():
                    idle += 1
                    await asyncio.sleep(0)
                else:
                    idle = 0
                    yield self._queue.get_nowait()


class MqttSubscriber:
    """Listens to every wait and status topic of an area, for as long as it runs.

    Attributes:
        connected: whether the broker is there now.
        primed: whether the broker's retained messages have all been handed over since start.
        fault: why it is not connected, as a short code; None where it is.
    """

    def __init__(
        self,
        endpoint: MqttEndpoint,
        *,
        area: str,
        identifier: str,
        sink: Callable[[Delivery], Awaitable[None]],
        now: Callable[[], datetime],
        chance: random.Random,
        share_group: str | None = None,
        raw_topics: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Nothing is opened before `run`.

        Args:
            endpoint: the broker.
            area: whose topics are listened to.
            identifier: of the persistent session; unique among the broker's clients.
            sink: takes each message; waits while it cannot.
            now: the clock.
            chance: spreads reconnections.
            share_group: take turns with other subscribers of that group (`$share/`), each message
                going to one of them. The broker sends a group no retained messages.
            raw_topics: topics on which sources speak in a form of their own -> their feed's id.
        """
        self._raw_topics = raw_topics
        self.connected = False
        self.primed = False
        self.fault: str | None = None
        self._share = "" if share_group is None else f"$share/{share_group}/"
        self._endpoint = endpoint
        self._area = area
        self._identifier = identifier
        self._sink = sink
        self._now = now
        self._chance = chance

    async def run(self) -> None:
        """Stay connected until cancelled; only a lost or refused connection is retried."""
        delays = backoff_delays(self._chance)
        while True:
            delay, since = 0.0, asyncio.get_running_loop().time()
            try:
                client = _Client.at(self._endpoint, self._identifier, keep_session=True)
                async with client:
                    self.connected, self.fault = True, None
                    since = asyncio.get_running_loop().time()
                    log.info("connected to %r", self._endpoint)
                    await self._attend(client)
            except* aiomqtt.MqttError as faults:
                delay = next(delays)
                fault = faults.exceptions[0]
                self.fault = "broker_away"
                log.warning(
                    "%r: %s; again in %.1f s (does another process use the identifier %s?)",
                    self._endpoint, fault, delay, self._identifier,
                )  # fmt: skip
                if asyncio.get_running_loop().time() - since > STEADY_AFTER_S:
                    delays = backoff_delays(self._chance)
            finally:
                self.connected = False
            await asyncio.sleep(delay)

    async def _attend(self, client: _Client) -> None:
        """Subscribe, then listen and beat until the connection is lost."""
        probe = str(ProbeTopic(self._area, self._identifier))
        wanted = (*subscriptions(self._area), *self._raw_topics)
        shared = [self._share + topic for topic in wanted]
        # One request for all: some brokers (amqtt) take no second one before every retained
        # message that the first brought is acknowledged.
        granted = await client.subscribe([(topic, 1) for topic in (*shared, probe)])
        if REFUSED_SUBSCRIPTION in granted:
            raise aiomqtt.MqttError("the broker refuses a subscription")
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(self._beat(client, probe), name="heartbeat")
            await self._listen(client)
            beating.cancel()

    async def _beat(self, client: _Client, topic: str) -> None:
        """Send a probe again and again: what comes back shows that the pipeline flows."""
        while True:
            await client.publish(topic, self._now().isoformat().encode(), qos=1)
            await asyncio.sleep(PROBE_EVERY_S)

    async def _listen(self, client: _Client) -> None:
        priming = asyncio.get_running_loop().call_later(PRIMED_AFTER_S, self._set_primed)
        try:
            async for message in client.flow():
                if message.retain and not self.primed:
                    priming.cancel()
                    priming = asyncio.get_running_loop().call_later(
                        PRIMED_AFTER_S, self._set_primed
                    )
                await self._sink(self._delivery(client, message))
        finally:
            priming.cancel()

    def _set_primed(self) -> None:
        self.primed = True

    def _delivery(self, client: _Client, message: aiomqtt.Message) -> Delivery:
        return Delivery(
            feed_id=self._raw_topics.get(message.topic.value, "mqtt"),
            topic=message.topic.value,
            payload=message.payload,
            received_at=self._now(),
            acknowledge=client.acknowledger(message),
        )


class MqttPublisher:
    """One provider's connection: retained waits out, its status kept true by a last will."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish one retained message, returning once the broker has it.

        Raises:
            aiomqtt.MqttError: the connection is gone.
        """
        await self._client.publish(topic, payload, qos=1, retain=True)


ConnectionLost = aiomqtt.MqttError
"""What publishing raises when the broker is gone."""


@asynccontextmanager
async def connect_provider(
    endpoint: MqttEndpoint, *, area: str, provider: str
) -> AsyncIterator[MqttPublisher]:
    """A provider's session: `ready` on connect, `disconnected` at the end, `lost` if it dies."""
    topic = str(StatusTopic(area, provider))
    will = aiomqtt.Will(topic, ProviderStatus.LOST.value, qos=1, retain=True)
    async with _Client.at(endpoint, f"provider-{provider}", will=will) as client:
        publisher = MqttPublisher(client)
        await publisher.publish(topic, ProviderStatus.READY.value.encode())
        try:
            yield publisher
        finally:
            with suppress(ConnectionLost):  # then the last will has spoken already
                await publisher.publish(topic, ProviderStatus.DISCONNECTED.value.encode())
