"""Journeys from an origin to every facility, looked up in tables made beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from routing.modes import Mode
from routing.table import ReachTable
from waitless.cell import Cell
from waitless.recommend.ways import Basis, Journey, split_road


@dataclass(frozen=True, slots=True)
class ModeTable:
    """The reach table of one mode, and what its minutes rest on."""

    reach: ReachTable
    basis: Basis
    """Of journeys that no live figure is in."""
    as_of: datetime | None = None
    """The instant whose traffic and time of day are in it; None where it has neither."""


class TravelTables:
    """The tables of all modes that an area's roads can answer. Immutable: replaced as a whole."""

    def __init__(self, tables: Mapping[Mode, ModeTable]) -> None:
        self.by_mode = MappingProxyType(dict(tables))

    @property
    def modes(self) -> frozenset[Mode]:
        """The modes there are tables for."""
        return frozenset(self.by_mode)

    def warmed(self) -> "TravelTables":
        """The same, each asked once: the first question of a process compiles the look-up."""
        for table in self.by_mode.values():
            table.reach.travel_from_within(table.reach.frame.plane.middle_lat, 0.0)
        return self

    def dated(self, at: datetime) -> "TravelTables":
        """The same, found to be so still at a later instant."""
        return TravelTables(
            {
                mode: table if table.as_of is None else replace(table, as_of=at)
                for mode, table in self.by_mode.items()
            }
        )

    def journeys_from(self, origin: Cell, mode: Mode) -> Mapping[str, Journey]:
        """The way to every facility that can be reached; the others are absent."""
        return self.journeys_from_point(origin.lat, origin.lon, mode)

    def journeys_from_point(self, lat: float, lon: float, mode: Mode) -> dict[str, Journey]:
        """The same from an exact point: for files of origins, never for a patient's request."""
        table = self.by_mode[mode]
        way = table.reach.travel_from_within(lat, lon)
        facility_ids = table.reach.facility_ids
        return {
            facility_ids[facility]: Journey(
                minutes=minutes,
                distance_m=round(distance_m),
                basis="live_traffic" if live else table.basis,
                as_of=table.as_of,
                legs=split_road(mode, minutes),
            )
            for facility, minutes, distance_m, live in zip(
                way.facility.tolist(),
                way.minutes.tolist(),
                way.distance_m.tolist(),
                way.live.tolist(),
                strict=True,
            )
        }
