"""The JSON of the directory, of feeds and of machines, as types; the answer proper has its own.

The OpenAPI document is made from these types, and the tests hold every response against it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from feeds.model import FacilityStatus, NoFigure, ProviderStatus
from waitless.area.facility import Kind
from waitless.belief import Rule
from waitless.health import FeedState
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
    """A facility's believed readings since an instant, oldest first."""

    facility_id: str
    since: datetime
    data: DataKind
    readings: list[ReadingCard]


@dataclass(frozen=True, slots=True)
class FeedFigures:
    """One feed's health. Ages count from the source's own time, lag from ours."""

    id: str
    transport: str
    state: FeedState
    connected: bool
    provider_status: ProviderStatus | None
    required: bool
    cadence_seconds: float
    last_measured_at: datetime | None
    age_seconds: int | None
    last_received_at: datetime | None
    messages: int
    believed: int
    refused: dict[str, int]
    held: dict[str, int]
    last_held_rule: Rule | None
    simulated: bool


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
    """The answer of `/readyz`, with each check by name."""

    status: Literal["ready", "not_ready"]
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
