"""The NHS capacity form: waits pushed over HTTP, one service or many at a time.

The form and its refusals are those of the NHS capacity service of 2018-19 (nhsd-a2si,
`CapacityIndicatorValidationCode` and the "UEC waiting times" pages): `serviceId`,
`waitingTimeMins`, `lastUpdated` as `yyyy-MM-dd HH:mm:ss`, `numberOfPeopleWaiting`. A time without
a zone is Europe/London; one with an offset is taken as it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from feeds.events import MAX_PEOPLE
from feeds.model import NoFigure, Observation, Statistic, Wait
from feeds.times import FUTURE_TOLERANCE, TimeFault, parse_time

LONDON = ZoneInfo("Europe/London")
LIVE_FOR = timedelta(minutes=30)
MOST_MINUTES = 1440
MOST_SERVICES = 500
MOST_BYTES = 256 * 1024
FIELDS = {"serviceId", "serviceName", "waitingTimeMins", "lastUpdated", "numberOfPeopleWaiting"}


class CapacityCode(StrEnum):
    """The form's own refusals, VAL-0001 to VAL-0006, and what it left without a code."""

    SERVICE_ID = "VAL-0001"
    SERVICE_NAME = "VAL-0002"
    LAST_UPDATED = "VAL-0003"
    WAIT_NEGATIVE = "VAL-0004"
    WAIT_OVER_A_DAY = "VAL-0005"
    PEOPLE_NEGATIVE = "VAL-0006"
    UNKNOWN_SERVICE = "unknown_service"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"


@dataclass(frozen=True, slots=True)
class CapacityRefusal:
    """One service of a push that is not taken. `index` counts from 0 within the batch."""

    index: int
    service_id: str | None
    code: CapacityCode
    detail: str


class CapacityFault(ValueError):
    """A body that is not the form at all: no JSON, a field twice, too many services."""


class _Refused(Exception):
    def __init__(self, code: CapacityCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def decode_capacities(
    payload: bytes,
    *,
    provider: str,
    services: Mapping[str, str],
    now: datetime,
) -> tuple[list[Observation], list[CapacityRefusal]]:
    """A pushed body as observations, and what of it is refused.

    Args:
        payload: a JSON object, or a list of them.
        provider: who pushes; the observations' feed.
        services: the provider's service ids -> our facility ids.
        now: when it was received, aware UTC.

    Raises:
        CapacityFault: the body as a whole cannot be read.
    """
    document = _load(payload)
    services_told = document if isinstance(document, list) else [document]
    if not services_told or len(services_told) > MOST_SERVICES:
        raise CapacityFault(f"between 1 and {MOST_SERVICES} services are wanted")
    observations: list[Observation] = []
    refusals: list[CapacityRefusal] = []
    for index, told in enumerate(services_told):
        try:
            observations.append(_observe(told, provider, services, now))
        except _Refused as refused:
            name = told.get("serviceId") if isinstance(told, dict) else None
            service_id = name[:64] if isinstance(name, str) else None
            refusals.append(CapacityRefusal(index, service_id, refused.code, str(refused)))
    return observations, refusals


def _load(payload: bytes) -> object:
    """The document; a field that stands twice is a fault, as the form has it."""
    try:
        document: object = json.loads(payload, object_pairs_hook=_once, parse_constant=_no_number)
        # Half of a surrogate pair is a text in JSON, but none that could be told again.
        json.dumps(document, ensure_ascii=False).encode()
    except CapacityFault:
        raise
    except (ValueError, RecursionError) as fault:
        raise CapacityFault(f"not JSON: {fault}") from fault
    return document


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CapacityFault("a field stands twice")
    return found


def _no_number(text: str) -> object:
    raise CapacityFault(f"{text} is not a number")


def _observe(
    told: object, provider: str, services: Mapping[str, str], now: datetime
) -> Observation:
    if not isinstance(told, dict):
        raise _Refused(CapacityCode.WRONG_TYPE, "a service is an object")
    unknown = told.keys() - FIELDS
    if unknown:
        raise _Refused(CapacityCode.UNKNOWN_FIELD, f"unknown: {', '.join(sorted(unknown))[:128]}")
    facility_id = _facility(told, services)
    minutes = _whole(told, "waitingTimeMins", mandatory=True)
    if minutes is not None and minutes < 0:
        raise _Refused(CapacityCode.WAIT_NEGATIVE, "Wait time is negative")
    if minutes is not None and minutes > MOST_MINUTES:
        raise _Refused(CapacityCode.WAIT_OVER_A_DAY, "Wait time is over 24 hours")
    people = _whole(told, "numberOfPeopleWaiting", mandatory=False)
    if people is not None and people < 0:
        raise _Refused(CapacityCode.PEOPLE_NEGATIVE, "Number of people waiting is negative")
    if people is not None and people > MAX_PEOPLE:
        raise _Refused(CapacityCode.OUT_OF_RANGE, f"over {MAX_PEOPLE} people waiting")
    return Observation(
        facility_id=facility_id,
        feed_id=provider,
        as_of=_updated(told, now),
        received_at=now,
        wait=(
            NoFigure.UNKNOWN
            if minutes is None
            else Wait(minutes=float(minutes), statistic=Statistic.UNSPECIFIED)
        ),
        patients_waiting=people,
    )


def _facility(told: dict[str, object], services: Mapping[str, str]) -> str:
    service_id = told.get("serviceId")
    if service_id is None or service_id == "":
        raise _Refused(CapacityCode.SERVICE_ID, "Service identifier is missing")
    if not isinstance(service_id, str):
        raise _Refused(CapacityCode.WRONG_TYPE, "serviceId is a text")
    if "serviceName" in told and not str(told["serviceName"] or "").strip():
        raise _Refused(CapacityCode.SERVICE_NAME, "Service name is given but blank")
    facility_id = services.get(service_id)
    if facility_id is None:
        raise _Refused(
            CapacityCode.UNKNOWN_SERVICE, f"{service_id[:64]!r} is no service of this provider"
        )
    return facility_id


def _whole(told: dict[str, object], name: str, *, mandatory: bool) -> int | None:
    """A whole number or null; a field that must be there may be null but not left out."""
    if name not in told:
        if mandatory:
            raise _Refused(CapacityCode.MISSING_FIELD, f"{name} must be there; it may be null")
        return None
    value = told[name]
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Refused(CapacityCode.WRONG_TYPE, f"{name} is a whole number or null")
    return value


def _updated(told: dict[str, object], now: datetime) -> datetime:
    text = told.get("lastUpdated")
    if not isinstance(text, str):
        raise _Refused(CapacityCode.LAST_UPDATED, "lastUpdated is missing")
    try:
        as_of = parse_time(text, LONDON)
    except TimeFault as fault:
        raise _Refused(CapacityCode.LAST_UPDATED, str(fault)) from fault
    if as_of > now + FUTURE_TOLERANCE:
        raise _Refused(CapacityCode.LAST_UPDATED, f"{text[:40]} is in the future")
    if now - as_of > LIVE_FOR:
        raise _Refused(CapacityCode.LAST_UPDATED, f"{text[:40]} is over 30 minutes ago")
    return as_of
