"""Leaving later: `depart_at` of `GET /v1/recommendations`."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.service import Patient, assert_problem, get_json
from waitless.recommend.query import DEPARTS_WITHIN
from waitless.web.departure import JUST_PASSED, parse_departure
from waitless.web.problems import RequestRefused

PATH = "/v1/recommendations"
LONDON = ZoneInfo("Europe/London")
SUMMER = datetime(2026, 7, 6, 10, 0, 30, tzinfo=UTC)
CLOCKS_GO_FORWARD = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("2026-07-06T10:15:00Z", "10:15"),
        ("2026-07-06T10:15:01Z", "10:16"),
        ("2026-07-06T11:15", "10:15"),
        ("2026-07-06 11:15", "10:15"),
        ("2026-07-06T12:15:00+02:00", "10:15"),
        ("2026-07-06T12:15:00 02:00", "10:15"),
        ("11:15", "10:15"),
        ("11:00", "10:00"),
    ],
)
def test_a_departure_is_an_instant_or_a_local_time(text: str, minute: str) -> None:
    departs = parse_departure(text, SUMMER, LONDON)

    assert f"{departs:%Y-%m-%d %H:%M:%S}" == f"2026-07-06 {minute}:00"


def test_a_local_time_that_has_passed_is_tomorrows() -> None:
    assert parse_departure("09:00", SUMMER, LONDON) == datetime(2026, 7, 7, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("soon", "bad_departure"),
        ("25:00", "bad_departure"),
        ("2026-13-01T10:00:00Z", "bad_departure"),
        ("2026-07-06", "bad_departure"),
        ("0001-01-01T00:00:00+23:00", "bad_departure"),
        ("2026-07-06T09:58:00Z", "departure_in_past"),
        ("2026-07-07T10:01:00Z", "departure_too_late"),
    ],
)
def test_what_is_no_departure_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_departure(text, SUMMER, LONDON)

    assert refused.value.problem.code == code


def test_a_time_that_clocks_skip_is_no_departure() -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_departure("2027-03-28T01:30", CLOCKS_GO_FORWARD, LONDON)

    assert refused.value.problem.code == "bad_departure"


@given(text=st.one_of(st.text(max_size=30), st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d(Z|)\Z")))
def test_any_text_is_a_minute_ahead_or_refused(text: str) -> None:
    try:
        departs = parse_departure(text, SUMMER, LONDON)
    except RequestRefused:
        return
    assert SUMMER - JUST_PASSED <= departs <= SUMMER + DEPARTS_WITHIN + timedelta(minutes=1)
    assert departs.second == departs.microsecond == 0


async def test_opening_hours_are_those_of_the_arrival(patient: Patient) -> None:
    now = await get_json(patient, PATH, place="CT14")
    late = await get_json(patient, PATH, place="CT14", depart_at="2026-11-23T22:00:00Z")

    assert now["depart_at"] is None
    assert now["destinations"][0]["facility"]["id"] == "deal-utc"
    assert late["depart_at"] == "2026-11-23T22:00:00Z"
    assert {"deal-utc": "closed_on_arrival"}.items() <= {
        one["facility_id"]: one["reason"] for one in late["excluded"]
    }.items()


async def test_a_wait_is_told_to_who_leaves_within_two_hours_and_to_nobody_later(
    patient: Patient,
) -> None:
    soon = await get_json(patient, PATH, place="CT14", depart_at="12:00")
    later = await get_json(patient, PATH, place="CT14", depart_at="12:01")

    assert soon["destinations"][0]["wait"]["now"]["minutes"] == 22
    assert all(one["wait"] is None and one["total"] is None for one in later["destinations"])
    assert all("wait_not_foreseen" in one["reasons"] for one in later["destinations"])
    minutes = [one["travel"]["minutes"] for one in later["destinations"]]
    assert minutes == sorted(minutes)


async def test_the_page_asks_with_it_too(patient: Patient) -> None:
    response = await patient.get("/", params={"place": "CT14", "depart_at": "12:30"})

    assert response.status == 200
    assert "more than two hours ahead" in await response.text()


async def test_a_departure_passes(patient: Patient, clock: FakeClock) -> None:
    instant = f"{MONDAY_MORNING + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    await get_json(patient, PATH, place="CT14", depart_at=instant)
    clock.move(minutes=7)

    response = await patient.get(PATH, params={"place": "CT14", "depart_at": instant})

    await assert_problem(response, 400, "departure_in_past")
