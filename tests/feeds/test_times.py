"""Times as sources write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.times import TimeFault, parse_time

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2023-7-5T13:0:26Z", datetime(2023, 7, 5, 13, 0, 26, tzinfo=UTC)),
        ("2026-01-02T03:04:05.250+00:00", datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)),
        ("2026-01-02 03:04", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        ("2026-07-02T03:04:05", datetime(2026, 7, 2, 2, 4, 5, tzinfo=UTC)),
        ("2026-07-02T03:04:05-0330", datetime(2026, 7, 2, 6, 34, 5, tzinfo=UTC)),
        # The hour that comes twice is taken the first time, the one that never comes moves on.
        ("2026-10-25T01:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-03-29T01:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_its_own_or_the_feeds_zone(text: str, utc: datetime) -> None:
    assert parse_time(text, LONDON) == utc


@pytest.mark.parametrize("text", ["", "12:30", "2026-02-30T10:00Z", "2026-01-01T24:01Z", "now"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeFault):
        parse_time(text, LONDON)


def test_a_time_without_a_zone_is_refused_where_none_is_configured() -> None:
    with pytest.raises(TimeFault, match="zone"):
        parse_time("2026-01-02T03:04:05", zone=None)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_fault(text: str) -> None:
    try:
        assert parse_time(text, LONDON).tzinfo is UTC
    except TimeFault as fault:
        assert str(fault)  # noqa: PT017 - either outcome is right
