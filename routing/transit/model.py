"""What a timetable feed says, checked and numbered: stops, lines, trips, days of service."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.transit.reports import GtfsReport

NO_STATION: Final = -1


@dataclass(frozen=True, slots=True)
class Service:
    """The days on which trips run."""

    weekdays: tuple[bool, ...]
    """Seven, Monday first; all false for a service of listed days alone."""
    starts: date
    ends: date
    """The last day."""
    added: frozenset[date]
    removed: frozenset[date]

    def runs_on(self, day: date) -> bool:
        """Tell whether trips run; a day listed as an exception is as the exception says."""
        if day in self.added or day in self.removed:
            return day not in self.removed
        return self.starts <= day <= self.ends and self.weekdays[day.weekday()]


@dataclass(frozen=True, slots=True)
class Frequency:
    """A trip that runs again and again: its stop times tell how long it takes, not when it runs."""

    trip: int
    starts_s: int
    """First departure from the first stop."""
    ends_s: int
    """No departure then or later."""
    headway_s: int
    exact: bool
    """False: the operator promises the headway, not the minute."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """What the feed says of changing from one stop, or station, to another."""

    start: int
    end: int
    least_s: int | None
    """None where the feed names no time."""
    possible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gtfs:
    """A feed. Stops, lines, trips and services are numbered as they stand in their tables."""

    zone: str
    """IANA name of the zone of all times."""
    stop_ids: tuple[str, ...]
    stop_names: tuple[str, ...]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    stations: NDArray[np.int32]
    """For each stop the number of its parent station, or `NO_STATION`."""
    line_names: tuple[str, ...]
    """The short name of a route, or the long one where it has none."""
    line_types: tuple[int, ...]
    """As GTFS numbers them, extended types included: 2 and 100 to 117 rail, 3 and 700s bus."""
    trip_ids: tuple[str, ...]
    trip_headsigns: tuple[str, ...]
    trip_lines: NDArray[np.int32]
    trip_services: NDArray[np.int32]
    first: NDArray[np.int64]
    """The stop times of trip t stand from `first[t]` up to `first[t + 1]`, in order of travel."""
    sequence: NDArray[np.int32]
    """The feed's own number of each, rising along a trip, with gaps."""
    stops: NDArray[np.int32]
    arrivals_s: NDArray[np.int32]
    departures_s: NDArray[np.int32]
    boards: NDArray[np.bool_]
    """Whether one may get on."""
    alights: NDArray[np.bool_]
    """Whether one may get off."""
    services: tuple[Service, ...]
    frequencies: tuple[Frequency, ...]
    transfers: tuple[Transfer, ...]
    report: GtfsReport
