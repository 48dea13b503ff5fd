"""Read a road file: GeoJSON features, one per line, edited by people and read strictly.

The kinds of feature, told apart by `properties.kind`:

* `meta` (first line, geometry null): `source`, `reviewed`, `note` and `classes`; each class has its
  usual speed `speed_kmh` and `delay_s`, what a link loses at the junction that it leads to.
* `junction` (Point): `id`, `name`.
* `link` (LineString): `from`, `to`, `road`, `class`, `length_m`; optionally `speed_kmh` (the usual
  speed where it is not the class's), `oneway`, `motor_only` (closed to walkers and cyclists) and
  `note`.
* `water` (LineString): `name`. No access leg crosses it. Links may: they are bridges and tunnels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from routing.features import Feature, Place, RoadsFault, decode_feature
from routing.geo import haversine_m, line_length_m
from routing.network import NetworkFault
from routing.roadarrays import Roads
from routing.roadfile import SUFFIX, read_road_file

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["Roads", "RoadsFault", "load_roads", "read_roads"]

_END_TOLERANCE_M = 30.0
"""How far a link's line may end from its junction: coordinates have four decimals, about 10 m."""

_LENGTH_TOLERANCE_M = 10.0
"""Lengths are written to 10 m, so a straight link may come out this much short of its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadClass:
    """Usual figures of the links of one class."""

    speed_kmh: float
    delay_s: float
    """Lost at the junction that the link leads to, seconds."""


def read_roads(path: Path) -> Roads:
    """Read a road file of either form as arrays.

    Raises:
        RoadsFault: the file cannot be read or used; names the line and the field.
    """
    if path.suffix == SUFFIX:
        return read_road_file(path)
    try:
        return Roads.from_graph(load_roads(path))
    except NetworkFault as fault:
        raise RoadsFault(path, 0, "content", str(fault)) from fault


def load_roads(path: Path) -> "nx.DiGraph[str]":
    """Load a road file: this form, or by the suffix `.roads` one built from OpenStreetMap.

    Returns:
        A graph of junction ids, in the file's order. Nodes have `lat`, `lon` (degrees) and `name`;
        edges have `road`, `road_class`, `length_m`, `travel_time_s` (usual, by car) and
        `motor_only`. A link that is not one-way is two edges. The graph has `meta` (the first
        line's properties) and `barriers`: water lines, tuples of (latitude, longitude).

        A built file's edges also have `walk_time_s`, `cycle_time_s` (without them, the mode's own
        speed counts) and `modes`, those that may use the edge in its own direction (without it,
        walkers go both ways), its nodes `joinable`, whether a journey may begin or
        end there, and the graph `only_met`: junctions without an open edge are left out.

    Raises:
        RoadsFault: the file cannot be read or used; names the line and the field.
    """
    import networkx as nx  # noqa: PLC0415 - not held where built road files are read

    if path.suffix == SUFFIX:
        return read_road_file(path).to_graph()
    features = list(_read_features(path))
    if not features or features[0].kind != "meta":
        raise RoadsFault(path, 1, "properties.kind", "the first line must be meta")
    classes = _decode_classes(features[0])
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.graph["meta"] = features[0].fields.members
    graph.graph["barriers"] = tuple(
        _decode_water(item) for item in features if item.kind == "water"
    )
    for feature in features[1:]:
        if feature.kind == "meta":
            feature.place.refuse("properties.kind", "only the first line may be meta")
        if feature.kind == "junction":
            _add_junction(graph, feature)
    for feature in features:
        if feature.kind == "link":
            _add_link(graph, feature, classes)
    return graph


def _read_features(path: Path) -> Iterator[Feature]:
    """Yield the features of a file, one per line; a blank line is refused as not JSON."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RoadsFault(path, 0, "file", f"cannot be read: {error}") from error
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        yield decode_feature(line, Place(path, number))


def _decode_classes(meta: Feature) -> dict[str, RoadClass]:
    """Return the road classes that the meta line gives."""
    meta.fields.allow({"kind", "source", "reviewed", "classes"}, {"note"})
    meta.fields.get_text("source")
    meta.fields.get_text("reviewed")
    given = meta.fields.get_fields("classes")
    classes = {}
    for name in given.members:
        figures = given.get_fields(name)
        figures.allow({"speed_kmh", "delay_s"}, {"note"})
        classes[name] = RoadClass(
            speed_kmh=figures.get_number("speed_kmh", 5, 130),
            delay_s=figures.get_number("delay_s", 0, 300),
        )
    return classes


def _decode_water(feature: Feature) -> tuple[tuple[float, float], ...]:
    """Return the points of a water line."""
    feature.fields.allow({"kind", "name"})
    feature.fields.get_text("name")
    return feature.points


def _add_junction(graph: "nx.DiGraph[str]", feature: Feature) -> None:
    """Add a junction as a node."""
    feature.fields.allow({"kind", "id", "name"})
    node = feature.fields.get_text("id")
    if node in graph:
        feature.place.refuse("properties.id", f"{node} is given twice")
    ((lat, lon),) = feature.points
    graph.add_node(node, lat=lat, lon=lon, name=feature.fields.get_text("name"))


def _add_link(graph: "nx.DiGraph[str]", feature: Feature, classes: dict[str, RoadClass]) -> None:
    """Add a link as one edge or two."""
    fields, place = feature.fields, feature.place
    fields.allow(
        {"kind", "from", "to", "road", "class", "length_m"},
        {"speed_kmh", "oneway", "motor_only", "note"},
    )
    start = _get_end(graph, feature, "from", feature.points[0])
    end = _get_end(graph, feature, "to", feature.points[-1])
    if start == end:
        place.refuse("properties.to", "is the junction that the link starts from")
    road_class = fields.get_text("class")
    if road_class not in classes:
        place.refuse("properties.class", f"{road_class} is not among the classes of the meta line")
    usual = classes[road_class]
    length_m = fields.get_number("length_m", 1, 200_000)
    if length_m < line_length_m(feature.points) - _LENGTH_TOLERANCE_M:
        place.refuse("properties.length_m", "is shorter than the line")
    speed_kmh = usual.speed_kmh
    if "speed_kmh" in fields.members:
        speed_kmh = fields.get_number("speed_kmh", 5, 130)
    edges = [(start, end)] if fields.get_flag("oneway") else [(start, end), (end, start)]
    for edge in edges:
        if graph.has_edge(*edge):
            place.refuse("properties.to", f"{edge[0]} to {edge[1]} is given twice")
        graph.add_edge(
            *edge,
            road=fields.get_text("road"),
            road_class=road_class,
            length_m=length_m,
            travel_time_s=length_m * 3.6 / speed_kmh + usual.delay_s,
            motor_only=fields.get_flag("motor_only"),
        )


def _get_end(
    graph: "nx.DiGraph[str]", feature: Feature, name: str, point: tuple[float, float]
) -> str:
    """Return the junction that a link names, once its line is seen to end there."""
    node = feature.fields.get_text(name)
    if node not in graph:
        feature.place.refuse(f"properties.{name}", f"there is no junction {node}")
    junction = graph.nodes[node]
    if haversine_m(junction["lat"], junction["lon"], *point) > _END_TOLERANCE_M:
        feature.place.refuse("geometry.coordinates", f"does not end at junction {node}")
    return node
