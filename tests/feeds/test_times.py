"""Times as sources write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import RefusalReason
from feeds.times import TimeFault, TimeForm, find_time_fault, parse_epoch, parse_time

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2025, 10, 31, 9, 5, tzinfo=UTC)
AUTO: list[TimeForm] = ["auto"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-7-5T13:0:26Z", utc(2023, 7, 5, 13, 0, 26)),
        ("2026-01-02T03:04:05.250+00:00", utc(2026, 1, 2, 3, 4, 5, 250_000)),
        ("2026-01-02 03:04", utc(2026, 1, 2, 3, 4)),
        ("2026-07-02T03:04:05", utc(2026, 7, 2, 2, 4, 5)),
        ("2026-07-02T03:04:05-0330", utc(2026, 7, 2, 6, 34, 5)),
        # Without a now the hour that comes twice is the first; the one that never comes moves on.
        ("2026-10-25T01:30:00", utc(2026, 10, 25, 0, 30)),
        ("2026-03-29T01:30:00", utc(2026, 3, 29, 1, 30)),
    ],
)
def test_a_time_is_read_in_its_own_or_the_feeds_zone(text: str, moment: datetime) -> None:
    assert parse_time(text, LONDON) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-7-5T13:0:26Z", "2023-07-05T13:00:26"),
        ("2025-12-30T1:45", "2025-12-30T01:45:00"),
        ("24/3/2026 5:30PM", "2026-03-24T17:30:00"),
        ("27/07/2025 10:45 AM", "2025-07-27T09:45:00"),
        ("23 Aug 2026, 05:30:04 AM", "2026-08-23T04:30:04"),
        ("01/08/2026 11:30:05", "2026-08-01T10:30:05"),
        ("31 Jul 2026 04:47 pm", "2026-07-31T15:47:00"),
        ("09:03 on Friday, 31 October 2025", "2025-10-31T09:03:00"),
        ("10.00 pm, Saturday 18 October 2025.", "2025-10-18T21:00:00"),
        ("last update: 21:38", "2025-10-30T21:38:00"),
        ("2025-12-29T18:45:00", "2025-12-29T18:45:00"),
        ("2025/10/31 09:03", "2025-10-31T09:03:00"),
        ("31.10.2025 09:03", "2025-10-31T09:03:00"),
        ("31-Oct-2025 09:03", "2025-10-31T09:03:00"),
        ("31/10/25 09:03", "2025-10-31T09:03:00"),
        ("October 31st, 2025 9:03am", "2025-10-31T09:03:00"),
        ("Fri, 31 Oct 2025 09:03:00 GMT", "2025-10-31T09:03:00"),
        ("Updated: Friday 31 October at 9.03 a.m.", "2025-10-31T09:03:00"),
        ("mise à jour le 31 octobre 2025 à 9h03", "2025-10-31T09:03:00"),
        ("Friday 09:03", "2025-10-31T09:03:00"),
        ("9am", "2025-10-31T09:00:00"),
        ("12 am", "2025-10-31T00:00:00"),
        ("today at 09:03", "2025-10-31T09:03:00"),
        ("yesterday 21:38", "2025-10-30T21:38:00"),
        ("01:30 BST on 26 October 2025", "2025-10-26T00:30:00"),
        ("01:30 GMT on 26 October 2025", "2025-10-26T01:30:00"),
        ("2025-10-31T09:03:00+01:00", "2025-10-31T08:03:00"),
    ],
)
def test_every_form_seen_in_the_wild_is_read(text: str, moment: str) -> None:
    assert parse_time(text, LONDON, forms=AUTO, now=NOW) == at(moment)


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "20", "2026-", "12:4", "2025-10-31T09:4", "31/10/2025", "0903", "25:00"),
        *("09:61", "10/31/2025 09:03", "2026-02-30T10:00Z", "29 February 2025 10:00"),
        *("13:00 AM", "0:30 PM", "9 am pm", "09:03 10:03", "1 Jan 2 Feb 2025 10:00"),
        *("2025-10-31 09:03 CEST", "429: Too Many Requests2025-07-29 04:45", "1761901380"),
        *("yesterday 31 October 2025 10:00", "09:03 or so", "٠٩:٠٣", "9" * 200),
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeFault) as fault:
        parse_time(text, LONDON, forms=AUTO, now=NOW)

    assert fault.value.reason is RefusalReason.BAD_TIME


@pytest.mark.parametrize("text", ["09:03 on Thursday, 31 October 2025", "Thursday 09:03"])
def test_a_weekday_that_is_not_the_dates_is_refused_by_name(text: str) -> None:
    with pytest.raises(TimeFault) as fault:
        parse_time(text, LONDON, forms=AUTO, now=NOW)

    assert fault.value.reason is RefusalReason.WRONG_WEEKDAY


def test_days_come_first_unless_the_definition_says_otherwise() -> None:
    assert parse_time("01/08/2026 11:30", LONDON, forms=AUTO) == utc(2026, 8, 1, 10, 30)
    assert parse_time("01/08/2026 11:30", LONDON, forms=["month_first"]) == utc(2026, 1, 8, 11, 30)


def test_a_form_that_was_not_asked_for_is_refused() -> None:
    with pytest.raises(TimeFault, match="words"):
        parse_time("09:03 on Friday, 31 October 2025", LONDON, forms=["iso"], now=NOW)


def test_minutes_ago_and_epochs_are_read_where_they_are_asked_for() -> None:
    assert parse_time("Updated 5 mins ago", LONDON, forms=["ago"], now=NOW) == NOW - timedelta(
        minutes=5
    )
    assert parse_epoch(NOW.timestamp(), ["epoch_seconds"]) == NOW
    assert parse_epoch(NOW.timestamp() * 1000, ["epoch_milliseconds"]) == NOW
    for number in (NOW.timestamp(), 1e300):
        with pytest.raises(TimeFault):
            parse_epoch(number, ["iso"] if number < 1e10 else ["epoch_seconds"])


@pytest.mark.parametrize(
    ("now", "text", "moment"),
    [
        # Clocks go back on 25 October 2026 at 01:00 UTC: 01:35 comes at 00:35 and at 01:35 UTC.
        ("2026-10-25T00:40", "01:35", "2026-10-25T00:35"),
        ("2026-10-25T01:40", "01:35", "2026-10-25T01:35"),
        ("2026-10-25T00:40", "01:35 on Sunday, 25 October 2026", "2026-10-25T00:35"),
        ("2026-10-25T01:40", "01:35 on Sunday, 25 October 2026", "2026-10-25T01:35"),
        ("2026-10-25T01:40", "01:35 BST on Sunday, 25 October 2026", "2026-10-25T00:35"),
        ("2026-10-25T02:10", "02:05", "2026-10-25T02:05"),
        # They go forward on 29 March 2026 at 01:00 UTC: 00:59 is followed by 02:00.
        ("2026-03-29T01:05", "00:59", "2026-03-29T00:59"),
        ("2026-03-29T01:05", "02:01", "2026-03-29T01:01"),
        ("2026-03-29T01:05", "02:01 on 29 March 2026", "2026-03-29T01:01"),
        ("2026-03-29T01:35", "01:30 on 29 March 2026", "2026-03-29T01:30"),
        # Midnight, seen from just after it, and a clock that runs a minute ahead.
        ("2026-01-01T00:05", "23:55", "2025-12-31T23:55"),
        ("2026-07-01T23:05", "23:55", "2026-07-01T22:55"),
        ("2026-01-01T12:00", "12:01", "2026-01-01T12:01"),
        ("2026-01-01T12:00", "12:05", "2025-12-31T12:05"),
        ("2026-01-01T00:10", "31 December 23:50", "2025-12-31T23:50"),
    ],
)
def test_the_nearest_past_is_meant(now: str, text: str, moment: str) -> None:
    assert parse_time(text, LONDON, forms=AUTO, now=at(now)) == at(moment)


def test_a_clock_without_a_date_needs_a_now() -> None:
    with pytest.raises(TimeFault):
        parse_time("21:38", LONDON, forms=AUTO)


def test_a_time_without_a_zone_is_refused_where_none_is_configured() -> None:
    with pytest.raises(TimeFault, match="zone"):
        parse_time("2026-01-02T03:04:05", zone=None)


@given(st.integers(0, 365 * 24 * 60))
def test_a_clock_is_never_read_as_more_than_a_day_old_nor_ahead(minutes: int) -> None:
    received = utc(2026, 1, 1) + timedelta(minutes=minutes)

    moment = parse_time("01:30", LONDON, forms=["clock"], now=received)

    assert timedelta(minutes=-2) <= received - moment <= timedelta(hours=25)


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[0-9:./ apmthfrioc-]{0,30}")))
def test_any_text_is_a_time_or_a_fault(text: str) -> None:
    try:
        assert parse_time(text, LONDON, forms=AUTO, now=NOW).tzinfo is UTC
    except TimeFault as fault:
        assert str(fault)  # noqa: PT017 - either outcome is right


@given(
    st.from_regex(
        r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?(Z|\+00:00)\Z"
    )
)
def test_the_common_form_is_read_as_every_other_is(text: str) -> None:
    def read(written: str) -> datetime | None:
        try:
            return parse_time(written, None)
        except TimeFault as fault:
            assert fault.reason is RefusalReason.BAD_TIME  # noqa: PT017 - either outcome is right
            return None

    # A space before it is let pass, but not by the short way.
    assert read(text) == read(f" {text}")
    assert read(text) is None or read(text).tzinfo is UTC  # type: ignore[union-attr]


def test_the_future_and_the_ancient_are_told() -> None:
    assert find_time_fault(NOW + timedelta(minutes=3), NOW) is RefusalReason.FUTURE
    assert find_time_fault(NOW - timedelta(hours=25), NOW) is RefusalReason.ANCIENT
    assert find_time_fault(NOW - timedelta(hours=23), NOW) is None
