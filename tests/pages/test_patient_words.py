"""The words and dots of one destination."""

import itertools
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitless.recommend.answer import Minutes
from waitless.web.dots import DOTS, WIDTH, list_quantiles, plot_dots
from waitless.web.legs import describe_legs
from waitless.web.tongues import ENGLISH
from waitless.web.wording import duration, is_uncertain, round_up_to_five

LONDON = ZoneInfo("Europe/London")
WHOLE = st.integers(0, 2160)


@st.composite
def ranges(draw: st.DrawFn) -> Minutes:
    p10, p50, p90 = sorted(draw(st.tuples(WHOLE, WHOLE, WHOLE)))
    return Minutes(p10=p10, p50=p50, p90=p90, mean=p50)


@given(ranges(), st.floats(0, 720))
def test_twenty_dots_rise_from_the_journey_and_stand_within_the_drawing(
    total: Minutes, least: float
) -> None:
    quantiles = list_quantiles(total, least)
    plot = plot_dots(total, least)

    assert quantiles == sorted(quantiles)
    assert quantiles[0] >= least
    assert len(plot.dots) == len(set(plot.dots)) == DOTS
    for x, y in plot.dots:
        assert plot.radius <= x <= WIDTH - plot.radius
        assert 0 < y < plot.height
    assert all(0 <= x <= WIDTH for x, _ in plot.ticks)


def test_two_dots_in_twenty_lie_beyond_p90() -> None:
    quantiles = list_quantiles(Minutes(p10=40, p50=55, p90=100, mean=60), 20)

    assert sum(minutes > 100 for minutes in quantiles) == 2
    assert sum(minutes < 40 for minutes in quantiles) == 2
    assert sum(minutes <= 55 for minutes in quantiles) == 10


@given(ranges(), st.floats(0, 720))
def test_ticks_stand_apart(total: Minutes, least: float) -> None:
    places = [x for x, _ in plot_dots(total, least).ticks]

    assert all(after - before >= 20 for before, after in itertools.pairwise(places))


@pytest.mark.parametrize(
    ("minutes", "words"), [(5, "5 min"), (60, "1 h"), (85, "1 h 25 min"), (150, "2 h 30 min")]
)
def test_minutes_are_said_as_people_say_them(minutes: int, words: str) -> None:
    assert duration(minutes, ENGLISH.say) == words


def test_a_journey_is_never_rounded_below_itself() -> None:
    assert [round_up_to_five(minutes) for minutes in (0, 4.9, 5, 5.1, 20)] == [5, 5, 5, 10, 20]


def test_a_broad_range_of_a_long_wait_is_still_told_as_a_number() -> None:
    assert not is_uncertain(Minutes(p10=40, p50=95, p90=160, mean=100))
    assert is_uncertain(Minutes(p10=20, p50=60, p90=240, mean=90))
    assert not is_uncertain(Minutes(p10=2, p50=10, p90=60, mean=20))
    assert not is_uncertain(None)


def leg(kind: str, minutes: float, **more: Any) -> SimpleNamespace:
    names = ("starts_at", "ends_at", "from_stop", "to_stop", "line", "line_kind", "headsign")
    rest = dict.fromkeys((*names, "stops", "every_minutes", "live"))
    return SimpleNamespace(**{**rest, "kind": kind, "minutes": minutes, **more})


def test_the_legs_of_a_journey_are_told_one_by_one() -> None:
    at = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)
    legs = [
        leg("walk", 4.2, to_stop="Deal Station"),
        leg("wait", 6),
        leg(
            "ride", 18, starts_at=at, line="81", headsign="Dover", from_stop="Deal Station",
            to_stop="Buckland Hospital", live=True,
        ),
        leg("ride", 9, starts_at=at, line="15", from_stop="A", to_stop="B", every_minutes=20),
        leg("walk", 2),
        leg("arrive", 0, ends_at=at),
        leg("helicopter", 3),
    ]  # fmt: skip

    assert describe_legs(legs, LONDON, ENGLISH.say) == [
        "Walk 4 min to Deal Station",
        "Wait 6 min",
        "10:05 81 (Dover) from Deal Station to Buckland Hospital, 18 min. Live time",
        "10:05 15 from A to B, 9 min. One every 20 min",
        "Walk 2 min",
        "Arrive at 10:05",
    ]


def test_a_journey_without_legs_has_none_told() -> None:
    assert describe_legs(None, LONDON, ENGLISH.say) == []
