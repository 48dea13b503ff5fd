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
    """One for each step from junction to junction."""
    copies: tuple[int, ...] = ()
    """Further edges of the same stretches, where turns are forbidden at their ends."""
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
        found = follow_junctions(self.roads, link_id.split(ARROW))
        return found if isinstance(found, Link) else None


def follow_junctions(
    roads: Roads, junctions: Sequence[str], length_m: float | None = None
) -> Link | str:
    """The link along a line of junctions, or what is wrong with it."""
    steps: list[tuple[int, ...]] = []
    for start, end in pairwise(junctions):
        step = roads.find_edges(start, end)
        if not step:
            return f"no road from {start!r} to {end!r}"
        steps.append(step)
    if not steps:
        return "at least two junctions are wanted"
    copies = tuple(edge for step in steps for edge in step[1:])
    return Link(tuple(step[0] for step in steps), copies, length_m)


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
    length_m = _length(row["length_m"] or "", where)
    link = follow_junctions(roads, (row["junctions"] or "").split(ARROW), length_m)
    if isinstance(link, str):
        raise LinkFault(f"{where} junctions: {link}")
    return link


def _length(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        length_m = float(text)
    except ValueError:
        length_m = 0.0
    if not 0 < length_m <= _LONGEST_M:
        raise LinkFault(f"{where} length_m: {text!r} is no length up to {_LONGEST_M:.0f} m")
    return length_m
