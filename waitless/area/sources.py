"""A pack's sources: feed definitions, traffic definitions and their link tables."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from feeds.definition import DefinitionFault, FeedDefinition, load_definition
from feeds.timetable.definition import TripUpdatesDefinition, load_trip_updates_definition
from feeds.traffic.definition import TrafficDefinition, load_traffic_definition
from routing.roadarrays import Roads
from waitless.area.facility import Facility
from waitless.area.reader import PackReader
from waitless.traffic.links import LinkTable, load_links

RESERVED = frozenset({"mqtt", "probe", "traffic"})
"""Names that mean something else in topics and lists of feeds."""
INGEST_USER = "ingest"
"""To the broker we are a user of this name (ops/mosquitto.acl); a provider is one of its own."""


def check_feed_ids(
    reader: PackReader,
    definitions: Sequence[FeedDefinition | TrafficDefinition | TripUpdatesDefinition],
    facilities: Mapping[str, Facility],
) -> None:
    """Feeds and providers share one list of names: each must be its own."""
    providers = {facility.provider for facility in facilities.values()}
    for name in sorted(providers & (RESERVED | {INGEST_USER})):
        reader.faults.append(f"facilities.toml: no provider may be called {name!r}")
    taken = providers | RESERVED
    for definition in definitions:
        if definition.id in taken:
            reader.faults.append(
                f"feeds: the id {definition.id!r} stands twice, or is a provider's"
            )
        taken.add(definition.id)


def list_traffic(reader: PackReader) -> Iterator[TrafficDefinition]:
    """The traffic sources of the folder `traffic/`."""
    for path in sorted((reader.folder / "traffic").glob("*.toml")):
        definition = reader.attempt("traffic", partial(load_traffic_definition, path))
        if definition is not None:
            yield definition


def list_trip_updates(reader: PackReader) -> Iterator[TripUpdatesDefinition]:
    """The sources of trip updates of the folder `trip_updates/`."""
    for path in sorted((reader.folder / "trip_updates").glob("*.toml")):
        definition = reader.attempt("trip_updates", partial(load_trip_updates_definition, path))
        if definition is not None:
            yield definition


def load_link_tables(
    reader: PackReader, traffic: list[TrafficDefinition], roads: Roads
) -> dict[str, LinkTable]:
    """Every source's link table; one without a file knows our own junctions' names alone."""
    tables: dict[str, LinkTable] = {}
    for definition in traffic:
        if definition.links is None:
            tables[definition.id] = LinkTable({}, roads)
            continue
        path = reader.folder / "traffic" / definition.links
        table = reader.attempt("traffic", partial(load_links, path, roads))
        if table is not None:
            tables[definition.id] = table
    return tables


def list_definitions(
    reader: PackReader, facilities: Mapping[str, Facility]
) -> Iterator[FeedDefinition]:
    """The wait feeds of the folder `feeds/`."""
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
