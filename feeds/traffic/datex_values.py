"""Times, figures and yes or no as DATEX II writes them."""

from datetime import datetime
from functools import lru_cache
from math import isfinite
from zoneinfo import ZoneInfo

from feeds.model import RefusalReason
from feeds.times import TimeFault, parse_time
from feeds.traffic.datex_xml import Element
from feeds.vocabulary.faults import quote


class DatexFault(ValueError):
    """Something cannot be read; the message says why, `where` on what, `reason` how it counts."""

    def __init__(self, reason: RefusalReason, where: str, says: str) -> None:
        super().__init__(says)
        self.reason = reason
        self.where = where


_remember_time = lru_cache(maxsize=4096)(parse_time)
"""A document says the same few times over and over."""


def read_time(element: Element | None, zone: ZoneInfo | None) -> datetime | None:
    """A time as aware UTC; None where the element is absent or empty.

    Version 3 wraps times: `timeValue`, or a period, whose end counts.

    Args:
        element: that holds it.
        zone: of a time that names none; None refuses such a time.

    Raises:
        DatexFault: not a time, or without a zone where none is known.
    """
    if element is None:
        return None
    text = element.text
    for name in ("timeValue", "endOfPeriod", "startOfPeriod"):
        text = text or element.text_within(name)
    if not text:
        return None
    try:
        return _remember_time(text, zone)
    except TimeFault as fault:
        raise DatexFault(fault.reason, element.name, str(fault)) from fault


def read_number(text: str, where: str) -> float:
    """A finite number.

    Raises:
        DatexFault: not one.
    """
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise DatexFault(RefusalReason.WRONG_TYPE, where, f"{quote(text)} is not a number")
    return number


def find_number(element: Element, name: str) -> float | None:
    """The number in the first element of a name within; None where there is none.

    Raises:
        DatexFault: it is not a number.
    """
    text = element.text_within(name)
    return read_number(text, name) if text else None


def says_yes(element: Element | None) -> bool:
    """Whether an element is there and true."""
    return element is not None and element.text.lower() in ("true", "1")


ORDINARY_VEHICLES = frozenset(
    {
        "anyVehicle",
        "car",
        "carOrLightVehicle",
        "carWithTrailer",
        "lightVehicle",
        "motorVehicles",
        "passengerCar",
        "allVehicles",
        "other",
        "unknown",
    }
)
"""Vehicle types among which an ordinary car is, in versions 2 and 3."""
SLOW_VEHICLES = frozenset({"agriculturalVehicle", "bicycle", "moped", "tram", "trolley"})


def is_for(element: Element, types: frozenset[str]) -> bool:
    """Whether what is said holds for these types of vehicle alone."""
    named = _list_types(element)
    return bool(named) and named <= types


def is_for_cars(element: Element) -> bool:
    """Whether what is said holds for an ordinary car: said of cars, or of no vehicle in particular.

    A limit of weight, height, length, width, load or axles makes it a matter of others. Vehicles
    that are in an accident, or in the way, do not matter here.
    """
    types = _list_types(element)
    if types:
        return not types.isdisjoint(ORDINARY_VEHICLES)
    return not any(
        one.name.endswith(("Characteristic", "loadType", "vehicleUsage", "vehicleEquipment"))
        for limits in element.find_within("forVehiclesWithCharacteristicsOf")
        for one in limits.children
    )


def _list_types(element: Element) -> set[str]:
    """Types of the vehicles that an element is said of."""
    own = [one.text for one in element.list_children("vehicleType")]
    for limits in element.find_within("forVehiclesWithCharacteristicsOf"):
        own += [one.text for one in limits.find_within("vehicleType")]
    return {text for text in own if text}
