from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import pytest

from routing.modes import PACES, Mode
from routing.reach import build_reach
from routing.roads import load_roads
from routing.table import ReachTable
from routing.targets import FacilityOffNetwork
from tests.support.roads import compile_network

Features: TypeAlias = list[dict[str, Any]]
Write: TypeAlias = Callable[[Iterable[dict[str, Any]]], Path]

PARKING_MINUTES = PACES[Mode.DRIVE].arrival_s / 60


@pytest.fixture
def graph(town: Features, write: Write) -> "nx.DiGraph[str]":
    return load_roads(write(town))


def reach_c(graph: "nx.DiGraph[str]", mode: Mode = Mode.DRIVE) -> ReachTable:
    return build_reach(compile_network(graph, mode), {"at-c": (51.02, 1.0)})


def test_minutes_and_metres_are_those_of_the_two_streets(graph: "nx.DiGraph[str]") -> None:
    journey = reach_c(graph).travel_from(51.0, 1.0)

    assert journey.minutes[0] == pytest.approx((130 + 140) / 60 + PARKING_MINUTES, abs=0.05)
    assert journey.distance_m[0] == pytest.approx(2500)


def test_walking_has_no_parking(graph: "nx.DiGraph[str]") -> None:
    journey = reach_c(graph, Mode.WALK).travel_from(51.0, 1.0)

    assert journey.minutes[0] == pytest.approx(2500 / 80, abs=0.06)


def test_the_access_leg_is_the_straight_line_lengthened(graph: "nx.DiGraph[str]") -> None:
    journey = reach_c(graph).travel_from(50.995, 1.0)

    pace = PACES[Mode.DRIVE]
    leg_m = 556 * pace.access_detour
    leg_minutes = leg_m * 0.06 / pace.access_speed_kmh
    assert journey.distance_m[0] == pytest.approx(2500 + leg_m, abs=2)
    assert journey.minutes[0] == pytest.approx(270 / 60 + PARKING_MINUTES + leg_minutes, abs=0.06)


def test_next_door_takes_no_longer_than_parking(graph: "nx.DiGraph[str]") -> None:
    journey = reach_c(graph).travel_from(51.0201, 1.0001)

    assert journey.minutes[0] == pytest.approx(PARKING_MINUTES, abs=0.1)
    assert journey.distance_m[0] < 30


def test_an_origin_chooses_the_best_junction_not_the_nearest(graph: "nx.DiGraph[str]") -> None:
    graph.edges["b", "c"]["travel_time_s"] = 3600

    minutes = reach_c(graph).travel_from(51.014, 1.0).minutes[0]

    assert minutes < 10


def test_a_closed_road_cuts_off_what_lies_behind_it(graph: "nx.DiGraph[str]") -> None:
    graph.add_node("d", lat=51.3, lon=1.0, name="D")
    graph.add_edge("d", "c", road="A1", road_class="street", length_m=40_000, travel_time_s=2400)
    assert np.isfinite(reach_c(graph).travel_from(51.3, 1.0).minutes[0])

    graph.remove_edge("d", "c")
    journey = reach_c(graph).travel_from(51.3, 1.0)

    assert journey.minutes.tolist() == [np.inf]
    assert journey.distance_m.tolist() == [np.inf]


def test_no_access_leg_crosses_water(graph: "nx.DiGraph[str]") -> None:
    just_north_of_b = (51.0125, 1.0)
    across_m = reach_c(graph).travel_from(*just_north_of_b).distance_m[0]
    graph.edges["b", "c"]["travel_time_s"] = 1.0
    by_b_m = reach_c(graph).travel_from(*just_north_of_b).distance_m[0]
    graph.graph["barriers"] = (((51.0115, 0.9), (51.0115, 1.1)),)

    this_bank_m = reach_c(graph).travel_from(*just_north_of_b).distance_m[0]

    straight_to_c_m = 834
    assert by_b_m == pytest.approx(278 * 1.3 + 1300, abs=3)
    assert this_bank_m == pytest.approx(straight_to_c_m * 1.3, abs=3)
    assert across_m <= by_b_m


def test_an_origin_parted_by_water_from_every_junction_is_unreachable(
    graph: "nx.DiGraph[str]",
) -> None:
    north_of_town = (51.04, 1.0)
    assert np.isfinite(reach_c(graph).travel_from(*north_of_town).minutes[0])
    graph.graph["barriers"] = (((51.03, 0.9), (51.03, 1.1)),)

    assert np.isinf(reach_c(graph).travel_from(*north_of_town).minutes[0])


def test_the_search_for_a_dry_junction_goes_past_all_the_wet_ones(
    graph: "nx.DiGraph[str]",
) -> None:
    for number in range(60):
        graph.add_node(f"far-bank-{number}", lat=51.05, lon=1 + number / 1e4, name="Far bank")
    graph.graph["barriers"] = (((51.045, 0.9), (51.045, 1.1)),)

    assert np.isfinite(reach_c(graph).travel_from(51.044, 1.003).minutes[0])


def test_an_origin_outside_the_area_is_unreachable(graph: "nx.DiGraph[str]") -> None:
    assert np.isinf(reach_c(graph).travel_from(52.0, 1.0).minutes[0])


@pytest.mark.parametrize("point", [(91, 0), (0, 181), (float("nan"), 0), (51, float("inf"))])
def test_a_point_that_is_not_on_the_earth_is_an_error(
    graph: "nx.DiGraph[str]", point: tuple[float, float]
) -> None:
    with pytest.raises(ValueError, match="degrees"):
        reach_c(graph).travel_from(*point)


def test_a_facility_far_from_any_junction_is_a_named_fault(graph: "nx.DiGraph[str]") -> None:
    network = compile_network(graph, Mode.DRIVE)

    with pytest.raises(FacilityOffNetwork, match="far-away") as caught:
        build_reach(network, {"at-c": (51.02, 1.0), "far-away": (51.02, 1.1)})

    assert caught.value.facility_id == "far-away"


def test_the_table_version_follows_roads_and_facilities(graph: "nx.DiGraph[str]") -> None:
    network = compile_network(graph, Mode.DRIVE)
    version = build_reach(network, {"x": (51.02, 1.0)}).table_version

    assert build_reach(network, {"x": (51.02, 1.0)}).table_version == version
    assert build_reach(network, {"x": (51.02, 1.0001)}).table_version != version
    graph.edges["a", "b"]["travel_time_s"] += 1
    assert reach_c(graph).table_version.split("-")[0] != version.split("-")[0]
