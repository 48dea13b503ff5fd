"""The assumptions, read from their file: strict, each with its source."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Generic, TypeVar

import msgspec

SHIPPED = Path(__file__).with_name("assumptions.toml")
HOURS_A_DAY = 24

T = TypeVar("T")
Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
ByHour = Annotated[list[T], msgspec.Meta(min_length=HOURS_A_DAY, max_length=HOURS_A_DAY)]
"""One figure for each hour of the local day."""
Words = Annotated[str, msgspec.Meta(min_length=1)]


class AssumptionsFault(ValueError):
    """Assumptions that cannot be used; says where and why."""


class Assumed(msgspec.Struct, Generic[T], frozen=True, forbid_unknown_fields=True):
    """A figure, or a table of them, that the model rests on."""

    value: T
    uncertainty: Words
    """What else it may be."""
    source: Words
    """Where it comes from; begins with "assumed" where nobody measured it."""


class Care(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who comes to a facility, and who treats them."""

    minors_per_day: Positive
    """Target without the app."""
    minors_staff: ByHour[Annotated[int, msgspec.Meta(ge=0, le=100)]]
    """Clinicians for minor needs; those of the last hour stay until all are seen."""
    minor_minutes: Positive
    """A clinician's mean time for one patient."""
    majors_per_day: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    majors_staff: ByHour[Annotated[int, msgspec.Meta(ge=0, le=100)]] = msgspec.field(
        default_factory=lambda: [0] * HOURS_A_DAY
    )
    major_minutes: Positive = 60.0


class Assumptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that the model assumes. What each means stands in the file."""

    start: Assumed[Annotated[datetime, msgspec.Meta(tz=True)]]
    arrivals_by_hour: Assumed[ByHour[Annotated[float, msgspec.Meta(ge=0)]]]
    majors_by_hour: Assumed[ByHour[Annotated[float, msgspec.Meta(ge=0)]]]
    monday_factor: Assumed[Positive]
    day_shape: Assumed[Positive]
    service_spread: Assumed[Positive]
    majors_waiting_limit: Assumed[Annotated[int, msgspec.Meta(ge=1)]]
    patience_minutes: Assumed[Positive]
    patience_spread: Assumed[Positive]
    habit_per_minute: Assumed[Positive]
    feed_window_minutes: Assumed[Positive]
    feed_cadence_minutes: Assumed[Positive]
    no_car_share: Assumed[Share]
    no_car_factor: Assumed[Positive]
    confirm_share: Assumed[Share]
    zones: Assumed[dict[str, Positive]]
    facilities: Assumed[dict[str, Care]]


def load_assumptions(path: Path = SHIPPED) -> Assumptions:
    """Read a file of assumptions.

    Raises:
        AssumptionsFault: not readable, not of that form, or nobody comes or treats; says where.
    """
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Assumptions)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise AssumptionsFault(f"{path.name}: {fault}") from fault
    for name in ("arrivals_by_hour", "majors_by_hour"):
        if not sum(getattr(found, name).value) > 0:
            raise AssumptionsFault(f"{path.name}: nobody comes at any hour - at `$.{name}`")
    for facility_id, care in found.facilities.value.items():
        if not any(care.minors_staff):
            raise AssumptionsFault(f"{path.name}: nobody treats at {facility_id}")
        if care.majors_per_day and not any(care.majors_staff):
            raise AssumptionsFault(f"{path.name}: nobody treats majors at {facility_id}")
    return found
