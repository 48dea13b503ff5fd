"""Who may use a way: by class, by access tags, by direction, past a barrier."""

from enum import IntFlag
from typing import Final

from routing.osm.extract import Tags


class Use(IntFlag):
    """Modes as bits, as the road file stores them."""

    NONE = 0
    DRIVE = 1
    WALK = 2
    CYCLE = 4
    ALL = 7


_WHEELS: Final = Use.DRIVE | Use.CYCLE
_FEET: Final = Use.WALK | Use.CYCLE

CLASS_USE: Final[dict[str, Use]] = {
    "motorway": Use.DRIVE,
    "motorway_link": Use.DRIVE,
    **{
        name + link: Use.ALL
        for name in ("trunk", "primary", "secondary", "tertiary")
        for link in ("", "_link")
    },
    "unclassified": Use.ALL,
    "residential": Use.ALL,
    "living_street": Use.ALL,
    "service": Use.ALL,
    "road": Use.ALL,
    "track": _FEET,
    "bridleway": _FEET,
    "cycleway": _FEET,
    "path": Use.WALK,
    "footway": Use.WALK,
    "pedestrian": Use.WALK,
    "steps": Use.WALK,
    "busway": Use.NONE,
    "ferry": Use.NONE,
}
"""Modes where nothing else is said, after the defaults of the OpenStreetMap wiki for the United
Kingdom (OSM tags for routing/Access restrictions). A class not listed (construction, proposed,
raceway, corridor) is no road."""

_NEVER_DRIVEN: Final = {"footway", "path", "steps", "bridleway", "cycleway"}
"""Too narrow for a car, whatever `access=yes` may mean there; `motor_vehicle` can still open it."""

SKIPPED_SERVICES: Final = {"parking_aisle", "driveway", "drive-through", "emergency_access"}
"""Kinds of `highway=service` that lead to one door or bay: left out."""

_CLOSED: Final = {
    "no",
    "private",
    "agricultural",
    "forestry",
    "agricultural;forestry",
    "delivery",
    "emergency",
    "military",
    "use_sidepath",
    "discouraged",
}
_OPEN: Final = {
    "yes",
    "designated",
    "permissive",
    "official",
    "destination",
    "customers",
    "permit",
    "public",
}

_LADDERS: Final[dict[Use, tuple[str, ...]]] = {
    Use.DRIVE: ("motorcar", "motor_vehicle", "vehicle", "access"),
    Use.WALK: ("foot", "access"),
    Use.CYCLE: ("bicycle", "vehicle", "access"),
}
"""The tags that bind a mode, the most particular first; the first one present decides."""

_BARRIERS: Final[dict[str, Use]] = {
    **dict.fromkeys(
        ("bollard", "block", "cycle_barrier", "motorcycle_barrier", "chain", "log", "planter"),
        Use.DRIVE,
    ),
    **dict.fromkeys(("jersey_barrier", "debris", "bus_trap", "sump_buster"), Use.DRIVE),
    **dict.fromkeys(("stile", "kissing_gate", "turnstile", "full-height_turnstile"), _WHEELS),
    **dict.fromkeys(("wall", "fence", "hedge", "ditch", "guard_rail"), Use.ALL),
}
"""What each barrier stops where no access tag says otherwise; others (gate, lift_gate,
cattle_grid, toll_booth) stop nobody unless they are locked or private."""

_CLIMBS: Final = {
    "mountain_hiking",
    "demanding_mountain_hiking",
    "alpine_hiking",
    "demanding_alpine_hiking",
    "difficult_alpine_hiking",
}
"""Values of `sac_scale` (T2 and up) that ask for sure feet: no way for somebody who is hurt."""

_EASY_RIDES: Final = {"0", "0-", "0+", "1-", "1"}
"""Values of `mtb:scale` that any bicycle manages."""

_YES: Final = {"yes", "true", "1"}
_BACK: Final = {"-1", "reverse"}


def find_use(tags: Tags) -> tuple[Use, Use]:
    """Return the modes that may go along a way, and those that may go against it."""
    both = _find_allowed(tags)
    along, against = _find_directions(tags)
    forth = (both & _FEET) | (both & Use.DRIVE if along else Use.NONE)
    back = (both & _FEET) | (both & Use.DRIVE if against else Use.NONE)
    walked = tags.get("oneway:foot")
    if walked in _BACK:
        forth &= ~Use.WALK
    if walked in _YES:
        back &= ~Use.WALK
    if not _may_cycle(tags, along=along, with_way=True):
        forth &= ~Use.CYCLE
    if not _may_cycle(tags, along=against, with_way=False):
        back &= ~Use.CYCLE
    return forth, back


def is_one_way(tags: Tags) -> bool:
    """Tell whether cars may go one way only."""
    return _find_directions(tags) != (True, True)


def find_stopped(tags: Tags) -> Use:
    """Return the modes that a node's barrier stops."""
    barrier = tags.get("barrier")
    if barrier is None:
        return Use.NONE
    stopped = _BARRIERS.get(barrier, Use.NONE)
    if tags.get("locked") == "yes":
        stopped = Use.ALL
    for mode in (Use.DRIVE, Use.WALK, Use.CYCLE):
        said = _read_ladder(tags, mode)
        if said is not None:
            stopped = stopped & ~mode if said else stopped | mode
    return stopped


def find_too_rough(tags: Tags) -> Use:
    """Return who should not be sent along a way though they may: hikers', mountain bikers' ways."""
    if tags.get("sac_scale") in _CLIMBS:
        return _FEET
    trail = tags.get("mtb:scale", "0") not in _EASY_RIDES
    return Use.CYCLE if trail or tags.get("smoothness") == "impassable" else Use.NONE


def _find_allowed(tags: Tags) -> Use:
    """Return the modes that may use a way in some direction."""
    road = tags.get("highway") or "ferry"
    if tags.get("area") == "yes" or road not in CLASS_USE:
        return Use.NONE
    if road == "service" and tags.get("service") in SKIPPED_SERVICES:
        return Use.NONE
    allowed = CLASS_USE[road]
    if road == "ferry":
        allowed = Use.WALK
    if tags.get("motorroad") == "yes":
        allowed = Use.DRIVE
    for mode in (Use.DRIVE, Use.WALK, Use.CYCLE):
        said = _read_ladder(tags, mode)
        if said is None or (said and _is_beyond(tags, road, mode)):
            continue
        allowed = allowed | mode if said else allowed & ~mode
    return allowed


def _is_beyond(tags: Tags, road: str, mode: Use) -> bool:
    """Tell whether a general `access=yes` does not open a way of this class to the mode."""
    general = not any(name in tags for name in _LADDERS[mode][:-1])
    if mode is Use.DRIVE:
        return general and (road in _NEVER_DRIVEN or road == "busway")
    return general and mode not in CLASS_USE[road] and road != "ferry"


def _read_ladder(tags: Tags, mode: Use) -> bool | None:
    """Return what the most particular access tag says; None where none says yes or no."""
    for name in _LADDERS[mode]:
        if name not in tags:
            continue
        if tags[name] in _CLOSED:
            return False
        if tags[name] in _OPEN or (mode is Use.CYCLE and tags[name] == "dismount"):
            return True
    return None


def _find_directions(tags: Tags) -> tuple[bool, bool]:
    """Return whether cars may go along and against a way."""
    said = tags.get("oneway:motor_vehicle", tags.get("oneway"))
    if said in _BACK:
        return False, True
    if said in _YES:
        return True, False
    if said == "reversible":
        return False, False
    implied = tags.get("highway") == "motorway" or tags.get("junction") in {
        "roundabout",
        "circular",
    }
    return True, not (implied and said != "no")


def _may_cycle(tags: Tags, *, along: bool, with_way: bool) -> bool:
    """Tell whether cyclists may go in a direction that cars may (`along`) or may not."""
    said = tags.get("oneway:bicycle")
    if said in _YES:
        return with_way
    if said in _BACK:
        return not with_way
    if said == "no":
        return True
    opposite = any(
        tags.get(f"cycleway{side}", "").startswith("opposite")
        or tags.get(f"cycleway{side}:oneway") in _BACK | {"no"}
        for side in ("", ":left", ":right", ":both")
    )
    return along or opposite
