"""How fast a car usually is on a way, and what it loses at nodes. Speeds km/h, delays seconds.

A usual speed is neither a limit nor a free-flow speed at an ideal spot: it is what is left
between junctions on an ordinary day. Figures marked `calibrated` in docs/roads.md are ours.
"""

import re
from dataclasses import dataclass
from typing import Final

from routing.osm.access import is_one_way
from routing.osm.extract import Tags

KMH_PER_MPH: Final = 1.609344

FREE_FLOW_FACTOR: Final = 0.92
"""Usual speed over the posted limit. Drivers choose about the limit where nothing hinders them
(half of cars are over 30 mph on 30 mph roads, 45% over on motorways: DfT, Vehicle speed compliance
statistics for Great Britain 2022), but those counters avoid junctions, hills, sharp bends and
cameras; the factor takes them back in. Calibrated."""

BUILT_UP_LIMIT_KMH: Final = 40 * KMH_PER_MPH
"""A posted limit up to this means a built-up road."""

_DUAL_KMH: Final = 100.0
"""Usual on a one-way rural trunk or primary road: half of a dual carriageway (limit 70 mph)."""


@dataclass(frozen=True, slots=True)
class ClassSpeed:
    """Usual car speeds on a class of road, km/h."""

    rural_kmh: float
    built_up_kmh: float


CLASS_SPEEDS: Final[dict[str, ClassSpeed]] = {
    "motorway": ClassSpeed(105, 96),
    "motorway_link": ClassSpeed(72, 56),
    "trunk": ClassSpeed(80, 45),
    "trunk_link": ClassSpeed(60, 40),
    "primary": ClassSpeed(72, 40),
    "primary_link": ClassSpeed(52, 36),
    "secondary": ClassSpeed(64, 37),
    "secondary_link": ClassSpeed(48, 34),
    "tertiary": ClassSpeed(56, 35),
    "tertiary_link": ClassSpeed(42, 32),
    "unclassified": ClassSpeed(48, 32),
    "residential": ClassSpeed(32, 30),
    "road": ClassSpeed(40, 30),
    "living_street": ClassSpeed(12, 12),
    "service": ClassSpeed(16, 16),
    "track": ClassSpeed(15, 15),
}
"""Usual speeds by class, which also cap a posted limit: a lane under the national limit is not
driven at 60 mph. The limits behind them are the Highway Code's rule 124 (built-up 30 mph, single
carriageway 60, dual carriageway and motorway 70); the figures are calibrated."""

_OTHER_SPEED: Final = ClassSpeed(15, 15)

_IMPLIED_KMH: Final[dict[str, float]] = {
    "national": 60 * KMH_PER_MPH,
    "nsl_single": 60 * KMH_PER_MPH,
    "nsl_dual": 70 * KMH_PER_MPH,
    "nsl_restricted": 30 * KMH_PER_MPH,
    "gb:motorway": 70 * KMH_PER_MPH,
    "gb:urban": 30 * KMH_PER_MPH,
    "gb:rural": 60 * KMH_PER_MPH,
    "motorway": 120.0,
    "trunk": 100.0,
    "rural": 90.0,
    "urban": 50.0,
    "living_street": 20.0,
    "walk": 10.0,
}
"""Limits that a word stands for. With a country other than GB before the colon, the common
continental values (50 in town, 90 outside, 120 on motorways) stand in for that country's own."""

_NUMBER: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?")
_ZONE: Final = re.compile(r"(?:([a-z]{2})(?:-[a-z]{3})?:)?(?:zone:?)?(\d+)")
_SLOWEST_KMH, _FASTEST_KMH = 3.0, 160.0


def parse_maxspeed(text: str) -> float | None:
    """Return a limit in km/h; None for words that set none and for what makes no sense.

    `50`, `50 km/h`, `30 mph`, `national`, `GB:nsl_single`, `GB:zone20` (mph), `DE:urban`, `walk`;
    of several (`40 mph;30 mph`) the lowest.
    """
    found = [_parse_one(part.strip().lower()) for part in text.split(";")]
    limits = [limit for limit in found if limit is not None]
    return min(limits, default=None)


def _parse_one(word: str) -> float | None:
    """Return the limit that one value sets."""
    if number := _NUMBER.fullmatch(word):
        limit = float(number[1]) * (KMH_PER_MPH if number[2] == "mph" else 1)
    elif zone := _ZONE.fullmatch(word):
        limit = float(zone[2]) * (KMH_PER_MPH if zone[1] in {"gb", "uk"} else 1)
    else:
        country, _, kind = word.rpartition(":")
        known = f"gb:{kind}" if country[:2] in {"gb", "uk"} else kind
        limit = _IMPLIED_KMH.get(known, _IMPLIED_KMH.get(kind, 0.0))
    return limit if _SLOWEST_KMH <= limit <= _FASTEST_KMH else None


def find_limit(tags: Tags, direction: str) -> float | None:
    """Return the posted limit in km/h, in the direction `forward` or `backward`."""
    for name in (f"maxspeed:{direction}", "maxspeed", "maxspeed:type", "source:maxspeed"):
        if name in tags and (limit := parse_maxspeed(tags[name])) is not None:
            return limit
    return None


def looks_built_up(tags: Tags) -> bool:
    """Tell whether a way without a limit carries a sign of a built-up road.

    Street lighting makes a road restricted (30 mph) in Great Britain: Road Traffic Regulation Act
    1984, sections 81 and 82. A pavement is the next best sign.
    """
    pavement = {tags.get("sidewalk"), tags.get("sidewalk:both"), tags.get("sidewalk:left")}
    return (
        tags.get("lit") in {"yes", "24/7", "automatic"}
        or bool(pavement & {"both", "left", "right", "yes", "separate"})
        or tags.get("highway") in {"residential", "living_street"}
    )


def find_usual_speed(tags: Tags, direction: str, *, built_up: bool) -> float:
    """Return the usual car speed on a way, km/h.

    Args:
        tags: the way's.
        direction: `forward` or `backward`.
        built_up: whether a way without a limit is taken to be in a built-up area.
    """
    road = tags.get("highway", "")
    usual = CLASS_SPEEDS.get(road, _OTHER_SPEED)
    limit = find_limit(tags, direction)
    if limit is not None:
        built_up = limit <= BUILT_UP_LIMIT_KMH
    cap = usual.built_up_kmh if built_up else usual.rural_kmh
    if road in {"trunk", "primary"} and not built_up and is_one_way(tags):
        cap = cap if "junction" in tags else _DUAL_KMH
    if limit is None:
        return cap
    return min(limit * FREE_FLOW_FACTOR, cap)


SIGNALS_S: Final = 12.0
"""Mean loss at traffic signals. OSRM's car profile takes 2 s, with turn costs of up to 7.5 s on
top that we do not have; half a red of a 60 to 90 s cycle, met every other time, is 10 to 15 s.
Calibrated."""

GIVE_WAY_S: Final = 5.0
"""Mean loss where a road ends at, or crosses, one of a higher class: the turn delay that a graph
of junctions can carry. Calibrated."""

ROUNDABOUT_S: Final = 4.0
"""Mean loss on entering a roundabout. Calibrated."""

_NODE_DELAYS_S: Final[dict[str, float]] = {
    "traffic_signals": SIGNALS_S,
    "mini_roundabout": 3.0,
    "stop": 2.0,
    "crossing": 1.0,
}
_SIGNAL_CROSSING_S: Final = 3.0

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
"""Who gives way to whom: the lower number does. Motorways are joined by merging, not waiting."""


def find_node_delay(tags: Tags, direction: str) -> float:
    """Return what a car loses at a node of its way, seconds.

    Args:
        tags: the node's.
        direction: along the way (`forward`) or against it; signs may face one direction only.
    """
    kind = tags.get("highway", "")
    if kind == "crossing":
        signalled = "traffic_signals" in (tags.get("crossing"), tags.get("crossing:signals"))
        return _SIGNAL_CROSSING_S if signalled else _NODE_DELAYS_S[kind]
    facing = tags.get("traffic_signals:direction") if kind == "traffic_signals" else None
    facing = facing or tags.get("direction")
    if facing in {"forward", "backward"} and facing != direction:
        return 0.0
    return _NODE_DELAYS_S.get(kind, 0.0)
