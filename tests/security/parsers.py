"""Every parser of what comes from outside, a seed for it, and how it is fed with spoilt bytes."""

import json
import random
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings

import osmium
from multidict import MultiDict

from feeds.capacity import CapacityFault, decode_capacities
from feeds.definition import DefinitionFault, list_shipped, load_definition
from feeds.events import decode_message
from feeds.model import Refusal
from feeds.recordings import RecordingFault, read_recording
from feeds.rows import decode_document
from feeds.timetable.decode import decode_trip_updates
from feeds.traffic.datex import decode_datex
from feeds.traffic.messages import decode_traffic
from loadtests.benchmarks.fuzz.lanes import DOCUMENTS, FIXTURES
from loadtests.benchmarks.mutations import mutate
from routing.features import RoadsFault
from routing.modes import Mode
from routing.osm import build_roads
from routing.osm.extract import ExtractFault
from routing.roadfile import read_road_file, save_road_file
from routing.roads import read_roads
from routing.transit.feedfile import load_feed, save_feed
from routing.transit.gtfs import read_gtfs
from routing.transit.reports import GtfsFault
from tests.conftest import DATA
from tests.support.gtfs import pack, small_feed, write_feed
from tests.support.osm import square
from tests.support.postcodes import build_places, code_point, onspd
from tests.support.small_roads import small_roads
from tests.support.trip_updates import add_stop, add_trip, message
from waitless.area.pack import AreaFault, find_pack, load_area
from waitless.area.postcodefile import PlacesFault, load_postcodes
from waitless.area.postcodesource import read_source
from waitless.keys import KeyRing, KeysFault, Role, make_key
from waitless.settings import SettingsFault
from waitless.signin.accounts import Accounts
from waitless.traffic.links import LinkFault, load_links
from waitless.traffic.profile import load_profile
from waitless.web.auth import HOME, choose_next
from waitless.web.parse import PARAMETERS, parse_query, single_values
from waitless.web.plain_get import PlainGets
from waitless.web.problems import RequestRefused

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SEED = 20261122
Parse = Callable[[bytes, Path], object]


@dataclass(frozen=True, slots=True)
class Parser:
    """One parser.

    Attributes:
        make: its seeds, made in a folder of their own.
        parse: reads bytes, given a folder for files; gives what is in them.
        refusals: what it may raise: its named refusals, and nothing else.
        spoil: how a seed is spoilt.
        share: how often it is tried, beside others.
    """

    make: Callable[[Path], Iterable[bytes]]
    parse: Parse
    refusals: tuple[type[Exception], ...] = ()
    spoil: Callable[[random.Random, bytes], bytes] = mutate
    share: int = 4


class Raised(AssertionError):
    """A parser raised what is no refusal of its own."""


def try_parser(name: str, number: int, count: int) -> Counter[str]:
    """So many spoilt seeds; gives how many were taken and refused. The same for the same number.

    Raises:
        Raised: naming what was raised, by which bytes.
    """
    parser, chance = PARSERS[name], random.Random(f"{SEED}/{name}/{number}")
    outcomes: Counter[str] = Counter()
    with TemporaryDirectory() as folder, catch_warnings(action="ignore"):
        seeds = list(parser.make(Path(folder)))
        for _ in range(count):
            payload = parser.spoil(chance, chance.choice(seeds))
            try:
                found = parser.parse(payload, Path(folder))
            except parser.refusals:
                outcomes["refused"] += 1
            except Exception as fault:
                raise Raised(f"{name}: {fault!r} by {payload[:2000]!r}") from fault
            else:
                outcomes["refused" if is_refused(found) else "taken"] += 1
    return outcomes


def is_refused(found: object) -> bool:
    """Whether nothing but refusals was found."""
    return isinstance(found, list) and all(isinstance(one, Refusal) for one in found)


def reseal(chance: random.Random, payload: bytes) -> bytes:
    """A file of ours, spoilt behind its checksum, which is made right again (mostly)."""
    at = next(
        at for at in range(5, 16) if payload[at : at + 32] == sha256(payload[at + 32 :]).digest()
    )
    body = mutate(chance, payload[at + 32 :])
    if chance.random() < 0.1:
        return mutate(chance, payload)
    return payload[:at] + sha256(body).digest() + body


def by_file(name: str, read: Callable[[Path], object]) -> Parse:
    """A parser that wants its bytes in a file of that name."""

    def parse(payload: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(payload)
        return read(path)

    return parse


def saved(name: str, save: Callable[[Path], object]) -> Callable[[Path], list[bytes]]:
    """The one seed that something writes into a file."""

    def make(folder: Path) -> list[bytes]:
        save(folder / name)
        return [(folder / name).read_bytes()]

    return make


def _gtfs_tables(payload: bytes, folder: Path) -> object:
    """Spoilt tables in a sound zip file: names and texts are told apart by a bar."""
    path = folder / "tables.zip"
    with catch_warnings(action="ignore"), zipfile.ZipFile(path, "w") as file:  # names twice
        for table in payload.split(b"|"):
            name, _, text = table.partition(b"\n")
            plain = "".join(one for one in name.decode(errors="replace") if one not in "/\x00")
            file.writestr(plain[:40] or "x", text)
    return read_gtfs(path)


def _trip_updates(_: Path) -> list[bytes]:
    made = message(NOW)
    trip = add_trip(made, "t8", start_date="20261123", start_time="08:00:00")
    add_stop(trip, arrival={"delay": 60}, stop_sequence=2, stop_id="M")
    add_stop(add_trip(made, "t9"), departure={"time": int(NOW.timestamp())}, stop_sequence=1)
    return [made.SerializeToString()]


def _pbf(path: Path) -> None:
    source = square().write(path.with_suffix(".source.osm"))
    writer = osmium.SimpleWriter(str(path), overwrite=True)
    for item in osmium.FileProcessor(str(source)):
        writer.add(item)
    writer.close()


def _pack(payload: bytes, folder: Path) -> object:
    """An area pack of which one file is spoilt; which, the first byte decides."""
    there = folder / "pack"
    there.mkdir(exist_ok=True)
    names = ("area.toml", "facilities.toml", "places.toml", "roads.geojsonl")
    for name in names:
        (there / name).write_bytes((DATA / "plymouth" / name).read_bytes())
    (there / names[payload[0] % len(names) if payload else 0]).write_bytes(payload[1:])
    return load_area(there)


def _pack_seeds(_: Path) -> list[bytes]:
    names = ("area.toml", "facilities.toml", "places.toml")
    return [b"%d" % at + (DATA / "plymouth" / name).read_bytes() for at, name in enumerate(names)]


def _spoil_but_first(chance: random.Random, payload: bytes) -> bytes:
    return payload[:1] + mutate(chance, payload[1:])


@cache
def _east_kent() -> Any:
    return load_area(find_pack("east-kent"))


def _query(payload: bytes, _: Path) -> object:
    pairs = [pair.partition("=")[::2] for pair in payload.decode(errors="replace").split("&")]
    values = single_values(MultiDict(pairs), PARAMETERS)
    return parse_query(values, _east_kent(), frozenset(Mode) - {Mode.TRANSIT}, NOW)


def _address(payload: bytes, _: Path) -> object:
    path = choose_next(payload.decode(errors="replace"))
    assert path.startswith("/operator"), path
    assert path.isascii(), path
    assert path.isprintable(), path
    return [] if path == HOME else path


def _message(payload: bytes, _: Path) -> object:
    topic, _, body = payload.partition(b"\n")
    found = decode_message(
        topic.decode(errors="replace"),
        body,
        area="east-kent",
        providers={"deal-utc": "kcht"},
        now=NOW,
    )
    return [found] if isinstance(found, Refusal) else found


def _definition_of(name: str) -> Parse:
    definition = next(one for one in map(load_definition, list_shipped()) if one.id == name)
    received = datetime.fromisoformat(DOCUMENTS[name][1]).astimezone(UTC)
    return lambda payload, _: list(decode_document(definition, payload, received))


def _file(name: str) -> Callable[[Path], list[bytes]]:
    return lambda _: [(FIXTURES / name).read_bytes()]


def _capacities(payload: bytes, _: Path) -> object:
    names = {"deal-utc": "deal-utc"}
    taken, refused = decode_capacities(payload, provider="kcht", services=names, now=NOW)
    return taken or ([] if refused else None)


def _save_places(path: Path) -> None:
    source = path.with_suffix(".csv")
    source.write_text(onspd([("CT14 9AA", "", 51.22301, 1.40017), ("CT1 1AA", "", 51.28, 1.08)]))
    done = build_places(source, path)
    assert done.exit_code == 0, done.output


DATEX = (
    b'<d2LogicalModel><payloadPublication xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    b'xsi:type="MeasuredDataPublication"><publicationTime>2026-11-23T09:56:00Z</publicationTime>'
    b'<siteMeasurements><measurementSiteReference id="a"/><measurementTimeDefault>'
    b"2026-11-23T09:55:00Z</measurementTimeDefault><measuredValue><basicData "
    b'xsi:type="TrafficSpeed"><averageVehicleSpeed><speed>50</speed></averageVehicleSpeed>'
    b"</basicData></measuredValue></siteMeasurements></payloadPublication></d2LogicalModel>"
)
TRAFFIC = {
    "specversion": "1.0", "id": "1", "source": "urn:a", "type": "uk.waitless.traffic.v1",
    "data": {"as_of": "2026-11-23T09:58:00Z",
             "links": [{"link": "a", "speed_kmh": 30.0, "travel_time_s": 90}], "events": []},
}  # fmt: skip
WAIT = {
    "specversion": "1.0", "id": "1", "source": "urn:a", "type": "uk.waitless.wait.v1",
    "data": {"facility": "deal-utc", "as_of": "2026-11-23T09:58:00Z", "wait_minutes": 22},
}  # fmt: skip
SERVICE = {"serviceId": "deal-utc", "waitingTimeMins": 35, "lastUpdated": "2026-11-23 09:58:00"}
ACCOUNT = (
    b'[[account]]\nname = "anna"\nrole = "operator"\nhash = "$argon2id$v=19$m=19456,t=2,p=1$'
    b'c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"\n'
)
PARSERS = {
    "GTFS, zip file": Parser(
        lambda _: [pack(small_feed())], by_file("a.zip", read_gtfs), (GtfsFault,)
    ),
    "GTFS, tables": Parser(
        lambda _: ["|".join(f"{name}\n{text}" for name, text in small_feed().items()).encode()],
        _gtfs_tables,
        (GtfsFault,),
    ),
    "timetable file": Parser(
        saved("a.transit", lambda path: save_feed(read_gtfs(write_feed(small_feed(), path)), path)),
        by_file("b.transit", load_feed),
        (GtfsFault,),
        reseal,
    ),
    "GTFS-realtime": Parser(
        _trip_updates,
        lambda payload, _: list(
            decode_trip_updates(
                payload, feed_id="b", received_at=NOW, valid_for=timedelta(minutes=10)
            )
        ),
    ),
    "OpenStreetMap PBF": Parser(
        saved("a.osm.pbf", _pbf), by_file("b.osm.pbf", build_roads), (ExtractFault,), share=1
    ),
    "OpenStreetMap XML": Parser(
        saved("a.osm", square().write), by_file("b.osm", build_roads), (ExtractFault,), share=1
    ),
    "roads, GeoJSON lines": Parser(
        lambda _: [(DATA / "plymouth/roads.geojsonl").read_bytes()],
        by_file("a.geojsonl", read_roads),
        (RoadsFault,),
    ),
    "road file": Parser(
        saved("a.roads", lambda path: save_road_file(small_roads(), path)),
        by_file("b.roads", read_road_file),
        (RoadsFault,),
        reseal,
    ),
    "postcode file": Parser(
        saved("a.places", _save_places),
        by_file("b.places", lambda path: load_postcodes(path, _east_kent().bounds)),
        (PlacesFault,),
        reseal,
    ),
    "postcode source": Parser(
        lambda _: [
            onspd([("CT14 9AA", "", 51.22301, 1.40017)]).encode(),
            code_point("CT14 9AA", 637000, 152000).encode(),
        ],
        by_file("a.csv", lambda path: read_source(path, _east_kent().bounds, lambda _: None)),
        (PlacesFault,),
        share=1,
    ),
    "DATEX II": Parser(
        lambda _: [DATEX],
        lambda payload, _: list(decode_datex(payload, feed_id="r", received_at=NOW)),
    ),
    "traffic message": Parser(
        lambda _: [json.dumps(TRAFFIC).encode()],
        lambda payload, _: list(decode_traffic(payload, feed_id="r", received_at=NOW)),
    ),
    "link table": Parser(
        lambda _: [b"link,junctions,length_m\na,west>middle>east,2000\n"],
        by_file("a.csv", lambda path: load_links(path, small_roads())),
        (LinkFault,),
    ),
    "wait message": Parser(
        lambda _: [
            b"waitless/v1/east-kent/kcht/deal-utc/wait\n" + json.dumps(WAIT).encode(),
            b"waitless/v1/east-kent/kcht/status\nready",
        ],
        _message,
        share=8,
    ),
    "capacities": Parser(
        lambda _: [json.dumps(SERVICE).encode()], _capacities, (CapacityFault,), share=8
    ),
    **{
        f"document {name}": Parser(_file(DOCUMENTS[name][0]), _definition_of(name), share=2)
        for name in DOCUMENTS
        if name in {path.stem for path in list_shipped()}
    },
    "feed definition": Parser(
        lambda _: [path.read_bytes() for path in list_shipped()],
        by_file("a.toml", load_definition),
        (DefinitionFault,),
    ),
    "area pack": Parser(_pack_seeds, _pack, (AreaFault,), _spoil_but_first, share=1),
    "profile": Parser(
        lambda _: [(find_pack("east-kent") / "profile.toml").read_bytes()],
        by_file("a.toml", load_profile),
        (ValueError, OSError),
    ),
    "keys": Parser(
        lambda _: [make_key("kcht", Role.PROVIDER)[1].encode()],
        by_file("a.toml", KeyRing.load),
        (KeysFault,),
    ),
    "accounts": Parser(
        lambda _: [ACCOUNT],
        by_file("a.toml", Accounts.load),
        (SettingsFault,),
        share=1,
    ),
    "recording": Parser(
        lambda _: [b"facility,observed_at_utc,wait_min\na,2026-01-01T00:00:00Z,10\n"],
        by_file("a.csv", lambda path: list(read_recording(path))),
        (RecordingFault,),
    ),
    "query": Parser(
        lambda _: [
            b"lat=51.28&lon=1.08&need=wound&age=34&mode=drive&limit=3&depart_at=11:30",
            b"place=CT14 9AA&depart_at=2026-11-23T11:00:00Z",
        ],
        _query,
        (RequestRefused,),
        share=8,
    ),
    "plain request": Parser(
        lambda _: [
            b"GET /v1/recommendations?place=CT14 HTTP/1.1\r\nHost: here\r\nX-Request-ID: a\r\n\r\n"
        ],
        lambda payload, _: PlainGets().read(payload) or [],
        share=8,
    ),
    "address after signing in": Parser(lambda _: [b"/operator/sessions?x=1"], _address),
}
