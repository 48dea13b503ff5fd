"""The board: the live picture, an immutable snapshot that one writer replaces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from waitless.health import FeedHealth, FeedState
from waitless.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What is believed at one epoch. A request takes one board and keeps it to its end."""

    epoch: int
    """Grows by one with every change to the readings; 0 before the first load."""
    readings: Mapping[str, Reading] = field(default_factory=lambda: MappingProxyType({}))
    """The believed reading of each facility; a facility never heard of is absent."""
    feeds: Mapping[str, FeedHealth] = field(default_factory=lambda: MappingProxyType({}))
    degraded: bool = False
    """Whether the store was away when this board was made: nothing newer could be had."""

    @property
    def simulated(self) -> bool:
        """Whether any reading on it is invented."""
        return any(reading.simulated for reading in self.readings.values())

    def feed_state(self, facility_id: str, now: datetime) -> FeedState:
        """The state of the feed that a facility's reading came by."""
        reading = self.readings.get(facility_id)
        health = self.feeds.get(reading.feed_id) if reading is not None else None
        if reading is None or health is None:
            return FeedState.LOST
        if reading.live_wait(now) is None:
            return FeedState.STALE
        return health.state(now)


EMPTY_BOARD = Board(epoch=0)
