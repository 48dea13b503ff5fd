"""Little OpenStreetMap files, written by hand."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

Tags = dict[str, str]


class Town:
    """Nodes on a lattice of 0.001 degrees, ways between them, written as OSM XML."""

    def __init__(self) -> None:
        self.nodes: dict[int, tuple[float, float, Tags]] = {}
        self.ways: dict[int, tuple[list[int], Tags]] = {}
        self.relations: list[tuple[list[tuple[str, str, int]], Tags]] = []

    def node(self, number: int, row: float, column: float, **tags: str) -> int:
        self.nodes[number] = (51 + row / 1000, 1 + column / 1000, _colons(tags))
        return number

    def way(self, number: int, nodes: list[int], /, **tags: str) -> int:
        self.ways[number] = (nodes, _colons({"highway": "residential"} | tags))
        return number

    def restrict(
        self, kind: str, source: int, via: tuple[str, int], target: int, **tags: str
    ) -> None:
        members = [("way", "from", source), (via[0], "via", via[1]), ("way", "to", target)]
        self.relations.append(
            (
                [(a, b, c) for a, b, c in members],
                {"type": "restriction", "restriction": kind} | tags,
            )
        )

    def write(self, path: Path) -> Path:
        lines = ['<?xml version="1.0"?>', '<osm version="0.6">']
        for number, (lat, lon, tags) in sorted(self.nodes.items()):
            lines.append(
                f'<node id="{number}" version="1" lat="{lat}" lon="{lon}">{_xml(tags)}</node>'
            )
        for number, (nodes, tags) in sorted(self.ways.items()):
            refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
            lines.append(f'<way id="{number}" version="1">{refs}{_xml(tags)}</way>')
        for number, (members, tags) in enumerate(self.relations, start=1):
            body = "".join(f'<member type="{t}" ref="{r}" role="{o}"/>' for t, o, r in members)
            lines.append(f'<relation id="{number}" version="1">{body}{_xml(tags)}</relation>')
        path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
        return path


def square() -> Town:
    """Four residential streets round a block: 1 (south-west), 2 (south-east), 3, 4 (north-west)."""
    town = Town()
    for number, row, column in ((1, 0, 0), (2, 0, 2), (3, 2, 2), (4, 2, 0)):
        town.node(number, row, column)
    for number, ends in ((12, [1, 2]), (23, [2, 3]), (34, [3, 4]), (41, [4, 1])):
        town.way(number, ends)
    return town


def _colons(tags: Tags) -> Tags:
    """Python's names know no colon: `maxspeed__forward` is `maxspeed:forward`."""
    return {name.replace("__", ":"): value for name, value in tags.items() if value}


def _xml(tags: Tags) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
