"""An MQTT broker within this process: amqtt on loopback, any free port, nothing kept on disk."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from feeds.mqtt import MqttEndpoint

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
CLOSING_S = 2.0
"""How long connections may take to end by themselves when the broker does."""
_LISTENER = "default"
_CONFIG = {
    # "external": we listen, so that the port is the kernel's choice and is known without a race.
    "listeners": {_LISTENER: {"type": "external", "bind": f"{HOST}:0"}},
    "plugins": {f"{__name__}.Anyone": {}},
}
_LEVELS = {
    "amqtt": logging.WARNING,
    "transitions": logging.WARNING,
    # Warns of every message that a subscriber keeps unacknowledged for over five seconds.
    "amqtt.mqtt.protocol.handler": logging.ERROR,
}


class Anyone(BaseAuthPlugin):  # type: ignore[misc]  # amqtt has no types
    """Lets everyone in: who can reach the loopback interface of this machine is the user.

    Sessions are marked anonymous, so the broker forgets them when they disconnect. A kept one
    would be worse: amqtt sends what it queued for it *before* it answers SUBSCRIBE, and waits
    five seconds for the acknowledgements that our subscriber gives only once it has subscribed.
    What matters is retained, and is sent again on subscription.
    """

    async def authenticate(self, *, session: Session) -> bool:
        """Accept, and say that nothing needs to be queued for this client."""
        session.is_anonymous = True
        return True


class _Broker(Broker):  # type: ignore[misc]  # amqtt has no types
    """amqtt's broker with one change: it does not wait for retained messages to be acknowledged.

    amqtt 0.12.1 takes no further SUBSCRIBE from a client until every retained message of the
    last one is acknowledged or five seconds have passed. A client that acknowledges when a
    message is stored, and subscribes to two filters first, never gets through: each attempt ends
    in a time-out (tried, with 22 retained messages). It also sends any client that connects the
    retained messages of *everyone's* subscriptions, from a loop that a subscription made
    meanwhile breaks.
    """

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        topic_filter, qos = subscription
        handler = self._get_handler(session)
        subscribers = self.subscriptions.get(topic_filter, [])
        if handler is None or all(one.client_id != session.client_id for one, _ in subscribers):
            return
        for topic, retained in self.retained_messages.items():
            if self._matches(topic, topic_filter):
                level = min(qos, retained.qos or qos)
                sending = handler.mqtt_publish(topic, retained.data, level, retain=True)
                # The broadcast loop looks after the tasks of this queue, to the end.
                self._tasks_queue.append(asyncio.ensure_future(sending))


@asynccontextmanager
async def embedded_broker() -> AsyncIterator[MqttEndpoint]:
    """A broker for as long as the context lasts; gives its address on loopback.

    It speaks MQTT 3.1.1, carries about 3,000 QoS 1 messages a second and remembers retained
    messages until it ends. A message that a connected subscriber has not acknowledged after five
    seconds counts as delivered; one that was retained comes again with the next subscription.
    """
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            task.set_name("demo.broker.connection")
            connections[task] = writer
            task.add_done_callback(connections.pop)
        try:
            await broker.external_connected(
                StreamReaderAdapter(reader), StreamWriterAdapter(writer), _LISTENER
            )
        finally:
            writer.close()

    with _quiet():
        broker = _Broker(_CONFIG)
        await broker.start()
        server = await asyncio.start_server(serve, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        log.info("embedded MQTT broker on port %d", port)
        try:
            yield MqttEndpoint(host=HOST, port=port)
        finally:
            server.close()
            logging.getLogger("amqtt").setLevel(logging.ERROR)
            await _end(connections)
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_S):
                    await broker.shutdown()


async def _end(connections: Mapping[asyncio.Task[None], asyncio.StreamWriter]) -> None:
    """Hang up on every client, then wait until the broker has noticed.

    In this order: amqtt's own shutdown never returns while a client is connected (tried).
    """
    if not connections:
        return
    for writer in connections.values():
        writer.transport.abort()
    _, lingering = await asyncio.wait(connections, timeout=CLOSING_S)
    for task in lingering:
        task.cancel()
    await asyncio.gather(*lingering, return_exceptions=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Only amqtt's warnings and worse, without those that slow acknowledgement explains."""
    before = {name: logging.getLogger(name).level for name in _LEVELS}
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger("amqtt.broker").addFilter(_is_news)
    try:
        yield
    finally:
        logging.getLogger("amqtt.broker").removeFilter(_is_news)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _is_news(record: logging.LogRecord) -> bool:
    """False for the traceback of a delivery that was not acknowledged within five seconds."""
    return not (record.exc_info and isinstance(record.exc_info[1], TimeoutError))
