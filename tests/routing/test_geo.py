import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.geo import Plane, crosses_any, haversine_m, line_length_m
from routing.nearest import build_grid

SEGMENT = np.array([[0.0, 10.0, 20.0, 10.0]])


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert haversine_m(51, 1, 52, 1) == pytest.approx(111_195, abs=1)
    assert line_length_m([(51, 1), (52, 1), (51, 1)]) == pytest.approx(222_390, abs=2)


def test_the_plane_agrees_with_the_sphere_within_a_percent_across_kent() -> None:
    plane = Plane(51.2)
    for lat in (50.85, 51.48):
        a, b = plane.project_point(lat, 0.9), plane.project_point(lat, 1.0)
        assert np.hypot(a[0] - b[0], a[1] - b[1]) == pytest.approx(
            haversine_m(lat, 0.9, lat, 1.0), rel=0.01
        )


@pytest.mark.parametrize(
    ("end", "crosses"),
    [
        ((10.0, 20.0), True),
        ((10.0, 9.0), False),
        ((10.0, 10.0), True),
        ((30.0, 20.0), True),
        ((50.0, 20.0), False),
        ((10.0, -20.0), False),
    ],
)
def test_a_leg_crosses_a_segment_where_both_lie(end: tuple[float, float], *, crosses: bool) -> None:
    assert crosses_any((5.0, 0.0), np.array([end]), SEGMENT).tolist() == [crosses]


def test_nothing_is_crossed_where_there_is_no_water() -> None:
    assert not crosses_any((0, 0), np.array([[10.0, 10.0]]), np.empty((0, 4))).any()


_METRES = st.floats(-20_000, 20_000)


@given(
    points=st.lists(st.tuples(_METRES, _METRES), min_size=1, max_size=60),
    origin=st.tuples(_METRES, _METRES),
    count=st.integers(1, 9),
)
def test_the_grid_finds_exactly_the_nearest_points(
    points: list[tuple[float, float]], origin: tuple[float, float], count: int
) -> None:
    array = np.array(points)
    expected = np.sort(np.hypot(*(array - origin).T))
    expected = expected[expected <= 30_000][:count]

    numbers, away_m, places = build_grid(array).find_nearest(*origin, count, 30_000)

    assert away_m == pytest.approx(expected)
    assert (array[numbers] == places).all()
    assert np.hypot(*(places - origin).T) == pytest.approx(expected)
