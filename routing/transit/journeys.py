"""A journey told leg by leg, and what happens to one who misses its first departure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from routing.transit.profile import Access, Arrivals, Profiles
from routing.transit.scan import NEVER
from routing.transit.timetable import LENGTH_S

_NONE: Final = -1


@dataclass(frozen=True, slots=True)
class Walk:
    """On foot. Times of all legs are seconds from the timetable's `begins`."""

    starts_s: int
    ends_s: int
    start: str | None
    """The stop's name; None at the origin."""
    end: str | None
    """None at the facility."""


@dataclass(frozen=True, slots=True)
class Wait:
    """At a stop, until the vehicle leaves."""

    starts_s: int
    ends_s: int
    stop: str


@dataclass(frozen=True, slots=True)
class Ride:
    """In one vehicle."""

    starts_s: int
    ends_s: int
    line: str
    line_type: int
    """As GTFS numbers them, extended types included."""
    headsign: str
    """Empty where the feed names none."""
    start: str
    end: str
    stops: int
    """Stops on the way, with the last."""
    every_s: int
    """0 where the timetable gives the minute; else vehicles come about so often and `starts_s` is
    one time of many."""
    live: bool = False
    """Whether the times are those that somebody foretells; else the timetable's."""


Leg: TypeAlias = Walk | Wait | Ride


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The earliest arrival at one facility, and how it comes about."""

    facility_id: str
    leaves_s: int
    """When the origin must be left at the latest: not before the time asked for."""
    arrives_s: int
    legs: tuple[Leg, ...]
    """They follow one another without a gap; the first begins at the time asked for."""
    next_leaves_s: int | None
    """For one who misses it: when the origin must be left for the next. None: there is no more, or
    the journey is a walk all the way, which can begin at any time."""
    next_arrives_s: int | None


def tell_journey(
    profiles: Profiles, access: Access, arrivals: Arrivals, facility: int
) -> Journey | None:
    """Return the journey to one facility, by its number; None where there is none any more."""
    leaves_s = find_last_leave(profiles, access, arrivals, facility)
    if leaves_s is None:
        return None
    next_leaves_s = next_arrives_s = None
    if arrivals.departures[facility] != _NONE and leaves_s + 1 < LENGTH_S:
        later = profiles.look_up(access, leaves_s + 1)
        next_leaves_s = find_last_leave(profiles, access, later, facility)
        if next_leaves_s is not None:
            next_arrives_s = int(later.arrives_s[facility])
    return Journey(
        facility_id=profiles.facility_ids[facility],
        leaves_s=leaves_s,
        arrives_s=int(arrivals.arrives_s[facility]),
        legs=tuple(_list_legs(profiles, access, arrivals, facility)),
        next_leaves_s=next_leaves_s,
        next_arrives_s=next_arrives_s,
    )


def find_last_leave(
    profiles: Profiles, access: Access, arrivals: Arrivals, facility: int
) -> int | None:
    """Return when the origin must be left at the latest for the earliest arrival at a facility.

    Seconds from the timetable's `begins`; for a walk all the way the time asked for; None where
    there is no journey any more.
    """
    if arrivals.arrives_s[facility] == NEVER:
        return None
    departure = arrivals.departures[facility]
    if departure == _NONE:
        return arrivals.leaves_s
    return int(profiles.departs_s[departure] - access.walks_s[arrivals.accesses[facility]])


def _list_legs(
    profiles: Profiles, access: Access, arrivals: Arrivals, facility: int
) -> Iterator[Leg]:
    names = profiles.timetable.gtfs.stop_names
    arrives_s = int(arrivals.arrives_s[facility])
    departure = int(arrivals.departures[facility])
    if departure == _NONE:
        yield Walk(arrivals.leaves_s, arrives_s, None, None)
        return
    place = arrivals.accesses[facility]
    stop = int(access.stops[place])
    at_s = arrivals.leaves_s + int(access.walks_s[place])
    yield Walk(arrivals.leaves_s, at_s, None, names[stop])
    while True:
        if at_s < profiles.departs_s[departure]:
            yield Wait(at_s, int(profiles.departs_s[departure]), names[stop])
        ride, stop = _tell_ride(profiles, departure)
        yield ride
        at_s = ride.ends_s
        egress_s = int(profiles.egress_s[facility, stop])
        if egress_s >= 0 and at_s + egress_s == arrives_s:
            yield Walk(at_s, arrives_s, names[stop], None)
            return
        departure, change, walk_s = _find_change(profiles, facility, stop, at_s, arrives_s)
        if change != stop:
            yield Walk(at_s, at_s + walk_s, names[stop], names[change])
            stop, at_s = change, at_s + walk_s


def _tell_ride(profiles: Profiles, departure: int) -> tuple[Ride, int]:
    """Return a ride, and the stop where it ends."""
    timetable = profiles.timetable
    gtfs, connections = timetable.gtfs, timetable.connections
    enter, leave = int(profiles.enters[departure]), int(profiles.exits[departure])
    run = connections.runs[enter]
    trip = timetable.run_trips[run]
    line = gtfs.trip_lines[trip]
    end = int(connections.ends[leave])
    ride = Ride(
        starts_s=int(connections.departs_s[enter]),
        ends_s=int(connections.arrives_s[leave]),
        line=gtfs.line_names[line],
        line_type=gtfs.line_types[line],
        headsign=gtfs.trip_headsigns[trip],
        start=gtfs.stop_names[connections.starts[enter]],
        end=gtfs.stop_names[end],
        stops=int(np.count_nonzero(connections.runs[enter : leave + 1] == run)),
        every_s=int(timetable.run_headways_s[run]),
        live=bool(timetable.run_live[run]),
    )
    return ride, end


def _find_change(
    profiles: Profiles, facility: int, stop: int, at_s: int, arrives_s: int
) -> tuple[int, int, int]:
    """Return the next departure, its stop and the time to get there.

    The scan found that footpaths of the stop lead to the arrival; here they are found again: the
    fewest rides first, then staying, then the nearest.
    """
    footpaths = profiles.walks.footpaths
    paths = slice(footpaths.first[stop], footpaths.first[stop + 1])
    found = []
    for end, walk_s in zip(
        footpaths.ends[paths].tolist(), footpaths.seconds[paths].tolist(), strict=True
    ):
        key = end * len(profiles.facility_ids) + facility
        begin, past = profiles.first[key], profiles.first[key + 1]
        departure = begin + np.searchsorted(profiles.departs_s[begin:past], at_s + walk_s)
        if departure < past and profiles.arrives_s[departure] == arrives_s:
            found.append((profiles.rides[departure], end != stop, walk_s, int(departure), end))
    if not found:
        raise LookupError(f"no change at stop {stop} leads to {profiles.facility_ids[facility]}")
    *_, walk_s, departure, end = min(found)
    return departure, end, walk_s
