"""What a feed of trip updates can say. Nothing here knows the timetable that it speaks of.

Ids and sequence numbers are the feed's own names: which trips and stops they are is looked up
where the timetable is. https://gtfs.org/documentation/realtime/reference/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType


class StopFate(StrEnum):
    """What becomes of a trip's call at one stop."""

    SERVED = "served"
    SKIPPED = "skipped"
    NO_DATA = "no_data"
    """Served, as far as anyone knows: nothing is foretold from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopEvent:
    """An arrival or a departure, of which at least one figure is given; `time` counts first."""

    delay_s: int | None = None
    """Later than the timetable; below 0, earlier."""
    time: int | None = None
    """Seconds since 1970 UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopUpdate:
    """One stop of a trip, by its sequence number, its id, or both."""

    sequence: int | None = None
    stop_id: str | None = None
    fate: StopFate = StopFate.SERVED
    arrival: StopEvent | None = None
    departure: StopEvent | None = None
    """None: not told. Of a stop that is served one of the two is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TripUpdate:
    """One trip of one day."""

    trip_id: str
    route_id: str | None = None
    start_date: date | None = None
    """The day of service; None where the feed does not say."""
    start_s: int | None = None
    """Of a trip by frequency, which of its repetitions: when it leaves the first stop, seconds from
    noon less 12 hours. None where the feed does not say."""
    cancelled: bool = False
    delay_s: int | None = None
    """Of the trip as a whole, up to the first stop of which anything is told; None: not told."""
    stops: tuple[StopUpdate, ...] = ()
    """In order of travel, as the feed has them."""
    measured_at: datetime | None = None
    """When the vehicle was last heard of, aware UTC; None where the feed does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TripUpdates:
    """Everything that one message says. Trips that it does not name run by the timetable."""

    feed_id: str
    as_of: datetime
    """When the feed made it, aware UTC."""
    received_at: datetime
    trips: tuple[TripUpdate, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """What was read and is not used, by kind: vehicle positions, alerts, added trips."""
