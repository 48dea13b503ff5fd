"""What may be told of a day's trips, in routing's own words.

Whoever hears a feed of trip updates puts it into these; `live.apply_changes` lays them over a day.
They are sent as arrays without names: a field that is added goes to the end.
"""

from datetime import date
from enum import StrEnum

import msgspec


class StopChange(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is told of one stop of a trip, named by its sequence number, its id, or both.

    Times are absolute, seconds since 1970 UTC, or delays against the plan; where both are given
    the time counts. With none, and not skipped, nothing is known from this stop on.
    """

    sequence: int | None = None
    stop_id: str | None = None
    skipped: bool = False
    arrives: int | None = None
    arrival_delay_s: int | None = None
    departs: int | None = None
    departure_delay_s: int | None = None


class TripChange(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is told of one trip."""

    trip_id: str
    day: date | None = None
    """Of service; None: that of the run under way, or nearest to now."""
    start_s: int | None = None
    """Of a trip by frequency: when the repetition leaves its first stop, seconds of the day."""
    cancelled: bool = False
    delay_s: int | None = None
    """Up to the first stop that is told of; None: not told."""
    stops: tuple[StopChange, ...] = ()
    """In order of travel."""


class Unused(StrEnum):
    """Why a change, or what it says of one stop, is not used."""

    UNKNOWN_TRIP = "unknown_trip"
    """The timetable has no trip of that id."""
    NOT_THAT_DAY = "not_that_day"
    """It does not run on the day told, or on none near; or that day is not in this timetable."""
    WHICH_RUN = "which_run"
    """It runs by frequency, and no repetition leaves at the time told, or none is told."""
    REPEATED_TRIP = "repeated_trip"
    """Another change was of the same run: the first counts."""
    NOTHING_TOLD = "nothing_told"
    """Nothing of it says how the trip runs."""
    UNKNOWN_STOP = "unknown_stop"
    """The trip has no such sequence number, or does not call at that stop."""
    WRONG_STOP = "wrong_stop"
    """At that sequence number the trip calls at another stop, not of the same station."""
    OUT_OF_ORDER = "out_of_order"
    """The stop does not come after the one told before."""
    TOO_FAR_OFF = "too_far_off"
    """More than six hours from the plan: of a stop, or of the whole trip."""
