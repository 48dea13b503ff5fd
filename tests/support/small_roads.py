"""Five junctions and seven edges: the roads that traffic is laid over in tests.

Along the A2 from west to east, a kilometre apart; Church Lane leaves it to the north; the High
Street joins north and east, and no car may use it. Edges are numbered by tail, then head.
"""

import math

import networkx as nx

from routing.modes import Mode
from routing.roadarrays import Roads

JUNCTIONS = {
    "west": (51.2800, 1.0000),
    "middle": (51.2800, 1.0143),
    "east": (51.2800, 1.0287),
    "north": (51.2890, 1.0143),
    "island": (51.2000, 1.2000),
}
WEST_MIDDLE, MIDDLE_WEST, MIDDLE_EAST, MIDDLE_NORTH, EAST_MIDDLE, EAST_NORTH, NORTH_MIDDLE = range(
    7
)
_EDGES = [
    ("west", "middle", "A2", 60.0),
    ("middle", "west", "A2", 60.0),
    ("middle", "east", "A2", 60.0),
    ("east", "middle", "A2", 60.0),
    ("middle", "north", "Church Lane", 90.0),
    ("north", "middle", "Church Lane", 90.0),
    ("east", "north", "A28;High Street", math.inf),
]


def small_roads() -> Roads:
    """The roads, laid out."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, (lat, lon) in JUNCTIONS.items():
        graph.add_node(name, lat=lat, lon=lon, name=name)
    for start, end, road, time_s in _EDGES:
        modes = {Mode.WALK} if math.isinf(time_s) else {Mode.DRIVE, Mode.WALK}
        graph.add_edge(
            start,
            end,
            road=road,
            road_class="main" if road == "A2" else "lane",
            length_m=1000.0,
            travel_time_s=time_s,
            modes=modes,
        )
    return Roads.from_graph(graph)
