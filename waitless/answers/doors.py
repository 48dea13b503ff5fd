"""Doors: what each facility's hours say to an arrival, laid out as spans of time.

Every instant at which `suit.find_closed`, `suit.find_xray` or the closing time can change is found
from the hours; the rules themselves are then asked once per span. So there is one set of rules.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter

import numpy as np

from waitless.answers.columns import (
    NEVER,
    NO_XRAY,
    OPEN,
    SHUT,
    XRAY_UNCONFIRMED,
    DoorColumns,
)
from waitless.answers.instants import render, to_us
from waitless.area.facility import Facility, Need
from waitless.area.hours import Calendar, WeeklyHours
from waitless.recommend.suit import ARRIVAL, Exclusion, Shut, find_closed, find_xray

LOOK_AHEAD = timedelta(days=7)
"""`Calendar.find_closing` tells no closing later than this."""
LAID_OUT_FOR = timedelta(hours=6)
"""How long a layout serves before the next is made."""
_JUST_AFTER = timedelta(microseconds=1)
_OFFSET_STEP = timedelta(minutes=15)
"""Clocks of all zones change at a whole quarter of an hour."""
MINUTES_A_DAY = 24 * 60
CLOCKS = [f"{minute // 60:02}:{minute % 60:02}".encode() for minute in range(MINUTES_A_DAY)]


@dataclass(frozen=True, slots=True)
class Span:
    """Arrivals that all hear the same."""

    since: datetime
    code: int
    shut: Shut | None
    closing: datetime | None
    offset_minutes: int
    """Local time less UTC."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The spans of every facility for one need, from `since` to `until`."""

    since: datetime
    until: datetime
    columns: DoorColumns
    closing: list[bytes]
    """By span: the closing time as JSON."""
    refusal: list[tuple[bytes, bytes]]
    """By span: the exclusion before and after the arrival's clock; without a clock all before."""
    offset_minutes: list[int]

    def exclusion(self, span: int, arrival_us: int) -> bytes:
        """The exclusion of someone who arrives then, as JSON."""
        before, after = self.refusal[span]
        if not after:
            return before
        minute = arrival_us // 60_000_000 + self.offset_minutes[span]
        return before + CLOCKS[minute % MINUTES_A_DAY] + after


def lay_out(
    facilities: Mapping[str, Facility],
    need: Need,
    calendar: Calendar,
    now: datetime,
    reach: timedelta,
) -> Doors:
    """Lay out the doors for arrivals within `reach` of any instant from `now` on, for a while."""
    since, until = now, now + LAID_OUT_FOR + reach
    known = _Days(calendar.zone, calendar.holidays)
    days = _days_around(calendar, since, until)
    # What opens next is looked for by local days.
    midnights = [
        datetime.combine(day, time(), tzinfo=calendar.zone).astimezone(UTC) for day in days
    ]
    common = [since, *midnights, *_offset_changes(calendar, since, until)]
    first, spans = [0], list[tuple[Facility, Span]]()
    for facility in facilities.values():
        hours = _hours_of(facility, need)
        breaks = (*common, *_breaks(hours, facility.last_patient_minutes, known, days))
        within = {instant for instant in breaks if since <= instant <= until}
        found = _spans(facility, need, known, sorted(within))
        spans += ((facility, span) for span in found)
        first.append(len(spans))
    return Doors(
        since,
        now + LAID_OUT_FOR,
        DoorColumns(
            np.array(first, dtype=np.int64),
            np.array([to_us(span.since) for _, span in spans], dtype=np.int64),
            np.array([span.code for _, span in spans], dtype=np.int64),
            np.array(
                [NEVER if span.closing is None else to_us(span.closing) for _, span in spans],
                dtype=np.int64,
            ),
        ),
        [render(span.closing) for _, span in spans],
        [_refusal(facility, span.shut) for facility, span in spans],
        [span.offset_minutes for _, span in spans],
    )


@dataclass(frozen=True, slots=True)
class Openings:
    """By facility what its hours alone say, from `since` to `until`."""

    since: datetime
    until: datetime
    spans: Mapping[str, Sequence[tuple[datetime, bool, datetime | None]]]
    """Begin, whether the door is open, and when it next closes (`Calendar.find_closing`)."""

    def find(self, facility_id: str, at: datetime) -> tuple[bool, datetime | None]:
        """Whether a door is open at an instant of these, and when it closes."""
        spans = self.spans[facility_id]
        _, is_open, closing = spans[bisect_right(spans, at, key=itemgetter(0)) - 1]
        return is_open, closing


def lay_out_openings(
    facilities: Mapping[str, Facility], calendar: Calendar, now: datetime
) -> Openings:
    """Lay out the hours of facilities for any instant from `now` on, for a while."""
    until = now + LAID_OUT_FOR
    known = _Days(calendar.zone, calendar.holidays)
    days = _days_around(calendar, now, until)
    spans = {}
    for facility in facilities.values():
        breaks = {now, *_breaks([facility.hours], None, known, days)}
        spans[facility.id] = [
            (instant, known.is_open(facility.hours, instant),
             known.find_closing(facility.hours, instant))
            for instant in sorted(breaks)
            if now <= instant <= until
        ]  # fmt: skip
    return Openings(now, until, spans)


@dataclass(frozen=True, slots=True)
class _Days(Calendar):
    """A calendar that works out each day's spans once: rules and facilities share most of them."""

    _known: dict[Hashable, list[tuple[datetime, datetime]]] = field(default_factory=dict)

    def spans(self, hours: WeeklyHours, day: date) -> list[tuple[datetime, datetime]]:
        """As `Calendar.spans`."""
        key = (day, hours.days[day.weekday()], hours.holiday)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Calendar.spans(self, hours, day)
        return known


def _spans(
    facility: Facility, need: Need, calendar: Calendar, breaks: Iterable[datetime]
) -> Iterator[Span]:
    before = None
    for instant in breaks:
        span = _judge(facility, need, calendar, instant)
        told = (span.code, span.shut, span.closing, span.offset_minutes)
        if told != before:
            yield span
            before = told


def _judge(facility: Facility, need: Need, calendar: Calendar, arrival: datetime) -> Span:
    shut, code = find_closed(facility, need, arrival, calendar), SHUT
    if shut is None:
        match find_xray(facility, need, arrival, calendar):
            case None:
                code = OPEN
            case Shut() as without:
                shut, code = without, NO_XRAY
            case _:
                code = XRAY_UNCONFIRMED
    closing = calendar.find_closing(facility.hours, arrival)
    return Span(arrival, code, shut, closing, _offset_minutes(calendar, arrival))


def _hours_of(facility: Facility, need: Need) -> list[WeeklyHours]:
    """All hours that decide what an arrival with a need hears."""
    hours = [facility.hours]
    if need in facility.treats_hours:
        hours.append(facility.treats_hours[need])
    if need.wants_xray and facility.xray_hours is not None:
        hours.append(facility.xray_hours)
    return hours


def _breaks(
    hours: Iterable[WeeklyHours],
    last_patient_minutes: int | None,
    calendar: Calendar,
    days: Iterable[date],
) -> Iterator[datetime]:
    """Every instant of these days' hours at which an answer at the door may change."""
    for weekly in hours:
        for day in days:
            for start, end in calendar.spans(weekly, day):
                yield from (start, end, end - LOOK_AHEAD, start - LOOK_AHEAD)
                if last_patient_minutes is not None:
                    last = end - timedelta(minutes=last_patient_minutes)
                    yield from (last, last + _JUST_AFTER)


def _days_around(calendar: Calendar, since: datetime, until: datetime) -> list[date]:
    """The local days whose hours can matter to who arrives from `since` to `until`."""
    first = (since - timedelta(days=2)).astimezone(calendar.zone).date()
    last = (until + LOOK_AHEAD + timedelta(days=2)).astimezone(calendar.zone).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _offset_changes(calendar: Calendar, since: datetime, until: datetime) -> Iterable[datetime]:
    minute = since.minute - since.minute % 15
    instant = since.replace(minute=minute, second=0, microsecond=0)
    offset = _offset_minutes(calendar, instant)
    while instant <= until:
        instant += _OFFSET_STEP
        if (now := _offset_minutes(calendar, instant)) != offset:
            yield instant
            offset = now


def _offset_minutes(calendar: Calendar, instant: datetime) -> int:
    offset = instant.astimezone(calendar.zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def _refusal(facility: Facility, shut: Shut | None) -> tuple[bytes, bytes]:
    if shut is None:
        return b"", b""
    whole = render(Exclusion(facility.id, shut.reason, shut.template))
    before, _, after = whole.partition(render(ARRIVAL)[1:-1])
    return before, after
