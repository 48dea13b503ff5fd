"""Keep the largest part of the graph where one can go from anywhere to anywhere, mode by mode."""

from collections import Counter
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from routing.osm.access import Use
from routing.osm.split import Edge


def keep_connected(edges: list[Edge], dropped: "Counter[str]") -> list[Edge]:
    """Take each mode off the edges outside its largest strongly connected component.

    Edges that no mode is left for go; how many edges each mode lost is counted in `dropped`.
    """
    uses = np.array([edge.use.value for edge in edges], dtype=np.uint8)
    spots = sorted({spot for edge in edges for spot in (edge.tail, edge.head)})
    number = {spot: i for i, spot in enumerate(spots)}
    tails = np.array([number[edge.tail] for edge in edges], dtype=np.intp)
    heads = np.array([number[edge.head] for edge in edges], dtype=np.intp)
    for mode in (Use.DRIVE, Use.WALK, Use.CYCLE):
        mine = np.flatnonzero(uses & mode.value)
        if not len(mine):
            continue
        graph = csr_array(
            (np.ones(len(mine)), (tails[mine], heads[mine])), shape=(len(spots), len(spots))
        )
        _, parts = connected_components(graph, directed=True, connection="strong")
        largest = np.bincount(parts).argmax()
        outside = mine[(parts[tails[mine]] != largest) | (parts[heads[mine]] != largest)]
        uses[outside] &= ~np.uint8(mode.value)
        if len(outside):
            reason = f"directed edges outside the largest connected part: {str(mode.name).lower()}"
            dropped[reason] += len(outside)
    return [
        edge if use == edge.use.value else replace(edge, use=Use(use))
        for edge, use in zip(edges, uses.tolist(), strict=True)
        if use
    ]
