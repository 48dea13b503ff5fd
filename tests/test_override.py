"""An operator's word on a facility: laid over what feeds say, for as long as it holds."""

from datetime import datetime, timedelta
from types import MappingProxyType

import pytest

from feeds.model import FacilityStatus, Wait
from tests.support.clock import MONDAY_MORNING as NOW
from tests.support.messages import observation
from waitless.answers.answers import span_of_answer
from waitless.area.pack import Area
from waitless.board import Board
from waitless.health import FeedHealth, SwitchedOff
from waitless.override import Override
from waitless.reading import apply_observation
from waitless.recommend.suit import ExclusionReason, find_reported

TICK = timedelta(seconds=5)


def say(**said: object) -> Override:
    given = {
        "facility_id": "deal-utc",
        "at": NOW,
        "until": NOW + timedelta(hours=2),
        "by": "night-desk",
        "why": "rang",
        **said,
    }
    return Override(**given)  # type: ignore[arg-type]


def board_of(override: Override | None, *, feed: FeedHealth | None = None) -> Board:
    """A board on which the feed posted 22 minutes at Deal four minutes ago."""
    reading = apply_observation(None, observation("deal-utc", 22, as_of=NOW - timedelta(minutes=4)))
    return Board(
        epoch=1,
        readings=MappingProxyType({"deal-utc": reading}),
        overrides=MappingProxyType({} if override is None else {"deal-utc": override}),
        feeds=MappingProxyType({} if feed is None else {reading.feed_id: feed}),
    )


def minutes(board: Board, at: datetime) -> float | None:
    wait = board.live_wait("deal-utc", at)
    return None if wait is None else wait.minutes


def test_an_entered_wait_goes_before_the_posted_one_for_half_an_hour_and_then_none_is_shown() -> (
    None
):
    board = board_of(say(wait_minutes=45))

    assert minutes(board, NOW) == 45
    assert minutes(board, NOW + timedelta(minutes=30)) == 45
    assert minutes(board, NOW + timedelta(minutes=30, microseconds=1)) is None


def test_when_an_override_ends_the_feed_is_back_to_the_microsecond() -> None:
    end = NOW + timedelta(minutes=10)
    board = board_of(say(wait_minutes=45, until=end))

    assert minutes(board, end - timedelta(microseconds=1)) == 45
    assert minutes(board, end) == 22


def test_a_cleared_wait_is_not_shown_and_the_door_is_as_it_was() -> None:
    board = board_of(say(wait_cleared=True))

    assert minutes(board, NOW) is None
    assert board.reading_at("deal-utc", NOW).status is board.readings["deal-utc"].status  # type: ignore[union-attr]


def test_an_entered_wait_is_shown_though_its_feed_is_switched_off_or_never_spoke() -> None:
    off = FeedHealth(id="kcht", transport="mqtt", cadence_s=300)
    off.off = SwitchedOff(by="night-desk", why="wrong", at=NOW)
    silent = Board(epoch=1, overrides=MappingProxyType({"deal-utc": say(wait_minutes=45)}))

    assert minutes(board_of(say(wait_minutes=45), feed=off), NOW) == 45
    assert minutes(silent, NOW) == 45
    assert silent.reading_at("deal-utc", NOW).wait_as_of == NOW  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [FacilityStatus.FULL, FacilityStatus.DIVERTING])
def test_who_arrives_after_an_operators_word_ends_is_not_kept_away(
    east_kent: Area, status: FacilityStatus
) -> None:
    said = say(status=status)

    told = find_reported(east_kent.facilities["deal-utc"], None, NOW, east_kent.calendar, said)

    assert told is not None
    assert told.stands_at(said.until - timedelta(microseconds=1))
    assert not told.stands_at(said.until)
    assert told.text.endswith("until 12:00, as its operator said at 10:00.")


def test_an_end_on_another_day_is_told_with_its_day(east_kent: Area) -> None:
    said = say(status=FacilityStatus.CLOSED, until=NOW + timedelta(days=1))

    told = find_reported(east_kent.facilities["deal-utc"], None, NOW, east_kent.calendar, said)

    assert told is not None
    assert told.reason is ExclusionReason.CLOSED_ON_ARRIVAL
    assert told.text.startswith("Closed until 10:00 on 24 November")


def test_open_lifts_what_a_feed_reports_and_a_feeds_longer_report_outlasts_full(
    east_kent: Area,
) -> None:
    shut = observation("deal-utc", 22, as_of=NOW, status=FacilityStatus.CLOSED)
    reading, deal = apply_observation(None, shut), east_kent.facilities["deal-utc"]
    full, opened = say(status=FacilityStatus.FULL), say(status=FacilityStatus.OPEN)

    told = find_reported(deal, reading, NOW, east_kent.calendar, full)

    assert find_reported(deal, reading, NOW, east_kent.calendar, opened) is None
    assert told is not None
    assert told.stands_at(full.until + timedelta(minutes=1))


@pytest.mark.parametrize("odd", [timedelta(), timedelta(seconds=1.5), timedelta(seconds=3)])
def test_answers_are_made_anew_at_the_end_of_an_override_and_of_its_wait(odd: timedelta) -> None:
    board = board_of(say(wait_minutes=45, at=NOW + odd, until=NOW + timedelta(hours=1) + odd))
    for end in (NOW + timedelta(hours=1) + odd, NOW + odd + timedelta(minutes=30, microseconds=1)):
        just_before = end - timedelta(microseconds=1)

        since, until = span_of_answer(board, just_before)

        assert since <= just_before < until <= end
        assert span_of_answer(board, end)[0] == end


def test_a_wait_entered_by_hand_is_an_estimate_from_arrival_to_treatment() -> None:
    wait = board_of(say(wait_minutes=0)).live_wait("deal-utc", NOW)

    assert isinstance(wait, Wait)
    assert (wait.minutes, wait.statistic) == (0, "estimate")
    assert wait.clock.is_arrival_to_treatment
