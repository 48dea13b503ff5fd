"""Loading an area pack: every file of it, or every fault in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from feeds.definition import FeedDefinition
from feeds.timetable.definition import TripUpdatesDefinition
from feeds.topics import is_slug
from feeds.traffic.definition import TrafficDefinition
from routing.roadarrays import Roads
from routing.roads import read_roads
from waitless.area.bounds import Bounds
from waitless.area.facility import Facility, FacilityRow
from waitless.area.hours import Calendar
from waitless.area.places import Gazetteer, PlaceRow
from waitless.area.postcodefile import load_postcodes
from waitless.area.postcodes import Postcodes
from waitless.area.reader import AreaFault, PackReader
from waitless.area.sources import (
    check_feed_ids,
    list_definitions,
    list_traffic,
    list_trip_updates,
    load_link_tables,
)
from waitless.area.timetable import AreaTimetable, load_timetable
from waitless.traffic.links import LinkTable
from waitless.traffic.profile import FLAT, Profile, load_profile

__all__ = ["SHIPPED", "Area", "AreaFault", "Bounds", "find_pack", "load_area", "load_bounds"]

SHIPPED = Path(__file__).parent.parent / "areas"


class AreaRow(msgspec.Struct, forbid_unknown_fields=True):
    """`area.toml` as it is written."""

    id: str
    name: str
    zone: str
    bounds: Bounds
    roads: str
    attribution: list[str]
    profile: str | None = None
    """The usual time of day of its roads; None: all hours are alike."""
    postcodes: str | None = None
    """The file of its full postcodes; None: they are answered by their outcodes."""
    timetable: str | None = None
    """Public transport: a folder of GTFS tables, or a `.transit` file; None: it has none."""
    timetable_approximate: bool = False
    """Whether it was made by hand: its journeys are then estimates."""
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
    roads: Roads
    profile: Profile
    timetable: AreaTimetable | None
    """Public transport; None where neither the pack nor a setting names any."""
    feeds: tuple[FeedDefinition, ...]
    """Those that are enabled; the others are checked all the same."""
    traffic: tuple[TrafficDefinition, ...]
    """Likewise."""
    links: dict[str, LinkTable]
    """Which of our roads a traffic source's links are, by source."""
    trip_updates: tuple[TripUpdatesDefinition, ...]
    """Likewise."""
    attribution: tuple[str, ...]

    def list_providers(self) -> list[str]:
        """The MQTT providers of the area's facilities, each once."""
        return list(dict.fromkeys(facility.provider for facility in self.facilities.values()))


def load_area(
    folder: Path, places_file: Path | None = None, timetable_file: Path | None = None
) -> Area:
    """Load a pack.

    Args:
        folder: of the pack.
        places_file: full postcodes, instead of those that the pack names.
        timetable_file: public transport, instead of the pack's; taken as the operators' own.

    Raises:
        AreaFault: listing every fault found, each with its file, row and field.
    """
    reader = PackReader(folder)
    row = _load_row(reader)
    facilities = _facilities(reader, row.bounds)
    places = list(_places(reader))
    postcodes = _postcodes(reader, row, places_file)
    roads = reader.attempt(row.roads, lambda: read_roads(folder / row.roads))
    profile = FLAT if row.profile is None else _profile(reader, row.profile)
    timetable = _timetable(reader, row, timetable_file)
    definitions = list(list_definitions(reader, facilities))
    traffic = list(list_traffic(reader))
    trip_updates = list(list_trip_updates(reader))
    check_feed_ids(reader, [*definitions, *traffic, *trip_updates], facilities)
    links = {} if roads is None else load_link_tables(reader, traffic, roads)
    if reader.faults or roads is None or profile is None:
        raise AreaFault(reader.faults)
    return Area(
        id=row.id,
        name=row.name,
        bounds=row.bounds,
        calendar=Calendar(ZoneInfo(row.zone), frozenset(row.holidays)),
        facilities=facilities,
        places=Gazetteer(places, postcodes),
        roads=roads,
        profile=profile,
        timetable=timetable,
        feeds=tuple(definition for definition in definitions if definition.enabled),
        traffic=tuple(definition for definition in traffic if definition.enabled),
        links=links,
        trip_updates=tuple(definition for definition in trip_updates if definition.enabled),
        attribution=tuple(row.attribution),
    )


def load_bounds(folder: Path) -> Bounds:
    """The bounds of a pack; its other files need not be there yet.

    Raises:
        AreaFault: `area.toml` cannot be used.
    """
    return _load_row(PackReader(folder)).bounds


def find_pack(name: str) -> Path:
    """The folder of a shipped area (`east-kent`), or the folder that the text names.

    Raises:
        AreaFault: neither is there.
    """
    for folder in (SHIPPED / name.replace("-", "_"), Path(name)):
        if (folder / "area.toml").is_file():
            return folder
    raise AreaFault([f"area {name!r}: no such shipped area, and no area.toml in a folder so named"])


def _load_row(reader: PackReader) -> AreaRow:
    row = reader.attempt("area.toml", lambda: _area_row(reader.document("area.toml")))
    if row is None:
        raise AreaFault(reader.faults)
    return row


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
    if row.timetable_approximate and row.timetable is None:
        raise ValueError("there is no timetable - at `$.timetable_approximate`")
    return row


def _facilities(reader: PackReader, bounds: Bounds) -> dict[str, Facility]:
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


def _places(reader: PackReader) -> Iterator[PlaceRow]:
    for _, row in reader.rows("places.toml", "place", PlaceRow):
        yield row


def _postcodes(reader: PackReader, row: AreaRow, places_file: Path | None) -> Postcodes | None:
    if places_file is None and row.postcodes is None:
        return None
    path = places_file or reader.folder / str(row.postcodes)
    where = "area.toml: postcodes" if places_file is None else "places_file"
    return reader.attempt(where, lambda: load_postcodes(path, row.bounds))


def _timetable(
    reader: PackReader, row: AreaRow, timetable_file: Path | None
) -> AreaTimetable | None:
    if timetable_file is None and row.timetable is None:
        return None
    path = timetable_file or reader.folder / str(row.timetable)
    where = "area.toml: timetable" if timetable_file is None else "timetable_file"
    approximate = timetable_file is None and row.timetable_approximate
    return reader.attempt(
        where, lambda: load_timetable(path, row.zone, row.bounds, approximate=approximate)
    )


def _profile(reader: PackReader, name: str) -> Profile | None:
    return reader.attempt(name, lambda: load_profile(reader.folder / name))
