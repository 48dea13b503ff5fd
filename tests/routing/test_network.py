from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx
import pytest

from routing.modes import Mode
from routing.network import NetworkFault
from routing.roads import load_roads
from tests.support.roads import compile_network, name_junctions, spell_links

Features: TypeAlias = list[dict[str, Any]]
Write: TypeAlias = Callable[[Iterable[dict[str, Any]]], Path]


@pytest.fixture
def graph(town: Features, write: Write) -> "nx.DiGraph[str]":
    return load_roads(write(town))


def test_driving_takes_each_edge_at_its_usual_time(graph: "nx.DiGraph[str]") -> None:
    network = compile_network(graph, Mode.DRIVE)

    assert name_junctions(graph, network) == ["a", "b", "c"]
    assert spell_links(graph, network) == {
        ("a", "b"): (130, 1200),
        ("b", "a"): (130, 1200),
        ("b", "c"): (140, 1300),
        ("c", "b"): (140, 1300),
    }


@pytest.mark.parametrize(("mode", "speed_kmh"), [(Mode.WALK, 4.8), (Mode.CYCLE, 15)])
def test_walking_and_cycling_take_every_road_at_their_own_speed(
    graph: "nx.DiGraph[str]", mode: Mode, speed_kmh: float
) -> None:
    network = compile_network(graph, mode)

    time_s, length_m = spell_links(graph, network)["a", "b"]
    assert time_s == pytest.approx(1200 * 3.6 / speed_kmh)
    assert length_m == 1200


@pytest.mark.parametrize("closed_to_them", [{"road_class": "motorway"}, {"motor_only": True}])
@pytest.mark.parametrize("mode", [Mode.WALK, Mode.CYCLE])
def test_walkers_and_cyclists_keep_off_motorways_and_their_lonely_junctions(
    graph: "nx.DiGraph[str]", mode: Mode, closed_to_them: dict[str, object]
) -> None:
    for edge in [("b", "c"), ("c", "b")]:
        graph.edges[edge].update(closed_to_them)

    assert name_junctions(graph, compile_network(graph, mode)) == ["a", "b"]
    assert name_junctions(graph, compile_network(graph, Mode.DRIVE)) == ["a", "b", "c"]


def test_only_walkers_go_against_a_one_way_road(graph: "nx.DiGraph[str]") -> None:
    graph.remove_edge("b", "a")

    against = ("b", "a")
    assert against in spell_links(graph, compile_network(graph, Mode.WALK))
    assert against not in spell_links(graph, compile_network(graph, Mode.CYCLE))
    assert against not in spell_links(graph, compile_network(graph, Mode.DRIVE))


def test_an_infinite_time_closes_an_edge_to_cars(graph: "nx.DiGraph[str]") -> None:
    graph.edges["a", "b"]["travel_time_s"] = float("inf")

    assert ("a", "b") not in spell_links(graph, compile_network(graph, Mode.DRIVE))


@pytest.mark.parametrize("time_s", [0, -1, float("nan"), None, "60"])
def test_an_edge_with_an_impossible_time_is_a_fault(
    graph: "nx.DiGraph[str]", time_s: object
) -> None:
    graph.edges["a", "b"]["travel_time_s"] = time_s

    with pytest.raises(NetworkFault, match="a to b: travel_time_s"):
        compile_network(graph, Mode.DRIVE)


@pytest.mark.parametrize("lat", [float("nan"), float("inf")])
def test_a_junction_nowhere_is_a_fault(graph: "nx.DiGraph[str]", lat: float) -> None:
    graph.nodes["a"]["lat"] = lat

    with pytest.raises(NetworkFault, match="latitude"):
        compile_network(graph, Mode.DRIVE)


def test_transit_has_no_roads(graph: "nx.DiGraph[str]") -> None:
    with pytest.raises(NetworkFault, match="transit"):
        compile_network(graph, Mode.TRANSIT)


def test_a_graph_without_junctions_is_a_fault() -> None:
    with pytest.raises(NetworkFault, match="no junctions"):
        compile_network(nx.DiGraph(), Mode.DRIVE)


def test_the_version_follows_the_roads_and_the_mode(graph: "nx.DiGraph[str]") -> None:
    version = compile_network(graph, Mode.DRIVE).version
    assert compile_network(graph.copy(), Mode.DRIVE).version == version
    assert compile_network(graph, Mode.WALK).version != version

    graph.edges["a", "b"]["travel_time_s"] += 1

    assert compile_network(graph, Mode.DRIVE).version != version
