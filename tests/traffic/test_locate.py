"""Where an event with coordinates is; the map is `tests.support.small_roads`."""

import pytest

from feeds.traffic.model import EventPlace, Ways
from tests.support.small_roads import small_roads
from waitless.traffic.locate import Locator

ON_A2 = (51.2801, 1.0070)
FURTHER_ON = (51.2799, 1.0100)
WEST, MIDDLE, EAST = (51.28, 1.0000), (51.28, 1.0143), (51.28, 1.0287)


def locate(*points: tuple[float, float], ways: Ways, road: str | None = None) -> tuple[int, ...]:
    return Locator(small_roads()).locate(EventPlace(points=points, ways=ways, road=road))


def test_a_point_on_a_road_both_ways_is_both_its_edges() -> None:
    assert locate(ON_A2, ways=Ways.BOTH) == (0, 1)


@pytest.mark.parametrize("ways", [Ways.ONE, Ways.UNKNOWN])
def test_a_point_on_a_two_way_road_does_not_say_which_way(ways: Ways) -> None:
    assert locate(ON_A2, ways=ways) == ()


def test_a_short_line_within_an_edge_is_the_edge_that_runs_its_way() -> None:
    assert locate(ON_A2, FURTHER_ON, ways=Ways.ONE) == (0,)
    assert locate(FURTHER_ON, ON_A2, ways=Ways.ONE) == (1,)
    assert locate(ON_A2, FURTHER_ON, ways=Ways.BOTH) == (0, 1)
    assert locate(ON_A2, FURTHER_ON, ways=Ways.UNKNOWN) == ()


def test_a_line_from_junction_to_junction_is_the_edges_along_it() -> None:
    assert locate(WEST, MIDDLE, EAST, ways=Ways.ONE) == (0, 2)
    assert locate(EAST, WEST, ways=Ways.ONE) == (1, 4)
    assert locate(WEST, EAST, ways=Ways.BOTH) == (0, 1, 2, 4)


def test_a_line_that_leaves_our_roads_is_not_located_by_the_part_that_does_not() -> None:
    assert locate(WEST, MIDDLE, (51.20, 1.08), ways=Ways.ONE) == ()


def test_a_point_away_from_every_road_is_nowhere() -> None:
    assert locate((51.2830, 1.0070), ways=Ways.BOTH) == ()
    assert locate((10.0, 10.0), ways=Ways.BOTH) == ()


def test_a_named_road_must_be_that_road() -> None:
    assert locate(ON_A2, ways=Ways.BOTH, road="a2") == (0, 1)
    assert locate(ON_A2, ways=Ways.BOTH, road="A28") == ()


def test_where_two_roads_meet_only_their_name_tells_them_apart() -> None:
    crossing = (51.2801, 1.0144)
    assert locate(crossing, ways=Ways.BOTH) == ()
    assert locate(crossing, ways=Ways.BOTH, road="Church Lane") == (3, 6)


def test_a_road_that_no_car_may_use_is_never_meant() -> None:
    between = ((51.2890 + 51.2800) / 2, (1.0143 + 1.0287) / 2)
    assert locate(between, ways=Ways.BOTH) == ()


def test_no_points_are_nowhere() -> None:
    assert locate(ways=Ways.BOTH) == ()
