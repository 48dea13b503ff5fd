"""Ways: how one gets to a facility, and why one does not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NotRequired, TypedDict

from routing.modes import PACES, Mode
from waitless.recommend.suit import ExclusionReason

Basis = Literal["live_traffic", "usual", "timetable", "estimate"]
"""What a journey's minutes rest on."""


class Ride(TypedDict):
    """In one vehicle."""

    line: str
    kind: str
    """`bus`, `rail`, ...: `routing.transit` names GTFS's route types."""
    headsign: str | None
    stops: int
    """On the way, with the last."""
    every_minutes: int | None
    """Vehicles come about so often, and the time is one of many; null: the time is the one."""
    live: bool
    """Whether somebody has told how it runs today; else it is as planned."""


class Leg(TypedDict):
    """A part of a journey; what is not told of it is left out.

    `arrive` is what comes after the road: parking, locking up, the way to the door. Only legs by
    timetable have times and places; a place is missing at the origin and at the facility.
    """

    kind: Literal["drive", "walk", "cycle", "arrive", "wait", "ride"]
    minutes: float
    starts_at: NotRequired[datetime]
    ends_at: NotRequired[datetime]
    from_stop: NotRequired[str]
    to_stop: NotRequired[str]
    ride: NotRequired[Ride]


@dataclass(frozen=True, slots=True)
class NextDeparture:
    """For one who misses the journey: the next."""

    leaves_at: datetime
    arrives_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The way to one facility. `as_of` None means that the minutes do not change by the hour."""

    minutes: float
    distance_m: int | None
    """None where it is not known: by timetable."""
    basis: Basis
    as_of: datetime | None = None
    leaves_at: datetime | None = None
    """When the origin is to be left at the latest; None: there is no such time."""
    next: NextDeparture | None = None
    """None: none follows, or one can leave at any time."""
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class NoWay:
    """Why there is no journey to a facility."""

    reason: ExclusionReason
    text: str


BY_ROAD = NoWay(ExclusionReason.UNREACHABLE, "No way there is known from where you are.")


def split_road(mode: Mode, minutes: float) -> tuple[Leg, ...]:
    """The legs of a journey by road: on the way, and what comes after it."""
    arrival = PACES[mode].arrival_s / 60
    way = Leg(kind=ROAD_KINDS[mode], minutes=round(minutes - arrival, 1))
    return (way, Leg(kind="arrive", minutes=arrival)) if arrival else (way,)


ROAD_KINDS: dict[Mode, Literal["drive", "walk", "cycle"]] = {
    Mode.DRIVE: "drive",
    Mode.WALK: "walk",
    Mode.CYCLE: "cycle",
}
