import dataclasses
import json
import shutil
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.modes import Mode
from routing.network import NetworkFault
from routing.osm import build_roads
from routing.reach import build_reach
from routing.roadarrays import Roads
from routing.roadfile import MAGIC, read_road_file, save_road_file
from routing.roads import RoadsFault, load_roads
from tests.support.osm import square
from tests.support.roads import compile_network, spread_rows
from waitless.area.pack import AreaFault, load_area
from waitless.commands.roads import build
from waitless.travel import TravelBuilder

ROADS = Path("roads")
NEWPORT = ROADS / "newport-2023-06-13.osm.pbf"
ANDORRA = ROADS / "valhalla_bench_andorra.osm.pbf"
ROYAL_GWENT = (51.5800, -2.9960)


@pytest.fixture(scope="module")
def newport(shared_data: Path) -> Roads:
    return build_roads(shared_data / NEWPORT)


@pytest.fixture(scope="module")
def small_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("small")
    save_road_file(build_roads(square().write(folder / "town.osm")), folder / "town.roads")
    return (folder / "town.roads").read_bytes()


def fields_of(roads: Roads) -> list[object]:
    values = [getattr(roads, field.name) for field in dataclasses.fields(roads)]
    return [v.tolist() if isinstance(v, np.ndarray) else v for v in values]


def test_newport_has_the_roads_that_another_tool_counted_and_more(newport: Roads) -> None:
    """The other tool's 6,482 and 13,492 leave out some service roads and merge what continues."""
    figures = newport.meta["summary"]["modes"]

    assert 6_482 < figures["drive"]["junctions"] < 9_000
    assert 13_492 < figures["drive"]["edges"] < 18_000
    assert figures["walk"]["junctions"] > figures["cycle"]["junctions"] > 8_000
    assert newport.meta["summary"]["turn_restrictions_honoured"] == 69
    assert newport.lat.min() > 51.45
    assert newport.lat.max() < 51.65


def test_andorra_is_built_too(shared_data: Path) -> None:
    figures = build_roads(shared_data / ANDORRA).meta["summary"]

    assert 3_000 < figures["modes"]["drive"]["junctions"] < 4_500
    assert 700 < sum(figures["km"].values()) - figures["km"]["path"] < 2_000
    assert figures["turn_restrictions_honoured"] == 64


@pytest.mark.parametrize("mode", [Mode.DRIVE, Mode.WALK, Mode.CYCLE])
def test_arrays_and_graph_compile_to_the_same_network(newport: Roads, mode: Mode) -> None:
    assert newport.compile(mode).version == compile_network(newport.to_graph(), mode).version


def test_no_roads_are_compiled_for_transit(newport: Roads) -> None:
    with pytest.raises(NetworkFault):
        newport.compile(Mode.TRANSIT)


def test_a_file_gives_back_what_was_saved_and_quickly(newport: Roads, tmp_path: Path) -> None:
    path = tmp_path / "newport.roads"
    save_road_file(newport, path)
    begun = time.perf_counter()
    loaded = read_road_file(path)

    assert time.perf_counter() - begun < 0.2
    assert fields_of(loaded) == fields_of(newport)
    assert [p.name for p in tmp_path.iterdir()] == ["newport.roads"]


def test_every_junction_of_newport_reaches_a_facility_by_car(newport: Roads) -> None:
    table = build_reach(newport.compile(Mode.DRIVE), {"royal-gwent": ROYAL_GWENT})
    reach = table.travel_from(51.5600, -2.9900)

    assert 5 < reach.minutes[0] < 20
    assert 2_200 < reach.distance_m[0] < 6_000
    assert (spread_rows(table)[0] < 500).all()


def test_a_car_that_may_not_turn_still_arrives(newport: Roads) -> None:
    """A facility at a junction that has copies is reached through any of them."""
    copied = int(np.flatnonzero(newport.copies)[0])
    place = (float(newport.lat[copied]), float(newport.lon[copied]))
    table = build_reach(newport.compile(Mode.DRIVE), {"here": place})

    assert (spread_rows(table)[0] < 500).all()


def spoilt(data: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "spoilt.roads"
    path.write_bytes(data)
    return path


@settings(max_examples=150, deadline=None)
@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unseen(
    small_bytes: bytes, tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    data = bytearray(small_bytes)
    data[at % len(data)] ^= 1 << bit

    with pytest.raises(RoadsFault, match=r"spoilt\.roads:0: "):
        read_road_file(spoilt(bytes(data), tmp_path_factory.getbasetemp()))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_file_cut_off_or_added_to_is_refused(
    small_bytes: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(small_bytes) - 1))
    tail = data.draw(st.binary(min_size=1, max_size=20))
    for wrong in (small_bytes[:length], small_bytes + tail):
        with pytest.raises(RoadsFault, match=r"spoilt\.roads:0: "):
            read_road_file(spoilt(wrong, tmp_path_factory.getbasetemp()))


@pytest.mark.parametrize(
    ("array", "value", "words"),
    [
        ("tails", 99, "an edge to a junction that is not there"),
        ("heads", 99, "an edge to a junction that is not there"),
        ("classes", 9, "a class that is not there"),
        ("roads", 9, "a road that is not there"),
        ("uses", 0, "for no mode"),
        ("uses", 8, "for no mode"),
        ("uses", 16, "for no mode"),
        ("tails", 3, "out of order"),
        ("length_m", 0, "a length"),
        ("length_m", np.inf, "a length"),
        ("time_s", -1, "a time"),
        ("time_s", np.nan, "a time"),
        ("walk_s", 0, "a time"),
        ("cycle_s", np.nan, "a time"),
        ("lat", np.nan, "not on the Earth"),
        ("lon", 181, "not on the Earth"),
        ("barrier_lat", 91, "a barrier that is not on the Earth"),
        ("barrier_sizes", 1, "barriers of other points"),
    ],
)
def test_a_checksum_that_is_right_excuses_nothing(
    tmp_path: Path, array: str, value: float, words: str
) -> None:
    town = square()
    town.way(13, [1, 3], highway="", waterway="river")
    roads = build_roads(town.write(tmp_path / "town.osm"))
    changed = getattr(roads, array).copy()
    changed[0] = value
    save_road_file(dataclasses.replace(roads, **{array: changed}), tmp_path / "bad.roads")

    with pytest.raises(RoadsFault, match=f"bad.roads:0: content: .*{words}"):
        load_roads(tmp_path / "bad.roads")


def told(**changes: object) -> bytes:
    """A head for no roads at all."""
    names = {name: [] for name in ("class_names", "road_names", "slugs", "titles")}
    counts = dict.fromkeys(("junctions", "edges", "paced_edges", "barrier_points", "barriers"), 0)
    return json.dumps({"meta": {}, "only_met": True} | names | counts | changes).encode()


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "no meta"),
        (b'{"meta": {}}', "only_met"),
        (b'{"meta": {}, "only_met": true}', "class_names"),
        (told(slugs=[1]), "slugs"),
        (told(junctions=-1), "junctions"),
        (told(barriers=True), "barriers"),
        (told(), "no junctions"),
        (told(junctions=9), "buffer"),
    ],
)
def test_a_head_that_makes_no_sense_is_refused(tmp_path: Path, head: bytes, words: str) -> None:
    body = len(head).to_bytes(8, "little") + head

    with pytest.raises(RoadsFault, match=f"content: .*{words}"):
        read_road_file(spoilt(MAGIC + b"\x03" + sha256(body).digest() + body, tmp_path))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "magic"),
        (b'{"type": "Feature"}', "magic"),
        (MAGIC + b"\x01" + bytes(99), "version: is not 3: build the file again"),
    ],
)
def test_another_kind_of_file_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(RoadsFault, match=words):
        load_roads(spoilt(data, tmp_path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RoadsFault, match=r"none\.roads:0: file: cannot be read"):
        load_roads(tmp_path / "none.roads")


@pytest.fixture
def newport_pack(newport: Roads, tmp_path: Path) -> Path:
    """The tests' tiny area moved to Newport, on roads built from OpenStreetMap."""
    folder = tmp_path / "newport"
    shutil.copytree(Path(__file__).parents[1] / "data" / "plymouth", folder)
    shutil.rmtree(folder / "feeds", ignore_errors=True)
    (folder / "roads.geojsonl").unlink()
    save_road_file(newport, folder / "newport.roads")
    moves = {
        "roads.geojsonl": "newport.roads",
        "south = 50.15, west = -4.40, north = 50.70": "south = 51.45, west = -3.20, north = 51.70",
        "east = -3.60": "east = -2.80",
        "50.4168": "51.5800",
        "-4.1133": "-2.9960",
        "50.36999": "51.5600",
        "-4.16884": "-2.9900",
        "50.54724": "51.5850",
        "-4.15372": "-3.0300",
        "50.3700": "51.5600",
        "-4.1500": "-2.9900",
        "50.4930": "51.5700",
        "-4.0870": "-3.0100",
    }
    for path in folder.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        for old, new in moves.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    return folder


def test_an_area_pack_on_built_roads_answers_in_every_mode(newport_pack: Path) -> None:
    area = load_area(newport_pack)
    tables = TravelBuilder(area, 720).build()

    for mode, slowest in ((Mode.DRIVE, 20), (Mode.CYCLE, 40), (Mode.WALK, 120)):
        journeys = tables.journeys_from_point(51.5700, -3.0000, mode)
        assert set(journeys) == set(area.facilities)
        assert all(0 < journey.minutes < slowest for journey in journeys.values())


def test_an_area_pack_with_spoilt_roads_is_refused_by_name(newport_pack: Path) -> None:
    path = newport_pack / "newport.roads"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(AreaFault, match=r"newport\.roads.*checksum"):
        load_area(newport_pack)


def test_the_command_writes_a_file_and_says_what_it_holds(tmp_path: Path) -> None:
    extract, out = square().write(tmp_path / "town.osm"), tmp_path / "town.roads"
    result = CliRunner().invoke(build, [str(extract), "--out", str(out), "--ferries"])

    assert result.exit_code == 0, result.output
    assert "4 junctions, 8 directed edges from town.osm" in result.stdout
    assert "  residential: 1.4" in result.stdout
    assert "lines that no access leg crosses: none" in result.stdout
    assert "OpenStreetMap contributors" in result.stdout
    assert len(load_roads(out)) == 4


@pytest.mark.parametrize(
    ("text", "out", "words"),
    [
        ("<osm/>", "town.roads", "town.osm: "),
        ("", "town.npz", "must end in .roads"),
        (None, "none/town.roads", "cannot be written"),
    ],
)
def test_the_command_says_what_is_wrong(
    tmp_path: Path, text: str | None, out: str, words: str
) -> None:
    extract = square().write(tmp_path / "town.osm")
    if text is not None:
        extract.write_text(text)
    result = CliRunner().invoke(build, [str(extract), "--out", str(tmp_path / out)])

    assert result.exit_code == 1
    assert words in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["town.osm"]
