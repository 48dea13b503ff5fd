"""Where facilities meet the roads."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.network import Network
from routing.table import FACILITIES_MOST

FACILITY_LIMIT_M: Final = 1_500.0
"""A facility must be this near, straight, to a junction that no water parts it from."""


class FacilityOffNetwork(Exception):
    """A facility is too far from the roads to be reached by them."""

    def __init__(self, facility_id: str) -> None:
        super().__init__(
            f"{facility_id}: no junction within {FACILITY_LIMIT_M:.0f} m on this side of the water"
        )
        self.facility_id = facility_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The junctions of one network at which facilities are reached."""

    facility_ids: tuple[str, ...]
    junctions: tuple[NDArray[np.int32], ...]
    """For each facility the nearest junction and its copies at the same point, if any."""
    leg_s: NDArray[np.float64]
    """From there to the door, arrival (parking) included, seconds."""
    leg_m: NDArray[np.float64]
    version: str
    """Changes with the network, the facilities, their order and their positions."""


def find_targets(network: Network, facilities: Mapping[str, tuple[float, float]]) -> Targets:
    """Find every facility's junctions.

    Args:
        network: the roads of one mode.
        facilities: latitude and longitude in degrees by facility id; their order is kept.

    Raises:
        FacilityOffNetwork: a facility has no junction within `FACILITY_LIMIT_M`.
        ValueError: there are more facilities than a table can number.
    """
    if len(facilities) > FACILITIES_MOST:
        raise ValueError(f"{len(facilities)} facilities, where a table holds {FACILITIES_MOST}")
    junctions: list[NDArray[np.int32]] = []
    straight_m = np.zeros(len(facilities))
    for number, (facility_id, (lat, lon)) in enumerate(facilities.items()):
        near, away_m = network.frame.find_access(lat, lon, FACILITY_LIMIT_M)
        if not len(near):
            raise FacilityOffNetwork(facility_id)
        # Copies of one junction (turn restrictions) lie at one point: to reach any is to arrive.
        same = (network.points_m[near] == network.points_m[near[0]]).all(axis=1)
        junctions.append(near[same])
        straight_m[number] = away_m[0]
    digest = sha256(repr(list(facilities.items())).encode()).hexdigest()[:8]
    return Targets(
        facility_ids=tuple(facilities),
        junctions=tuple(junctions),
        leg_s=straight_m * network.frame.access_s_per_m + network.pace.arrival_s,
        leg_m=straight_m * network.pace.access_detour,
        version=f"{network.version}-{digest}",
    )
