"""Loading an area pack: every file of it, or every fault in it."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import networkx as nx

from feeds.definition import DefinitionFault, FeedDefinition, load_definition
from feeds.topics import is_slug
from routing.roads import RoadsFault, load_roads
from waitless.area.facility import Facility, FacilityRow
from waitless.area.hours import Calendar
from waitless.area.places import Gazetteer, PlaceRow

T = TypeVar("T")

SHIPPED = Path(__file__).parent.parent / "areas"


class AreaFault(Exception):
    """A pack that cannot be used; `faults` lists every reason found, each with its place."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The box that origins and facilities must lie in, degrees WGS84."""

    south: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    west: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    north: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    east: Annotated[float, msgspec.Meta(ge=-180, le=180)]

    def contain(self, lat: float, lon: float) -> bool:
        """Whether a point lies in the box. NaN lies nowhere."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


class AreaRow(msgspec.Struct, forbid_unknown_fields=True):
    """`area.toml` as it is written."""

    id: str
    name: str
    zone: str
    bounds: Bounds
    roads: str
    attribution: list[str]
    holidays: list[date] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A loaded area pack: immutable, shared by everything that answers."""

    id: str
    name: str
    bounds: Bounds
    calendar: Calendar
    facilities: dict[str, Facility]
    """By id, in the pack's order."""
    places: Gazetteer
    roads: "nx.DiGraph[str]"
    feeds: tuple[FeedDefinition, ...]
    """Those that are enabled; the others are checked all the same."""
    attribution: tuple[str, ...]

    def list_providers(self) -> list[str]:
        """The MQTT providers of the area's facilities, each once."""
        return list(dict.fromkeys(facility.provider for facility in self.facilities.values()))


@dataclass(slots=True)
class _Reader:
    """Reads a pack's files, gathering faults instead of stopping at the first."""

    folder: Path
    faults: list[str] = field(default_factory=list)

    def document(self, name: str) -> dict[str, Any]:
        try:
            return tomllib.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
            self.faults.append(f"{name}: {fault}")
            return {}

    def rows(self, name: str, key: str, kind: type[T]) -> Iterator[tuple[str, T]]:
        """Each table under `key` with its place in the file, those that are faulty left out."""
        document = self.document(name)
        for unknown in document.keys() - {key}:
            self.faults.append(f"{name}: unknown table {unknown!r}")
        for number, table in enumerate(document.get(key, []), start=1):
            label = table.get("id") or table.get("name") if isinstance(table, dict) else None
            where = f"{name}: {key} {number} ({label})" if label else f"{name}: {key} {number}"
            row = self.attempt(where, partial(msgspec.convert, table, kind))
            if row is not None:
                yield where, row

    def attempt(self, where: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except (ValueError, RoadsFault) as fault:
            self.faults.append(f"{where}: {fault}")
            return None


def load_area(folder: Path) -> Area:
    """Load a pack.

    Raises:
        AreaFault: listing every fault found, each with its file, row and field.
    """
    reader = _Reader(folder)
    row = reader.attempt("area.toml", lambda: _area_row(reader.document("area.toml")))
    if row is None:
        raise AreaFault(reader.faults)
    facilities = _facilities(reader, row.bounds)
    places = list(_places(reader))
    roads = reader.attempt(row.roads, lambda: load_roads(folder / row.roads))
    definitions = list(_definitions(reader, facilities))
    _check_feed_ids(reader, definitions, facilities)
    if reader.faults or roads is None:
        raise AreaFault(reader.faults)
    return Area(
        id=row.id,
        name=row.name,
        bounds=row.bounds,
        calendar=Calendar(ZoneInfo(row.zone), frozenset(row.holidays)),
        facilities=facilities,
        places=Gazetteer(places),
        roads=roads,
        feeds=tuple(definition for definition in definitions if definition.enabled),
        attribution=tuple(row.attribution),
    )


def find_pack(name: str) -> Path:
    """The folder of a shipped area (`east-kent`), or the folder that the text names.

    Raises:
        AreaFault: neither is there.
    """
    for folder in (SHIPPED / name.replace("-", "_"), Path(name)):
        if (folder / "area.toml").is_file():
            return folder
    raise AreaFault([f"area {name!r}: no such shipped area, and no area.toml in a folder so named"])


def _area_row(document: dict[str, Any]) -> AreaRow:
    row = msgspec.convert(document, AreaRow)
    if not is_slug(row.id):
        raise ValueError(f"{row.id!r} is not a slug - at `$.id`")
    try:
        ZoneInfo(row.zone)
    except (KeyError, ValueError, OSError) as fault:
        raise ValueError(f"no zone {row.zone!r} - at `$.zone`") from fault
    if not (row.bounds.south < row.bounds.north and row.bounds.west < row.bounds.east):
        raise ValueError("south of north and west of east are wanted - at `$.bounds`")
    return row


def _facilities(reader: _Reader, bounds: Bounds) -> dict[str, Facility]:
    found: dict[str, Facility] = {}
    for where, row in reader.rows("facilities.toml", "facility", FacilityRow):
        facility = reader.attempt(where, partial(Facility.from_row, row))
        if facility is None:
            continue
        if facility.id in found:
            reader.faults.append(f"{where}: the id stands twice - at `$.id`")
        if not bounds.contain(facility.lat, facility.lon):
            swapped = bounds.contain(facility.lon, facility.lat)
            reader.faults.append(
                f"{where}: {facility.lat}, {facility.lon} is outside the area"
                f"{'; latitude and longitude look swapped' if swapped else ''} - at `$.lat`"
            )
        found[facility.id] = facility
    if not found and not reader.faults:
        reader.faults.append("facilities.toml: no facility")
    return found


def _places(reader: _Reader) -> Iterator[PlaceRow]:
    for _, row in reader.rows("places.toml", "place", PlaceRow):
        yield row


def _check_feed_ids(
    reader: _Reader, definitions: list[FeedDefinition], facilities: dict[str, Facility]
) -> None:
    """Feeds and providers share one list of names: each must be its own."""
    taken = {facility.provider for facility in facilities.values()} | {"mqtt", "probe"}
    for definition in definitions:
        if definition.id in taken:
            reader.faults.append(
                f"feeds: the id {definition.id!r} stands twice, or is a provider's"
            )
        taken.add(definition.id)


def _definitions(reader: _Reader, facilities: dict[str, Facility]) -> Iterator[FeedDefinition]:
    for path in sorted((reader.folder / "feeds").glob("*.toml")):
        try:
            definition = load_definition(path)
        except DefinitionFault as fault:
            reader.faults.append(f"feeds/{fault}")
            continue
        for facility_id in definition.facilities.values():
            if facility_id not in facilities:
                reader.faults.append(
                    f"feeds/{path.name}: no facility {facility_id!r} - at `$.facilities`"
                )
        yield definition
