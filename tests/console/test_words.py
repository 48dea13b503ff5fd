"""Words and shapes: every state can be told without colour, every span as people say it."""

from zoneinfo import ZoneInfo

import pytest

from feeds.model import NoFigure, Wait
from waitless.area.facility import Kind
from waitless.audit import Action
from waitless.console.words import (
    KIND_WORDS,
    STATE_SIGNS,
    tell_action,
    tell_local,
    tell_share,
    tell_signed,
    tell_span,
    tell_wait,
)
from waitless.health import FeedState


def test_every_state_has_a_word_and_a_shape_of_its_own() -> None:
    assert set(STATE_SIGNS) == set(FeedState)
    assert len({sign.word for sign in STATE_SIGNS.values()}) == len(FeedState)
    assert len({sign.shape for sign in STATE_SIGNS.values()}) == len(FeedState)


def test_every_kind_and_act_has_words() -> None:
    assert set(KIND_WORDS) == set(Kind)
    assert all("_" not in tell_action(action) for action in Action)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3660, "1 h 01"),
        (86_400, "1 d 0 h"), (187_200, "2 d 4 h"), (-90, "-1 min"), (-0.4, "0 s"),
    ],
)  # fmt: skip
def test_a_span_is_told_in_its_two_largest_units(seconds: float | None, words: str) -> None:
    assert tell_span(seconds) == words


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (None, "–"),
        (Wait(minutes=35), "35 min"),
        (Wait(minutes=0), "0 min"),
        (Wait(low=60, high=120), "60 to 120 min"),
        (Wait(low=240), "over 240 min"),
        (Wait(high=60), "up to 60 min"),
        (Wait(), "no figure"),
        (NoFigure.SUPPRESSED, "withheld"),
        (NoFigure.NOT_GIVEN, "none given"),
    ],
)
def test_a_wait_is_told_as_it_was_posted(wait: Wait | NoFigure | None, words: str) -> None:
    assert tell_wait(wait) == words


def test_what_is_not_known_is_a_dash_and_no_number() -> None:
    assert (tell_share(None), tell_signed(None)) == ("–", "–")
    assert (tell_share(-0.25), tell_signed(-3.4)) == ("-25.0%", "-3 min")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("since 2024-07-30T19:05:00Z, late", "since Tue 30 Jul 20:05, late"),
        ("2024-10-30T19:05:00Z to 2024-10-30T19:10:00Z", "Wed 30 Oct 19:05 to Wed 30 Oct 19:10"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-99-99T00:00:00Z", "9999-99-99T00:00:00Z"),
        ("connected", "connected"),
    ],
)  # fmt: skip
def test_instants_are_told_by_the_local_clock(text: str, words: str) -> None:
    assert tell_local(text, ZoneInfo("Europe/London")) == words
