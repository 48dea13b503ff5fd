"""Rides: the ways by timetable from one origin at one time, told leg by leg when asked for."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from routing.transit import journeys as told
from routing.transit.journeys import find_last_leave, tell_journey
from routing.transit.linetypes import name_line_type
from routing.transit.profile import Access, Arrivals, Profiles
from routing.transit.scan import NEVER
from routing.transit.timetable import Timetable
from waitless.recommend.suit import ExclusionReason
from waitless.recommend.ways import Basis, Journey, Leg, NextDeparture, NoWay, Ride

_MINUTE_S = 60
NO_TIMETABLE = NoWay(ExclusionReason.UNREACHABLE, "No timetable is held for that day.")
NO_STOP = NoWay(ExclusionReason.UNREACHABLE, "No bus or train gets there from where you are.")
NOTHING_RUNS = NoWay(
    ExclusionReason.UNREACHABLE, "Nothing runs that day by the timetable that is held."
)
NO_MORE = "No bus or train gets there any more that day."
NONE_THAT_DAY = "No bus or train gets there that day."


class Rides:
    """What one day's profiles say to one origin at one time."""

    def __init__(
        self,
        today: Profiles,
        tomorrow: Profiles | None,
        place: tuple[float, float],
        departs: datetime,
        *,
        basis: Basis,
        as_of: datetime | None,
        zone: ZoneInfo,
    ) -> None:
        """Look up every facility.

        Args:
            today: of the day of the departure.
            tomorrow: of the next, for who finds no more journey; None where it is not held.
            place: latitude and longitude of the origin, degrees.
            departs: when it is left, within the day.
            basis: of the minutes of a ride; a walk all the way is an estimate.
            as_of: since when what is told of trips is in them; None where nothing is.
            zone: in which clocks are told.
        """
        self._today, self._tomorrow = today, tomorrow
        self._basis = basis
        self._as_of = as_of
        self._zone = zone
        self._access: Access = today.find_access(*place)
        leaves_s = today.timetable.to_seconds(departs)
        self._arrivals: Arrivals = today.look_up(self._access, leaves_s)
        arrives_s = self._arrivals.arrives_s
        self.minutes: NDArray[np.float64] = np.where(
            arrives_s == NEVER, np.inf, (arrives_s - leaves_s) / _MINUTE_S
        )
        """By facility of the profiles, from the departure on; infinite where no way is left."""
        self.written: dict[int, bytes] = {}
        """By facility what was written of its journey, or of there being none, by whoever did."""

    def tell(self, number: int) -> Journey:
        """The journey to a facility that can be reached, by its number."""
        journey = tell_journey(self._today, self._access, self._arrivals, number)
        if journey is None:
            raise LookupError(f"no journey to {self._today.facility_ids[number]}")
        timetable = self._today.timetable
        rides = journey.legs[0].ends_s < journey.arrives_s  # else one walks all the way
        following = None
        if journey.next_leaves_s is not None and journey.next_arrives_s is not None:
            following = NextDeparture(
                timetable.to_instant(journey.next_leaves_s),
                timetable.to_instant(journey.next_arrives_s),
            )
        return Journey(
            minutes=float(self.minutes[number]),
            distance_m=None,
            basis=self._basis if rides else "estimate",
            as_of=self._as_of if any(_is_live(leg) for leg in journey.legs) else None,
            leaves_at=timetable.to_instant(journey.leaves_s) if rides else None,
            next=following,
            legs=tuple(_tell_legs(journey.legs, timetable)),
        )

    def tell_no_way(self, number: int) -> NoWay:
        """Why a facility cannot be reached any more, or cannot at all."""
        ran = self._of_today.arrives_s[number] != NEVER
        tomorrow, arrivals = self._tomorrow, self._of_tomorrow
        if tomorrow is not None and arrivals is not None:
            leaves_s = find_last_leave(tomorrow, self._access, arrivals, number)
            if leaves_s is not None:
                leaves = tomorrow.timetable.to_instant(leaves_s).astimezone(self._zone)
                text = f"The first of the next day leaves at {leaves:%H:%M}."
                return NoWay(
                    ExclusionReason.NO_MORE_JOURNEYS, f"{NO_MORE if ran else NONE_THAT_DAY} {text}"
                )
        if ran:
            return NoWay(ExclusionReason.NO_MORE_JOURNEYS, NO_MORE)
        return NO_STOP if len(self._today.timetable.connections.departs_s) else NOTHING_RUNS

    @cached_property
    def _of_today(self) -> Arrivals:
        """Of one who left when the day began."""
        return self._today.look_up(self._access, 0)

    @cached_property
    def _of_tomorrow(self) -> Arrivals | None:
        """Of one who leaves when the next day begins; one walks to the same stops then."""
        return None if self._tomorrow is None else self._tomorrow.look_up(self._access, 0)


def _tell_legs(legs: tuple[told.Leg, ...], timetable: Timetable) -> Iterator[Leg]:
    """The legs as an answer has them; walks that take no time are left out."""
    for leg in legs:
        if leg.starts_s == leg.ends_s and not isinstance(leg, told.Ride):
            continue
        minutes = round((leg.ends_s - leg.starts_s) / _MINUTE_S, 1)
        starts, ends = timetable.to_instant(leg.starts_s), timetable.to_instant(leg.ends_s)
        match leg:
            case told.Walk():
                one = Leg(kind="walk", minutes=minutes, starts_at=starts, ends_at=ends)
                if leg.start is not None:
                    one["from_stop"] = leg.start
                if leg.end is not None:
                    one["to_stop"] = leg.end
                yield one
            case told.Wait():
                yield Leg(
                    kind="wait", minutes=minutes, starts_at=starts, ends_at=ends, from_stop=leg.stop
                )
            case told.Ride():
                yield Leg(
                    kind="ride", minutes=minutes, starts_at=starts, ends_at=ends,
                    from_stop=leg.start, to_stop=leg.end, ride=_tell_ride(leg),
                )  # fmt: skip


def _is_live(leg: told.Leg) -> bool:
    return isinstance(leg, told.Ride) and leg.live


def _tell_ride(ride: told.Ride) -> Ride:
    return Ride(
        line=ride.line,
        kind=name_line_type(ride.line_type),
        headsign=ride.headsign or None,
        stops=ride.stops,
        every_minutes=round(ride.every_s / _MINUTE_S) or None,
        live=ride.live,
    )
