"""When a record is in force: its status, its overall time, valid periods and exceptions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from feeds.model import RefusalReason
from feeds.traffic.datex_values import DatexFault, read_time, says_yes
from feeds.traffic.datex_xml import Element
from feeds.traffic.model import Period
from feeds.vocabulary.faults import quote

HORIZON = timedelta(days=31)
"""How far ahead recurring days are laid out; a source repeats or renews a record by then."""
MOST_PERIODS = 500
"""The earliest of a record, without those that are over; years of nights listed one by one."""
MOST_LAID_OUT = 10_000
"""Periods of a record before the earliest are picked: a list of nights for 27 years has so many."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_WEEKS = ("first", "second", "third", "fourth", "fifth")
_NEVER_ENDS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Telling:
    """How a source's times are to be understood."""

    at: datetime
    """When the source said so, aware UTC."""
    zone: ZoneInfo | None
    """Of times that name none, and of hours and days that recur; None where it is not known."""
    faults: list[DatexFault]
    """An end that cannot be read is added here, and counts as not given."""


def read_periods(validity: Element | None, told: Telling) -> tuple[tuple[Period, ...], bool]:
    """When a record is in force, and whether it is suspended.

    The status `active`, and what overruns, means in force now whatever the times say, `suspended`
    the opposite; the others leave it to the times. A record whose valid periods all lie elsewhere
    is suspended.

    Args:
        validity: of the record; None is in force while it is reported.
        told: when, and in which zone.

    Raises:
        DatexFault: a start cannot be read, there is an end before it, or too many periods.
    """
    if validity is None:
        return (), False
    status = validity.text_at("validityStatus")
    times = validity.find("validityTimeSpecification")
    if times is None:
        return (), status == "suspended"
    overall = _read_overall(times, told)
    periods = _list_valid(times, overall, told)
    is_on = status == "active" or (status != "suspended" and says_yes(validity.find("overrunning")))
    if is_on and not any(_holds(period, told.at) for period in periods):
        end = overall.end if overall.end is not None and overall.end > told.at else None
        return (Period(start=told.at, end=end), *periods), False
    if not periods:
        return (overall,), True
    return periods, status == "suspended"


def _read_overall(times: Element, told: Telling) -> Period:
    start = read_time(times.find("overallStartTime"), told.zone) or told.at
    end = _read_end(times.find("overallEndTime"), told)
    if end is not None and end < start and times.text_at("overallStartTime"):
        raise DatexFault(RefusalReason.BAD_TIME, "overallEndTime", "the end is before the start")
    return Period(start=start, end=end)


def _read_end(element: Element | None, told: Telling) -> datetime | None:
    try:
        return read_time(element, told.zone)
    except DatexFault as fault:
        told.faults.append(fault)
        return None


def _list_valid(times: Element, overall: Period, told: Telling) -> tuple[Period, ...]:
    """The overall period, or the valid ones within it, without the exceptions."""
    listed = [overall]
    if times.find("validPeriod") is not None:
        listed = _pick_earliest("validPeriod", times, overall, told)
    for exception in _pick_earliest("exceptionPeriod", times, overall, told):
        listed = [rest for period in listed for rest in _without(period, exception)]
    return tuple(listed)


def _pick_earliest(name: str, times: Element, overall: Period, told: Telling) -> list[Period]:
    """Valid or exceptional periods that are not over yet, the first ones in order."""
    found: list[Period] = []
    written = times.text_at("overallStartTime")
    for element in times.list_children(name):
        for one in _lay_out(element, written, overall, told):
            if len(found) == MOST_LAID_OUT:
                says = f"more than {MOST_LAID_OUT} periods"
                raise DatexFault(RefusalReason.OUT_OF_RANGE, name, says)
            found.append(one)
    coming = [one for one in found if one.end is None or one.end > told.at]
    return sorted(coming, key=lambda period: period.start)[:MOST_PERIODS]


def _lay_out(
    element: Element, overall_written: str, overall: Period, told: Telling
) -> Iterator[Period]:
    """One valid or exceptional period; one that recurs, day by day up to the horizon."""
    start = read_time(element.find("startOfPeriod"), told.zone) or overall.start
    end = _read_end(element.find("endOfPeriod"), told)
    whole = _common(Period(start=start, end=end), overall)
    if whole is None:
        return
    hours = [_read_hours(one) for one in element.list_children("recurringTimePeriodOfDay")]
    days = [_read_days(one) for one in element.list_children("recurringDayWeekMonthPeriod")]
    if not hours and not days:
        yield whole
        return
    zone = told.zone or _zone_of(element.text_at("startOfPeriod") or overall_written)
    window = Period(start=told.at - timedelta(days=1), end=told.at + HORIZON)
    span = _common(whole, window)
    if span is None or span.end is None:
        return
    day = (span.start.astimezone(zone) - timedelta(days=1)).date()
    while day <= span.end.astimezone(zone).date():
        if not days or any(_recurs_on(day, *named) for named in days):
            for opens, closes in hours or [(time.min, time.min)]:
                period = _common(_on_day(day, opens, closes, zone), whole)
                if period is not None:
                    yield period
        day += timedelta(days=1)


def _read_days(element: Element) -> tuple[set[str], set[str], set[str]]:
    """The days, weeks of the month and months that are named; none named are all of them."""
    days, weeks, months = (
        {one.text.lower() for one in element.find_within(name)}
        for name in ("applicableDay", "applicableWeek", "applicableMonth")
    )
    return days, {week.removesuffix("ofmonth") for week in weeks}, months


def _recurs_on(day: date, days: set[str], weeks: set[str], months: set[str]) -> bool:
    return (
        (not days or _DAYS[day.weekday()] in days)
        and (not weeks or f"{_WEEKS[(day.day - 1) // 7]}week" in weeks)
        and (not months or _MONTHS[day.month - 1] in months)
    )


def _on_day(day: date, opens: time, closes: time, zone: tzinfo) -> Period:
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
    """The offset that a start is written with: that of its hours, where no zone is known."""
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
