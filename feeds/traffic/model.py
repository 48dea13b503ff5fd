"""What a traffic source can say: figures for its own links, and events on the road.

Nothing here knows our roads: links and places are the source's own names and coordinates. Which
edges they are is looked up in the area's link table, or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFigure:
    """How fast one link flows.

    At least one of `travel_s` and `speed_kmh` is given, above zero, or the link is `closed`.
    """

    link_id: str
    """The source's own id of the link or measuring site."""
    as_of: datetime
    """When it was measured, aware UTC."""
    expires_at: datetime | None = None
    """Until when the source vouches for it; None where it does not say."""
    travel_s: float | None = None
    """Seconds to travel the whole link."""
    free_flow_s: float | None = None
    """The source's own figure for an empty road, seconds."""
    usual_s: float | None = None
    """What the source normally expects at this time, seconds."""
    speed_kmh: float | None = None
    closed: bool = False
    """Nothing passes, for as long as the figure is live. A lasting closure is an event."""


class Effect(StrEnum):
    """What an event does to the road while it lasts."""

    CLOSED = "closed"
    RESTRICTED = "restricted"
    """Open, with fewer lanes, a lower limit, or one direction at a time."""
    INFORMATION = "information"
    """Nothing that a travel time could be made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """When an event is in force; `end` None is until further notice."""

    start: datetime
    end: datetime | None = None


class Ways(StrEnum):
    """Which directions of a road an event is on."""

    ONE = "one"
    """The direction in which the place's points run, or that of its links."""
    BOTH = "both"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPlace:
    """Where an event is, as far as the source says.

    With neither links nor points (Alert-C or names alone) it cannot be located.
    """

    link_ids: tuple[str, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    """(latitude, longitude), degrees WGS84, in the direction of travel where `ways` is one."""
    road: str | None = None
    """The road's number or name, such as "A2"."""
    ways: Ways = Ways.UNKNOWN
    described_as: str | None = None
    """A short text for an operator where there are neither links nor points: "Alert-C 12345"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadEvent:
    """One record of a situation: an accident, a closure, roadworks."""

    id: str
    """The record's id; the newest version of an id replaces the others."""
    version: str | None = None
    versioned_at: datetime | None = None
    """When this version was made; None where the source does not say."""
    situation_id: str | None = None
    """The situation that it is a record of; None where the source does not group events."""
    kind: str
    """The source's own word, such as "MaintenanceWorks"."""
    effect: Effect
    capacity_left: float | None = None
    """Share of the road's lanes or capacity that is left, 0 to 1; None where unknown."""
    delay_s: float | None = None
    limit_kmh: float | None = None
    """A temporary speed limit."""
    places: tuple[EventPlace, ...] = ()
    periods: tuple[Period, ...] = ()
    """In force during any of these; empty: for as long as the source reports it."""
    suspended: bool = False
    """The source says that it is not in force for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficReport:
    """Everything that one message or document said."""

    feed_id: str
    published_at: datetime
    """Aware UTC; the time of receipt where the source gives none."""
    received_at: datetime
    figures: tuple[LinkFigure, ...] = ()
    events: tuple[RoadEvent, ...] = ()
    ended: tuple[str, ...] = ()
    """Ids of events that the source cancels or ends."""
    whole_situations: tuple[str, ...] = ()
    """Situations of which everything is told: any other event of theirs has ended."""
    unread: tuple[str, ...] = ()
    """Ids of events that it lists but that were refused: what was held of them stands."""
    full_refresh: bool = False
    """Whether `events` are all there are: any other of this source has ended."""
    no_data: tuple[str, ...] = ()
    """Links for which the source says that it has no figure (-1, a data error)."""
    passed_over: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Records that say nothing of travel times, by their kind: signs, flows, occupancies."""
    simulated: bool = False
