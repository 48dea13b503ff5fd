"""A polled document to observations, as its feed definition says."""

import math
from collections.abc import Iterator
from datetime import datetime

import jmespath
import orjson

from feeds.definition import FeedDefinition, Field
from feeds.events import MAX_MINUTES, MAX_PEOPLE
from feeds.model import Clock, NoFigure, Observation, Refusal, RefusalReason, Wait
from feeds.times import TimeFault, find_time_fault, parse_time

_MINUTES_IN = {"minutes": 1.0, "hours": 60.0, "seconds": 1 / 60}


class _RowFault(Exception):
    """One row is refused: the reason, the field, and a sentence."""

    def __init__(self, reason: RefusalReason, field: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.field, self.detail = reason, field, detail


def decode_document(
    definition: FeedDefinition, payload: bytes, now: datetime
) -> Iterator[Observation | Refusal]:
    """Every row of a fetched body as an observation or a refusal, oldest measurement first.

    A body without a single row is itself a refusal: real sources answer 200 with nothing in it.
    """
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as fault:
        yield _refuse(definition, RefusalReason.MALFORMED, "document", str(fault))
        return
    rows = jmespath.search(definition.rows.path, document)
    if not isinstance(rows, list) or not rows:
        yield _refuse(
            definition, RefusalReason.MISSING_FIELD, "rows", f"no rows at {definition.rows.path!r}"
        )
        return
    observations = []
    for number, row in enumerate(rows, start=1):
        try:
            observations.append(_observe(definition, document, row, now))
        except _RowFault as fault:
            where = f"row {number}, {fault.field}"
            yield _refuse(definition, fault.reason, where, fault.detail)
    yield from sorted(observations, key=lambda observation: observation.as_of)


def _refuse(definition: FeedDefinition, reason: RefusalReason, where: str, detail: str) -> Refusal:
    return Refusal(feed_id=definition.id, reason=reason, where=where, detail=detail[:200])


def _observe(
    definition: FeedDefinition, document: object, row: object, now: datetime
) -> Observation:
    fields = definition.fields
    name = _value(fields.facility, document, row)
    facility_id = definition.facilities.get(name) if isinstance(name, str) else None
    if facility_id is None:
        raise _RowFault(
            RefusalReason.UNKNOWN_FACILITY, "facility", f"{str(name)[:64]!r} is not in the table"
        )
    as_of = _time(definition, _value(fields.as_of, document, row), now)
    waiting, present = (
        _people(name, None if field is None else _value(field, document, row))
        for name, field in (
            ("patients_waiting", fields.patients_waiting),
            ("patients_in_department", fields.patients_in_department),
        )
    )
    return Observation(
        facility_id=facility_id,
        feed_id=definition.id,
        as_of=as_of,
        received_at=now,
        wait=_wait(definition, _value(fields.wait, document, row)),
        patients_waiting=waiting,
        patients_in_department=present,
    )


def _value(field: Field, document: object, row: object) -> object:
    if field.path is not None:
        return jmespath.search(field.path, row)
    return jmespath.search(field.document or "", document)


def _time(definition: FeedDefinition, value: object, now: datetime) -> datetime:
    if not isinstance(value, str):
        raise _RowFault(RefusalReason.MISSING_FIELD, "as_of", "no time in the row")
    try:
        as_of = parse_time(value, definition.zone_info)
    except TimeFault as fault:
        raise _RowFault(RefusalReason.BAD_TIME, "as_of", str(fault)) from fault
    reason = find_time_fault(as_of, now)
    if reason is not None:
        raise _RowFault(reason, "as_of", f"measured {value}, received {now.isoformat()}")
    return as_of


def _wait(definition: FeedDefinition, value: object) -> Wait | NoFigure:
    if value is None:
        return NoFigure.UNKNOWN
    field = definition.fields.wait
    number = _number("wait", value) * _MINUTES_IN[field.unit]
    if not 0 <= number <= MAX_MINUTES:
        raise _RowFault(RefusalReason.OUT_OF_RANGE, "wait", f"{value} {field.unit}")
    clock = Clock(start=field.clock_from, stop=field.clock_to)
    return Wait(minutes=number, statistic=field.statistic, clock=clock)


def _people(field: str, value: object) -> int | None:
    if value is None:
        return None
    number = _number(field, value)
    if not 0 <= number <= MAX_PEOPLE or number != int(number):
        raise _RowFault(RefusalReason.OUT_OF_RANGE, field, f"{value} people")
    return int(number)


def _number(field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _RowFault(RefusalReason.WRONG_TYPE, field, f"{str(value)[:40]!r} is not a number")
    if not math.isfinite(value):
        raise _RowFault(RefusalReason.OUT_OF_RANGE, field, f"{value} is not finite")
    return float(value)
