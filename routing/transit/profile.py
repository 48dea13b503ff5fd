"""Profiles: for each facility and stop every departure worth taking, and when it arrives.

Memory: 17 bytes for each departure kept and 8 for each stop and facility (`Profiles.size_bytes`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.transit.footpaths import Walks, to_space
from routing.transit.scan import NEVER, look_up, scan_back
from routing.transit.timetable import LENGTH_S, Timetable

HORIZON_S: Final = 6 * 3600
"""Of a journey, from its first departure."""

_FIELDS: Final = 5
"""Of what a scan finds: stops, arrivals, entries, exits, rides."""


MOST_RIDES: Final = 255
"""A journey of more is told as of so many."""


class Access(NamedTuple):
    """How an origin is joined to the timetable."""

    stops: NDArray[np.int32]
    walks_s: NDArray[np.int32]
    """On foot to each of the stops."""
    direct_s: NDArray[np.int32]
    """On foot all the way, by facility; `NEVER` where that is too far."""


class Arrivals(NamedTuple):
    """The earliest arrivals from one origin, in the order of `Profiles.facility_ids`."""

    leaves_s: int
    """When the origin is left: all times are seconds from the timetable's `begins`."""
    arrives_s: NDArray[np.int32]
    """`NEVER` where no more journey is in this timetable."""
    departures: NDArray[np.int64]
    """Number of the first departure; -1 where one walks all the way, or cannot go."""
    accesses: NDArray[np.int32]
    """Place in `Access.stops` of the stop where the ride begins, or -1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """What one timetable has for each facility. It never changes; a look-up takes no lock."""

    timetable: Timetable
    walks: Walks
    facility_ids: tuple[str, ...]
    places: NDArray[np.float64]
    """Of the facilities, as `to_space` has them."""
    egress_s: NDArray[np.int32]
    """By facility and stop: the walk from the stop; -1 where it is too far."""
    first: NDArray[np.int64]
    """By stop, then facility: where its departures begin; one more at the end."""
    departs_s: NDArray[np.int32]
    arrives_s: NDArray[np.int32]
    """At the facility."""
    enters: NDArray[np.int32]
    """The connection with which the ride begins."""
    exits: NDArray[np.int32]
    """The connection with which it ends."""
    rides: NDArray[np.uint8]
    """How many rides the journey has from there."""

    @property
    def size_bytes(self) -> int:
        """Memory of the profiles, without the timetable."""
        arrays = (self.first, self.departs_s, self.arrives_s, self.enters, self.exits, self.rides)
        return sum(array.nbytes for array in (*arrays, self.egress_s))

    def find_access(self, lat: float, lon: float) -> Access:
        """Return the stops, and the facilities, in walking distance of a point."""
        stops, walks_s = self.walks.find(lat, lon)
        direct_s = self.walks.walk_directly(lat, lon, self.places)
        return Access(stops, walks_s, np.where(direct_s < 0, np.int32(NEVER), direct_s))

    def look_up(self, access: Access, leaves_s: int) -> Arrivals:
        """Return the earliest arrivals for one who leaves the origin at a given time.

        They are those of all journeys with one walk at most between two rides, of which the first
        departs before the timetable ends, and which take no longer than the horizon from there.

        Raises:
            ValueError: the time is not within the timetable.
        """
        if not 0 <= leaves_s < LENGTH_S:
            raise ValueError(f"{leaves_s} s is not within the timetable of {self.timetable.day}")
        count = len(self.facility_ids)
        arrives_s = np.empty(count, dtype=np.int32)
        departures = np.empty(count, dtype=np.int64)
        accesses = np.empty(count, dtype=np.int32)
        look_up(
            *(self.first, self.departs_s, self.arrives_s, *access, leaves_s),
            *(arrives_s, departures, accesses),
        )
        return Arrivals(leaves_s, arrives_s, departures, accesses)


def build_profiles(
    timetable: Timetable,
    walks: Walks,
    facilities: Mapping[str, tuple[float, float]],
    *,
    horizon_s: int = HORIZON_S,
    report: Callable[[str], None] = lambda _: None,
) -> Profiles:
    """Scan the day once for each facility.

    Args:
        timetable: of one day.
        walks: of the same feed; they are the same every day.
        facilities: latitude and longitude by id.
        horizon_s: journeys that take longer from their first departure are left out.
        report: called with each facility's id before its scan.
    """
    stop_count, count = len(timetable.gtfs.stop_ids), len(facilities)
    egress_s = np.full((count, stop_count), -1, dtype=np.int32)
    scanned = []
    for number, (facility, place) in enumerate(facilities.items()):
        report(facility)
        stops, walks_s = walks.find(*place)
        egress_s[number, stops] = walks_s
        scanned.append(
            scan_back(
                timetable.connections,
                walks.footpaths,
                egress_s[number],
                len(timetable.run_trips),
                horizon_s,
            )
        )
    # By stop, then facility; of both the earliest first, which was found last.
    sizes = [len(found[0]) for found in scanned]
    facility_of = np.repeat(np.arange(count), sizes)
    stops, arrives_s, enters, exits, rides = (
        np.concatenate([np.empty(0, dtype=np.int32), *(found[i][::-1] for found in scanned)])
        for i in range(_FIELDS)
    )
    keys = stops.astype(np.int64) * count + facility_of
    order = np.argsort(keys, kind="stable")
    return Profiles(
        timetable=timetable,
        walks=walks,
        facility_ids=tuple(facilities),
        places=to_space(*np.array([*facilities.values()]).reshape(-1, 2).T),
        egress_s=egress_s,
        first=np.searchsorted(keys[order], np.arange(stop_count * count + 1)).astype(np.int64),
        departs_s=timetable.connections.departs_s[enters[order]],
        arrives_s=arrives_s[order],
        enters=enters[order],
        exits=exits[order],
        rides=np.minimum(rides[order], MOST_RIDES).astype(np.uint8),
    )
