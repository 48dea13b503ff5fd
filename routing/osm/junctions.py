"""What a car loses at junctions and at nodes of its way, seconds.

A junction of the graph carries no turn of its own: what a turn costs is put on the edges that make
one. Where three roads meet, two of them mostly go on into each other and the third ends: whoever
comes along the third must turn, whoever enters it has turned, and those who go straight on do
neither. So an edge pays at either end where it has no straight continuation, more where the other
road is of a higher class. Only turns at crossroads from one through road to another go unpaid.

Figures marked `fitted` come from the fit that docs/roads.md describes.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from routing.osm.access import Use
from routing.osm.extract import Extract, Tags

Point = tuple[float, float]

STRAIGHT_DEG: Final = 35.0
"""Turning by less is going straight on. Chosen before the fit."""

ROUNDABOUT_KINDS: Final = {"roundabout", "circular"}

_ARMS: Final = 3

CLASS_RANK: Final[dict[str, int]] = {
    name: rank
    for rank, names in enumerate(
        (
            ("service", "track", "living_street", "road"),
            ("residential", "unclassified"),
            ("tertiary", "tertiary_link"),
            ("secondary", "secondary_link"),
            ("primary", "primary_link"),
            ("trunk", "trunk_link"),
            ("motorway", "motorway_link"),
        )
    )
    for name in names
}
"""Who gives way to whom: the lower number does."""

_NODE_DELAYS_S: Final[dict[str, float]] = {
    "traffic_signals": 4.0,
    "mini_roundabout": 1.0,
    "stop": 2.0,
    "give_way": 2.0,
    "toll_booth": 15.0,
}
"""Signals and `give_way` fitted, the two routers far apart (0 to 6 s, 0 to 5 s). A toll booth: the
default `toll_booth_cost` of Valhalla's API."""
_SIGNAL_CROSSING_S: Final = 1.0
_GATE_S: Final = 30.0
"""Opening a gate that is neither locked nor private: default `gate_cost` of Valhalla's API."""
_GATES: Final = {"gate", "lift_gate", "swing_gate", "sliding_gate"}


@dataclass(frozen=True, slots=True)
class TurnCost:
    """Mean loss of an edge at one end, seconds. All fitted."""

    arriving_s: float
    leaving_s: float


TURN: Final = TurnCost(2.7, 1.3)
"""No straight continuation, and no road of a higher class."""
TURN_MAJOR: Final = TurnCost(4.5, 7.0)
"""No straight continuation: giving way to a road of a higher class, or turning off from one."""
CROSS_MAJOR: Final = TurnCost(1.0, 2.2)
"""Straight on, across a road of a higher class or turned off from one."""
_NO_COST: Final = TurnCost(0.0, 0.0)
CYCLE_TURN_S: Final = 3.0
"""What a cyclist loses at either end of an edge that has one of these costs: half the default
`turn_penalty` of OSRM's bicycle profile. A fit to Valhalla's gave 3.0 to 4.0."""


@dataclass(frozen=True, slots=True)
class _Arm:
    """One stretch of road at a junction."""

    heading_deg: float
    """Away from the junction, counter-clockwise from east."""
    rank: int
    may_leave: bool
    may_arrive: bool


@dataclass(frozen=True, slots=True)
class Junctions:
    """What junctions are like, as all the stretches open to cars that meet there have it."""

    node_tags: dict[int, Tags]
    arms: defaultdict[int, list[_Arm]] = field(default_factory=lambda: defaultdict(list))
    town: set[int] = field(default_factory=set)
    """Junctions on roads that look built up."""
    roundabouts: set[int] = field(default_factory=set)

    def add(
        self, extract: Extract, tags: Tags, nodes: Sequence[int], uses: tuple[Use, Use]
    ) -> None:
        """Take note of a stretch at both its ends."""
        rank = get_rank(tags)
        along, against = (bool(use & Use.DRIVE) for use in uses)
        first, second, last_but_one, last = (extract.points[nodes[i]] for i in (0, 1, -2, -1))
        self.arms[nodes[0]].append(_Arm(_find_heading(first, second), rank, along, against))
        self.arms[nodes[-1]].append(_Arm(_find_heading(last, last_but_one), rank, against, along))
        if tags.get("junction") in ROUNDABOUT_KINDS:
            self.roundabouts.update((nodes[0], nodes[-1]))

    def is_met(self, node: int) -> bool:
        """Tell whether three roads or more meet at a node."""
        return len(self.arms.get(node, ())) >= _ARMS

    def find_delay(
        self, tags: Tags, nodes: Sequence[int], points: Sequence[Point], direction: str
    ) -> float:
        """Return what a car loses on a stretch from its first node to its last, seconds.

        Args:
            tags: of the way.
            nodes: in the direction of travel.
            points: their latitudes and longitudes.
            direction: `forward` where that is the way's own direction, else `backward`.
        """
        tagged = [self.node_tags[node] for node in nodes[1:] if node in self.node_tags]
        delay_s = sum(find_node_delay(node, direction) for node in tagged)
        if tags.get("junction") in ROUNDABOUT_KINDS:
            return delay_s
        left, reached = self._find_turns(tags, nodes, points)
        return delay_s + left.leaving_s + reached.arriving_s

    def find_cycle_delay(
        self, tags: Tags, nodes: Sequence[int], points: Sequence[Point], direction: str
    ) -> float:
        """Return what a cyclist loses on a stretch, seconds; arguments as of `find_delay`.

        At nodes as a car; where a cycle track or path meets a road, the cyclist gives way to it.
        """
        tagged = [self.node_tags[node] for node in nodes[1:] if node in self.node_tags]
        delay_s = sum(find_node_delay(node, direction) for node in tagged)
        if tags.get("junction") in ROUNDABOUT_KINDS:
            return delay_s
        if tags.get("highway") in CLASS_RANK:
            lost = sum(cost is not _NO_COST for cost in self._find_turns(tags, nodes, points))
        else:
            lost = sum(self._meets_road(node) for node in (nodes[0], nodes[-1]))
        return delay_s + CYCLE_TURN_S * lost

    def _meets_road(self, node: int) -> bool:
        """Tell whether a road more than a service road passes a node, without signals there."""
        signals = self.node_tags.get(node, {}).get("highway") == "traffic_signals"
        return not signals and any(arm.rank for arm in self.arms.get(node, ()))

    def _find_turns(
        self, tags: Tags, nodes: Sequence[int], points: Sequence[Point]
    ) -> tuple[TurnCost, TurnCost]:
        """Return a stretch's cost at its first node and at its last."""
        rank = get_rank(tags)
        come_from = [arm for arm in self.arms.get(nodes[0], ()) if arm.may_arrive]
        go_to = [arm for arm in self.arms.get(nodes[-1], ()) if arm.may_leave]
        return (
            self._find_turn(nodes[0], _find_heading(*points[:2]), rank, come_from),
            self._find_turn(nodes[-1], _find_heading(*points[:-3:-1]), rank, go_to),
        )

    def _find_turn(
        self, node: int, heading_deg: float, rank: int, others: Iterable[_Arm]
    ) -> TurnCost:
        """Return an edge's cost at a node, given the arms a car may come from or go to."""
        signals = self.node_tags.get(node, {}).get("highway") == "traffic_signals"
        if not self.is_met(node) or node in self.roundabouts or signals:
            return _NO_COST
        minor = any(arm.rank > rank for arm in others)
        straight = any(
            abs((arm.heading_deg - heading_deg) % 360 - 180) < STRAIGHT_DEG for arm in others
        )
        if straight:
            return CROSS_MAJOR if minor else _NO_COST
        return TURN_MAJOR if minor else TURN


def get_rank(tags: Tags) -> int:
    """Return the rank of a way's class, 0 for classes without one."""
    return CLASS_RANK.get(tags.get("highway", ""), 0)


def find_node_delay(tags: Tags, direction: str) -> float:
    """Return what a car loses at a node of its way, seconds.

    Args:
        tags: the node's.
        direction: along the way (`forward`) or against it; signs may face one direction only.
    """
    kind = tags.get("highway", "")
    if tags.get("barrier") in _GATES:
        return _GATE_S
    if kind == "crossing":
        signalled = "traffic_signals" in (tags.get("crossing"), tags.get("crossing:signals"))
        return _SIGNAL_CROSSING_S if signalled else 0.0
    facing = tags.get("traffic_signals:direction") if kind == "traffic_signals" else None
    facing = facing or tags.get("direction")
    if facing in {"forward", "backward"} and facing != direction:
        return 0.0
    return _NODE_DELAYS_S.get(kind) or _NODE_DELAYS_S.get(tags.get("barrier", ""), 0.0)


def _find_heading(start: Point, end: Point) -> float:
    """Return the direction from one point to the next, degrees counter-clockwise from east."""
    east = (end[1] - start[1]) * math.cos(math.radians(start[0]))
    return math.degrees(math.atan2(end[0] - start[0], east))
