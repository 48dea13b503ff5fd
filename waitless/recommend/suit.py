"""Suitability: may this patient be sent there, to arrive then?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.model import FacilityStatus
from waitless.area.facility import Facility, Need, XrayAnswer
from waitless.area.hours import Calendar
from waitless.reading import Reading


class ExclusionReason(StrEnum):
    """Why a facility is not among the destinations."""

    CLOSED_ON_ARRIVAL = "closed_on_arrival"
    LAST_PATIENT_PASSED = "last_patient_passed"
    FULL = "full"
    DIVERTING = "diverting"
    NO_XRAY_ON_ARRIVAL = "no_xray_on_arrival"
    AGE = "age"
    NEED = "need"
    TOO_FAR = "too_far"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One facility left out, with the reason as a code and as a sentence."""

    facility_id: str
    reason: ExclusionReason
    text: str


class Doubt(StrEnum):
    """What may make a suitable place turn out not to be: it ranks after those without."""

    XRAY_UNCONFIRMED = "xray_unconfirmed"
    OTHER_CLOCK = "other_clock"
    MAY_CLOSE_BEFORE_SEEN = "may_close_before_seen"


_REPORTED = {
    FacilityStatus.CLOSED: (ExclusionReason.CLOSED_ON_ARRIVAL, "Reported closed"),
    FacilityStatus.FULL: (ExclusionReason.FULL, "Reported full"),
    FacilityStatus.DIVERTING: (ExclusionReason.DIVERTING, "Reported to be sending people on"),
}


def find_unsuitable(
    facility: Facility,
    *,
    need: Need,
    age_years: int | None,
    arrival: datetime,
    reading: Reading | None,
    now: datetime,
    calendar: Calendar,
) -> Exclusion | Doubt | None:
    """Why a patient with a need, of an age, arriving then, cannot or may not be seen there.

    None where nothing speaks against it. The most restrictive of what the pack and the feed say
    wins.
    """

    def excluded(reason: ExclusionReason, text: str) -> Exclusion:
        return Exclusion(facility.id, reason, text)

    if need not in facility.treats:
        return excluded(ExclusionReason.NEED, f"Does not treat {_words(need)}.")
    if _too_young(facility, age_years):
        months = facility.min_age_months
        return excluded(ExclusionReason.AGE, f"Sees no children under {months} months.")
    closed = _find_closed(facility, need, arrival, calendar)
    if closed is not None:
        return excluded(*closed)
    reported = reading and _find_reported(facility, reading, arrival, now, calendar)
    if reported:
        return excluded(*reported)
    return _xray(facility, need, arrival, calendar)


def _too_young(facility: Facility, age_years: int | None) -> bool:
    """Whether someone of so many completed years is surely below the lower limit."""
    if facility.min_age_months is None or age_years is None:
        return False
    oldest_in_months = age_years * 12 + 11
    return oldest_in_months < facility.min_age_months


def _find_closed(
    facility: Facility, need: Need, arrival: datetime, calendar: Calendar
) -> tuple[ExclusionReason, str] | None:
    if not calendar.is_open(facility.hours, arrival):
        opening = calendar.find_opening(facility.hours, arrival)
        again = f"; opens {_clock(opening, calendar)}" if opening is not None else ""
        return (
            ExclusionReason.CLOSED_ON_ARRIVAL,
            f"Closed when you would arrive at {_clock(arrival, calendar)}{again}.",
        )
    narrower = facility.treats_hours.get(need)
    if narrower is not None and not calendar.is_open(narrower, arrival):
        return (
            ExclusionReason.CLOSED_ON_ARRIVAL,
            f"Does not treat {_words(need)} at {_clock(arrival, calendar)}.",
        )
    closing = calendar.find_closing(facility.hours, arrival)
    if closing is not None and facility.last_patient_minutes is not None:
        last = closing - timedelta(minutes=facility.last_patient_minutes)
        if arrival > last:
            return (
                ExclusionReason.LAST_PATIENT_PASSED,
                f"Takes its last patient at {_clock(last, calendar)}.",
            )
    return None


def _find_reported(
    facility: Facility, reading: Reading, arrival: datetime, now: datetime, calendar: Calendar
) -> tuple[ExclusionReason, str] | None:
    """What the unit itself says against coming.

    "Closed", said while it was closed by its hours, ends with its next opening: a feed says so all
    night. Any other report stands until its source says otherwise, or it has grown too old.
    """
    status, said_at = reading.standing_status(now), reading.status_as_of
    if status not in _REPORTED or said_at is None:
        return None
    if status is FacilityStatus.CLOSED and not calendar.is_open(facility.hours, said_at):
        opening = calendar.find_opening(facility.hours, said_at)
        if opening is not None and opening <= arrival:
            return None
    reason, words = _REPORTED[status]
    return reason, f"{words} {int((now - said_at).total_seconds() // 60)} min ago."


def _xray(
    facility: Facility, need: Need, arrival: datetime, calendar: Calendar
) -> Exclusion | Doubt | None:
    if not need.wants_xray:
        return None
    match facility.xray_at(arrival, calendar):
        case XrayAnswer.NO:
            return Exclusion(
                facility.id,
                ExclusionReason.NO_XRAY_ON_ARRIVAL,
                f"No X-ray when you would arrive at {_clock(arrival, calendar)}.",
            )
        case XrayAnswer.UNKNOWN:
            return Doubt.XRAY_UNCONFIRMED
        case XrayAnswer.YES:
            return None


def _clock(moment: datetime, calendar: Calendar) -> str:
    return f"{moment.astimezone(calendar.zone):%H:%M}"


def _words(need: Need) -> str:
    return need.value.replace("_", " ")
