from collections import Counter, defaultdict
from pathlib import Path

import pytest

from routing.osm.access import Use
from routing.osm.extract import Extract, read_extract
from routing.osm.split import Edge, split_ways
from routing.osm.turns import expand_turns


@pytest.fixture(scope="module")
def newport(shared_data: Path) -> Extract:
    return read_extract(shared_data / "roads/newport-2023-06-13.osm.pbf")


def list_turns(edges: list[Edge]) -> set[tuple[int, int, int, int, int]]:
    """Every turn that a car can make: way and node it comes from, node, way and node it goes to."""
    leaving = defaultdict(list)
    for edge in edges:
        if edge.use & Use.DRIVE:
            leaving[edge.tail].append(edge)
    return {
        (edge.way, edge.tail[0], edge.head[0], out.way, out.head[0])
        for edge in edges
        if edge.use & Use.DRIVE
        for out in leaving[edge.head]
    }


def test_exactly_the_forbidden_turns_of_newport_are_gone(newport: Extract) -> None:
    edges = split_ways(newport, ferries=False)
    expanded, honoured = expand_turns(edges, newport.restrictions, Counter())
    before, after = list_turns(edges), list_turns(expanded)
    named = {
        (source, rule.via, target): rule.kind
        for rule in newport.restrictions
        for source in rule.sources
        for target in rule.targets
    }
    only = {(source, via) for (source, via, _), kind in named.items() if kind.startswith("only_")}

    assert honoured == 69
    assert after < before
    for way, came_from, via, onto, goes_to in before - after:
        forbidden = named.get((way, via, onto), "").startswith("no_")
        assert forbidden or (way, via) in only, (way, came_from, via, onto, goes_to)
    still = [turn for turn in after if named.get((turn[0], turn[2], turn[3])) == "no_left_turn"]
    assert still == []


def test_no_edge_and_no_mode_is_lost_by_copying_junctions(newport: Extract) -> None:
    edges = split_ways(newport, ferries=False)
    expanded, _ = expand_turns(edges, newport.restrictions, Counter())

    def uses(some: list[Edge]) -> dict[tuple[int, int, int], Use]:
        found: dict[tuple[int, int, int], Use] = defaultdict(lambda: Use.NONE)
        for edge in some:
            found[edge.way, edge.tail[0], edge.head[0]] |= edge.use
        return found

    assert uses(expanded) == uses(edges)
