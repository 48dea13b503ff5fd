"""When a record is in force: its status, its overall time, valid periods and exceptions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone

from feeds.model import RefusalReason
from feeds.traffic.datex_values import DatexFault, read_time
from feeds.traffic.datex_xml import Element
from feeds.traffic.model import Period
from feeds.vocabulary.faults import quote

HORIZON = timedelta(days=31)
"""How far ahead recurring days are laid out; a source repeats or renews a record by then."""
MOST_PERIODS = 200
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_NEVER_ENDS = datetime.max.replace(tzinfo=UTC)


def read_periods(
    validity: Element | None, told_at: datetime, faults: list[DatexFault]
) -> tuple[tuple[Period, ...], bool]:
    """When a record is in force, and whether it is suspended.

    The status `active` means in force now whatever the times say, `suspended` the opposite; the
    others leave it to the times. A record whose valid periods all lie elsewhere is suspended.

    Args:
        validity: of the record; None is in force while it is reported.
        told_at: when the source said so.
        faults: an end that cannot be read is added here, and counts as not given.

    Raises:
        DatexFault: a start cannot be read, or there is an end before it.
    """
    if validity is None:
        return (), False
    status = validity.text_at("validityStatus")
    times = validity.find("validityTimeSpecification")
    if times is None:
        return (), status == "suspended"
    overall = _read_overall(times, told_at, faults)
    periods = _list_valid(times, overall, told_at, faults)
    if status == "active" and not any(_holds(period, told_at) for period in periods):
        end = overall.end if overall.end is not None and overall.end > told_at else None
        return (Period(start=told_at, end=end), *periods), False
    if not periods:
        return (overall,), True
    return periods, status == "suspended"


def _read_overall(times: Element, told_at: datetime, faults: list[DatexFault]) -> Period:
    start = read_time(times.find("overallStartTime")) or told_at
    end = _read_end(times.find("overallEndTime"), faults)
    if end is not None and end < start and times.text_at("overallStartTime"):
        raise DatexFault(RefusalReason.BAD_TIME, "overallEndTime", "the end is before the start")
    return Period(start=start, end=end)


def _read_end(element: Element | None, faults: list[DatexFault]) -> datetime | None:
    try:
        return read_time(element)
    except DatexFault as fault:
        faults.append(fault)
        return None


def _list_valid(
    times: Element, overall: Period, told_at: datetime, faults: list[DatexFault]
) -> tuple[Period, ...]:
    """The overall period, or the valid ones within it, without the exceptions."""
    window = Period(start=told_at - timedelta(days=1), end=told_at + HORIZON)
    listed = [overall]
    if times.find("validPeriod") is not None:
        listed = _lay_out_all("validPeriod", times, overall, window, faults)
    for exception in _lay_out_all("exceptionPeriod", times, overall, window, faults):
        listed = [rest for period in listed for rest in _without(period, exception)]
    return tuple(sorted(listed, key=lambda period: period.start)[:MOST_PERIODS])


def _lay_out_all(
    name: str, times: Element, overall: Period, window: Period, faults: list[DatexFault]
) -> list[Period]:
    written = times.text_at("overallStartTime")
    return [
        one
        for element in times.list_children(name)
        for one in _lay_out(element, written, overall, window, faults)
    ]


def _lay_out(
    element: Element,
    overall_written: str,
    overall: Period,
    window: Period,
    faults: list[DatexFault],
) -> Iterator[Period]:
    """One valid or exceptional period; one that recurs, day by day within the window."""
    written = element.text_at("startOfPeriod") or overall_written
    start = read_time(element.find("startOfPeriod")) or overall.start
    whole = _common(
        Period(start=start, end=_read_end(element.find("endOfPeriod"), faults)), overall
    )
    if whole is None:
        return
    hours = [_read_hours(one) for one in element.list_children("recurringTimePeriodOfDay")]
    weekdays = {one.text.lower() for one in element.find_within("applicableDay")}
    months = {one.text.lower() for one in element.find_within("applicableMonth")}
    if not hours and not weekdays and not months:
        yield whole
        return
    span = _common(whole, window)
    if span is None or span.end is None:
        return
    zone = _zone_of(written)
    day = (span.start.astimezone(zone) - timedelta(days=1)).date()
    while day <= span.end.astimezone(zone).date():
        if _recurs_on(day, weekdays, months):
            for opens, closes in hours or [(time.min, time.min)]:
                period = _common(_on_day(day, opens, closes, zone), whole)
                if period is not None:
                    yield period
        day += timedelta(days=1)


def _recurs_on(day: date, weekdays: set[str], months: set[str]) -> bool:
    return (not weekdays or _DAYS[day.weekday()] in weekdays) and (
        not months or _MONTHS[day.month - 1] in months
    )


def _on_day(day: date, opens: time, closes: time, zone: timezone) -> Period:
    """From one time of a day to another, of the next day where that is no later."""
    last = day if opens.replace(tzinfo=None) < closes.replace(tzinfo=None) else day + timedelta(1)
    start = datetime.combine(day, opens, tzinfo=opens.tzinfo or zone)
    end = datetime.combine(last, closes, tzinfo=closes.tzinfo or zone)
    return Period(start=start.astimezone(UTC), end=end.astimezone(UTC))


def _read_hours(element: Element) -> tuple[time, time]:
    return _read_hour(element, "startTimeOfPeriod"), _read_hour(element, "endTimeOfPeriod")


def _read_hour(element: Element, name: str) -> time:
    text = element.text_at(name)
    try:
        return time.fromisoformat("00:00" if text.startswith("24:00") else text)
    except ValueError as fault:
        says = f"{quote(text)} is not a time of day"
        raise DatexFault(RefusalReason.BAD_TIME, name, says) from fault


def _zone_of(written: str) -> timezone:
    """The offset that a period's start is written with; its times of day have none of their own."""
    try:
        offset = datetime.fromisoformat(written).utcoffset()
    except ValueError:
        offset = None
    return timezone(offset) if offset is not None else UTC


def _holds(period: Period, moment: datetime) -> bool:
    return period.start <= moment < (period.end or _NEVER_ENDS)


def _common(one: Period, other: Period) -> Period | None:
    """What two periods share; None where that is nothing."""
    start = max(one.start, other.start)
    end = min(one.end or _NEVER_ENDS, other.end or _NEVER_ENDS)
    if start >= end:
        return None
    return Period(start=start, end=None if end == _NEVER_ENDS else end)


def _without(period: Period, exception: Period) -> Iterator[Period]:
    """What is left of a period when another is cut out of it."""
    if _common(period, exception) is None:
        yield period
        return
    if period.start < exception.start:
        yield Period(start=period.start, end=exception.start)
    if exception.end is not None and exception.end < (period.end or _NEVER_ENDS):
        yield Period(start=exception.end, end=period.end)
