from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.modes import Mode
from routing.osm import ExtractFault, build_roads
from routing.roadarrays import Roads
from tests.support.osm import Town, square
from tests.support.roads import spell_links

ROW_M = 111.195  # 0.001 degrees of latitude


@pytest.fixture
def town() -> Town:
    return square()


@pytest.fixture
def crossroads() -> Town:
    """A ring 1-2-3-4, and four streets from it to the centre, 5."""
    town = square()
    town.node(5, 1, 1)
    for corner in (1, 2, 3, 4):
        town.way(corner * 10 + 5, [corner, 5])
    return town


def build(town: Town, folder: Path, **options: bool) -> Roads:
    return build_roads(town.write(folder / "town.osm"), **options)


def drive(roads: Roads) -> "nx.DiGraph[str]":
    graph = roads.to_graph()
    open_to_cars = [(a, b) for a, b, edge in graph.edges(data=True) if Mode.DRIVE in edge["modes"]]
    return graph.edge_subgraph(open_to_cars)


def dropped(roads: Roads) -> dict[str, int]:
    return dict(roads.meta["summary"]["dropped"])


def way_there(graph: "nx.DiGraph[str]", start: str, end: str) -> list[str]:
    """The fastest way between two nodes, from and to any copy of them, by node."""
    copies = {name: [n for n in graph if n.split("/")[0] == name] for name in (start, end)}
    ways = [
        (nx.path_weight(graph, path, "travel_time_s"), path)
        for a in copies[start]
        for b in copies[end]
        if nx.has_path(graph, a, b)
        for path in [nx.shortest_path(graph, a, b, weight="travel_time_s")]
    ]
    return [name.split("/")[0] for name in min(ways)[1]]


def test_streets_become_edges_both_ways_with_their_length_and_time(
    town: Town, tmp_path: Path
) -> None:
    graph = build(town, tmp_path).to_graph()
    edge = graph.edges["n2", "n3"]

    assert sorted(graph) == ["n1", "n2", "n3", "n4"]
    assert graph.number_of_edges() == 8
    assert edge["length_m"] == pytest.approx(2 * ROW_M, rel=1e-4)
    assert edge["travel_time_s"] == pytest.approx(2 * ROW_M * 3.6 / 26, rel=1e-4)
    assert edge["modes"] == {Mode.DRIVE, Mode.WALK, Mode.CYCLE}
    assert graph.nodes["n3"]["lat"] == pytest.approx(51.002)


def test_only_nodes_that_ways_share_are_junctions(town: Town, tmp_path: Path) -> None:
    town.node(6, 0, 1)
    town.way(12, [1, 6, 2])

    assert "n6" not in build(town, tmp_path).to_graph()

    town.node(7, -1, 1)
    town.way(67, [6, 7], highway="footway")

    assert {"n6", "n7"} <= set(build(town, tmp_path).to_graph())


def test_one_way_streets_are_edges_one_way(town: Town, tmp_path: Path) -> None:
    town.way(12, [1, 2], oneway="yes")
    town.way(34, [4, 3], oneway="-1")
    graph = drive(build(town, tmp_path))

    assert graph.has_edge("n1", "n2")
    assert not graph.has_edge("n2", "n1")
    assert graph.has_edge("n3", "n4")
    assert not graph.has_edge("n4", "n3")


def test_a_loop_and_a_second_way_between_two_junctions_are_kept(town: Town, tmp_path: Path) -> None:
    for number, row, column in ((6, -1, 1), (7, 3, 3), (8, 3, 4), (9, 2, 4)):
        town.node(number, row, column)
    town.way(162, [1, 6, 2])
    town.way(379, [3, 7, 8, 9, 3])
    graph = drive(build(town, tmp_path))

    assert graph.has_edge("n1", "n6")
    assert graph.has_edge("n1", "n2")
    assert sum(1 for name in graph if name in {"n7", "n8", "n9"}) == 2


def test_what_cannot_be_left_or_reached_is_dropped_and_told(town: Town, tmp_path: Path) -> None:
    town.node(6, 2, 4)
    town.way(36, [3, 6], oneway="yes")
    for number, row in ((7, 5), (8, 6)):
        town.node(number, row, 5)
    town.way(78, [7, 8])
    roads = build(town, tmp_path)

    assert sorted(drive(roads)) == ["n1", "n2", "n3", "n4"]
    assert dropped(roads)["directed edges outside the largest connected part: drive"] == 3


def test_stray_nodes_far_outside_are_ignored(tmp_path: Path) -> None:
    town = Town()
    side = 25
    for number in range(side * side):
        town.node(number + 1, number // side, number % side)
        if number % side:
            town.way(number, [number, number + 1])
        if number >= side:
            town.way(10_000 + number, [number + 1 - side, number + 1])
    town.node(9_000, 4_000, 4_000)
    town.way(99_999, [1, 9_000])
    roads = build(town, tmp_path)

    assert len(roads.lat) == side * side
    assert dropped(roads) == {"stretches to nodes far outside": 1}


def test_a_way_keeps_going_over_nodes_that_the_extract_lacks(town: Town, tmp_path: Path) -> None:
    town.way(12, [1, 999, 2])
    roads = build(town, tmp_path)

    assert drive(roads).has_edge("n1", "n2")
    assert dropped(roads)["way nodes that the extract does not hold"] == 1


def test_a_bollard_closes_a_street_to_cars_alone(town: Town, tmp_path: Path) -> None:
    town.node(6, 0, 1, barrier="bollard")
    town.way(12, [1, 6, 2])
    roads = build(town, tmp_path)

    assert roads.to_graph().edges["n1", "n2"]["modes"] == {Mode.WALK, Mode.CYCLE}
    assert dropped(roads)["stretches that a barrier closes to somebody"] == 1


def test_a_gate_put_on_a_crossroads_by_mistake_does_not_close_it(
    crossroads: Town, tmp_path: Path
) -> None:
    crossroads.node(5, 1, 1, barrier="gate", access="private")

    assert drive(build(crossroads, tmp_path)).has_edge("n1", "n5")


@pytest.fixture
def junction() -> Town:
    """A road 1-2-3 due north, and from 2 a road 2-4 due east; 5 and 6 close the rings."""
    town = Town()
    places = {1: (0, 0), 2: (2, 0), 3: (4, 0), 4: (2, 2), 5: (0, 2), 6: (4, 2)}
    for number, (row, column) in places.items():
        town.node(number, row, column)
    town.way(123, [1, 2, 3])
    town.way(24, [2, 4])
    for number, ends in ((15, [1, 5]), (54, [5, 4]), (46, [4, 6]), (63, [6, 3])):
        town.way(number, ends)
    return town


def lost_s(graph: "nx.DiGraph[str]", start: str, end: str, kmh: float) -> float:
    """What an edge takes beyond driving its length."""
    edge = graph.edges[start, end]
    return float(edge["travel_time_s"] - edge["length_m"] * 3.6 / kmh)


def test_a_road_that_ends_at_another_costs_the_turn(junction: Town, tmp_path: Path) -> None:
    graph = build(junction, tmp_path).to_graph()

    assert lost_s(graph, "n1", "n2", 26) == pytest.approx(0, abs=0.01)
    assert lost_s(graph, "n2", "n3", 26) == pytest.approx(0, abs=0.01)
    # 4 is a junction of the same form, whose through road is 5-4-6.
    assert lost_s(graph, "n2", "n4", 26) == pytest.approx(1.3 + 2.7, abs=0.01)
    assert lost_s(graph, "n4", "n2", 26) == pytest.approx(1.3 + 2.7, abs=0.01)


def test_giving_way_to_a_greater_road_costs_more(junction: Town, tmp_path: Path) -> None:
    junction.way(123, [1, 2, 3], highway="tertiary", lit="yes")
    graph = build(junction, tmp_path).to_graph()

    assert lost_s(graph, "n1", "n2", 37) == pytest.approx(0, abs=0.01)
    assert lost_s(graph, "n2", "n4", 26) == pytest.approx(7 + 2.7, abs=0.01)
    assert lost_s(graph, "n4", "n2", 26) == pytest.approx(1.3 + 4.5, abs=0.01)


def test_crossing_a_greater_road_costs_a_little(crossroads: Town, tmp_path: Path) -> None:
    before = build(crossroads, tmp_path).to_graph()
    for number in (25, 45):
        crossroads.way(number, [number // 10, 5], highway="tertiary")
    after = build(crossroads, tmp_path).to_graph()

    for ends, seconds in ((("n1", "n5"), 1.0), (("n5", "n1"), 2.2)):
        longer_s = after.edges[ends]["travel_time_s"] - before.edges[ends]["travel_time_s"]
        assert longer_s == pytest.approx(seconds, abs=0.01)


def test_where_one_may_not_go_on_straight_the_turn_is_paid(junction: Town, tmp_path: Path) -> None:
    junction.way(123, [1, 2])
    junction.way(32, [3, 2], oneway="yes")
    graph = build(junction, tmp_path).to_graph()

    assert lost_s(graph, "n1", "n2", 26) == pytest.approx(2.7, abs=0.01)
    assert lost_s(graph, "n3", "n2", 26) == pytest.approx(0, abs=0.01)


def test_signals_cost_the_wait_and_no_turn(junction: Town, tmp_path: Path) -> None:
    junction.node(2, 2, 0, highway="traffic_signals")
    graph = build(junction, tmp_path).to_graph()

    assert lost_s(graph, "n1", "n2", 26) == pytest.approx(4, abs=0.01)
    assert lost_s(graph, "n4", "n2", 26) == pytest.approx(1.3 + 4, abs=0.01)
    assert lost_s(graph, "n2", "n3", 26) == pytest.approx(0, abs=0.01)


def test_a_street_between_streets_of_a_town_is_taken_to_be_in_it(
    town: Town, tmp_path: Path
) -> None:
    town.node(6, 6, 2)
    town.way(13, [1, 3], highway="tertiary")
    town.way(36, [3, 6], highway="tertiary")
    town.node(3, 2, 2, highway="traffic_signals")
    town.node(1, 0, 0, highway="traffic_signals")
    graph = build(town, tmp_path).to_graph()

    assert lost_s(graph, "n1", "n3", 37) == pytest.approx(4, abs=0.01)
    assert lost_s(graph, "n6", "n3", 41) == pytest.approx(4, abs=0.01)


def test_conditions_at_certain_times_are_counted(town: Town, tmp_path: Path) -> None:
    town.way(12, [1, 2], access__conditional="no @ (08:00-09:00)")

    assert dropped(build(town, tmp_path)) == {
        "conditions of ways at certain times (not honoured)": 1
    }


@pytest.mark.parametrize("kind", ["no_left_turn", "no_straight_on", "no_right_turn", "no_entry"])
def test_a_forbidden_turn_cannot_be_made(crossroads: Town, tmp_path: Path, kind: str) -> None:
    assert way_there(drive(build(crossroads, tmp_path)), "n1", "n3") == ["n1", "n5", "n3"]
    crossroads.restrict(kind, 15, ("node", 5), 35)
    roads = build(crossroads, tmp_path)
    graph = drive(roads)

    assert roads.meta["summary"]["turn_restrictions_honoured"] == 1
    assert way_there(graph, "n1", "n3") != ["n1", "n5", "n3"]
    assert way_there(graph, "n3", "n1") == ["n3", "n5", "n1"]
    assert way_there(graph, "n2", "n3") == ["n2", "n3"]
    assert way_there(graph, "n1", "n5") == ["n1", "n5"]


def test_an_only_restriction_leaves_one_way_on(crossroads: Town, tmp_path: Path) -> None:
    crossroads.restrict("only_straight_on", 15, ("node", 5), 35)
    graph = drive(build(crossroads, tmp_path))
    (copy,) = graph["n1"].keys() & {"n5", "n5/1"}

    assert copy == "n5/1"
    assert list(graph[copy]) == ["n3"]
    assert len(graph["n5"]) == 4


def test_no_u_turn_closes_the_way_back_alone(crossroads: Town, tmp_path: Path) -> None:
    crossroads.restrict("no_u_turn", 15, ("node", 5), 15)
    graph = drive(build(crossroads, tmp_path))

    assert sorted(graph["n5/1"]) == ["n2", "n3", "n4"]


def test_restrictions_at_both_ends_of_a_street_hold_together(
    crossroads: Town, tmp_path: Path
) -> None:
    crossroads.restrict("no_left_turn", 15, ("node", 5), 35)
    crossroads.restrict("no_left_turn", 25, ("node", 5), 35)
    crossroads.restrict("no_right_turn", 45, ("node", 5), 15)
    crossroads.restrict("no_right_turn", 45, ("node", 1), 12)
    crossroads.restrict("no_right_turn", 15, ("node", 1), 12)
    graph = drive(build(crossroads, tmp_path))

    assert "n5" not in way_there(graph, "n1", "n3")[1:2]
    assert "n5" not in way_there(graph, "n2", "n3")[1:2]
    assert nx.is_strongly_connected(graph)


def test_walkers_and_cyclists_may_turn_as_they_like(crossroads: Town, tmp_path: Path) -> None:
    crossroads.restrict("no_left_turn", 15, ("node", 5), 35)
    graph = build(crossroads, tmp_path).to_graph()

    assert graph.edges["n1", "n5"]["modes"] == {Mode.WALK, Mode.CYCLE}
    assert Mode.WALK in graph.edges["n5", "n3"]["modes"]


@pytest.mark.parametrize(
    ("via", "tags", "reason"),
    [
        (("way", 25), {}, "turn restrictions via a way"),
        (("node", 2), {}, "turn restrictions over ways that are closed, missing or ambiguous"),
        (("node", 5), {"restriction": "turn_round"}, "turn restrictions that are incomplete"),
        (
            ("node", 5),
            {"restriction": "", "restriction:conditional": "no_left_turn @ (Mo-Fr)"},
            "turn restrictions at certain times only",
        ),
    ],
)
def test_restrictions_that_are_not_honoured_are_told(
    crossroads: Town, tmp_path: Path, via: tuple[str, int], tags: dict[str, str], reason: str
) -> None:
    crossroads.restrict("no_left_turn", 15, via, 35, **tags)
    members, said = crossroads.relations[0]
    crossroads.relations[0] = (members, {name: value for name, value in said.items() if value})
    roads = build(crossroads, tmp_path)

    assert dropped(roads) == {reason: 1}
    assert way_there(drive(roads), "n1", "n3") == ["n1", "n5", "n3"]


@pytest.mark.parametrize("tags", [{"except": "motorcar;bicycle"}, {"except": "motor_vehicle"}])
def test_cars_may_be_excepted(crossroads: Town, tmp_path: Path, tags: dict[str, str]) -> None:
    crossroads.restrict("no_left_turn", 15, ("node", 5), 35, **tags)

    assert "n5/1" not in build(crossroads, tmp_path).to_graph()


def test_ferries_are_an_option(town: Town, tmp_path: Path) -> None:
    for number, row in ((6, 20), (7, 22)):
        town.node(number, row, 0)
    town.way(67, [6, 7])
    town.way(46, [4, 6], highway="", route="ferry", motor_vehicle="yes", duration="00:20")
    ashore, afloat = build(town, tmp_path), build(town, tmp_path, ferries=True)

    assert "n6" not in ashore.to_graph()
    assert dropped(ashore)["ferries (left out without --ferries)"] == 1
    edge = afloat.to_graph().edges["n4", "n6"]
    assert edge["travel_time_s"] == 900 + 20 * 60
    assert edge["modes"] == {Mode.DRIVE, Mode.WALK}
    links = spell_links(afloat.to_graph(), afloat.compile(Mode.WALK))
    assert links["n4", "n6"][0] == 900 + 20 * 60


def test_no_journey_begins_amid_a_motorway(town: Town, tmp_path: Path) -> None:
    for number, row in ((6, 1), (7, 2), (8, 3)):
        town.node(number, row, 1)
    town.way(678, [6, 7, 8], highway="motorway", oneway="no")
    town.way(16, [1, 6], highway="motorway_link")
    town.way(83, [8, 3], highway="motorway_link")
    town.way(77, [7, 8], highway="motorway", oneway="no")
    graph = build(town, tmp_path).to_graph()

    assert not graph.nodes["n6"]["joinable"]
    assert graph.nodes["n1"]["joinable"]
    assert graph.edges["n6", "n7"]["motor_only"]


NODE = '<node id="{}" lat="{}" lon="{}"/>'
WAY = '<way id="9"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>'
ENDS = NODE.format(1, 51, 1) + NODE.format(2, 51, 1.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("not a map", "cannot be read"),
        ("<osm", "cannot be read"),
        ("<html><body>404</body></html>", "cannot be read"),
        ('<osm version="0.6"></osm>', "holds no roads"),
        (f'<osm version="0.6">{ENDS}</osm>', "holds no roads"),
        (f'<osm version="0.6">{WAY}</osm>', "2 nodes of ways are missing"),
        (f'<osm version="0.6">{WAY}{ENDS}</osm>', "or stand after the ways"),
        (f'<osm version="0.6">{NODE.format(1, 999, 1)}{WAY}</osm>', "cannot be read"),
        (f'<osm version="0.6">{NODE.format(1, "x", 1)}{WAY}</osm>', "cannot be read"),
        (f'<osm version="0.6">{NODE.format("one", 51, 1)}{WAY}</osm>', "cannot be read"),
    ],
)
def test_an_extract_without_roads_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "empty.osm"
    path.write_text(text)

    with pytest.raises(ExtractFault, match=rf"empty\.osm: .*{words}"):
        build_roads(path)


@pytest.mark.parametrize("name", ["town.osm.pbf", "town.zip", "town.osm.bz2"])
def test_an_extract_of_another_form_than_its_name_says_is_refused(
    town: Town, tmp_path: Path, name: str
) -> None:
    town.write(tmp_path / "town.osm").rename(tmp_path / name)

    with pytest.raises(ExtractFault, match=f"{name}: cannot be read"):
        build_roads(tmp_path / name)


def test_an_extract_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.osm.pbf", tmp_path):
        with pytest.raises(ExtractFault, match="no such file"):
            build_roads(path)


def test_an_extract_of_footpaths_is_refused(town: Town, tmp_path: Path) -> None:
    town.ways = {number: (nodes, {"highway": "path"}) for number, (nodes, _) in town.ways.items()}

    with pytest.raises(ExtractFault, match="a car may use"):
        build(town, tmp_path)


def test_an_extract_of_motorways_is_refused(town: Town, tmp_path: Path) -> None:
    tags = {"highway": "motorway", "oneway": "no"}
    town.ways = {number: (nodes, tags) for number, (nodes, _) in town.ways.items()}

    with pytest.raises(ExtractFault, match="no road where a journey could begin"):
        build(town, tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.04, 0.5, 0.9, 0.999999])
def test_an_extract_that_was_cut_off_is_refused_by_name(
    shared_data: Path, tmp_path: Path, share: float
) -> None:
    data = (shared_data / "roads/newport-2023-06-13.osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(ExtractFault, match=r"cut\.osm\.pbf: "):
        build_roads(path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_an_extract_with_anything_in_any_place_is_built_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoilt.osm"
    text = square().write(path).read_text()
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(at + 12, len(text))))
    path.write_text(text[:at] + data.draw(st.text('<>/="0159-.ndway ', max_size=6)) + text[until:])

    try:
        roads = build_roads(path)
    except ExtractFault as fault:
        sound = fault.path == path
    else:
        sound = bool(np.isfinite(roads.lat).all() and (roads.length_m > 0).all())
    assert sound


def test_the_same_extract_gives_the_same_roads(crossroads: Town, tmp_path: Path) -> None:
    first, second = build(crossroads, tmp_path), build(crossroads, tmp_path)

    assert first.meta == second.meta
    assert first.compile(Mode.DRIVE).version == second.compile(Mode.DRIVE).version
