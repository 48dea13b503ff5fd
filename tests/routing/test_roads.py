import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.roads import RoadsFault, load_roads

Features: TypeAlias = list[dict[str, Any]]
Write: TypeAlias = Callable[[Iterable[dict[str, Any]]], Path]

LINK = 4
"""Position of the first link in the town, its line less one."""


def test_a_link_is_two_edges_with_the_usual_time_of_its_class(town: Features, write: Write) -> None:
    graph = load_roads(write(town))

    assert list(graph) == ["a", "b", "c"]
    assert graph.nodes["a"] == {"lat": 51.0, "lon": 1.0, "name": "A"}
    assert graph.edges["a", "b"] == {
        "road": "A1",
        "road_class": "street",
        "length_m": 1200.0,
        "travel_time_s": 1200 / 10 + 10,
        "motor_only": False,
    }
    assert graph.edges["b", "a"] == graph.edges["a", "b"]


def test_a_one_way_link_is_one_edge(town: Features, write: Write) -> None:
    town[LINK]["properties"]["oneway"] = True

    graph = load_roads(write(town))

    assert graph.has_edge("a", "b")
    assert not graph.has_edge("b", "a")


def test_a_link_may_have_a_speed_of_its_own(town: Features, write: Write) -> None:
    town[LINK]["properties"]["speed_kmh"] = 72

    graph = load_roads(write(town))

    assert graph.edges["a", "b"]["travel_time_s"] == 1200 / 20 + 10


def test_water_and_the_meta_line_are_kept_on_the_graph(town: Features, write: Write) -> None:
    line = {"type": "LineString", "coordinates": [[0.9, 51.005], [1.1, 51.005]]}
    town.append(
        {"type": "Feature", "properties": {"kind": "water", "name": "Ditch"}, "geometry": line}
    )

    graph = load_roads(write(town))

    assert graph.graph["barriers"] == (((51.005, 0.9), (51.005, 1.1)),)
    assert graph.graph["meta"]["source"] == "a test"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("length_m", 1000),
        ("length_m", -1),
        ("length_m", "1200"),
        ("length_m", True),
        ("length_m", float("nan")),
        ("length_m", float("inf")),
        ("from", "nowhere"),
        ("to", ["b"]),
        ("class", "runway"),
        ("class", None),
        ("road", ""),
        ("oneway", "yes"),
        ("motor_only", 1),
        ("speed_kmh", 0),
        ("speed_kmh", 500),
        ("colour", "red"),
    ],
)
def test_a_link_that_cannot_be_used_is_refused_by_line_and_field(
    town: Features, write: Write, field: str, value: object
) -> None:
    town[LINK]["properties"][field] = value
    path = write(town)

    with pytest.raises(RoadsFault) as caught:
        load_roads(path)

    assert (caught.value.path, caught.value.line) == (path, LINK + 1)
    assert caught.value.field == f"properties.{field}"
    assert str(caught.value).startswith(f"{path}:5: properties.{field}: ")


@pytest.mark.parametrize("field", ["kind", "from", "to", "road", "class", "length_m"])
def test_a_link_without_a_needed_field_is_refused(town: Features, write: Write, field: str) -> None:
    del town[LINK]["properties"][field]

    with pytest.raises(RoadsFault, match=rf":5: properties\.{field}: "):
        load_roads(write(town))


def test_a_link_from_a_junction_to_itself_is_refused(town: Features, write: Write) -> None:
    loop = deepcopy(town[LINK])
    loop["properties"]["to"] = "a"
    loop["geometry"]["coordinates"].append(loop["geometry"]["coordinates"][0])
    loop["properties"]["length_m"] = 2400
    town[LINK] = loop

    with pytest.raises(RoadsFault, match=r":5: properties\.to: is the junction"):
        load_roads(write(town))


def test_a_junction_given_twice_is_refused(town: Features, write: Write) -> None:
    town.insert(2, deepcopy(town[1]))

    with pytest.raises(RoadsFault, match=r":3: properties\.id: a is given twice"):
        load_roads(write(town))


def test_a_link_given_twice_is_refused_whichever_way_it_runs(town: Features, write: Write) -> None:
    again = deepcopy(town[LINK])
    again["properties"].update({"from": "b", "to": "a"})
    again["geometry"]["coordinates"].reverse()
    town.append(again)

    with pytest.raises(RoadsFault, match="b to a is given twice"):
        load_roads(write(town))


def test_a_line_that_does_not_end_at_its_junctions_is_refused(town: Features, write: Write) -> None:
    town[LINK]["geometry"]["coordinates"][1] = [1.0, 51.0105]

    with pytest.raises(RoadsFault, match=r"geometry\.coordinates: does not end at junction b"):
        load_roads(write(town))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type": "Feature"}',
        '{"type": 1, "type": 2}',
        "1" * 5000,
        "[" * 9999,
    ],
)
def test_a_line_that_is_not_a_feature_is_refused(town: Features, tmp_path: Path, line: str) -> None:
    path = tmp_path / "roads.geojsonl"
    path.write_text(json.dumps(town[0]) + "\n" + line + "\n")

    with pytest.raises(RoadsFault) as caught:
        load_roads(path)

    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("type",), "Point", "type"),
        (("properties",), [], "properties"),
        (("properties", "kind"), "river", "properties.kind"),
        (("geometry",), None, "geometry"),
        (("geometry", "type"), "LineString", "geometry.type"),
        (("geometry", "coordinates"), [1.0], "geometry.coordinates"),
        (("geometry", "coordinates"), [1.0, "51"], "geometry.coordinates"),
        (("geometry", "coordinates"), [1.0, 10**400], "geometry.coordinates"),
        (("geometry", "coordinates"), [51.0, 181.0], "geometry.coordinates"),
        (("geometry", "bbox"), [], "geometry.bbox"),
    ],
)
def test_a_junction_that_is_not_a_known_feature_is_refused_by_field(
    town: Features, write: Write, path: tuple[str, ...], value: object, field: str
) -> None:
    holder = town[1]
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value

    with pytest.raises(RoadsFault) as caught:
        load_roads(write(town))

    assert (caught.value.line, caught.value.field) == (2, field)


def test_a_line_of_one_point_is_refused(town: Features, write: Write) -> None:
    town[LINK]["geometry"]["coordinates"].pop()

    with pytest.raises(RoadsFault, match="two or more for a line"):
        load_roads(write(town))


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RoadsFault, match=r"nothing\.geojsonl:0: file: cannot be read"):
        load_roads(tmp_path / "nothing.geojsonl")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "roads.geojsonl"
    path.write_bytes(b"\xff\xfe{")

    with pytest.raises(RoadsFault, match="cannot be read"):
        load_roads(path)


def test_the_first_line_and_only_the_first_is_meta(town: Features, write: Write) -> None:
    with pytest.raises(RoadsFault, match="the first line must be meta"):
        load_roads(write(town[1:]))
    with pytest.raises(RoadsFault, match="only the first line may be meta"):
        load_roads(write([*town, town[0]]))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["a", "b", "link", "Feature", "Point", "LineString", "street", "motorway"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(data=st.data())
def test_a_file_with_anything_in_any_place_loads_or_is_refused_by_name(
    town: Features, tmp_path: Path, data: st.DataObject
) -> None:
    features = deepcopy(town)
    holders = list(_containers(features))
    holder = data.draw(st.sampled_from(holders))
    key = data.draw(
        st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder)))
    )
    holder[key] = data.draw(_JSON)
    path = tmp_path / "roads.geojsonl"
    path.write_text("\n".join(json.dumps(feature) for feature in features))

    try:
        graph = load_roads(path)
    except RoadsFault as fault:
        named = fault.line in range(1, len(features) + 1)
    else:
        named = all(edge["travel_time_s"] > 0 for _, _, edge in graph.edges(data=True))
    assert named


def _containers(value: object) -> Iterable[Any]:
    """Yield every dictionary and list within a value that has something in it."""
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)
