"""The answer's JSON, as types: what `/v1/recommendations` sends, field for field.

docs/api.md and the OpenAPI document describe the same; a test holds the three together.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from waitless.recommend.advice import Advice
from waitless.recommend.suit import Exclusion
from waitless.recommend.ways import Basis, Leg, NextDeparture

DataKind = Literal["live", "simulated"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the journey starts: the middle of the origin's cell."""

    lat: float
    lon: float
    label: str


@dataclass(frozen=True, slots=True)
class FacilityCard:
    """What an answer says of a place. None means not known."""

    id: str
    name: str
    short_name: str
    kind: str
    ods_code: str | None
    address: str
    postcode: str
    phone: str | None
    lat: float
    lon: float
    services: list[str]
    open_until: datetime | None
    """When it closes after the arrival; None where it is open round the clock."""


@dataclass(frozen=True, slots=True)
class Travel:
    """The journey. `basis` says what the minutes rest on, `as_of` since when."""

    minutes: float
    """From the departure to the door, waiting for a vehicle included."""
    distance_m: int | None
    """Null by timetable."""
    basis: Basis
    as_of: datetime | None
    directions_url: str
    leaves_at: datetime | None
    """By timetable: when the origin is to be left at the latest; else null."""
    next: NextDeparture | None
    """By timetable: for one who misses it; null where none follows."""
    legs: list[Leg]


@dataclass(frozen=True, slots=True)
class Minutes:
    """A range in whole minutes: 8 in 10 lie between p10 and p90."""

    p10: int
    p50: int
    p90: int
    mean: int


@dataclass(frozen=True, slots=True)
class WhenSeenMinutes(Minutes):
    """The wait at the moment of being seen, and what it rests on."""

    basis: str


@dataclass(frozen=True, slots=True)
class PostedWait:
    """The figure as its source posted it, with its age and meaning."""

    minutes: float | None
    low: float | None
    high: float | None
    statistic: str
    clock_from: str
    clock_to: str
    as_of: datetime
    age_seconds: int


@dataclass(frozen=True, slots=True)
class WaitCard:
    """The wait of one destination."""

    when_seen: WhenSeenMinutes
    now: PostedWait
    patients_waiting: int | None
    feed_state: str


@dataclass(frozen=True, slots=True)
class Destination:
    """One ranked place."""

    rank: int
    facility: FacilityCard
    travel: Travel
    wait: WaitCard | None
    total: Minutes | None
    others_on_the_way: int | None
    """How many others were told to go there and come before; null where nobody counts them."""
    reasons: list[str]
    similar_to_previous: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The whole answer."""

    generated_at: datetime
    valid_until: datetime
    area: str
    data: DataKind
    degraded: bool
    epoch: int
    origin: Origin
    depart_at: datetime | None
    """When the origin is left; null: at once."""
    mode: str
    need: str
    advice: list[Advice]
    destinations: list[Destination]
    not_shown: int
    """Destinations beyond the limit that was asked for."""
    excluded: list[Exclusion]
