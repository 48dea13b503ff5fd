"""The box that an area lies in."""

from typing import Annotated

import msgspec


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The box that origins and facilities must lie in, degrees WGS84."""

    south: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    west: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    north: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    east: Annotated[float, msgspec.Meta(ge=-180, le=180)]

    def contain(self, lat: float, lon: float) -> bool:
        """Whether a point lies in the box. NaN lies nowhere."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east

    def cover(self, other: "Bounds") -> bool:
        """Whether all of another box lies in this one."""
        return self.contain(other.south, other.west) and self.contain(other.north, other.east)
