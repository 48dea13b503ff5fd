"""The fields of an operator's form, read: why, for how long, and what is said of a place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from feeds.model import FacilityStatus
from waitless.area.facility import Facility
from waitless.keys import Holder
from waitless.override import USUAL, Override
from waitless.reading import LIVE_FOR

MOST_WHY = 500
"""Characters of a reason."""


class FormFault(Exception):
    """A field of a form is not filled in as it should be."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(words)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form that was filled in as it should be."""

    who: Holder
    what: str
    """The id of what is acted on."""
    why: str
    lasts: timedelta | None
    """None where the form does not say."""
    more: Mapping[str, str]
    """All its fields."""


def read_filled(form: Mapping[str, str], who: Holder, *, most_hours: float) -> Filled:
    """What every act is sent with; `most_hours` is 0 where it takes none. Raises FormFault."""
    why = form.get("why", "").strip()
    if not why:
        raise FormFault("why", "Say why: colleagues read it in the audit.")
    if len(why) > MOST_WHY:
        raise FormFault("why", f"At most {MOST_WHY} characters, please.")
    lasts = None
    if most_hours and form.get("hours", "").strip():
        words = f"A number of hours above 0, at most {most_hours:g}; or nothing."
        hours = _read_number(form["hours"], FormFault("hours", words))
        if not 0 < hours <= most_hours:
            raise FormFault("hours", words)
        lasts = timedelta(hours=hours)
    return Filled(who=who, what=form.get("what", ""), why=why, lasts=lasts, more=form)


def read_override(filled: Filled, facility: Facility, now: datetime) -> Override:
    """What is said of a place: nothing, without `status` and `wait`. Raises FormFault."""
    status, wait = filled.more.get("status", ""), filled.more.get("wait", "")
    if status and status not in tuple(FacilityStatus):
        raise FormFault("status", "Choose one of the list.")
    if wait not in {"", "pinned", "cleared"}:
        raise FormFault("wait", "Choose one of the list.")
    minutes = None
    if wait == "pinned":
        most = facility.kind.hard_limit_minutes
        words = f"A number of minutes, 0 to {most}."
        minutes = _read_number(filled.more.get("minutes", ""), FormFault("minutes", words))
        if not 0 <= minutes <= most:
            raise FormFault("minutes", words)
    usual = LIVE_FOR if minutes is not None and not status else USUAL
    return Override(
        facility_id=facility.id,
        at=now,
        until=now + (usual if filled.lasts is None else filled.lasts),
        by=filled.who.name,
        why=filled.why,
        status=FacilityStatus(status) if status else None,
        wait_minutes=minutes,
        wait_cleared=wait == "cleared",
    )


def _read_number(text: str, fault: FormFault) -> float:
    try:
        number = float(text)
    except ValueError:
        raise fault from None
    if not isfinite(number):
        raise fault
    return number
