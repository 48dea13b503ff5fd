"""Journeys from an origin to every facility, looked up in tables made beforehand."""

import math
from collections.abc import Mapping
from typing import Literal

from routing.modes import Mode
from routing.network import NetworkFault
from routing.reach import build_reach
from routing.roadarrays import compile_network
from routing.table import LONGEST_TENTHS, ReachTable
from routing.targets import FacilityOffNetwork
from waitless.area.pack import Area, AreaFault
from waitless.cell import Cell
from waitless.recommend.query import Journey

_BASIS: Mapping[Mode, Literal["usual", "estimate"]] = {
    Mode.DRIVE: "usual",
    Mode.WALK: "estimate",
    Mode.CYCLE: "estimate",
}
"""Walking and cycling at one speed throughout, and on the hand-entered skeleton without footpaths:
an estimate."""


class TravelTables:
    """One reach table for each mode that the area's roads can answer."""

    def __init__(self, tables: Mapping[Mode, ReachTable]) -> None:
        self._tables = tables

    @classmethod
    def build(cls, area: Area) -> "TravelTables":
        """Search the area's roads once for every facility and mode.

        Raises:
            AreaFault: a facility is farther from any road than it can be.
        """
        places = {
            facility.id: (facility.lat, facility.lon) for facility in area.facilities.values()
        }
        try:
            return cls(
                {
                    mode: build_reach(
                        compile_network(area.roads, mode),
                        places,
                        horizon_minutes=LONGEST_TENTHS / 10,
                    )
                    for mode in _BASIS
                }
            )
        except (FacilityOffNetwork, NetworkFault) as fault:
            raise AreaFault([f"roads: {fault}"]) from fault

    @property
    def modes(self) -> frozenset[Mode]:
        """The modes there are tables for."""
        return frozenset(self._tables)

    def journeys_from(self, origin: Cell, mode: Mode) -> dict[str, Journey]:
        """The way to every facility that can be reached; the others are absent."""
        return self.journeys_from_point(origin.lat, origin.lon, mode)

    def journeys_from_point(self, lat: float, lon: float, mode: Mode) -> dict[str, Journey]:
        """The same from an exact point: for files of origins, never for a patient's request."""
        table = self._tables[mode]
        reach = table.travel_from(lat, lon)
        return {
            facility_id: Journey(
                minutes=minutes, distance_m=round(distance_m), basis=_BASIS[mode], as_of=None
            )
            for facility_id, minutes, distance_m in zip(
                table.facility_ids, reach.minutes.tolist(), reach.distance_m.tolist(), strict=True
            )
            if math.isfinite(minutes)
        }
