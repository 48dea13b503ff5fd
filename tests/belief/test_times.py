"""Belief and time: repeats, stragglers, contradictions, clocks that run ahead or stand still."""

from dataclasses import replace
from datetime import timedelta

from feeds.model import FacilityStatus, NoFigure, Observation
from tests.belief.play import FEED, findings, hear, new_believer, notes, said
from waitless.belief import Held, Rule


def test_a_first_sane_reading_is_believed() -> None:
    assert hear(new_believer(), said(0)) == ["believed"]


def test_a_repeat_and_a_straggler_are_everyday() -> None:
    heard = hear(new_believer(), said(10), said(10), said(5, 20))

    assert heard == ["believed", "duplicate", "out_of_order"]
    assert not Rule.DUPLICATE.is_suspicion
    assert not Rule.OUT_OF_ORDER.is_suspicion


def test_two_figures_for_one_instant_are_a_contradiction() -> None:
    believer = new_believer()

    assert hear(believer, said(10, 22), said(10, 25)) == ["believed", "contradiction"]
    assert hear(believer, said(15, 25)) == ["believed"]


def test_other_counts_for_one_instant_are_a_contradiction_too() -> None:
    heard = hear(new_believer(), said(10, inside=8), said(10, inside=9))

    assert heard == ["believed", "contradiction"]


def test_word_of_the_door_at_the_same_instant_adds_to_the_wait() -> None:
    closing = said(10, NoFigure.NOT_GIVEN, status=FacilityStatus.CLOSED)

    assert hear(new_believer(), said(10), closing, closing) == [
        "believed",
        "believed",
        "duplicate",
    ]


def test_a_wait_at_the_instant_of_a_door_message_adds_to_it() -> None:
    opening = said(10, NoFigure.NOT_GIVEN, status=FacilityStatus.OPEN)

    assert hear(new_believer(), opening, said(10), said(10)) == [
        "believed",
        "believed",
        "duplicate",
    ]


def test_a_held_reading_that_is_delivered_again_does_not_confirm_itself() -> None:
    heard = hear(new_believer(), said(0, 30), said(5, 300), said(5, 300), said(10, 300))

    assert heard == ["believed", "jump", "duplicate", "believed"]


def test_a_held_figure_may_be_corrected_for_the_same_instant() -> None:
    heard = hear(new_believer(), said(0, 43), said(5, 4320), said(5, 43))

    assert heard == ["believed", "over_limit", "believed"]


def test_a_reading_from_the_future_is_held_and_does_not_shut_out_the_present() -> None:
    early = said(60)
    believer = new_believer()
    now = said(0).received_at

    assert believer.judge(early, now).rule is Rule.FUTURE  # type: ignore[union-attr]
    assert hear(believer, said(0), early) == ["believed", "believed"]


def test_two_minutes_ahead_are_a_clock_and_not_the_future() -> None:
    ahead = said(2)

    assert new_believer().judge(ahead, ahead.as_of - timedelta(minutes=2)).observation is ahead
    assert hear(new_believer(), replace(ahead, received_at=ahead.as_of - timedelta(minutes=2))) == [
        "believed"
    ]


def test_what_a_held_reading_says_of_the_door_is_heard() -> None:
    believer = new_believer()
    verdict = believer.judge(said(0, 4320, status=FacilityStatus.CLOSED), said(0).received_at)

    assert isinstance(verdict, Held)
    assert verdict.door is not None
    assert verdict.door.wait is NoFigure.NOT_GIVEN
    assert verdict.door.status is FacilityStatus.CLOSED
    assert hear(believer, said(5)) == ["believed"]


def test_time_that_stands_still_while_messages_come_is_marked_stuck() -> None:
    believer = new_believer()
    hear(believer, said(0))

    for minute in (5, 10, 15):
        believer.judge(said(0), said(minute).received_at)
    assert findings(believer, 15) == set()

    believer.judge(said(0), said(20).received_at)
    assert findings(believer, 20) == {("stuck", None)}

    hear(believer, said(25))
    assert findings(believer, 25) == set()


def test_one_facility_that_stands_still_among_others_is_marked_alone() -> None:
    believer = new_believer("deal-utc", "dover-utc")
    for minute in range(0, 25, 5):
        now = said(minute).received_at
        believer.judge_delivery(FEED, [said(0), said(minute, facility="dover-utc")], now)

    assert findings(believer, 20) == {("stuck", "deal-utc")}


def test_retained_messages_after_a_long_silence_are_not_stuck() -> None:
    believer = new_believer()
    hear(believer, said(0))

    for _ in range(10):
        believer.judge(said(0), said(120).received_at)

    assert findings(believer, 120) == set()


def test_a_source_slower_than_its_cadence_is_learnt_and_not_called_stuck() -> None:
    believer = new_believer(cadence_s=300)
    for minute in range(0, 24 * 60, 5):
        hourly = said(minute - minute % 60, 20 + minute // 60)
        believer.judge(hourly, said(minute).received_at)
    assert findings(believer, 24 * 60 - 5) == set()


def test_a_provider_whose_clock_runs_ahead_is_noted() -> None:
    def early(minute: float) -> Observation:
        one = said(minute)
        return replace(one, received_at=one.as_of - timedelta(seconds=45))

    believer = new_believer()
    heard = notes(believer, [early(5 * number) for number in range(25)])

    assert heard[0] == set()
    assert heard[-1] == {"clock_ahead"}
    assert findings(believer, 120) == {("clock_ahead", None)}


def test_one_early_message_is_no_clock_that_runs_ahead() -> None:
    series = [said(5 * number) for number in range(120)]
    series[3] = replace(series[3], received_at=series[3].as_of - timedelta(seconds=90))

    assert notes(new_believer(), series)[-1] == set()
