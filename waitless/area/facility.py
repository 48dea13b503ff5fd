"""A facility: one queue that a patient can join, and what it can do for whom."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

import msgspec

from feeds.topics import is_slug
from waitless.area.hours import Calendar, WeeklyHours

HARD_LIMIT_ED_MINUTES = 2160
HARD_LIMIT_MINUTES = 1440


class Kind(StrEnum):
    """What sort of place it is; `ed` is a type 1 emergency department."""

    ED = "ed"
    UTC = "utc"
    MIU = "miu"
    WALK_IN = "walk-in"

    @property
    def hard_limit_minutes(self) -> int:
        """No posted wait above this is ever shown (architecture.md, "Numbers to hold")."""
        return HARD_LIMIT_ED_MINUTES if self is Kind.ED else HARD_LIMIT_MINUTES


class Need(StrEnum):
    """What the patient came with, each mapping to what a facility must treat."""

    MINOR_INJURY = "minor_injury"
    WOUND = "wound"
    SUSPECTED_FRACTURE = "suspected_fracture"
    BURN = "burn"
    BITE = "bite"
    EYE = "eye"
    HEAD_INJURY = "head_injury"
    MINOR_ILLNESS = "minor_illness"
    CHILD_MINOR_ILLNESS = "child_minor_illness"
    ABDOMINAL_PAIN = "abdominal_pain"

    @property
    def wants_xray(self) -> bool:
        """Whether the place must be able to X-ray when the patient is there."""
        return self is Need.SUSPECTED_FRACTURE


class XrayAnswer(StrEnum):
    """Whether there is an X-ray when the patient arrives, as far as is known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class FacilityRow(msgspec.Struct, forbid_unknown_fields=True):
    """One `[[facility]]` as it is written. A key left out is a thing not known."""

    id: str
    name: Annotated[str, msgspec.Meta(min_length=1)]
    short_name: Annotated[str, msgspec.Meta(min_length=1)]
    kind: Kind
    provider: str
    address: str
    postcode: str
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    treats: Annotated[list[Need], msgspec.Meta(min_length=1)]
    hours: dict[str, list[str]]
    reviewed: date
    sources: Annotated[list[str], msgspec.Meta(min_length=1)]
    source_date: str | None = None
    operator: str | None = None
    ods_code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{3,9}$")] | None = None
    phone: Annotated[str, msgspec.Meta(pattern=r"^[0-9 ]{10,14}$")] | None = None
    min_age_months: Annotated[int, msgspec.Meta(ge=0, le=1200)] | None = None
    xray: bool | None = None
    xray_hours: dict[str, list[str]] | None = None
    treats_hours: dict[Need, dict[str, list[str]]] = {}
    last_patient_minutes: Annotated[int, msgspec.Meta(ge=0, le=240)] | None = None
    seen_per_minute: Annotated[float, msgspec.Meta(gt=0, le=10)] | None = None
    service_ids: list[str] = []
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """One queue a patient can join. None means that it is not known."""

    id: str
    name: str
    short_name: str
    kind: Kind
    provider: str
    operator: str | None
    ods_code: str | None
    address: str
    postcode: str
    lat: float
    lon: float
    phone: str | None
    treats: frozenset[Need]
    treats_hours: dict[Need, WeeklyHours]
    """Needs that are treated in narrower hours than the door is open."""
    hours: WeeklyHours
    min_age_months: int | None
    xray: bool | None
    xray_hours: WeeklyHours | None
    service_ids: tuple[str, ...]
    """Other names its provider pushes waits under, such as its Directory of Services number."""
    last_patient_minutes: int | None
    """How long before closing the last patient is taken; None where no such rule is known."""
    reviewed: date
    seen_per_minute: float | None = None
    """Patients seen per minute while it is open; None: as usual of its kind."""

    @classmethod
    def from_row(cls, row: FacilityRow) -> Self:
        """Build from a row.

        Raises:
            ValueError: an id that is no slug, or hours that are none; names the field.
        """
        for field, slug in (("id", row.id), ("provider", row.provider)):
            if not is_slug(slug):
                raise ValueError(f"{slug!r} is not a slug - at `$.{field}`")
        if not row.treats_hours.keys() <= set(row.treats):
            raise ValueError("hours for a need it does not treat - at `$.treats_hours`")
        if row.xray_hours is not None and row.xray is not True:
            raise ValueError("hours of an X-ray that is not there - at `$.xray_hours`")
        return cls(
            id=row.id,
            name=row.name,
            short_name=row.short_name,
            kind=row.kind,
            provider=row.provider,
            operator=row.operator,
            ods_code=row.ods_code,
            address=row.address,
            postcode=row.postcode,
            lat=row.lat,
            lon=row.lon,
            phone=row.phone,
            treats=frozenset(row.treats),
            treats_hours={
                need: _hours(spans, f"treats_hours.{need}")
                for need, spans in row.treats_hours.items()
            },
            hours=_hours(row.hours, "hours"),
            min_age_months=row.min_age_months,
            xray=row.xray,
            xray_hours=None if row.xray_hours is None else _hours(row.xray_hours, "xray_hours"),
            service_ids=tuple(row.service_ids),
            last_patient_minutes=row.last_patient_minutes,
            reviewed=row.reviewed,
            seen_per_minute=row.seen_per_minute,
        )

    def services(self) -> list[str]:
        """What it offers, as the words of the API: `xray` where known, then needs treated."""
        return (["xray"] if self.xray else []) + sorted(self.treats)

    def xray_at(self, at: datetime, calendar: Calendar) -> XrayAnswer:
        """Whether one can be X-rayed there at an instant."""
        if self.xray is None or (self.xray and self.xray_hours is None):
            return XrayAnswer.UNKNOWN
        if not self.xray or self.xray_hours is None:
            return XrayAnswer.NO
        return XrayAnswer.YES if calendar.is_open(self.xray_hours, at) else XrayAnswer.NO


def _hours(spans: dict[str, list[str]], field: str) -> WeeklyHours:
    try:
        return WeeklyHours.parse(spans)
    except ValueError as fault:
        raise ValueError(f"{fault} - at `$.{field}`") from fault
