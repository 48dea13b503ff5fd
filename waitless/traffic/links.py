"""Link tables: which edges of our roads a source's links are."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from routing.roadarrays import Roads

COLUMNS = ("link", "junctions", "length_m")
ARROW = ">"
_LONGEST_M = 200_000.0


class LinkFault(ValueError):
    """A link table that cannot be used; the message names the file, line and column."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a source: the edges it runs over, in the direction of travel."""

    edges: tuple[int, ...]
    length_m: float | None = None
    """The source's own length of it; None: that of its edges."""


@dataclass(frozen=True, slots=True)
class LinkTable:
    """A source's links by its ids. An id `a>b>c` names our own junctions and needs no row."""

    links: Mapping[str, Link]
    roads: Roads

    def find(self, link_id: str) -> Link | None:
        """The edges of a link; None where nobody has said which they are."""
        known = self.links.get(link_id)
        if known is not None or ARROW not in link_id:
            return known
        edges = find_edges(self.roads, link_id.split(ARROW))
        return Link(edges) if isinstance(edges, tuple) else None


def find_edges(roads: Roads, junctions: Sequence[str]) -> tuple[int, ...] | str:
    """The edges along a line of junctions, or what is wrong with it."""
    edges: list[int] = []
    for start, end in pairwise(junctions):
        edge = roads.find_edge(start, end)
        if edge is None:
            return f"no road from {start!r} to {end!r}"
        edges.append(edge)
    return tuple(edges) if edges else "at least two junctions are wanted"


def load_links(path: Path, roads: Roads) -> LinkTable:
    """Read a CSV file with the columns link, junctions (`a>b>c`) and length_m (may be empty).

    Raises:
        LinkFault: unreadable, a column missing or unknown, a link given twice, junctions that no
            road joins, or a length that is none.
    """
    links: dict[str, Link] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise LinkFault(f"{path.name} line 1: the columns are {','.join(COLUMNS)}")
            for row in reader:
                where = f"{path.name} line {reader.line_num}"
                if row["link"] in links:
                    raise LinkFault(f"{where} link: {row['link']!r} stands twice")
                links[row["link"]] = _link(row, roads, where)
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise LinkFault(f"{path.name}: {fault}") from fault
    return LinkTable(links, roads)


def _link(row: Mapping[str | None, str | None], roads: Roads, where: str) -> Link:
    if None in row or None in row.values() or not row["link"]:
        raise LinkFault(f"{where}: {len(COLUMNS)} cells are wanted, the first not empty")
    edges = find_edges(roads, (row["junctions"] or "").split(ARROW))
    if isinstance(edges, str):
        raise LinkFault(f"{where} junctions: {edges}")
    text = row["length_m"]
    if not text:
        return Link(edges)
    try:
        length_m = float(text)
    except ValueError:
        length_m = 0.0
    if not 0 < length_m <= _LONGEST_M:
        raise LinkFault(f"{where} length_m: {text!r} is no length up to {_LONGEST_M:.0f} m")
    return Link(edges, length_m)
