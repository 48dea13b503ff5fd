"""The WaitLess traffic message as it stands on the wire."""

from typing import Annotated, Literal

import msgspec

from feeds.traffic.model import Effect, Ways

EVENT_TYPE = "uk.waitless.traffic.v1"

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
_Seconds = Annotated[float, msgspec.Meta(gt=0, le=6 * 3600)]
_Speed = Annotated[float, msgspec.Meta(ge=1, le=200)]
_Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class LinkRow(msgspec.Struct):
    """One link on the wire: a time or a speed, or `closed`. Times of day are RFC 3339."""

    link: _Name
    travel_s: _Seconds | None = None
    speed_kmh: _Speed | None = None
    free_flow_s: _Seconds | None = None
    usual_s: _Seconds | None = None
    closed: bool = False
    as_of: str | None = None
    """When this link was measured; the message's own `as_of` where it is left out."""
    until: str | None = None
    """Until when the source vouches for it."""


class EventRow(msgspec.Struct):
    """One event on the wire, located by links, by (latitude, longitude) points, or not at all."""

    id: _Name
    effect: Effect
    kind: _Name = "event"
    links: list[_Name] = []
    points: list[tuple[_Degrees, _Degrees]] = []
    road: _Name | None = None
    ways: Ways = Ways.UNKNOWN
    start: str | None = None
    end: str | None = None
    version_at: str | None = None
    delay_s: Annotated[float, msgspec.Meta(ge=0, le=6 * 3600)] | None = None
    limit_kmh: _Speed | None = None
    suspended: bool = False


class TrafficData(msgspec.Struct):
    """What a source says. Unknown fields are let pass, so that the form can grow."""

    as_of: str
    links: list[msgspec.Raw] = []
    """Each a `LinkRow`; a row that is none is refused by itself."""
    events: list[msgspec.Raw] = []
    """Each an `EventRow`."""
    ended: list[_Name] = []
    full_refresh: bool = False
    """Whether `events` are all there are."""


class TrafficEvent(msgspec.Struct):
    """The envelope on the wire: CloudEvents 1.0, structured mode."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: Literal["uk.waitless.traffic.v1"]
    data: TrafficData
    simulated: bool = False
