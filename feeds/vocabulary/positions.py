"""Coordinates that a source gives beside its figures: right, swapped, or somewhere else."""

from enum import Enum


class Place(Enum):
    """Where a point lies, seen from a box of latitudes and longitudes."""

    INSIDE = "inside"
    SWAPPED = "swapped"
    """Outside, but inside once latitude and longitude change places."""
    OUTSIDE = "outside"


def place_in_box(
    latitude: float, longitude: float, *, south: float, west: float, north: float, east: float
) -> Place:
    """Where a point lies. NaN lies outside; a point inside both ways is inside."""
    if south <= latitude <= north and west <= longitude <= east:
        return Place.INSIDE
    if south <= longitude <= north and west <= latitude <= east:
        return Place.SWAPPED
    return Place.OUTSIDE
