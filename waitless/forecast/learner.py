"""What the writer's forecasts learn, of every facility, from the readings it believes."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from feeds.model import FacilityStatus, Wait
from waitless.area.facility import Facility
from waitless.belief.rules import OpenedMinutes
from waitless.forecast.learn import shut, update
from waitless.forecast.outlook import Outlook, averaging_window, make_outlook
from waitless.forecast.state import ForecastState, StateFault
from waitless.reading import Reading

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is stored of a facility's forecast, beside its reading."""

    facility_id: str
    state: ForecastState
    outlook: Outlook | None
    """None where nothing is forecast from the reading that is believed now."""


class Learner:
    """Learns from readings as they are believed. Pure: no I/O, and no clock but the readings' own.

    The same readings in the same order teach the same, live or from the history, and with or
    without a restart between them.
    """

    def __init__(
        self, facilities: Mapping[str, Facility], zone: tzinfo, opened_minutes: OpenedMinutes
    ) -> None:
        """Nothing is learnt yet.

        Args:
            facilities: by facility id; readings of others teach nothing.
            zone: which usual hours go by.
            opened_minutes: since when doors are open; see `waitless.belief.Openings`.
        """
        self.states: dict[str, ForecastState] = {}
        self._facilities = facilities
        self._zone = zone
        self._opened_minutes = opened_minutes

    def restore(self, stored: Mapping[str, ForecastState | StateFault]) -> int:
        """Go on from what the store holds; gives how many of it could not be read.

        Their facilities start afresh.
        """
        faults = {name: one for name, one in stored.items() if isinstance(one, StateFault)}
        for facility_id, fault in faults.items():
            log.warning("the forecast of %s starts afresh: %s", facility_id, fault)
        self.states = {
            name: one
            for name, one in stored.items()
            if name in self._facilities and not isinstance(one, StateFault)
        }
        return len(faults)

    def take(self, reading: Reading) -> None:
        """Learn from what has just become the reading of a facility.

        A door that is shut, by its status or its hours, forgets its queue; a wait posted
        meanwhile teaches nothing. Nor does one that was stale when it reached us, nor the same
        twice.
        """
        facility_id, state = reading.facility_id, self.states.get(reading.facility_id)
        if facility_id not in self._facilities:
            return
        opened_min = self._opened_minutes(facility_id, reading.as_of)
        by_hours = opened_min is not None and opened_min < 0
        if by_hours or reading.standing_status(reading.as_of) is FacilityStatus.CLOSED:
            if state is not None:
                shut(state)
            return
        at, wait = reading.wait_as_of, reading.live_wait(reading.received_at)
        if at is None or wait is None:
            return
        if state is not None and state.newest_min is not None and opened_min is not None:
            opened_at_min = reading.as_of.timestamp() / 60 - opened_min
            if state.newest_min < opened_at_min:
                shut(state)
        learnt = update(state, wait, at, self._zone)
        if learnt is not None:
            self.states[facility_id] = learnt

    def tell(self, readings: Iterable[Reading]) -> list[Forecast]:
        """What to store beside these readings; of a facility's several the last is believed."""
        newest = {reading.facility_id: reading for reading in readings}
        return [
            Forecast(
                facility_id=facility_id,
                state=self.states[facility_id],
                outlook=self.find_outlook(reading),
            )
            for facility_id, reading in newest.items()
            if facility_id in self.states
        ]

    def find_outlook(self, reading: Reading) -> Outlook | None:
        """What is forecast from a reading; None where nothing is."""
        state = self.states.get(reading.facility_id)
        if state is None or reading.wait_as_of is None or not isinstance(reading.wait, Wait):
            return None
        kind = self._facilities[reading.facility_id].kind
        window = averaging_window(state.statistic)
        return make_outlook(state, reading.wait_as_of, kind, zone=self._zone, window=window)
