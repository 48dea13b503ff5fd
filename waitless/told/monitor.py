"""The monitor: all facilities, and the readings that what was told is held against. Pure."""

from collections.abc import Container, Mapping
from datetime import datetime, timedelta, tzinfo

from waitless.forecast.predict import Course
from waitless.forecast.state import ForecastState
from waitless.reading import Reading
from waitless.told.facility import FacilityTold
from waitless.told.said import say

LEAST_APART = timedelta(minutes=1)
"""Readings that follow sooner tell nothing new of what was told half an hour before."""


class Monitor:
    """What was told and what came, by facility.

    Attributes:
        facilities: by id; those that nothing was told of are absent.
        touched: those changed since this was last emptied.
    """

    def __init__(self, facility_ids: Container[str], zone: tzinfo) -> None:
        """Nothing told yet.

        Args:
            facility_ids: what is stored of others is not gone on with.
            zone: which usual hours go by, as the forecasts'.
        """
        self.facilities: dict[str, FacilityTold] = {}
        self.touched: set[str] = set()
        self._facility_ids = facility_ids
        self._zone = zone

    def restore(self, stored: Mapping[str, FacilityTold]) -> None:
        """Go on from what the store holds."""
        self.facilities = {
            facility_id: told
            for facility_id, told in stored.items()
            if facility_id in self._facility_ids
        }

    def take(self, reading: Reading, state: ForecastState | None, now: datetime) -> None:
        """Hold what was told before against a reading, and note what is told from it on.

        Args:
            reading: what has just become believed.
            state: its facility's forecast, which has learnt from it if it ever will.
            now: the time at which it is believed.
        """
        if state is None:
            return
        one = self.facilities.get(reading.facility_id)
        if state.latest is None:
            if one is not None and one.last is not None:
                one.forget_queue()
                self.touched.add(reading.facility_id)
            return
        at = reading.wait_as_of
        if at is None or state.latest.at_min != at.timestamp() / 60:
            return
        one = self.find_or_begin(reading.facility_id)
        if one.last is not None and at < one.last.at + LEAST_APART:
            return
        measure = state.statistic, state.clock
        # The forecast compares it with none before where it has just begun, or the door was shut.
        if (one.statistic, one.clock) != measure or len(state.anchors) == 1:
            one.forget_queue()
            one.statistic, one.clock = measure
        one.meet(at, state.latest)
        one.add_said(say(Course(state, state.latest, self._zone), at, now))
        self.touched.add(reading.facility_id)

    def find_or_begin(self, facility_id: str) -> FacilityTold:
        """All that is known of a facility."""
        return self.facilities.setdefault(facility_id, FacilityTold())
