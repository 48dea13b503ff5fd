"""A thousand providers' connections that come back at once, each with a wait to publish.

They speak just enough MQTT 3.1.1 to publish at QoS 1: a thousand whole clients would be what is
slow.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from feeds.topics import WaitTopic
from loadtests.faults.traffic import Traffic
from loadtests.processes import AREA

SIZE = 1000
PROVIDER, FACILITY = "whitstable-medical", "whitstable-utc"
MINUTES = 25.0
BACK_WITHIN_S = 60.0
AGAIN_AFTER_S = 0.2
CONNACK, PUBACK = 0x20, 0x40


class Crowd:
    """Connections that publish when they are made, and are made again when they are lost."""

    def __init__(self, port: int, traffic: Traffic) -> None:
        self._port = port
        self._traffic = traffic
        self._published = [0] * SIZE

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Self]:
        """All of them, for as long as the context lasts, each having published once."""
        tasks = [asyncio.create_task(self._hold(number)) for number in range(SIZE)]
        try:
            await self._until_published(1)
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until_back(self) -> None:
        """Wait until each has connected and published again."""
        await self._until_published(2)

    async def _until_published(self, times: int) -> None:
        async with asyncio.timeout(BACK_WITHIN_S):
            while min(self._published) < times:
                await asyncio.sleep(0.05)

    async def _hold(self, number: int) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    writer.write(_connect(f"crowd-{number}"))
                    if (await reader.readexactly(4))[0] == CONNACK:
                        writer.write(self._publish())
                        if (await reader.readexactly(4))[0] == PUBACK:
                            self._published[number] += 1
                        await reader.read()  # until the broker dies
                finally:
                    writer.close()
            except (OSError, EOFError):
                pass
            await asyncio.sleep(AGAIN_AFTER_S)

    def _publish(self) -> bytes:
        now = self._traffic.now()
        self._traffic.said.note(FACILITY, now, MINUTES)
        topic = str(WaitTopic(AREA, PROVIDER, FACILITY))
        body = _text(topic) + b"\x00\x01" + self._traffic.encode(FACILITY, MINUTES, now)
        return b"\x32" + _length(len(body)) + body


def _connect(identifier: str) -> bytes:
    """MQTT 3.1.1, section 3.1: a clean session, kept alive for a minute."""
    body = _text("MQTT") + b"\x04\x02" + struct.pack(">H", 60) + _text(identifier)
    return b"\x10" + _length(len(body)) + body


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">H", len(encoded)) + encoded


def _length(number: int) -> bytes:
    """Section 2.2.3: seven bits a byte, the lowest first."""
    found = bytearray()
    while True:
        number, low = divmod(number, 128)
        found.append(low | (0x80 if number else 0))
        if not number:
            return bytes(found)
