"""Networks and tables spelt out again, by name and in full, to be compared."""

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from routing.modes import Mode
from routing.network import Network
from routing.roadarrays import Roads
from routing.table import ReachTable


def name_junctions(graph: "nx.DiGraph[str]", network: Network) -> list[str]:
    """The graph's name of each of the network's junctions."""
    names = list(graph)
    return [names[number] for number in network.junctions.tolist()]


def spell_links(
    graph: "nx.DiGraph[str]", network: Network
) -> dict[tuple[str, str], tuple[float, float]]:
    """Seconds and metres of every link, by the names of its ends."""
    names = name_junctions(graph, network)
    rows = zip(
        *(array.tolist() for array in (network.tails, network.list_heads())),
        *(array.tolist() for array in (network.usual_s, network.length_m)),
        strict=True,
    )
    return {(names[tail], names[head]): (time_s, length_m) for tail, head, time_s, length_m in rows}


def spread_rows(
    table: ReachTable,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Tenths of minutes, metres and live flags, a row per junction and a column per facility.

    Infinite where there is no entry.
    """
    shape = (table.frame.junction_count, len(table.facility_ids))
    tenths, metres = np.full(shape, np.inf), np.full(shape, np.inf)
    live = np.zeros(shape, dtype=np.bool_)
    at = (np.repeat(np.arange(shape[0]), np.diff(table.rows.first)), table.rows.facility)
    tenths[at] = table.rows.tenths
    metres[at] = table.rows.decametres * 10.0
    live[at] = table.rows.live
    return tenths, metres, live


def compile_network(graph: "nx.DiGraph[str]", mode: Mode) -> Network:
    """A graph's network for one mode."""
    return Roads.from_graph(graph).compile(mode)
