"""The MQTT client that subscribers and publishers share: the only module that knows its insides."""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import aiomqtt

WAITING_ROOM = 100_000
"""Messages held between the socket and us, as many as a broker keeps for us (ops/mosquitto.conf).
One beyond it would be dropped *unacknowledged*, and come again only when we reconnect. A broker's
in-flight window ought to keep it near empty, but mosquitto 2.0.11 sends a session that comes back
about three messages for each acknowledgement, until all of its backlog is here."""
IDLE_TURNS = 3
"""Turns of the event loop without a message after which a burst of them is over."""
CONNECT_TIMEOUT_S = 5.0

ConnectionLost = aiomqtt.MqttError
"""What publishing raises when the broker is gone."""
_Answer = TypeVar("_Answer")


class _ClosedUnlessTrusted(ssl.SSLSocket):
    """A socket that is closed where the handshake fails: paho would leave it to the collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's signature
        """Agree with the broker, or close."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttEndpoint:
    """Where the broker is and who we are to it. `password` is never logged."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: Path | None = None
    """Authorities whose word counts, in PEM form; None trusts those of the machine."""

    def __repr__(self) -> str:
        return f"mqtt{'s' if self.tls else ''}://{self.host}:{self.port}"

    def make_tls_context(self) -> ssl.SSLContext | None:
        """What verifies the broker; None where it is spoken to without TLS.

        Raises:
            OSError: the authorities' file is none, or cannot be read.
        """
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        context.sslsocket_class = _ClosedUnlessTrusted
        return context


class Client(aiomqtt.Client):
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
        """A client of the broker at an endpoint, under an identifier of its own."""
        client = cls(
            hostname=endpoint.host,
            port=endpoint.port,
            username=endpoint.username,
            password=endpoint.password,
            identifier=identifier,
            clean_session=not keep_session,
            will=will,
            timeout=CONNECT_TIMEOUT_S,
            tls_context=endpoint.make_tls_context(),
            max_queued_incoming_messages=WAITING_ROOM,
        )
        client._client.manual_ack_set(on=True)
        return client

    def acknowledger(self, message: aiomqtt.Message) -> Callable[[], None]:
        """What to call once `message` is safe; does nothing after the connection has gone."""

        def acknowledge() -> None:
            self._client.ack(message.mid, message.qos)

        return acknowledge

    async def _wait_for(self, fut: Awaitable[_Answer], timeout: float | None) -> _Answer:  # noqa: ASYNC109 - aiomqtt's
        """Wait for the broker's answer, as aiomqtt does, and be cancelled by every cancellation.

        aiomqtt waits by `asyncio.wait_for`, which on Python 3.11 forgets a cancellation that comes
        just after the answer: whoever publishes again and again would then never end.
        """
        within_s = self.timeout if timeout is None else timeout
        try:
            async with asyncio.timeout(None if within_s == math.inf else within_s):
                return await fut
        except TimeoutError:
            raise aiomqtt.MqttError("Operation timed out") from None

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
