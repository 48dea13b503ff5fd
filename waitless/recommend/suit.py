"""Suitability: may this patient be sent there, to arrive then?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.model import FacilityStatus
from waitless.area.facility import Facility, Need, XrayAnswer
from waitless.area.hours import Calendar
from waitless.override import Override
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
    NO_MORE_JOURNEYS = "no_more_journeys"
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


_ENTERED = {
    FacilityStatus.CLOSED: "Closed",
    FacilityStatus.FULL: "Full",
    FacilityStatus.DIVERTING: "Sending people on",
}

PRESSED_FOR = timedelta(hours=4)
"""Who arrives later is not kept away by a unit that is full now. Our judgement."""
ARRIVAL = "{arrival}"
"""Stands in a text for the clock at the arrival, so that one text serves many arrivals."""


@dataclass(frozen=True, slots=True)
class Shut:
    """A facility that cannot take a patient who arrives then, by what the pack says."""

    reason: ExclusionReason
    template: str
    """The sentence, with `ARRIVAL` where the clock at the arrival belongs."""

    def text_at(self, arrival: datetime, calendar: Calendar) -> str:
        """The sentence for one arrival."""
        return self.template.replace(ARRIVAL, _clock(arrival, calendar))


@dataclass(frozen=True, slots=True)
class Reported:
    """What a unit says against coming."""

    reason: ExclusionReason
    text: str
    ends_at: datetime | None
    """Who arrives from then on is not concerned; None where everybody is."""

    def stands_at(self, arrival: datetime) -> bool:
        """Whether it concerns someone who arrives then."""
        return self.ends_at is None or arrival < self.ends_at


def find_unsuitable(
    facility: Facility,
    *,
    need: Need,
    age_years: int | None,
    arrival: datetime,
    reading: Reading | None,
    now: datetime,
    calendar: Calendar,
    override: Override | None = None,
) -> Exclusion | Doubt | None:
    """Why a patient with a need, of an age, arriving then, cannot or may not be seen there.

    None where nothing speaks against it. The most restrictive of what the pack and the feed say
    wins.
    """

    def excluded(reason: ExclusionReason, text: str) -> Exclusion:
        return Exclusion(facility.id, reason, text)

    barred = find_barred(facility, need, age_years)
    if barred is not None:
        return barred
    closed = find_closed(facility, need, arrival, calendar)
    if closed is not None:
        return excluded(closed.reason, closed.text_at(arrival, calendar))
    reported = find_reported(facility, reading, now, calendar, override)
    if reported is not None and reported.stands_at(arrival):
        return excluded(reported.reason, reported.text)
    match find_xray(facility, need, arrival, calendar):
        case Shut() as without:
            return excluded(without.reason, without.text_at(arrival, calendar))
        case doubt:
            return doubt


def find_barred(facility: Facility, need: Need, age_years: int | None) -> Exclusion | None:
    """Why a facility sees no patient with that need or of that age at any time; None: it does."""
    if need not in facility.treats:
        text = f"Does not treat {_words(need)}."
        return Exclusion(facility.id, ExclusionReason.NEED, text)
    if _too_young(facility, age_years):
        text = f"Sees no children under {facility.min_age_months} months."
        return Exclusion(facility.id, ExclusionReason.AGE, text)
    return None


def _too_young(facility: Facility, age_years: int | None) -> bool:
    """Whether someone of so many completed years is surely below the lower limit."""
    if facility.min_age_months is None or age_years is None:
        return False
    oldest_in_months = age_years * 12 + 11
    return oldest_in_months < facility.min_age_months


def find_closed(
    facility: Facility, need: Need, arrival: datetime, calendar: Calendar
) -> Shut | None:
    """What the hours of the pack say against arriving then; None where nothing does."""
    if not calendar.is_open(facility.hours, arrival):
        opening = calendar.find_opening(facility.hours, arrival)
        again = f"; opens {_clock(opening, calendar)}" if opening is not None else ""
        return Shut(
            ExclusionReason.CLOSED_ON_ARRIVAL, f"Closed when you would arrive at {ARRIVAL}{again}."
        )
    narrower = facility.treats_hours.get(need)
    if narrower is not None and not calendar.is_open(narrower, arrival):
        return Shut(
            ExclusionReason.CLOSED_ON_ARRIVAL, f"Does not treat {_words(need)} at {ARRIVAL}."
        )
    closing = calendar.find_closing(facility.hours, arrival)
    if closing is not None and facility.last_patient_minutes is not None:
        last = closing - timedelta(minutes=facility.last_patient_minutes)
        if arrival > last:
            return Shut(
                ExclusionReason.LAST_PATIENT_PASSED,
                f"Takes its last patient at {_clock(last, calendar)}.",
            )
    return None


def find_reported(
    facility: Facility,
    reading: Reading | None,
    now: datetime,
    calendar: Calendar,
    override: Override | None = None,
) -> Reported | None:
    """What the unit says against coming, by its feed or its operator; None where nothing.

    Where an operator says something of the door, that is told until it ends, and not what the feed
    reports. A feed's report that outlasts an operator's ends when the feed's would.

    Args:
        facility: whose door it is.
        reading: what is believed; None where nothing ever was.
        now: the time of the answer.
        calendar: of the area.
        override: what an operator says, where it holds now.
    """
    by_feed = None if reading is None else _find_fed(facility, reading, now, calendar)
    if override is None or override.status is None:
        return by_feed
    if override.status is FacilityStatus.OPEN:
        return None
    ends_at: datetime | None = override.until
    if by_feed is not None:
        ends_at = None if by_feed.ends_at is None else max(override.until, by_feed.ends_at)
    reason, _ = _REPORTED[override.status]
    until, said_at = _clock_on(override.until, now, calendar), _clock(override.at, calendar)
    words = f"{_ENTERED[override.status]} until {until}, as its operator said at {said_at}."
    return Reported(reason, words, ends_at)


def _find_fed(
    facility: Facility, reading: Reading, now: datetime, calendar: Calendar
) -> Reported | None:
    """What a feed says against coming.

    "Closed", said while it was closed by its hours, ends with its next opening: a feed says so all
    night. Any other report stands until its source says otherwise, or it has grown too old;
    of being full or sending people on only for who arrives within `PRESSED_FOR`.
    """
    status, said_at = reading.standing_status(now), reading.status_as_of
    if status not in _REPORTED or said_at is None:
        return None
    ends_at: datetime | None = None
    if status is not FacilityStatus.CLOSED:
        ends_at = now + PRESSED_FOR
    elif not calendar.is_open(facility.hours, said_at):
        ends_at = calendar.find_opening(facility.hours, said_at)
    reason, words = _REPORTED[status]
    ago = int((now - said_at).total_seconds() // 60)
    return Reported(reason, f"{words} {ago} min ago.", ends_at=ends_at)


def find_xray(
    facility: Facility, need: Need, arrival: datetime, calendar: Calendar
) -> Shut | Doubt | None:
    """What a missing X-ray says against arriving then; None where nothing, or none is needed."""
    if not need.wants_xray:
        return None
    match facility.xray_at(arrival, calendar):
        case XrayAnswer.NO:
            return Shut(
                ExclusionReason.NO_XRAY_ON_ARRIVAL, f"No X-ray when you would arrive at {ARRIVAL}."
            )
        case XrayAnswer.UNKNOWN:
            return Doubt.XRAY_UNCONFIRMED
        case XrayAnswer.YES:
            return None


def _clock(moment: datetime, calendar: Calendar) -> str:
    return f"{moment.astimezone(calendar.zone):%H:%M}"


def _clock_on(moment: datetime, now: datetime, calendar: Calendar) -> str:
    """The clock at a moment, with its day where that is not today."""
    local, clock = moment.astimezone(calendar.zone), _clock(moment, calendar)
    if local.date() == now.astimezone(calendar.zone).date():
        return clock
    return f"{clock} on {local.day} {local:%B}"


def _words(need: Need) -> str:
    return need.value.replace("_", " ")
