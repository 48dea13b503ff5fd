"""Decode the lines of a road file, refusing whatever is not expected by line and field."""

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import NoReturn, TypeAlias

from routing.geo import is_on_earth

Point: TypeAlias = tuple[float, float]
"""Latitude and longitude, degrees (a file has them the other way round, as GeoJSON does)."""


class RoadsFault(Exception):
    """A road file says something that cannot be used."""

    def __init__(self, path: Path, line: int, field: str, problem: str) -> None:
        super().__init__(f"{path}:{line}: {field}: {problem}")
        self.path = path
        self.line = line
        """Line number from 1; 0 for the file as a whole."""
        self.field = field


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a road file we are, to name it when something is wrong."""

    path: Path
    line: int

    def refuse(self, field: str, problem: str) -> NoReturn:
        """Raise the fault for a field of this line."""
        raise RoadsFault(self.path, self.line, field, problem)


@dataclass(frozen=True, slots=True)
class Fields:
    """An object's members, taken out by name and type."""

    place: Place
    prefix: str
    members: dict[str, object]

    def allow(self, required: AbstractSet[str], optional: AbstractSet[str] = frozenset()) -> None:
        """Refuse a missing member or one that nobody asked for."""
        for name in sorted(required - self.members.keys()):
            self.place.refuse(self.prefix + name, "is missing")
        for name in sorted(self.members.keys() - required - optional):
            self.place.refuse(self.prefix + name, "is not known here")

    def get_text(self, name: str) -> str:
        """Return a non-empty string."""
        value = self.members.get(name)
        if not isinstance(value, str) or not value.strip():
            self.place.refuse(self.prefix + name, "must be a text that is not empty")
        return value

    def get_flag(self, name: str) -> bool:
        """Return a boolean; absent is false."""
        value = self.members.get(name, False)
        if not isinstance(value, bool):
            self.place.refuse(self.prefix + name, "must be true or false")
        return value

    def get_number(self, name: str, low: float, high: float) -> float:
        """Return a finite number within the bounds, both included."""
        value = self.members.get(name)
        number = _as_float(value)
        if number is None or not low <= number <= high:
            self.place.refuse(self.prefix + name, f"must be a number from {low:g} to {high:g}")
        return number

    def get_fields(self, name: str) -> "Fields":
        """Return a nested object."""
        value = self.members.get(name)
        if not isinstance(value, dict):
            self.place.refuse(self.prefix + name, "must be an object")
        return Fields(self.place, f"{self.prefix}{name}.", value)


@dataclass(frozen=True, slots=True)
class Feature:
    """One line of a road file: what kind it is, its properties and its points."""

    kind: str
    fields: Fields
    points: tuple[Point, ...]
    """Empty for `meta`, one for a junction, two or more for a line."""

    @property
    def place(self) -> Place:
        """Where the feature was read."""
        return self.fields.place


_GEOMETRY = {"meta": None, "junction": "Point", "link": "LineString", "water": "LineString"}
_FEWEST = {"Point": 1, "LineString": 2}
_AXES = 2


def decode_feature(text: str, place: Place) -> Feature:
    """Decode one line.

    Raises:
        RoadsFault: it is not a GeoJSON feature of a kind that road files have.
    """
    try:
        value = json.loads(text, object_pairs_hook=_refuse_repeats)
    except (ValueError, RecursionError) as error:
        place.refuse("feature", f"is not JSON: {error}")
    if not isinstance(value, dict):
        place.refuse("feature", "must be an object")
    feature = Fields(place, "", value)
    feature.allow({"type", "geometry", "properties"})
    if feature.get_text("type") != "Feature":
        place.refuse("type", 'must be "Feature"')
    properties = feature.get_fields("properties")
    kind = properties.get_text("kind")
    if kind not in _GEOMETRY:
        place.refuse("properties.kind", f"must be one of {', '.join(_GEOMETRY)}")
    return Feature(kind, properties, _decode_points(feature, _GEOMETRY[kind]))


def _decode_points(feature: Fields, shape: str | None) -> tuple[Point, ...]:
    """Return the points of a geometry of the given shape; none when the shape is None."""
    if shape is None:
        if feature.members["geometry"] is not None:
            feature.place.refuse("geometry", "must be null for this kind")
        return ()
    geometry = feature.get_fields("geometry")
    geometry.allow({"type", "coordinates"})
    if geometry.get_text("type") != shape:
        feature.place.refuse("geometry.type", f'must be "{shape}" for this kind')
    coordinates = geometry.members["coordinates"]
    pairs = [coordinates] if shape == "Point" else coordinates
    if not isinstance(pairs, list) or len(pairs) < _FEWEST[shape]:
        feature.place.refuse(
            "geometry.coordinates", "must be a list of positions, two or more for a line"
        )
    return tuple(_decode_point(pair, feature.place) for pair in pairs)


def _decode_point(pair: object, place: Place) -> Point:
    """Return latitude and longitude of a GeoJSON position."""
    problem = "must be longitude and latitude in degrees"
    if not isinstance(pair, list) or len(pair) != _AXES:
        place.refuse("geometry.coordinates", problem)
    lon, lat = _as_float(pair[0]), _as_float(pair[1])
    if lon is None or lat is None or not is_on_earth(lat, lon):
        place.refuse("geometry.coordinates", problem)
    return lat, lon


def _as_float(value: object) -> float | None:
    """Return a JSON number as a finite float, or None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _refuse_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object, refusing a name given twice."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name is given twice")
    return members
