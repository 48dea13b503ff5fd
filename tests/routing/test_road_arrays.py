"""One form for roads of every source: laid out, looked up, edited as a graph, saved, compiled."""

import math
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx
import numpy as np
import pytest

from routing.modes import Mode
from routing.network import NetworkFault
from routing.osm import build_roads
from routing.roadfile import save_road_file
from routing.roads import Roads, RoadsFault, load_roads, read_roads
from tests.support.osm import square
from tests.support.roads import name_junctions, spell_links

Features: TypeAlias = list[dict[str, Any]]
Write: TypeAlias = Callable[[Iterable[dict[str, Any]]], Path]

MODES = (Mode.DRIVE, Mode.WALK, Mode.CYCLE)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def graph(town: Features, write: Write) -> "nx.DiGraph[str]":
    return load_roads(write(town))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A block of four streets, built from OpenStreetMap."""
    path = tmp_path / "town.roads"
    save_road_file(build_roads(square().write(tmp_path / "town.osm")), path)
    return path


def versions(roads: Roads) -> list[str]:
    return [roads.compile(mode).version for mode in MODES]


def test_a_graph_laid_out_and_drawn_again_is_the_same(east_kent: "nx.DiGraph[str]") -> None:
    again = Roads.from_graph(east_kent).to_graph()

    assert list(again) == list(east_kent)
    assert again.graph["meta"] == east_kent.graph["meta"]
    assert again.graph["barriers"] == east_kent.graph["barriers"]
    for node, junction in east_kent.nodes.items():
        assert again.nodes[node] == junction | {"joinable": True}
    assert set(again.edges) == set(east_kent.edges)
    for ends, edge in east_kent.edges.items():
        figures = {"length_m", "travel_time_s"}
        assert again.edges[ends] == edge | {name: pytest.approx(edge[name]) for name in figures}


def test_a_built_graph_laid_out_and_drawn_again_is_the_same(built: Path) -> None:
    graph = load_roads(built)
    again = Roads.from_graph(graph).to_graph()

    assert dict(again.nodes) == dict(graph.nodes)
    assert dict(again.edges) == dict(graph.edges)
    assert versions(Roads.from_graph(graph)) == versions(read_roads(built))


def test_the_skeleton_saved_as_a_built_file_gives_the_same_networks(
    east_kent: "nx.DiGraph[str]", tmp_path: Path
) -> None:
    roads = Roads.from_graph(east_kent)
    save_road_file(roads, tmp_path / "kent.roads")
    loaded = read_roads(tmp_path / "kent.roads")

    assert versions(loaded) == versions(roads)
    assert dict(loaded.to_graph().nodes) == dict(roads.to_graph().nodes)


def test_an_edge_that_was_closed_slowed_or_retimed_stays_so(built: Path) -> None:
    graph = load_roads(built)
    usual_s = graph.edges["n3", "n4"]["travel_time_s"]
    graph.remove_edge("n1", "n2")
    graph.edges["n2", "n3"]["travel_time_s"] = math.inf
    graph.edges["n3", "n4"]["travel_time_s"] *= 2
    save_road_file(Roads.from_graph(graph), built)
    roads = read_roads(built)

    assert roads.find_edge("n1", "n2") is None
    assert roads.time_s[roads.find_edge("n3", "n4")] == pytest.approx(2 * usual_s)
    drive = spell_links(graph, roads.compile(Mode.DRIVE))
    walk = spell_links(graph, roads.compile(Mode.WALK))
    assert ("n1", "n2") not in drive
    assert ("n2", "n3") not in drive
    assert ("n2", "n3") in walk


def test_the_recipe_of_the_documents_works(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "roads.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.chdir(built.parent)
    before = versions(read_roads(built))
    built.rename("kent.roads")
    exec(compile(recipe, "docs/roads.md", "exec"), {})  # noqa: S102 - the documents' own words
    edited = read_roads(Path("edited.roads"))

    assert edited.find_edge("n1", "n2") is None
    assert versions(edited) != before


def test_a_junction_added_to_built_roads_keeps_its_name(built: Path) -> None:
    graph = load_roads(built)
    graph.add_node("car-park", lat=51.001, lon=1.001, name="Car park")
    for ends in (("n1", "car-park"), ("car-park", "n1")):
        graph.add_edge(*ends, road="", road_class="service", length_m=90.0, travel_time_s=20.0)
    save_road_file(Roads.from_graph(graph), built)
    roads = read_roads(built)

    assert roads.number_of(["n4", "car-park", "n9"]).tolist() == [3, 4, -1]
    assert roads.titles[4] == "Car park"
    assert roads.get_class(roads.find_edge("n1", "car-park") or 0) == "service"
    links = spell_links(roads.to_graph(), roads.compile(Mode.WALK))
    assert links["n1", "car-park"][0] == pytest.approx(90 * 3.6 / 4.8)


@pytest.mark.parametrize(
    "name", ["", "n", "n0", "n01", "n1/0", "n1/1", "n1 ", "n99", "n" + "9" * 40, "n1/99999", "x"]
)
def test_a_name_that_no_junction_has_is_not_found(built: Path, name: str) -> None:
    roads = read_roads(built)

    assert roads.number_of([name]).tolist() == [-1]
    assert roads.find_edge(name, "n1") is None
    assert roads.find_edge("n1", name) is None


def test_every_edge_is_found_by_the_names_of_its_ends(shared_data: Path) -> None:
    roads = build_roads(shared_data / "roads" / "newport-2023-06-13.osm.pbf")
    names = roads.name_junctions()

    assert roads.number_of(names).tolist() == list(range(len(names)))
    for edge in range(0, len(roads.tails), 7):
        assert roads.find_edge(names[roads.tails[edge]], names[roads.heads[edge]]) == edge


def test_edges_tell_their_class_and_road(graph: "nx.DiGraph[str]") -> None:
    graph.edges["b", "c"].update(road="M2", road_class="motorway")
    roads = Roads.from_graph(graph)
    edge = roads.find_edge("b", "c")

    assert edge is not None
    assert (roads.get_class(edge), roads.get_road(edge)) == ("motorway", "M2")
    assert roads.find_edge("a", "c") is None


def test_edges_for_no_mode_are_left_out(graph: "nx.DiGraph[str]") -> None:
    graph.edges["a", "b"]["modes"] = set()
    roads = Roads.from_graph(graph)

    assert roads.find_edge("a", "b") is None
    assert roads.find_edge("b", "a") is not None


def test_a_junction_whose_roads_are_closed_is_kept_where_the_graph_is_drawn_by_hand(
    graph: "nx.DiGraph[str]",
) -> None:
    graph.remove_edges_from([("b", "c"), ("c", "b")])
    network = Roads.from_graph(graph).compile(Mode.DRIVE)
    assert sorted(name_junctions(graph, network)) == ["a", "b", "c"]

    graph.graph["only_met"] = True
    network = Roads.from_graph(graph).compile(Mode.DRIVE)
    assert sorted(name_junctions(graph, network)) == ["a", "b"]


def test_walkers_go_back_along_a_one_way_road_at_its_length(graph: "nx.DiGraph[str]") -> None:
    graph.remove_edge("b", "a")
    graph.edges["b", "c"]["length_m"] = 1500
    links = spell_links(graph, Roads.from_graph(graph).compile(Mode.WALK))

    assert {ends: length_m for ends, (_, length_m) in links.items()} == {
        ("a", "b"): 1200,
        ("b", "a"): 1200,
        ("b", "c"): 1500,
        ("c", "b"): 1300,
    }


def test_walkers_do_not_go_against_an_edge_whose_modes_are_given(graph: "nx.DiGraph[str]") -> None:
    graph.remove_edge("b", "a")
    graph.edges["a", "b"]["modes"] = {Mode.DRIVE, Mode.WALK}

    links = spell_links(graph, Roads.from_graph(graph).compile(Mode.WALK))
    assert ("a", "b") in links
    assert ("b", "a") not in links


def test_too_many_classes_are_refused(graph: "nx.DiGraph[str]") -> None:
    for number in range(300):
        graph.add_node(f"x{number}", lat=51.0, lon=1.0)
        graph.add_edge("a", f"x{number}", length_m=1, travel_time_s=1, road_class=str(number))

    with pytest.raises(NetworkFault, match="301 classes"):
        Roads.from_graph(graph)


def test_arrays_of_a_file_that_is_wrong_are_refused_like_the_graph(tmp_path: Path) -> None:
    for name in ("none.geojsonl", "none.roads"):
        with pytest.raises(RoadsFault, match=f"{name}:0: file"):
            read_roads(tmp_path / name)


def test_a_county_of_roads_is_read_in_under_a_second(tmp_path: Path) -> None:
    """A lattice of 100,000 junctions with 250,000 edges, named as OpenStreetMap's."""
    rows, columns = 250, 400
    number = np.arange(rows * columns).reshape(rows, columns)
    pairs = [(number[:, :-1], number[:, 1:]), (number[:, 1:], number[:, :-1])]
    pairs += [(number[:-1:2], number[1::2])]
    tails = np.concatenate([a.ravel() for a, _ in pairs])
    heads = np.concatenate([b.ravel() for _, b in pairs])
    order = np.lexsort((heads, tails))
    count = len(tails)
    roads = Roads(
        meta={},
        only_met=True,
        class_names=("street",),
        road_names=("",),
        osm_ids=np.arange(1, rows * columns + 1),
        copies=np.zeros(rows * columns, dtype=np.uint16),
        lat=51 + number.ravel() // columns * 0.001,
        lon=number.ravel() % columns * 0.001,
        joinable=np.ones(rows * columns, dtype=np.uint8),
        tails=tails[order].astype(np.uint32),
        heads=heads[order].astype(np.uint32),
        length_m=np.full(count, 80, dtype=np.float32),
        time_s=np.full(count, 9, dtype=np.float32),
        uses=np.full(count, 7, dtype=np.uint8),
        classes=np.zeros(count, dtype=np.uint8),
        roads=np.zeros(count, dtype=np.uint32),
        barrier_lat=np.empty(0),
        barrier_lon=np.empty(0),
        barrier_sizes=np.empty(0, dtype=np.uint32),
    )
    save_road_file(roads, tmp_path / "county.roads")
    begun = time.perf_counter()
    loaded = read_roads(tmp_path / "county.roads")
    took_s = time.perf_counter() - begun

    assert len(loaded.tails) == count
    assert took_s < 1
