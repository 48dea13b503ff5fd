"""How fast people walk and cycle on a way, km/h: tables and pure functions over tags.

Both are averages over a flat way; elevations are not known here. docs/roads.md has the sources.
"""

from typing import Final

from routing.modes import PACES, Mode
from routing.osm.extract import Tags

STEPS_KMH: Final = 2.4
"""Along steps as mapped (horizontally), up and down alike."""
PUSHED_STEPS_KMH: Final = 1.5
"""The same with a bicycle in hand."""

CYCLE_CLASS_KMH: Final[dict[str, float]] = {
    "track": 9.0,
    "bridleway": 7.0,
    **dict.fromkeys(("path", "footway", "pedestrian"), 12.0),
}
"""Cycling where neither surface nor grade is mapped; every other class is taken as paved. About
the mean of OSRM's bicycle profile and Valhalla's hybrid bicycle; bridleways are earth."""

CYCLE_SURFACE_KMH: Final[dict[str, float]] = {
    **dict.fromkeys(("compacted", "fine_gravel", "sett", "wood", "metal_grid"), 11.0),
    **dict.fromkeys(("unpaved", "cobblestone", "ground", "dirt", "earth"), 8.0),
    **dict.fromkeys(("gravel", "pebblestone", "grass", "unhewn_cobblestone", "woodchips"), 6.0),
    **dict.fromkeys(("mud", "sand", "rock", "stone"), 4.0),
}
"""Fastest on a surface, group by group about the means of the same two; others are paved."""

CYCLE_GRADE_KMH: Final[dict[str, float]] = {
    "grade2": 11.0,
    "grade3": 8.0,
    "grade4": 6.0,
    "grade5": 4.0,
}
"""Fastest on a `tracktype`, as on the surfaces that its definition names; grade1 is paved."""

CYCLE_SMOOTHNESS_KMH: Final[dict[str, float]] = {
    "bad": 11.0,
    "very_bad": 8.0,
    "horrible": 4.0,
    "very_horrible": 4.0,
}
"""Fastest on a `smoothness`, as on the surfaces that its definition compares it with."""

_PAVED_KMH: Final = PACES[Mode.CYCLE].road_speed_kmh or 0.0
_WALK_KMH: Final = PACES[Mode.WALK].road_speed_kmh or 0.0


def find_walk_speed(tags: Tags) -> float:
    """Return the usual walking speed on a way, km/h."""
    return STEPS_KMH if tags.get("highway") == "steps" else _WALK_KMH


def find_cycle_speed(tags: Tags) -> float:
    """Return the usual cycling speed on a way, km/h; of pushing where nobody may ride."""
    road = tags.get("highway", "")
    if road == "steps":
        return PUSHED_STEPS_KMH
    if tags.get("bicycle") == "dismount":
        return _WALK_KMH
    surface_known = "surface" in tags or "tracktype" in tags
    caps = (
        _PAVED_KMH if surface_known else CYCLE_CLASS_KMH.get(road, _PAVED_KMH),
        CYCLE_SURFACE_KMH.get(tags.get("surface", ""), _PAVED_KMH),
        CYCLE_GRADE_KMH.get(tags.get("tracktype", ""), _PAVED_KMH),
        CYCLE_SMOOTHNESS_KMH.get(tags.get("smoothness", ""), _PAVED_KMH),
    )
    return min(caps)
