from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.modes import Mode
from routing.osm import build_roads
from routing.osm.barriers import find_barrier, simplify
from routing.roadfile import save_road_file
from routing.roads import Roads, load_roads, read_roads
from tests.support.osm import Town

RIVER = {"highway": "", "waterway": "river"}


@pytest.fixture
def banks() -> Town:
    """Streets 1-2-3 in the west and 4-5-6 in the east, a bridge 3-6, a line 11-12 between them."""
    town = Town()
    for number, (row, column) in enumerate(
        [(0, 0), (4, 0), (8, 0), (0, 2), (4, 2), (8, 2)], start=1
    ):
        town.node(number, row, column)
    town.way(123, [1, 2, 3])
    town.way(456, [4, 5, 6])
    town.way(25, [2, 5], highway="footway", bridge="yes")
    town.way(36, [3, 6], bridge="yes")
    town.node(11, -3, 1)
    town.node(12, 12, 1)
    return town


def build(town: Town, folder: Path) -> Roads:
    return build_roads(town.write(folder / "town.osm"))


def met_from(roads: Roads, row: float, column: float, mode: Mode = Mode.DRIVE) -> set[str]:
    """The junctions that access legs lead to."""
    network = roads.compile(mode)
    near, _ = network.frame.find_access(51 + row / 1000, 1 + column / 1000, 5_000)
    names = roads.name_junctions()
    return {names[number] for number in network.junctions[near].tolist()}


def test_without_a_barrier_both_sides_are_met(banks: Town, tmp_path: Path) -> None:
    assert met_from(build(banks, tmp_path), 1, 0.5) >= {"n1", "n4"}


@pytest.mark.parametrize(
    ("kind", "tags"),
    [
        ("river", RIVER),
        ("river", {"highway": "", "waterway": "canal"}),
        ("river", RIVER | {"layer": "-1"}),
        ("coast", {"highway": "", "natural": "coastline"}),
        ("railway", {"highway": "", "railway": "rail"}),
        ("road", {"highway": "motorway"}),
        ("road", {"highway": "primary", "motorroad": "yes"}),
        ("road", {"highway": "trunk", "oneway": "yes", "maxspeed": "70 mph"}),
    ],
)
@pytest.mark.parametrize("mode", [Mode.DRIVE, Mode.WALK])
def test_no_access_leg_crosses_what_cannot_be_crossed(
    banks: Town, tmp_path: Path, kind: str, tags: dict[str, str], mode: Mode
) -> None:
    banks.way(1112, [11, 12], **tags)
    roads = build(banks, tmp_path)

    assert roads.meta["summary"]["barriers"] == {kind: 1}
    assert met_from(roads, 1, 0.5, mode) == {"n1", "n2", "n3"}
    assert met_from(roads, 1, 1.5, mode) == {"n4", "n5", "n6"}


@pytest.mark.parametrize(
    "tags",
    [
        RIVER | {"tunnel": "culvert"},
        RIVER | {"bridge": "aqueduct"},
        RIVER | {"intermittent": "yes"},
        {"waterway": "stream"},
        {"railway": "rail", "tunnel": "yes"},
        {"railway": "rail", "bridge": "viaduct"},
        {"railway": "rail", "layer": "1"},
        {"railway": "rail", "service": "siding"},
        {"railway": "abandoned"},
        {"railway": "tram"},
        {"highway": "motorway", "tunnel": "yes"},
        {"highway": "motorway", "layer": "-1"},
        {"highway": "trunk", "oneway": "yes", "maxspeed": "30 mph"},
        {"highway": "trunk", "maxspeed": "60 mph"},
        {"highway": "primary"},
        {"natural": "tree_row"},
        {"motorroad": "yes"},
        {},
    ],
)
def test_what_can_be_crossed_or_passed_under_is_no_barrier(tags: dict[str, str]) -> None:
    assert find_barrier(tags) is None


def test_a_lake_is_a_barrier_and_a_pond_is_not(banks: Town, tmp_path: Path) -> None:
    corners = [(1, 0.9), (3, 0.9), (3, 1.1), (1, 1.1)]
    for number, (row, column) in enumerate(corners, start=21):
        banks.node(number, row, column)
        banks.node(number + 10, 6 + row / 10, column)
    banks.way(20, [21, 22, 23, 24, 21], highway="", natural="water")
    banks.way(30, [31, 32, 33, 34, 31], highway="", natural="water")
    roads = build(banks, tmp_path)

    assert roads.meta["summary"]["barriers"] == {"water": 1}
    assert "n5" not in met_from(roads, 1.5, 0.2)
    assert "n4" in met_from(roads, 0.2, 0.2)


def test_a_line_opens_where_a_junction_lies_on_it(banks: Town, tmp_path: Path) -> None:
    """A street that meets a dual carriageway: one there is upon it, not cut off from everywhere."""
    banks.node(7, 4, 1)
    banks.way(25, [2, 7, 5])
    fast = {"highway": "trunk", "oneway": "yes", "maxspeed": "70 mph"}
    banks.way(117, [11, 7, 12], **fast)
    banks.way(1211, [12, 11], highway="tertiary")
    roads = build(banks, tmp_path)

    assert "n7" in met_from(roads, 4, 0.99)
    assert "n7" in met_from(roads, 4, 0.5)
    assert not {"n4", "n6"} & met_from(roads, 1, 0.5)


def test_lines_far_from_every_junction_are_left_out(banks: Town, tmp_path: Path) -> None:
    banks.node(21, 900, 900)
    banks.node(22, 905, 900)
    banks.way(2122, [21, 22], **RIVER)

    assert not len(build(banks, tmp_path).barrier_sizes)


def test_barriers_are_kept_by_file_and_graph(banks: Town, tmp_path: Path) -> None:
    banks.node(13, 5, 1.3)
    banks.way(1112, [11, 13, 12], **RIVER)
    roads = build(banks, tmp_path)
    save_road_file(roads, tmp_path / "town.roads")
    loaded = read_roads(tmp_path / "town.roads")

    (line,) = loaded.list_barriers()
    assert [pytest.approx(point) for point in line] == [
        (50.997, 1.001),
        (51.005, 1.0013),
        (51.012, 1.001),
    ]
    assert load_roads(tmp_path / "town.roads").graph["barriers"] == (line,)
    assert loaded.compile(Mode.WALK).version == roads.compile(Mode.WALK).version


def test_nodes_that_the_extract_lacks_shorten_a_river(banks: Town, tmp_path: Path) -> None:
    banks.way(1112, [98, 11, 12, 99], **RIVER)
    banks.way(9899, [98, 99], **RIVER)
    roads = build(banks, tmp_path)

    assert roads.meta["summary"]["barriers"] == {"river": 1}
    assert roads.meta["summary"]["dropped"] == {}


def _away(point: Any, line: Any) -> float:
    """Distance from a line, by looking at many spots along it."""
    share = np.linspace(0, 1, 400)[:, None]
    spots = [a + share * (b - a) for a, b in pairwise(line)]
    return float(np.linalg.norm(np.concatenate(spots) - point, axis=1).min())


@given(
    points=st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=2, max_size=30),
    tolerance_m=st.floats(0.5, 100),
)
def test_a_simplified_line_stays_within_the_tolerance(
    points: list[tuple[float, float]], tolerance_m: float
) -> None:
    given_m = np.array(points)
    kept_m = simplify(given_m, tolerance_m)

    assert kept_m[0].tolist() == given_m[0].tolist()
    assert kept_m[-1].tolist() == given_m[-1].tolist()
    assert all(_away(point, kept_m) <= tolerance_m + 3 for point in given_m)
    assert {tuple(point) for point in kept_m.tolist()} <= {tuple(p) for p in given_m.tolist()}


def test_points_in_a_row_become_two() -> None:
    line_m = np.array([[0, 0], [10, 1], [20, 0], [30, -1], [40, 0]], dtype=float)

    assert simplify(line_m, 5).tolist() == [[0, 0], [40, 0]]
