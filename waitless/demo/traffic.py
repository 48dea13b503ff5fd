"""Invented traffic: queues that come and go on the area's main roads, and a road now and then shut.

Each road's factor on its usual time drifts about 1 (an Ornstein-Uhlenbeck process in its
logarithm); now and then an incident multiplies it, or shuts the road for a while. Judgement
throughout: it is there to be watched, not to be believed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, sqrt
from random import Random

from feeds.traffic.model import LinkFigure, TrafficReport
from routing.roadarrays import Roads

CLASSES = frozenset({"motorway", "dual", "main", "trunk", "primary"})
DRIFT_HOURS, SPREAD = 0.5, 0.12
"""How long a queue lasts, and the standard deviation of the logarithm of the factor."""
INCIDENTS_A_DAY = 0.5
"""On each road."""
INCIDENT_MINUTES = (15.0, 90.0)
INCIDENT_FACTOR = (1.5, 4.0)
SHUT_SHARE = 0.1
LONGEST_S = 6 * 3600.0


@dataclass(slots=True)
class _Road:
    """One directed edge."""

    link_id: str
    usual_s: float
    log_factor: float
    incident_until: datetime | None = None
    incident_factor: float = 1.0
    shut: bool = False


class TrafficWorld:
    """Every main road's traffic on one clock."""

    def __init__(self, roads: Roads, chance: Random, start: datetime) -> None:
        """Draw the traffic at the start.

        Args:
            roads: their main roads are drawn on; edges of other classes have none.
            chance: what everything is drawn from.
            start: aware.
        """
        names = roads.name_junctions()
        self._chance = chance
        self._at = start
        self._roads = [
            _Road(
                link_id=f"{names[int(roads.tails[edge])]}>{names[int(roads.heads[edge])]}",
                usual_s=float(roads.time_s[edge]),
                log_factor=chance.gauss(0, SPREAD),
            )
            for edge in range(len(roads.tails))
            if roads.get_class(edge) in CLASSES and roads.time_s[edge] < LONGEST_S
        ]

    def report(self, at: datetime, *, source: str, lasts: timedelta) -> TrafficReport:
        """Let time pass and tell of every road.

        Args:
            at: the real instant; not before the last one.
            source: the source's id.
            lasts: how long it vouches for its figures.
        """
        self._advance(at)
        figures = tuple(
            LinkFigure(
                link_id=road.link_id,
                as_of=at,
                expires_at=at + lasts,
                travel_s=None if road.shut else min(LONGEST_S, _seconds(road)),
                closed=road.shut,
            )
            for road in self._roads
        )
        return TrafficReport(
            feed_id=source, published_at=at, received_at=at, figures=figures, simulated=True
        )

    def _advance(self, at: datetime) -> None:
        hours = max(0.0, (at - self._at).total_seconds() / 3600)
        self._at = at
        kept = exp(-hours / DRIFT_HOURS)
        for road in self._roads:
            fresh = self._chance.gauss(0, SPREAD * sqrt(1 - kept**2))
            road.log_factor = road.log_factor * kept + fresh
            if road.incident_until is not None and at >= road.incident_until:
                road.incident_until, road.incident_factor, road.shut = None, 1.0, False
            if road.incident_until is None and self._chance.random() < INCIDENTS_A_DAY * hours / 24:
                lasting = timedelta(minutes=self._chance.uniform(*INCIDENT_MINUTES))
                road.incident_until = at + lasting
                road.incident_factor = self._chance.uniform(*INCIDENT_FACTOR)
                road.shut = self._chance.random() < SHUT_SHARE


def _seconds(road: _Road) -> float:
    return round(road.usual_s * exp(road.log_factor) * road.incident_factor, 1)
