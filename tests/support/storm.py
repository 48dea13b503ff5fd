"""Patients who ask without a pause, and whatever goes wrong for any of them."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

STORMING = 12
"""Patients in a storm."""
OK = HTTPStatus.OK.value
QUESTION = "/v1/recommendations?place=CT14&need=wound"


class Storm:
    """Patients who ask over and over on connections they keep, and on new ones.

    Attributes:
        statuses: of the answers.
        faults: requests without an answer, each in words.
        asked_again: where that is allowed, requests that found a kept connection closed before
            anything was said, and were made once more on a new one, as browsers do. No faults.
    """

    def __init__(self, port: int, pause_s: float = 0.0, *, asks_again: bool = False) -> None:
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []
        self.asked_again = 0
        self._port = port
        self._pause_s = pause_s
        self._asks_again = asks_again

    async def keep_asking(self, *, keep_alive: bool) -> None:
        """Ask until cancelled."""
        while True:
            try:
                await self._ask_on_one_connection(keep_alive=keep_alive)
            except (OSError, EOFError) as fault:
                self.faults.append(f"{type(fault).__name__}: {fault}")
            await asyncio.sleep(0)

    async def _ask_on_one_connection(self, *, keep_alive: bool) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            closing = kept = False
            while not closing:
                line = f"GET {QUESTION} HTTP/1.1\r\nHost: here\r\n"
                writer.write(
                    (line + ("" if keep_alive else "Connection: close\r\n") + "\r\n").encode()
                )
                try:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode()
                except (ConnectionResetError, asyncio.IncompleteReadError) as fault:
                    if self._asks_again and kept and not getattr(fault, "partial", b""):
                        self.asked_again += 1
                        return
                    raise
                length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
                assert length is not None, head
                body, status = await reader.readexactly(int(length[1])), int(head.split()[1])
                self.statuses[status] += 1
                if status == OK:
                    json.loads(body)
                closing = "connection: close" in head.lower()
                kept = True
                await asyncio.sleep(self._pause_s)
        finally:
            writer.close()


@asynccontextmanager
async def storm(
    port: int, patients: int = STORMING, pause_s: float = 0.0, *, asks_again: bool = False
) -> AsyncIterator[Storm]:
    """Patients who ask until the end of the block, each again after a pause."""
    asking = Storm(port, pause_s, asks_again=asks_again)
    tasks = [
        asyncio.create_task(asking.keep_asking(keep_alive=number % 4 != 0))
        for number in range(patients)
    ]
    try:
        await asyncio.sleep(0.5)
        yield asking
        await asyncio.sleep(0.5)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in outcomes), outcomes
