"""Read an OpenStreetMap extract: the only module that knows pyosmium."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import osmium
from osmium.filter import KeyFilter
from osmium.osm import Node, Relation, Way

Tags: TypeAlias = Mapping[str, str]

_NODE_KEYS: Final = ("highway", "barrier", "crossing")
_LINE_KEYS: Final = ("waterway", "natural", "railway")
_LINES: Final = {"river", "canal", "riverbank", "coastline", "water"}
"""Water that may be a barrier; of railways all are looked at."""

_MISSING: Final = "way nodes that the extract does not hold"

_RESTRICTION_TAGS: Final = ("restriction:motorcar", "restriction:motor_vehicle", "restriction")
"""Where a turn restriction says what it forbids to a car, the most particular first."""

_FREED: Final = {"motorcar", "motor_vehicle"}
"""Vehicles that, named in `except`, free a car from a restriction."""


class ExtractFault(Exception):
    """An extract that cannot be read or has no roads; the message names the file."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


@dataclass(frozen=True, slots=True)
class RawWay:
    """A road, path or ferry as mapped, with those of its nodes that the extract holds."""

    id: int
    tags: Tags
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Restriction:
    """A turn restriction over one via node; no_entry has several `sources`, no_exit `targets`."""

    kind: str
    sources: frozenset[int]
    """Ways that the turn comes from."""
    via: int
    targets: frozenset[int]
    """Ways that the turn leads to."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What an extract says of roads."""

    ways: list[RawWay] = field(default_factory=list)
    """Roads, paths and ferries."""
    lines: list[RawWay] = field(default_factory=list)
    """Water and railways."""
    restrictions: list[Restriction] = field(default_factory=list)
    points: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Latitude and longitude, degrees, of every node that a way uses."""
    node_tags: dict[int, Tags] = field(default_factory=dict)
    """Of nodes with a `highway`, `barrier` or `crossing` tag."""
    dropped: "Counter[str]" = field(default_factory=Counter)


def read_extract(path: Path) -> Extract:
    """Read a file in any form that osmium knows, by its suffix (.osm.pbf, .osm, .osm.bz2).

    Nodes must stand before ways, as every extract service writes them.

    Raises:
        ExtractFault: unreadable, damaged, or without a single road.
    """
    extract = Extract()
    if not path.is_file():
        raise ExtractFault(path, "there is no such file")
    try:
        kinds = KeyFilter(*_NODE_KEYS, *_LINE_KEYS, "route", "type")
        for item in osmium.FileProcessor(str(path)).with_locations().with_filter(kinds):
            if isinstance(item, Node) and any(key in item.tags for key in _NODE_KEYS):
                extract.node_tags[item.id] = dict(item.tags)
            elif isinstance(item, Way):
                _take_way(extract, item)
            elif isinstance(item, Relation) and item.tags.get("type") == "restriction":
                _take_restriction(extract, item)
    except (OSError, RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise ExtractFault(path, f"cannot be read as OpenStreetMap data: {error}") from error
    if not any("highway" in way.tags for way in extract.ways):
        problem = "holds no roads (no way with a highway tag and its nodes)"
        if missing := extract.dropped[_MISSING]:
            problem += f"; {missing} nodes of ways are missing, or stand after the ways"
        raise ExtractFault(path, problem)
    return extract


def _take_way(extract: Extract, way: Way) -> None:
    """Keep a way that is a road, a path, a ferry, water or a railway, and where its nodes are."""
    tags = dict(way.tags)
    is_road = "highway" in tags or tags.get("route") == "ferry"
    is_water = tags.get("waterway") in _LINES or tags.get("natural") in _LINES
    if not (is_road or is_water or "railway" in tags):
        return
    nodes: list[int] = []
    for node in way.nodes:
        if not node.location.valid():
            if is_road:
                extract.dropped[_MISSING] += 1
            continue
        if not nodes or nodes[-1] != node.ref:
            nodes.append(node.ref)
            extract.points[node.ref] = (node.lat, node.lon)
    if len(nodes) > 1:
        (extract.ways if is_road else extract.lines).append(RawWay(way.id, tags, tuple(nodes)))
    elif is_road:
        extract.dropped["ways with fewer than two nodes"] += 1


def _take_restriction(extract: Extract, relation: Relation) -> None:
    """Keep a restriction that binds cars and passes through one node; count the others."""
    tags = dict(relation.tags)
    kind = next((tags[name] for name in _RESTRICTION_TAGS if name in tags), None)
    if kind is None:
        if any(name.endswith(":conditional") for name in tags):
            extract.dropped["turn restrictions at certain times only"] += 1
        return
    if _FREED & {word.strip() for word in tags.get("except", "").split(";")}:
        return
    members = [(member.role, member.type, member.ref) for member in relation.members]
    via = [(kind_of, ref) for role, kind_of, ref in members if role == "via"]
    sources = frozenset(ref for role, kind_of, ref in members if (role, kind_of) == ("from", "w"))
    targets = frozenset(ref for role, kind_of, ref in members if (role, kind_of) == ("to", "w"))
    if any(kind_of == "w" for kind_of, _ in via):
        extract.dropped["turn restrictions via a way"] += 1
    elif len(via) != 1 or not sources or not targets or not kind.startswith(("no_", "only_")):
        extract.dropped["turn restrictions that are incomplete"] += 1
    else:
        extract.restrictions.append(Restriction(kind, sources, via[0][1], targets))
