"""Honour turn restrictions by copying the junction where they hold.

A car that comes from a restricted way arrives at a copy of the junction from which only the
permitted edges leave; everybody else, walkers and cyclists included, uses the junction itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from routing.osm.access import Use
from routing.osm.extract import Restriction
from routing.osm.split import Edge, Spot


def expand_turns(
    edges: list[Edge], restrictions: list[Restriction], dropped: "Counter[str]"
) -> tuple[list[Edge], int]:
    """Copy junctions so that forbidden turns cannot be made.

    Args:
        edges: as cut, all between junctions' first copies.
        restrictions: over one via node each.
        dropped: counts those that could not be honoured, by reason.

    Returns:
        The edges, and how many restrictions they honour. A restriction is not honoured where the
        extract lacks one of its ways, or where a way passes through the junction in such a manner
        that the turn meant cannot be told.
    """
    arriving: dict[int, list[int]] = defaultdict(list)
    leaving: dict[int, list[int]] = defaultdict(list)
    for number, edge in enumerate(edges):
        if edge.use & Use.DRIVE:
            leaving[edge.tail[0]].append(number)
            arriving[edge.head[0]].append(number)
    forbidden: dict[int, set[int]] = defaultdict(set)
    honoured = 0
    for restriction in restrictions:
        turns = list(
            _list_forbidden(edges, restriction, arriving[restriction.via], leaving[restriction.via])
        )
        for number, onto in turns:
            forbidden[number] |= onto
        if turns:
            honoured += 1
        else:
            dropped["turn restrictions over ways that are closed, missing or ambiguous"] += 1
    copies = _number_copies(edges, forbidden)
    return list(_expand(edges, forbidden, copies)), honoured


def _list_forbidden(
    edges: list[Edge], restriction: Restriction, arriving: list[int], leaving: list[int]
) -> Iterator[tuple[int, set[int]]]:
    """Yield each arriving edge that a restriction binds, with the edges closed to it."""
    sources = [number for number in arriving if edges[number].way in restriction.sources]
    targets = {number for number in leaving if edges[number].way in restriction.targets}
    if len(sources) > len(restriction.sources) or not targets:
        return
    for number in sources:
        back = {out for out in leaving if _reverses(edges[number], edges[out])}
        if restriction.kind == "no_u_turn" and restriction.sources == restriction.targets:
            closed = targets & back
        elif len(targets) > len(restriction.targets):
            return
        elif restriction.kind.startswith("only_"):
            closed = set(leaving) - targets
        else:
            closed = targets
        if closed or restriction.kind.startswith("only_"):
            yield number, closed


def _reverses(edge: Edge, other: Edge) -> bool:
    return edge.way == other.way and (edge.tail, edge.head) == (other.head, other.tail)


def _number_copies(edges: list[Edge], forbidden: dict[int, set[int]]) -> dict[int, int]:
    """Return the copy of its junction at which each bound edge arrives, from 1."""
    groups: dict[int, dict[frozenset[int], int]] = defaultdict(dict)
    copies = {}
    for number, closed in sorted(forbidden.items()):
        if closed:
            known = groups[edges[number].head[0]]
            copies[number] = known.setdefault(frozenset(closed), len(known) + 1)
    return copies


def _expand(
    edges: list[Edge], forbidden: dict[int, set[int]], copies: dict[int, int]
) -> Iterator[Edge]:
    """Yield every edge from every copy of its tail where it is permitted."""
    closed_at: dict[Spot, set[int]] = {
        (edges[number].head[0], copy): forbidden[number] for number, copy in copies.items()
    }
    copies_of: dict[int, list[Spot]] = defaultdict(list)
    for spot in sorted(closed_at):
        copies_of[spot[0]].append(spot)
    for number, edge in enumerate(edges):
        drive = edge
        if number in copies:
            if rest := edge.use & ~Use.DRIVE:
                yield replace(edge, use=rest, time_s=float("inf"))
            drive = replace(edge, use=Use.DRIVE, head=(edge.head[0], copies[number]))
        yield drive
        if edge.use & Use.DRIVE:
            for spot in copies_of.get(edge.tail[0], ()):
                if number not in closed_at[spot]:
                    yield replace(drive, tail=spot, use=Use.DRIVE)
