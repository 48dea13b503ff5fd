"""Opening hours, over midnight, holidays and both clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from waitless.area.hours import WEEKDAYS, Calendar, WeeklyHours

LONDON = ZoneInfo("Europe/London")
CALENDAR = Calendar(LONDON, {date(2026, 12, 25)})


def hours(span: str, **days: list[str]) -> WeeklyHours:
    return WeeklyHours.parse({day: [span] for day in WEEKDAYS} | days)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


DAYTIME = hours("08:00-20:00", sun=[], holiday=["10:00-12:00"])
ALWAYS = hours("00:00-24:00")
NIGHT = hours("20:00-02:00")


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-23T07:59", False),
        ("2026-11-23T08:00", True),
        ("2026-11-23T19:59", True),
        ("2026-11-23T20:00", False),
        ("2026-11-22T12:00", False),  # a Sunday
        ("2026-12-25T09:00", False),  # Christmas Day, a Friday
        ("2026-12-25T11:00", True),
    ],
)
def test_the_door_is_open_from_opening_until_just_before_closing(when: str, is_open: bool) -> None:  # noqa: FBT001
    assert CALENDAR.is_open(DAYTIME, local(when)) is is_open


def test_hours_over_midnight_belong_to_the_day_they_begin_on() -> None:
    assert CALENDAR.is_open(NIGHT, local("2026-11-24T01:30"))
    assert not CALENDAR.is_open(NIGHT, local("2026-11-24T02:00"))
    assert CALENDAR.find_closing(NIGHT, local("2026-11-23T23:00")) == local("2026-11-24T02:00")


def test_round_the_clock_never_closes() -> None:
    assert CALENDAR.is_open(ALWAYS, local("2026-11-24T00:00"))
    assert CALENDAR.find_closing(ALWAYS, local("2026-11-24T12:00")) is None


def test_a_closed_door_has_no_closing_time_but_an_opening_one() -> None:
    saturday_night = local("2026-11-21T21:00")

    assert CALENDAR.find_closing(DAYTIME, saturday_night) is None
    assert CALENDAR.find_opening(DAYTIME, saturday_night) == local("2026-11-23T08:00")


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_on_the_days_the_clocks_change_local_hours_hold(day: str) -> None:
    every_day = hours("08:00-20:00")
    opening, closing = local(f"{day}T08:00"), local(f"{day}T20:00")

    assert closing - opening == timedelta(hours=12)
    assert not CALENDAR.is_open(every_day, opening - timedelta(seconds=1))
    assert CALENDAR.is_open(every_day, opening)
    assert CALENDAR.find_closing(every_day, opening) == closing


@pytest.mark.parametrize(
    "spans",
    [
        {},
        {day: ["08:00-20:00"] for day in WEEKDAYS[:6]},
        {day: ["8-20"] for day in WEEKDAYS},
        {day: ["08:00-24:30"] for day in WEEKDAYS},
        {day: ["08:00-20:00"] for day in (*WEEKDAYS, "someday")},
    ],
)
def test_hours_that_are_none_are_refused(spans: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match=r"day|HH:MM|24:00"):
        WeeklyHours.parse(spans)


def test_hours_are_told_as_they_were_written() -> None:
    assert DAYTIME.as_text()["mon"] == ["08:00-20:00"]
    assert DAYTIME.as_text()["holiday"] == ["10:00-12:00"]
    assert NIGHT.as_text()["tue"] == ["20:00-02:00"]
    assert ALWAYS.as_text()["wed"] == ["00:00-24:00"]
