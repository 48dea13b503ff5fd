"""From the traffic picture to a travel time for every edge of the roads at one instant."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import exp

import numpy as np
from numpy.typing import NDArray

from feeds.traffic.model import Effect, EventPlace, LinkFigure, RoadEvent
from routing.roadarrays import Roads
from waitless.traffic.counts import Counts
from waitless.traffic.links import Link, LinkTable
from waitless.traffic.picture import DECAY, HeldFigure, Picture

SLOWEST_KMH, FASTEST_KMH = 2.0, 180.0
"""A link figure beyond these over the length of our edges is not of these edges: put aside."""


@dataclass(frozen=True, slots=True)
class EdgeTimes:
    """Times by edge of the roads, by car, at one instant."""

    times_s: NDArray[np.float32]
    """Infinite where no car may go, or none can now."""
    live: NDArray[np.bool_]
    """Whether a live figure or a report in force is in the time."""
    taken_at: datetime
    counts: Mapping[str, Counts]
    """By source."""


def take_edge_times(
    roads: Roads,
    usual_s: NDArray[np.float32],
    picture: Picture,
    *,
    tables: Mapping[str, LinkTable],
    locate: Callable[[EventPlace], tuple[int, ...]],
    now: datetime,
) -> EdgeTimes:
    """What every edge takes, now.

    A live figure for a link replaces the usual time of its edges in proportion; expired, it decays
    back (`picture.DECAY`). Where figures overlap the newest counts. A closure closes; a limit or a
    delay counts on edges that no live figure tells of, since a figure has it in already.

    Args:
        roads: their lengths.
        usual_s: usual time by edge at this time of day, seconds.
        picture: what sources say.
        tables: link table by source.
        locate: finds the edges of a place with points.
        now: aware.
    """
    sheet = _Sheet(roads, usual_s, usual_s.copy(), np.zeros(len(usual_s), dtype=np.bool_))
    tally = {feed_id: dict.fromkeys(Counts.__dataclass_fields__, 0) for feed_id in picture}
    for feed_id, held in _oldest_first(picture, now):
        link = tables[feed_id].find(held.figure.link_id) if feed_id in tables else None
        tally[feed_id][sheet.lay(link, held, now)] += 1
    measured = sheet.live.copy()
    for feed_id, source in picture.items():
        table = tables.get(feed_id)
        for event in source.in_force(now):
            edges = _edges_of(event, table, locate)
            if not len(edges):
                tally[feed_id]["unlocated_events"] += 1
            elif event.effect is Effect.CLOSED:
                sheet.times_s[edges] = np.inf
                tally[feed_id]["closed_edges"] += len(edges)
            else:
                sheet.slow_down(edges[~measured[edges]], event)
    counts = {feed_id: Counts(**figures) for feed_id, figures in tally.items()}
    return EdgeTimes(sheet.times_s, sheet.live, now, counts)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Times by edge while they are being made."""

    roads: Roads
    usual_s: NDArray[np.float32]
    times_s: NDArray[np.float32]
    live: NDArray[np.bool_]

    def lay(self, link: Link | None, held: HeldFigure, now: datetime) -> str:
        """Lay one figure over its edges; the word under which it is counted."""
        if link is None:
            return "unlocated_links"
        along = np.array(link.edges, dtype=np.intp)
        edges = np.array(link.edges + link.copies, dtype=np.intp)
        usual = float(self.usual_s[along].sum())
        length_m = float(self.roads.length_m[along].sum())
        if not np.isfinite(usual):
            return "unlocated_links"
        expired_s = (now - held.live_until).total_seconds()
        if held.figure.closed:
            self.times_s[edges] = np.inf if expired_s < 0 else self.usual_s[edges]
            self.live[edges] = expired_s < 0
            return "live" if expired_s < 0 else "fading"
        told_s = _seconds_over(held.figure, length_m, link.length_m)
        if not SLOWEST_KMH * told_s <= length_m * 3.6 < FASTEST_KMH * told_s:  # which may be 0
            return "implausible"
        weight = 1.0 if expired_s < 0 else exp(-expired_s / DECAY.total_seconds())
        self.times_s[edges] = self.usual_s[edges] * (1 + (told_s / usual - 1) * weight)
        self.live[edges] = expired_s < 0
        return "live" if expired_s < 0 else "fading"

    def slow_down(self, edges: NDArray[np.intp], event: RoadEvent) -> None:
        """A limit or a delay; an event with neither says nothing a time could be made of."""
        edges = edges[np.isfinite(self.times_s[edges])]
        if not len(edges):
            return
        if event.limit_kmh is not None:
            slow_s = self.roads.length_m[edges] * 3.6 / event.limit_kmh
            self.live[edges] |= slow_s > self.times_s[edges]
            self.times_s[edges] = np.maximum(self.times_s[edges], slow_s)
        if event.delay_s:
            self.times_s[edges] *= 1 + event.delay_s / self.times_s[edges].sum()
            self.live[edges] = True


def _oldest_first(picture: Picture, now: datetime) -> list[tuple[str, HeldFigure]]:
    held = [
        (feed_id, one)
        for feed_id, source in picture.items()
        for one in source.figures.values()
        if one.is_remembered(now)
    ]
    return sorted(held, key=lambda pair: pair[1].figure.as_of)


def _seconds_over(figure: LinkFigure, length_m: float, link_m: float | None) -> float:
    """What a figure means over our edges: its link may be longer or shorter than they are."""
    if figure.travel_s is not None:
        return figure.travel_s * (length_m / link_m if link_m else 1.0)
    if figure.speed_kmh is None:
        raise ValueError(f"the figure of {figure.link_id} has neither time nor speed")
    return length_m * 3.6 / figure.speed_kmh


def _edges_of(
    event: RoadEvent,
    table: LinkTable | None,
    locate: Callable[[EventPlace], tuple[int, ...]],
) -> NDArray[np.intp]:
    def of_each() -> Iterator[int]:
        for place in event.places:
            links = [table.find(link_id) for link_id in place.link_ids] if table else []
            known = [edge for link in links if link for edge in link.edges + link.copies]
            yield from known or locate(place)

    return np.array(sorted(set(of_each())), dtype=np.intp)
