"""Since when a door has been open, from weekly hours."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from waitless.area.hours import WEEKDAYS, Calendar, WeeklyHours
from waitless.belief import Openings

CALENDAR = Calendar(ZoneInfo("Europe/London"), {date(2026, 12, 25)})


def openings(*spans: str, **days: list[str]) -> Openings:
    week = {day: list(spans) for day in WEEKDAYS} | {"holiday": []} | days
    return Openings(CALENDAR, {"deal-utc": WeeklyHours.parse(week)})


@pytest.mark.parametrize(
    ("at", "minutes"),
    [
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), 0),
        (datetime(2026, 11, 23, 9, 3, tzinfo=UTC), 63),
        (datetime(2026, 11, 23, 19, 59, tzinfo=UTC), 719),
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), -1),
        (datetime(2026, 11, 23, 7, 59, tzinfo=UTC), -1),
        (datetime(2026, 12, 25, 12, 0, tzinfo=UTC), -1),
        (datetime(2026, 7, 6, 8, 0, tzinfo=UTC), 60),
    ],
)
def test_minutes_since_eight_o_clock(at: datetime, minutes: float) -> None:
    assert openings("08:00-20:00")("deal-utc", at) == minutes


def test_a_night_shift_counts_from_the_evening() -> None:
    at = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)

    assert openings("22:00-06:00")("deal-utc", at) == 180


def test_a_door_that_opens_within_the_minute_is_open_whatever_was_asked_before() -> None:
    found = openings("08:00-20:00")
    assert found("deal-utc", datetime(2026, 11, 23, 7, 59, 40, tzinfo=UTC)) == -1

    assert found("deal-utc", datetime(2026, 11, 23, 8, 0, 30, tzinfo=UTC)) == 0.5


def test_spans_that_touch_are_one_opening() -> None:
    found = openings("08:00-13:00", "13:00-20:00")

    assert found("deal-utc", datetime(2026, 11, 23, 14, 0, tzinfo=UTC)) == 360
    assert found("deal-utc", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)) == 60


def test_a_door_that_never_shuts_has_no_opening() -> None:
    found = openings("00:00-24:00", holiday=["00:00-24:00"])

    for hour in range(24):
        assert found("deal-utc", datetime(2026, 11, 23, hour, 30, tzinfo=UTC)) is None


def test_a_facility_of_unknown_hours_has_no_opening() -> None:
    assert openings()("elsewhere", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)) is None


def test_what_is_remembered_does_not_change_the_answer() -> None:
    instants = [datetime(2026, 11, 23, hour, 7, tzinfo=UTC) for hour in range(24)]
    remembering = openings("08:00-20:00")

    told = [remembering("deal-utc", at) for at in [*instants, *reversed(instants)]]

    fresh = [openings("08:00-20:00")("deal-utc", at) for at in instants]
    assert told == [*fresh, *reversed(fresh)]
