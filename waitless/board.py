"""The board: the live picture, an immutable snapshot that one writer replaces."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from feeds.model import Wait
from waitless.area.facility import Facility
from waitless.forecast.outlook import Outlook
from waitless.health import FeedHealth, FeedState, judge_facility
from waitless.override import Override
from waitless.pulse import Pulse
from waitless.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What is believed at one epoch. A request takes one board and keeps it to its end."""

    epoch: int
    """Grows by one with every change to the readings; 0 before the first load."""
    readings: Mapping[str, Reading] = field(default_factory=lambda: MappingProxyType({}))
    """The believed reading of each facility; a facility never heard of is absent."""
    outlooks: Mapping[str, Outlook] = field(default_factory=lambda: MappingProxyType({}))
    """What is forecast of each facility; `live_outlook` knows whether it still counts."""
    feeds: Mapping[str, FeedHealth] = field(default_factory=lambda: MappingProxyType({}))
    overrides: Mapping[str, Override] = field(default_factory=lambda: MappingProxyType({}))
    """What operators say of facilities, whether it still holds or not."""
    pulse: Pulse | None = None
    """The writer's last sign of life; None before the first."""
    labelled_simulated: bool = False
    """Whether the service is a simulation as a whole (setting `simulated`)."""
    degraded: bool = False
    """Whether the store was away when this board was made: nothing newer could be had."""

    @property
    def simulated(self) -> bool:
        """Whether any reading on it is invented."""
        return self.labelled_simulated or any(
            reading.simulated for reading in self.readings.values()
        )

    def override_at(self, facility_id: str, now: datetime) -> Override | None:
        """What an operator says of a facility; None where nobody does, or no longer."""
        override = self.overrides.get(facility_id)
        return override if override is not None and override.holds(now) else None

    def reading_at(self, facility_id: str, now: datetime) -> Reading | None:
        """What is believed of a facility, with the wait that an operator lays over it."""
        reading, override = self.readings.get(facility_id), self.override_at(facility_id, now)
        return reading if override is None else override.lay_over(reading)

    def live_wait(self, facility_id: str, now: datetime) -> Wait | None:
        """The wait that may be shown of a facility as live; None where there is none.

        What a feed said before an operator switched it off is not shown either; what an operator
        entered goes before what any feed says.
        """
        override = self.override_at(facility_id, now)
        if override is not None and override.concerns_wait:
            return override.live_wait(now)
        reading = self.readings.get(facility_id)
        if reading is None:
            return None
        health = self.feeds.get(reading.feed_id)
        if health is not None and health.off is not None and health.off.holds(now):
            return None
        return reading.live_wait(now)

    def live_outlook(self, facility_id: str, now: datetime) -> Outlook | None:
        """The forecast from the wait that may be shown as live; None where there is none.

        A forecast is of one reading: one of another never stands in for it.
        """
        override = self.override_at(facility_id, now)
        if override is not None and override.concerns_wait:
            return None
        if self.live_wait(facility_id, now) is None:
            return None
        outlook = self.outlooks.get(facility_id)
        if outlook is None or outlook.as_of != self.readings[facility_id].wait_as_of:
            return None
        return outlook

    def feed_state(self, facility: Facility, now: datetime) -> FeedState:
        """The state of what is known of a facility, by its reading and its feed."""
        reading = self.readings.get(facility.id)
        feed_id = facility.provider if reading is None else reading.feed_id
        held = {} if self.pulse is None else self.pulse.held
        return judge_facility(
            reading, self.feeds.get(feed_id), now, held=held.get(facility.id)
        ).state


EMPTY_BOARD = Board(epoch=0, degraded=True)
"""Before the first load nothing is known, which is not the same as nothing being published."""
