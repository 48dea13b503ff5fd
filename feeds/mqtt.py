"""MQTT in: one subscriber for every topic of an area."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import aiomqtt

from feeds.backoff import backoff_delays
from feeds.model import Delivery
from feeds.mqtt_client import Client, MqttEndpoint
from feeds.topics import ProbeTopic, subscriptions

log = logging.getLogger(__name__)

__all__ = ["MqttEndpoint", "MqttSubscriber"]

PRIMED_AFTER_S = 0.5
"""Retained messages count as delivered when this long passes without another one."""
STEADY_AFTER_S = 30.0
"""A connection that lasted so long was a good one: the next attempt need not wait."""
REFUSED_SUBSCRIPTION = 0x80
PROBE_EVERY_S = 5.0


class MqttSubscriber:
    """Listens to every wait, status and traffic topic of an area, for as long as it runs.

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
        former: str | None = None,
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
            former: the identifier of a session of ours that nobody comes back to; it is ended.
        """
        self._raw_topics = raw_topics
        self.connected = False
        self.primed = False
        self.fault: str | None = None
        self._share = "" if share_group is None else f"$share/{share_group}/"
        self._endpoint = endpoint
        self._area = area
        self._identifier = identifier
        self._former = former
        self._sink = sink
        self._now = now
        self._chance = chance

    async def run(self) -> None:
        """Stay connected until cancelled; only a lost or refused connection is retried."""
        delays = backoff_delays(self._chance)
        while True:
            delay, since = 0.0, asyncio.get_running_loop().time()
            try:
                client = Client.at(self._endpoint, self._identifier, keep_session=True)
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
                    self._endpoint, str(fault), delay, self._identifier,
                )  # fmt: skip
                if asyncio.get_running_loop().time() - since > STEADY_AFTER_S:
                    delays = backoff_delays(self._chance)
            finally:
                self.connected = False
            await asyncio.sleep(delay)

    async def _attend(self, client: Client) -> None:
        """Subscribe, then listen and beat until the connection is lost."""
        probe = str(ProbeTopic(self._area, self._identifier))
        wanted = (*subscriptions(self._area), *self._raw_topics)
        shared = [self._share + topic for topic in wanted]
        # One request for all: some brokers (amqtt) take no second one before every retained
        # message that the first brought is acknowledged.
        granted = await client.subscribe([(topic, 1) for topic in (*shared, probe)])
        if REFUSED_SUBSCRIPTION in granted:
            raise aiomqtt.MqttError("the broker refuses a subscription")
        await self._end_former()
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(self._beat(client, probe), name="heartbeat")
            await self._listen(client)
            beating.cancel()

    async def _end_former(self) -> None:
        """End the session of a former name, once.

        The broker would go on queueing for it, let anybody who knows its name have that, and give
        it its turns of a share group.
        """
        if self._former is None:
            return
        try:
            async with Client.at(self._endpoint, self._former):
                log.info("no session %s is kept by the broker any more", self._former)
        except aiomqtt.MqttError as fault:
            log.warning("the session %s may still be kept: %s", self._former, fault)
        else:
            self._former = None

    async def _beat(self, client: Client, topic: str) -> None:
        """Send a probe again and again: what comes back shows that the pipeline flows."""
        while True:
            await client.publish(topic, self._now().isoformat().encode(), qos=1)
            await asyncio.sleep(PROBE_EVERY_S)

    async def _listen(self, client: Client) -> None:
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

    def _delivery(self, client: Client, message: aiomqtt.Message) -> Delivery:
        return Delivery(
            feed_id=self._raw_topics.get(message.topic.value, "mqtt"),
            topic=message.topic.value,
            payload=message.payload,
            received_at=self._now(),
            acknowledge=client.acknowledger(message),
        )
