"""The words and dots of one destination."""

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.modes import Mode
from waitless.recommend.answer import (
    Destination,
    FacilityCard,
    Minutes,
    PostedWait,
    Travel,
    WaitCard,
    WhenSeenMinutes,
)
from waitless.web.dots import DOTS, TICK_ROOM, WIDTH, list_quantiles, plot_dots
from waitless.web.legs import describe_legs
from waitless.web.shown import plot_words
from waitless.web.tongues import ENGLISH
from waitless.web.wording import (
    bounds,
    duration,
    headline,
    is_uncertain,
    round_up_to_five,
    say_journey,
)

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

    assert all(after - before >= TICK_ROOM for before, after in itertools.pairwise(places))


def test_an_axis_with_room_for_two_ticks_has_two() -> None:
    total = Minutes(p10=32, p50=50, p90=80, mean=55)
    assert [minutes for _, minutes in plot_dots(total, 32).ticks] == [40, 60, 80, 100]


@pytest.mark.parametrize(
    ("minutes", "words"), [(5, "5 min"), (60, "1 h"), (85, "1 h 25 min"), (150, "2 h 30 min")]
)
def test_minutes_are_said_as_people_say_them(minutes: int, words: str) -> None:
    assert duration(minutes, ENGLISH.say) == words


def destination(travel: float, waits: tuple[int, int, int, int], **more: object) -> Destination:
    """A place that is so far away, and the p10, p50, p90 and mean of its wait."""
    at = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    posted = PostedWait(waits[1], None, None, "median", "arrival", "treatment", at, 60)
    names = ("id", "name", "short_name", "kind", "ods_code", "address", "postcode", "phone")
    legs = [{"kind": "walk", "minutes": travel}]
    return Destination(
        rank=1,
        facility=FacilityCard(
            **dict.fromkeys(names, "Deal UTC"), lat=51, lon=1, services=[], open_until=None
        ),
        travel=Travel(travel, None, "estimate", None, "", None, None, legs),
        wait=WaitCard(WhenSeenMinutes(*waits, basis="posted"), posted, None, "live"),
        total=Minutes(*(round(travel + minutes) for minutes in waits)),
        others_on_the_way=None,
        reasons=[],
        similar_to_previous=False,
        **more,
    )  # fmt: skip


@given(
    st.floats(0, 120), st.lists(st.integers(0, 80), min_size=3, max_size=3).map(sorted), st.data()
)
def test_the_one_number_and_the_dots_words_lie_within_the_range_that_is_told(
    travel: float, waits: list[int], data: st.DataObject
) -> None:
    mean = data.draw(st.integers(waits[0], waits[2]))
    one = destination(travel, (*waits, mean))
    assert one.total is not None
    low, high = bounds(one, one.total)
    words = plot_words(one, ENGLISH.say)

    for minutes in range(0, 300, 5):
        told = duration(minutes, ENGLISH.say)
        if f"About {told} until" in headline(one, Mode.DRIVE, ENGLISH.say):
            assert low <= minutes <= high
        if f"10 of them are seen within {told}," in words:
            assert low <= minutes <= high
        if words.endswith(f", 18 within {told}."):
            assert minutes == high


def test_who_walks_though_buses_run_is_told_of_a_walk() -> None:
    one = destination(8.4, (0, 0, 22, 7))
    at = datetime(2026, 11, 23, 10, 0, tzinfo=LONDON)

    assert "10 min walking" in headline(one, Mode.TRANSIT, ENGLISH.say)
    assert "timetable" not in say_journey(one.travel, at, ENGLISH.say)


def test_a_journey_is_never_rounded_below_itself() -> None:
    assert [round_up_to_five(minutes) for minutes in (0, 4.9, 5, 5.1, 20)] == [5, 5, 5, 10, 20]


def test_a_broad_range_of_a_long_wait_is_still_told_as_a_number() -> None:
    assert not is_uncertain(Minutes(p10=40, p50=95, p90=160, mean=100))
    assert is_uncertain(Minutes(p10=20, p50=60, p90=240, mean=90))
    assert not is_uncertain(Minutes(p10=2, p50=10, p90=60, mean=20))
    assert not is_uncertain(None)


def test_the_legs_of_a_journey_are_told_one_by_one() -> None:
    at = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)
    bus = {"line": "81", "kind": "bus", "headsign": "Dover", "stops": 9}
    legs = [
        {"kind": "walk", "minutes": 4.2, "to_stop": "Deal Station"},
        {"kind": "wait", "minutes": 6.0},
        {
            "kind": "ride", "minutes": 18.0, "starts_at": at, "from_stop": "Deal Station",
            "to_stop": "Pencester Road", "ride": {**bus, "every_minutes": None, "live": True},
        },
        {
            "kind": "ride", "minutes": 9.0, "starts_at": at, "from_stop": "A", "to_stop": "B",
            "ride": {**bus, "headsign": None, "every_minutes": 20, "live": False},
        },
        {"kind": "walk", "minutes": 0.3},
        {"kind": "arrive", "minutes": 5.0},
        {"kind": "helicopter", "minutes": 3.0},
    ]  # fmt: skip

    assert describe_legs(legs, LONDON, ENGLISH.say) == [
        "Walk 4 min to Deal Station",
        "Wait 6 min",
        "10:05 bus 81 (Dover) from Deal Station to Pencester Road, 18 min. Live time",
        "10:05 bus 81 from A to B, 9 min. One every 20 min",
        "Walk 1 min",
        "5 min to park and walk in",
    ]
