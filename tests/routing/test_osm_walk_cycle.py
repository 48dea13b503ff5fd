"""Walking and cycling on roads built from OpenStreetMap."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from loadtests.benchmarks.walk_cycle_accuracy import score_minutes, spell_out_defaults
from routing.modes import Mode
from routing.osm import build_roads
from routing.osm.extract import read_extract
from routing.osm.paces import find_cycle_speed, find_walk_speed
from routing.roadarrays import Roads
from tests.support.osm import Town, square

ROW_M = 111.195  # 0.001 degrees of latitude


@pytest.fixture
def town() -> Town:
    """A block of streets 1-2-3-4, and a way 1-5-6-3 of two nodes of its own across it."""
    town = square()
    town.node(5, 0.5, 0.5)
    town.node(6, 1.5, 1.5)
    return town


def build(town: Town, folder: Path) -> "nx.DiGraph[str]":
    return build_roads(town.write(folder / "town.osm")).to_graph()


def speed_kmh(graph: "nx.DiGraph[str]", mode: Mode, start: str = "n1", end: str = "n3") -> float:
    edge = graph.edges[start, end]
    return float(edge["length_m"] / edge[f"{mode}_time_s"] * 3.6)


@pytest.mark.parametrize(
    ("tags", "walk_kmh", "cycle_kmh"),
    [
        ({"highway": "residential"}, 4.8, 15),
        ({"highway": "primary", "maxspeed": "60 mph"}, 4.8, 15),
        ({"highway": "cycleway"}, 4.8, 15),
        ({"highway": "cycleway", "surface": "compacted"}, 4.8, 11),
        ({"highway": "cycleway", "bicycle": "dismount"}, 4.8, 4.8),
        ({"highway": "track"}, 4.8, 9),
        ({"highway": "track", "surface": "asphalt"}, 4.8, 15),
        ({"highway": "track", "tracktype": "grade1"}, 4.8, 15),
        ({"highway": "track", "tracktype": "grade5"}, 4.8, 4),
        ({"highway": "track", "surface": "ground", "tracktype": "grade4"}, 4.8, 6),
        ({"highway": "residential", "smoothness": "very_bad"}, 4.8, 8),
        ({"highway": "bridleway"}, 4.8, 7),
        ({"highway": "footway", "bicycle": "yes"}, 4.8, 12),
        ({"highway": "residential", "surface": "no such thing"}, 4.8, 15),
        ({"highway": "steps", "bicycle": "dismount"}, 2.4, 1.5),
    ],
)
def test_speeds_follow_class_and_surface(
    tags: dict[str, str], walk_kmh: float, cycle_kmh: float
) -> None:
    assert find_walk_speed(tags) == walk_kmh
    assert find_cycle_speed(tags) == cycle_kmh


def test_steps_take_walkers_twice_as_long_and_let_no_bicycle_up(town: Town, tmp_path: Path) -> None:
    town.way(13, [1, 5, 6, 3], highway="steps")
    graph = build(town, tmp_path)

    assert speed_kmh(graph, Mode.WALK) == pytest.approx(2.4, rel=1e-4)
    assert graph.edges["n1", "n3"]["modes"] == {Mode.WALK}
    assert graph.edges["n1", "n3"]["cycle_time_s"] == float("inf")


def test_a_network_has_each_edges_own_time(town: Town, tmp_path: Path) -> None:
    town.way(13, [1, 5, 6, 3], highway="cycleway", surface="gravel")
    roads = build_roads(town.write(tmp_path / "town.osm"))
    edge = roads.find_edge("n1", "n3")
    for mode, told_s in ((Mode.WALK, roads.walk_s), (Mode.CYCLE, roads.cycle_s)):
        network = roads.compile(mode)

        assert network.usual_s[network.source == edge] == pytest.approx(told_s[edge])
    assert roads.cycle_s[edge] > roads.length_m[edge] * 3.6 / 6


def test_a_cyclist_loses_time_where_a_track_meets_roads_and_a_walker_none(
    town: Town, tmp_path: Path
) -> None:
    town.way(13, [1, 5, 6, 3], highway="cycleway")
    graph = build(town, tmp_path)
    edge = graph.edges["n1", "n3"]

    assert edge["cycle_time_s"] == pytest.approx(edge["length_m"] * 3.6 / 15 + 2 * 3, rel=1e-4)
    assert edge["walk_time_s"] == pytest.approx(edge["length_m"] * 3.6 / 4.8, rel=1e-4)


def test_a_cyclist_turns_off_a_road_slowly_and_goes_straight_past_a_side_street(
    town: Town, tmp_path: Path
) -> None:
    town.node(7, 2, -2)
    town.way(47, [4, 7])
    graph = build(town, tmp_path)

    def lost_s(start: str, end: str) -> float:
        edge = graph.edges[start, end]
        return float(edge["cycle_time_s"] - edge["length_m"] * 3.6 / 15)

    assert lost_s("n1", "n4") == pytest.approx(3, abs=0.01)
    assert lost_s("n3", "n4") == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("key", "sign", "s"), [("highway", "traffic_signals", 4), ("barrier", "gate", 30)]
)
def test_signals_and_gates_hold_up_a_cyclist(
    town: Town, tmp_path: Path, key: str, sign: str, s: float
) -> None:
    plain = build(town, tmp_path).edges["n1", "n2"]["cycle_time_s"]
    town.node(5, 0, 1, **{key: sign})
    town.way(12, [1, 5, 2])

    assert build(town, tmp_path).edges["n1", "n2"]["cycle_time_s"] == pytest.approx(plain + s)


@pytest.mark.parametrize(
    ("tags", "modes"),
    [
        ({"sac_scale": "hiking"}, {Mode.WALK, Mode.CYCLE}),
        ({"sac_scale": "mountain_hiking"}, set()),
        ({"sac_scale": "difficult_alpine_hiking"}, set()),
        ({"mtb:scale": "1"}, {Mode.WALK, Mode.CYCLE}),
        ({"mtb:scale": "2"}, {Mode.WALK}),
        ({"smoothness": "impassable"}, {Mode.WALK}),
    ],
)
def test_nobody_who_is_hurt_is_sent_up_a_mountain(
    town: Town, tmp_path: Path, tags: dict[str, str], modes: set[Mode]
) -> None:
    town.way(13, [1, 5, 6, 3], highway="path", bicycle="yes")
    town.ways[13][1].update(tags)
    roads = build_roads(town.write(tmp_path / "town.osm"))
    graph = roads.to_graph()

    assert graph.get_edge_data("n1", "n3", {"modes": set()})["modes"] == modes
    too_rough = roads.meta["summary"]["dropped"].get("stretches too rough for walkers or bicycles")
    assert too_rough == (None if Mode.CYCLE in modes else 1)


def test_rough_ways_do_not_touch_the_roads_of_cars(town: Town, tmp_path: Path) -> None:
    town.node(7, 0, 1)
    town.way(12, [1, 7, 2])
    town.way(75, [7, 5, 6, 3], highway="path")
    plain = build_roads(town.write(tmp_path / "town.osm"))
    town.ways[75][1]["sac_scale"] = "alpine_hiking"
    rough = build_roads(town.write(tmp_path / "town.osm"))

    for ends in (("n1", "n7"), ("n7", "n2"), ("n2", "n3")):
        before, after = plain.find_edge(*ends), rough.find_edge(*ends)
        assert before is not None
        assert after is not None
        assert plain.time_s[before] == rough.time_s[after]


@pytest.mark.parametrize(
    ("said", "along", "against"), [("yes", True, False), ("-1", False, True), ("no", True, True)]
)
def test_walkers_may_be_held_to_one_way(
    town: Town, tmp_path: Path, said: str, along: object, against: object
) -> None:
    town.way(13, [1, 5, 6, 3], highway="footway")
    town.ways[13][1]["oneway:foot"] = said
    graph = build(town, tmp_path)

    assert graph.has_edge("n1", "n3") is along
    assert graph.has_edge("n3", "n1") is against


def test_roads_drawn_by_hand_are_walked_at_one_speed_and_timed_where_somebody_says_so(
    town: Town, tmp_path: Path
) -> None:
    graph = build(town, tmp_path)
    for _, _, edge in graph.edges(data=True):
        del edge["walk_time_s"], edge["cycle_time_s"]

    assert not len(Roads.from_graph(graph).walk_s)

    graph.edges["n1", "n2"]["walk_time_s"] = 500.0
    roads = Roads.from_graph(graph)
    timed, other = roads.find_edge("n1", "n2"), roads.find_edge("n2", "n3")

    assert roads.walk_s[timed] == 500
    assert roads.walk_s[other] == pytest.approx(2 * ROW_M * 3.6 / 4.8, rel=1e-4)
    assert roads.cycle_s[timed] == pytest.approx(roads.length_m[timed] * 3.6 / 15)


def test_the_reference_is_told_the_british_defaults_and_nothing_that_a_way_says_is_changed(
    town: Town, tmp_path: Path
) -> None:
    town.way(13, [1, 5, 3], highway="cycleway")
    town.way(31, [1, 6, 3], highway="cycleway", foot="no")
    town.way(14, [1, 5, 4], highway="bridleway")
    town.way(15, [1, 6, 4], highway="path")
    town.way(16, [2, 6, 4], highway="path", bicycle="yes")
    spell_out_defaults(town.write(tmp_path / "town.osm"), tmp_path / "spelt.osm")
    tags = {way.id: way.tags for way in read_extract(tmp_path / "spelt.osm").ways}

    assert tags[13]["foot"] == "yes"
    assert tags[31]["foot"] == "no"
    assert tags[14]["bicycle"] == "yes"
    assert tags[15]["bicycle"] == "no"
    assert tags[16]["bicycle"] == "yes"
    assert tags[12] == {"highway": "residential"}


def test_a_score_leaves_out_what_one_side_does_not_know() -> None:
    ours = np.array([[10.0, 22.0, np.inf], [5.0, 40.0, 0.0]])
    theirs = np.array([[10.0, 20.0, 30.0], [np.nan, 50.0, 0.0]])
    score = score_minutes(ours, theirs)

    assert score["mae"] == pytest.approx(4)
    assert score["bias"] == pytest.approx(-8 / 3)
    assert score["within"] == pytest.approx(200 / 3)
    assert score["known"] == pytest.approx(400 / 6)
