"""How fast a car usually is on a way, and what it loses at nodes. Speeds km/h, delays seconds.

A usual speed is neither a limit nor a free-flow speed at an ideal spot: it is what is left
between junctions on an ordinary day. Figures marked `calibrated` in docs/roads.md are ours.
"""

import re
from dataclasses import dataclass
from typing import Final

from routing.osm.extract import Tags

KMH_PER_MPH: Final = 1.609344

FREE_FLOW_FACTOR: Final = 0.8
"""Usual speed over the posted limit, whatever the class of road: the `speed_reduction` of OSRM's
car profile. Counters at spots without junctions, bends or hills find drivers at about the limit
(DfT, Vehicle speed compliance statistics for Great Britain: 2022); the factor takes those in."""

BUILT_UP_LIMIT_KMH: Final = 40 * KMH_PER_MPH
"""A posted limit up to this means a built-up road."""


@dataclass(frozen=True, slots=True)
class ClassSpeed:
    """Usual car speeds on a class of road, km/h."""

    rural_kmh: float
    built_up_kmh: float


CLASS_SPEEDS: Final[dict[str, ClassSpeed]] = {
    "motorway": ClassSpeed(88, 80),
    "motorway_link": ClassSpeed(50, 45),
    "trunk": ClassSpeed(74, 65),
    "trunk_link": ClassSpeed(42, 38),
    "primary": ClassSpeed(65, 57),
    "primary_link": ClassSpeed(42, 38),
    "secondary": ClassSpeed(52, 45),
    "secondary_link": ClassSpeed(40, 36),
    "tertiary": ClassSpeed(41, 37),
    "tertiary_link": ClassSpeed(36, 33),
    "unclassified": ClassSpeed(30, 30),
    "residential": ClassSpeed(26, 26),
    "road": ClassSpeed(28, 26),
    "living_street": ClassSpeed(11, 11),
    "service": ClassSpeed(13, 13),
    "track": ClassSpeed(12, 12),
}
"""Usual speeds where no limit is posted. Primary to residential are fitted; motorways, trunk roads
and links stand between the defaults of OSRM's car profile and 0.8 of Valhalla's."""

CLASS_CAPS_KMH: Final[dict[str, float]] = {
    "living_street": 16.0,
    "service": 24.0,
    "track": 24.0,
    **dict.fromkeys(("trunk_link", "primary_link", "secondary_link", "tertiary_link"), 64.0),
    "motorway_link": 72.0,
}
"""Faster than this nobody goes on a road of such a class, whatever the limit. Calibrated."""

ROUNDABOUT_KMH: Final = 35.0
"""Nobody goes faster on a roundabout: bends of 15 to 30 m radius. Fitted (31 to 40)."""

SURFACE_CAPS_KMH: Final[dict[str, float]] = {
    **dict.fromkeys(("paving_stones", "metal", "bricks", "compacted", "fine_gravel"), 60.0),
    **dict.fromkeys(("sett", "gravel", "unpaved", "ground", "dirt", "grass", "wood"), 40.0),
    **dict.fromkeys(("unhewn_cobblestone", "cobblestone", "clay"), 30.0),
    **dict.fromkeys(("earth", "stone", "sand", "rock"), 20.0),
    "mud": 10.0,
}
"""Fastest on a surface, after OSRM's car profile; others are taken as paved."""

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
    limit = find_limit(tags, direction)
    if limit is not None:
        usual_kmh = min(limit * FREE_FLOW_FACTOR, CLASS_CAPS_KMH.get(road, _FASTEST_KMH))
    else:
        usual = CLASS_SPEEDS.get(road, _OTHER_SPEED)
        usual_kmh = usual.built_up_kmh if built_up else usual.rural_kmh
    if tags.get("junction") in {"roundabout", "circular"}:
        usual_kmh = min(usual_kmh, ROUNDABOUT_KMH)
    return min(usual_kmh, SURFACE_CAPS_KMH.get(tags.get("surface", ""), _FASTEST_KMH))
