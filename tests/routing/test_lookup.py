"""The compiled look-up against plain rules: the nearest, across no water, the best of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from routing.frame import JUNCTIONS_TRIED, Frame
from routing.geo import METRES_PER_DEGREE, crosses_any
from routing.lookup import ALL_WET, find_dry
from routing.modes import PACES, Mode
from routing.network import Network, join_arrays
from routing.reach import build_reach
from routing.table import ACCESS_LIMIT_M

Point = tuple[float, float]

_ON_THE_LATTICE = st.tuples(st.integers(-4, 4), st.integers(-4, 4)).map(
    lambda p: (p[0] * 250.0, p[1] * 250.0)
)
_ANYWHERE = st.tuples(st.floats(-15_000, 15_000), st.floats(-15_000, 15_000))
_NEARBY = st.tuples(st.floats(-1_500, 1_500), st.floats(-1_500, 1_500))
_POINTS = st.one_of(
    st.lists(_ON_THE_LATTICE, min_size=1, max_size=60),
    st.lists(_NEARBY, min_size=1, max_size=60),
    st.lists(_ANYWHERE, min_size=1, max_size=60),
)
_ORIGIN = st.one_of(_ON_THE_LATTICE, _NEARBY, _ANYWHERE)
_WATER = st.lists(st.lists(_NEARBY, min_size=2, max_size=4), max_size=4)


def to_degrees(point_m: Point) -> Point:
    return point_m[1] / METRES_PER_DEGREE, point_m[0] / METRES_PER_DEGREE


def make_network(points_m: list[Point], water_m: list[list[Point]]) -> Network:
    """Junctions on the equator, without links: a place at each is reached from there alone."""
    lat, lon = np.array([to_degrees(point) for point in points_m]).T
    return join_arrays(
        Mode.DRIVE,
        lat=lat,
        lon=lon,
        joinable=np.arange(len(lat)),
        starts=np.empty(0, dtype=np.int32),
        ends=np.empty(0, dtype=np.int32),
        travel=np.empty((0, 2)),
        barriers=[[to_degrees(point) for point in line] for line in water_m],
    )


def list_nearest(
    network: Network, east: float, north: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """All junctions within the limit by distance, then number."""
    away_m = np.sqrt(((network.points_m - (east, north)) ** 2).sum(axis=1))
    order = np.lexsort((np.arange(len(away_m)), away_m))
    order = order[away_m[order] <= ACCESS_LIMIT_M]
    return order, away_m[order]


@settings(deadline=None, max_examples=300)
@given(points=_POINTS, origin=_ORIGIN, water=_WATER)
def test_the_nearest_are_those_of_a_look_at_all_and_no_leg_is_wet(
    points: list[Point], origin: Point, water: list[list[Point]]
) -> None:
    network = make_network(points, water)
    east, north = network.plane.project_point(*to_degrees(origin))
    count, junctions, straight_m = find_dry(
        network.frame.grid, network.barriers_m, (east, north), ACCESS_LIMIT_M
    )
    nearest, away_m = list_nearest(network, east, north)
    nearest, away_m = nearest[:JUNCTIONS_TRIED], away_m[:JUNCTIONS_TRIED]
    dry = np.zeros(0, dtype=np.bool_)
    if len(nearest):
        dry = ~crosses_any((east, north), network.points_m[nearest], network.barriers_m)

    if len(nearest) == JUNCTIONS_TRIED and not dry.any():
        assert count == ALL_WET
        return
    assert junctions[:count].tolist() == nearest[dry].tolist()
    assert straight_m[:count].tolist() == away_m[dry].tolist()


@settings(deadline=None, max_examples=300)
@given(points=_POINTS, origin=_ORIGIN, water=_WATER)
def test_a_journey_is_by_the_best_of_the_nearest_dry_junctions(
    points: list[Point], origin: Point, water: list[list[Point]]
) -> None:
    apart = list(dict.fromkeys((round(east), round(north)) for east, north in points))
    places = {str(i): to_degrees(point) for i, point in enumerate(apart)}
    network = make_network(apart, water)
    on_dry_land = build_reach(make_network(apart, []), places)
    table = replace(on_dry_land, frame=network.frame)
    pace = PACES[Mode.DRIVE]
    east, north = network.plane.project_point(*to_degrees(origin))
    straight_m = find_access_plainly(network.frame, network, east, north)

    reach = table.travel_from(*to_degrees(origin))

    for number, (lat, lon) in enumerate(places.values()):
        at_m = network.plane.project_point(lat, lon)
        same = [m for (x, y), m in straight_m if np.hypot(x - at_m[0], y - at_m[1]) < 1e-6]
        if not same:
            assert np.isinf(reach.minutes[number])
            assert np.isinf(reach.distance_m[number])
            continue
        leg_m = min(same) * pace.access_detour
        arrival_minutes = pace.arrival_s / 60
        assert reach.minutes[number] == pytest.approx(
            arrival_minutes + leg_m * 0.06 / pace.access_speed_kmh
        )
        assert reach.distance_m[number] == pytest.approx(leg_m)


def find_access_plainly(
    frame: Frame, network: Network, east: float, north: float
) -> list[tuple[Point, float]]:
    """The dry ones of the nearest 8, or 32, 128...: the first such round that has any."""
    nearest, away_m = list_nearest(network, east, north)
    tried = JUNCTIONS_TRIED
    while True:
        ends_m = network.points_m[nearest[:tried]]
        wet = np.zeros(0, dtype=np.bool_)
        if len(ends_m):
            wet = crosses_any((east, north), ends_m, frame.barriers_m)
        dry = [
            (tuple(end), float(m))
            for end, m, is_wet in zip(ends_m.tolist(), away_m[:tried], wet, strict=True)
            if not is_wet
        ]
        if dry or tried >= len(nearest):
            return dry
        tried *= 4


@settings(deadline=None, max_examples=200)
@given(points=_POINTS, origin=_ORIGIN, water=_WATER)
def test_those_in_reach_are_told_as_among_all(
    points: list[Point], origin: Point, water: list[list[Point]]
) -> None:
    apart = list(dict.fromkeys((round(east), round(north)) for east, north in points))
    places = {str(i): to_degrees(point) for i, point in enumerate(apart)}
    network = make_network(apart, water)
    table = replace(build_reach(make_network(apart, []), places), frame=network.frame)

    every = table.travel_from(*to_degrees(origin))
    within = table.travel_from_within(*to_degrees(origin))

    reached = np.flatnonzero(np.isfinite(every.minutes))
    assert within.facility.tolist() == reached.tolist()
    assert within.minutes.tolist() == every.minutes[reached].tolist()
    assert within.distance_m.tolist() == every.distance_m[reached].tolist()
    assert within.live.tolist() == every.live[reached].tolist()


def test_those_in_reach_are_told_where_the_nearest_junctions_are_all_across_water() -> None:
    wall = [[(-900.0, 100.0), (900.0, 100.0)]]
    points = [(i * 10.0, 200.0) for i in range(JUNCTIONS_TRIED + 1)] + [(0.0, -2_000.0)]
    places = {str(i): to_degrees(point) for i, point in enumerate(points)}
    network = make_network(points, wall)
    table = replace(build_reach(make_network(points, []), places), frame=network.frame)

    assert table.travel_from_within(*to_degrees((0.0, 0.0))).facility.tolist() == [len(points) - 1]
