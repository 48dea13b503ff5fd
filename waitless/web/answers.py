"""The JSON of the directory, of feeds and of machines, as types; the answer proper has its own.

The OpenAPI document is made from these types, and the tests hold every response against it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from feeds.model import FacilityStatus, NoFigure
from waitless.area.facility import Kind
from waitless.audit import Action
from waitless.belief import Fate, Rule
from waitless.health import FeedFigures, FeedState
from waitless.keys import How
from waitless.recommend.answer import DataKind


@dataclass(frozen=True, slots=True)
class Posted:
    """A wait as its source posted it. `minutes` is null where only limits are given."""

    minutes: float | None
    low: float | None
    high: float | None
    statistic: str
    clock_from: str
    clock_to: str


@dataclass(frozen=True, slots=True)
class ReadingCard:
    """What is believed of a facility. `no_figure` says why there is no wait."""

    as_of: datetime
    age_seconds: int
    wait: Posted | None
    no_figure: NoFigure | None
    patients_waiting: int | None
    patients_in_department: int | None
    status: FacilityStatus | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class OverrideCard:
    """What an operator says of a facility in place of what its feed does."""

    status: FacilityStatus | None
    """Null: the door is as the feed reports it."""
    wait: Literal["entered", "cleared"] | None
    """Null: the wait is as the feed posts it."""
    minutes: float | None
    """Of the wait that was entered: shown for 30 minutes from `since` on."""
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class FacilityProperties:
    """A facility in the directory. Null means not known."""

    name: str
    short_name: str
    kind: Kind
    ods_code: str | None
    operator: str | None
    address: str
    postcode: str
    phone: str | None
    services: list[str]
    min_age_months: int | None
    hours: dict[str, list[str]]
    xray_hours: dict[str, list[str]] | None
    open_now: bool
    open_until: datetime | None
    reviewed: date
    feed_state: FeedState
    reading: ReadingCard | None
    override: OverrideCard | None


@dataclass(frozen=True, slots=True)
class Point:
    """A GeoJSON position: longitude, latitude."""

    coordinates: tuple[float, float]
    type: Literal["Point"] = "Point"


@dataclass(frozen=True, slots=True)
class FacilityFeature:
    """One facility as a GeoJSON Feature."""

    id: str
    geometry: Point
    properties: FacilityProperties
    type: Literal["Feature"] = "Feature"


@dataclass(frozen=True, slots=True)
class FacilityCollection:
    """Every facility as a GeoJSON FeatureCollection."""

    area: str
    data: DataKind
    attribution: tuple[str, ...]
    features: list[FacilityFeature]
    type: Literal["FeatureCollection"] = "FeatureCollection"


@dataclass(frozen=True, slots=True)
class History:
    """A facility's believed readings since an instant, and what operators said, oldest first."""

    facility_id: str
    since: datetime
    data: DataKind
    overrides: list[OverrideCard]
    readings: list[ReadingCard]


@dataclass(frozen=True, slots=True)
class FeedList:
    """Every feed of the area."""

    area: str
    degraded: bool
    feeds: list[FeedFigures]


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of `/healthz`."""

    status: Literal["live"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer of `/readyz`, with each check by name; `standby` may write, but another does."""

    status: Literal["ready", "not_ready", "standby"]
    checks: dict[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDocument:
    """Every refusal (RFC 9457). `code` is stable; `parameter` names what was wrong."""

    type: str
    code: str
    title: str
    status: int
    detail: str
    parameter: str | None = None
    choices: list[str] | None = None


@dataclass(frozen=True, slots=True)
class CapacityOutcome:
    """What became of one pushed service: shown, or not shown and by which rule."""

    facility_id: str
    outcome: Literal["believed", "not_shown"]
    rule: str | None


@dataclass(frozen=True, slots=True)
class RefusedCapacity:
    """One pushed service that was not taken; `code` is the NHS form's, where it has one."""

    index: int
    service_id: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class CapacityAnswer:
    """The answer to a push, sent after the store holds what was believed."""

    outcomes: list[CapacityOutcome]
    refused: list[RefusedCapacity]


@dataclass(frozen=True, slots=True)
class HeldCard:
    """One value that is held back, for operators; the wait as it was posted."""

    id: str
    facility_id: str
    feed_id: str
    rule: Rule
    detail: str
    held_at: datetime
    measured_at: datetime
    wait: Posted | None
    patients_waiting: int | None
    patients_in_department: int | None
    status: FacilityStatus | None
    fate: Fate
    settled_at: datetime | None
    may_be_released: bool


@dataclass(frozen=True, slots=True)
class HeldList:
    """The latest held values, newest first."""

    held: list[HeldCard]


@dataclass(frozen=True, slots=True)
class StandingOverride:
    """One override that holds, for operators."""

    facility_id: str
    override: OverrideCard
    by: str
    why: str
    shown_until: datetime | None
    """When the wait that was entered ceases to be shown; null where none was."""


@dataclass(frozen=True, slots=True)
class OverrideList:
    """Every override that holds."""

    overrides: list[StandingOverride]


@dataclass(frozen=True, slots=True)
class AuditCard:
    """One act, and whether it can be taken back."""

    id: str
    at: datetime
    who: str
    how: How | None
    """How it was known who it was; null where that was not written down."""
    action: Action
    what: str
    """The id of the held value, the feed or the facility."""
    why: str
    until: datetime | None
    override: OverrideCard | None
    """What was said of the facility; null where nothing is said any more, or it is another act."""
    may_be_undone: bool
    why_not: str | None
    undoes: str | None
    """The id of the act that this one took back."""
    undone_by: str | None
    """The id of the act that took this one back."""


@dataclass(frozen=True, slots=True)
class AuditList:
    """What operators did, newest first."""

    entries: list[AuditCard]


@dataclass(frozen=True, slots=True)
class ActDone:
    """An act that was carried out and written to the audit."""

    action: Action
    what: str
    until: datetime | None
    audit_id: str
