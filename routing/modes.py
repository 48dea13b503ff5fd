"""How a patient travels, and what each way of travelling does off the road network."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """A way of travelling. `transit` is a word of the contract; it has no road table."""

    DRIVE = "drive"
    WALK = "walk"
    CYCLE = "cycle"
    TRANSIT = "transit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Figures of one mode that do not depend on the road."""

    road_speed_kmh: float | None
    """Speed on every road without a time of its own for the mode, km/h; None where all roads have
    one (driving). Those of OpenStreetMap have (`routing.osm.paces`)."""
    access_speed_kmh: float
    """Speed on the unmapped streets between the origin and its first junction, km/h."""
    access_detour: float
    """Length of those streets over the straight line, a ratio of at least 1."""
    arrival_s: float
    """Added once to every journey: parking and the walk to the door, seconds."""


PACES: dict[Mode, Pace] = {
    Mode.DRIVE: Pace(
        road_speed_kmh=None, access_speed_kmh=36.0, access_detour=1.3, arrival_s=300.0
    ),
    Mode.WALK: Pace(road_speed_kmh=4.8, access_speed_kmh=4.8, access_detour=1.3, arrival_s=0.0),
    Mode.CYCLE: Pace(road_speed_kmh=15.0, access_speed_kmh=13.0, access_detour=1.3, arrival_s=60.0),
}
"""Paces by mode.

Walking at 4.8 km/h is the figure of the Department for Transport's journey time statistics
(Connectivity and accessibility: methodology, 3 mph); cycling at 15 km/h sits between its 16 km/h
and what a person with a minor injury keeps up. The detour of 1.3 is the usual ratio of street to
straight-line distance in towns of European pattern (1.2 to 1.4).

Driving's access speed and arrival are fitted, with the road classes, to the published car minutes
that `loadtests/benchmarks/drive_truth.py` scores. Those never fall under 6.9 minutes, even for a
neighbour of the hospital: five to six minutes are left once the drive itself is taken off, and
five are read here as parking and walking in. They are the same for every facility.
"""
