"""Reading a source from a file that something else writes, at the definition's cadence."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from feeds.definition import FeedDefinition, LocalFile
from feeds.model import Delivery
from feeds.timetable.definition import TripUpdatesDefinition
from feeds.traffic.definition import TrafficDefinition

log = logging.getLogger(__name__)


class FilePoller:
    """Hands a file's content on whenever the file has changed, for as long as it runs.

    Attributes:
        connected: whether the file could be read last time.
        primed: whether it ever could.
        fault: why it could not, as a short code; None where it could.
        last_contact_at: when it was last looked at with success, changed or not.
    """

    def __init__(
        self,
        definition: FeedDefinition | TrafficDefinition | TripUpdatesDefinition,
        *,
        sink: Callable[[Delivery], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        transport = definition.transport
        if not isinstance(transport, LocalFile):
            raise TypeError(f"feed {definition.id} is not read from a file")
        self.connected = False
        self.primed = False
        self.fault: str | None = None
        self.last_contact_at: datetime | None = None
        self._definition = definition
        self._path = Path(transport.path)
        self._max_bytes = transport.max_bytes
        self._sink = sink
        self._now = now
        self._seen: tuple[int, int] | None = None

    async def run(self) -> None:
        """Look until cancelled; a file that cannot be read is looked for again."""
        while True:
            payload = await asyncio.to_thread(self._read)
            if payload is not None:
                await self._sink(
                    Delivery(
                        feed_id=self._definition.id,
                        topic=self._definition.id,
                        payload=payload,
                        received_at=self._now(),
                        acknowledge=_nothing,
                    )
                )
                self.primed = True
            await asyncio.sleep(self._definition.cadence_s)

    def _read(self) -> bytes | None:
        """The content where it is new; None where it is unchanged, too large or unreadable."""
        try:
            found = self._path.stat()
            if found.st_size > self._max_bytes:
                self._failed("too_large")
                return None
            signature = (found.st_mtime_ns, found.st_size)
            payload = None if signature == self._seen else self._path.read_bytes()
        except FileNotFoundError:
            self._failed("not_found")
            return None
        except OSError as fault:
            self._failed("unreadable")
            log.warning("feed %s: %s", self._definition.id, fault.strerror)
            return None
        self._seen, self.last_contact_at = signature, self._now()
        self.connected, self.fault = True, None
        return payload

    def _failed(self, code: str) -> None:
        self.connected, self.fault = False, code


def _nothing() -> None:
    """A file has nothing to acknowledge: it is still there."""
