"""The drawing of a day: it stays in its box, breaks where nothing was live, and says its words."""

import re
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model import Wait
from tests.support.clock import MONDAY_MORNING
from waitless.console.spark import HEIGHT, PAST_CELLS, WIDTH, Point, draw_spark, point_of
from waitless.forecast.outlook import STEPS, Outlook

NOW = MONDAY_MORNING


def ago(minutes: float, waited: float) -> Point:
    return NOW - timedelta(minutes=minutes), waited


def outlook(
    p10: float = 20, p50: float = 40, p90: float = 90, *, minutes_ago: float = 5
) -> Outlook:
    def level(minutes: float) -> tuple[float, ...]:
        return (minutes,) * (STEPS + 1)

    return Outlook(
        as_of=NOW - timedelta(minutes=minutes_ago),
        half_window_min=0,
        posted=level(p50),
        p10=level(p10),
        p50=level(p50),
        p90=level(p90),
    )


def numbers(path: str) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in re.findall(r"(-?\d+) (-?\d+)", path)]


def test_a_wait_is_drawn_at_its_time_and_height() -> None:
    spark = draw_spark([ago(60, 30), ago(0, 60)], None, NOW)

    assert numbers(spark.past) == [(PAST_CELLS - 12, HEIGHT // 2)] * 2 + [(PAST_CELLS, 0)] * 2
    assert spark.top_minutes == 60


def test_readings_over_45_minutes_apart_are_not_joined() -> None:
    apart = draw_spark([ago(60, 30), ago(10, 30)], None, NOW)
    near = draw_spark([ago(50, 30), ago(10, 30)], None, NOW)

    assert (apart.past.count("M"), near.past.count("M")) == (2, 1)


def test_a_level_run_is_one_line() -> None:
    spark = draw_spark([ago(5 * number, 30) for number in range(100)], None, NOW)

    assert len(numbers(spark.past)) == 2


def test_of_readings_in_one_cell_the_last_is_drawn_in_whatever_order_they_come() -> None:
    spark = draw_spark([ago(1, 10), ago(3, 55)], None, NOW)

    assert "newest 10" in spark.words


def test_the_fan_lies_between_its_percentiles_after_now() -> None:
    spark = draw_spark([ago(5, 40)], outlook(), NOW)

    assert {y for _, y in numbers(spark.fan)} == {HEIGHT - round(20 / 90 * HEIGHT), 0}
    assert max(x for x, _ in numbers(spark.fan)) <= WIDTH
    assert spark.words.endswith("ahead about 40 (20 to 90)")


def test_without_readings_it_says_so() -> None:
    spark = draw_spark([], None, NOW)

    assert (spark.past, spark.fan, spark.ahead) == ("", "", "")
    assert spark.words == "no waits in the last day"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3000, 3000), st.floats(0, 5000)), max_size=40),
    st.one_of(st.none(), st.floats(0, 5000)),
    st.floats(0, 31),
)
def test_whatever_comes_is_drawn_within_the_box(
    points: list[tuple[float, float]], p90: float | None, minutes_ago: float
) -> None:
    ahead = None if p90 is None else outlook(p90 / 3, p90 / 2, p90, minutes_ago=minutes_ago)

    spark = draw_spark([ago(*point) for point in points], ahead, NOW)

    for x, y in numbers(spark.past + spark.fan + spark.ahead):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_a_band_is_drawn_at_its_middle_and_a_limit_at_itself() -> None:
    assert point_of(Wait(low=60, high=120)) == 90
    assert point_of(Wait(low=240)) == 240
    assert point_of(Wait()) is None
