"""`waitless places build`: published postcodes become an area's own file."""

import gzip
import subprocess
import sys
from math import cos, hypot, radians
from pathlib import Path

import pytest

from tests.support.postcodes import ONSPD_HEADER, build_places, code_point, onspd
from waitless.area.pack import Area, find_pack, load_area
from waitless.area.postcodefile import load_postcodes
from waitless.area.postcodes import Postcodes, split_postcode

ROWS = [
    ("CT1 9AA", "", 51.2801, 1.0802),
    ("ME1 9AA", "", 51.3803, 0.5004),
    ("CT1 9AB", "202001", 51.2805, 1.0806),
    ("BN1 9AA", "", 50.8200, -0.1400),
    ("JE2 9AA", "", 99.999999, 0.0),
]


def built(source: Path, area: Area, pack: str = "east-kent") -> Postcodes:
    out = source.parent / "built.places"
    done = build_places(source, out, pack)
    assert done.exit_code == 0, done.output
    return load_postcodes(out, area.bounds)


def distance_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    north, east = one[0] - other[0], (one[1] - other[1]) * cos(radians(one[0]))
    return hypot(north, east) * 111_195


def test_national_grid_positions_become_degrees(tmp_path: Path, east_kent: Area) -> None:
    # Caister water tower, the worked example of Ordnance Survey's "A guide to coordinate systems
    # in Great Britain": 52 39 28.8282 N, 1 42 57.8663 E.
    pack = tmp_path / "pack"
    pack.mkdir()
    text = (find_pack("east-kent") / "area.toml").read_text(encoding="utf-8")
    (pack / "area.toml").write_text(
        text.replace("north = 51.55, east = 1.50", "north = 53, east = 2"), encoding="utf-8"
    )
    source = tmp_path / "nr.csv"
    source.write_text(code_point("NR309ZZ", 651410, 313177))

    point = built(source, east_kent, str(pack)).find("NR30", "9ZZ")

    assert point is not None
    assert distance_m(point, (52 + 39 / 60 + 28.8282 / 3600, 1 + 42 / 60 + 57.8663 / 3600)) < 8


@pytest.mark.parametrize("spelt", ["CT1 9AA", "CT19AA", "CT1  9AA", "ct1 9aa"])
def test_a_sources_own_spacing_does_not_matter(tmp_path: Path, east_kent: Area, spelt: str) -> None:
    source = tmp_path / "ct.csv"
    source.write_text(code_point(spelt, 615000, 158000))

    assert built(source, east_kent).find("CT1", "9AA") is not None


def test_onspd_gives_those_in_use_within_the_area(tmp_path: Path, east_kent: Area) -> None:
    source = tmp_path / "onspd.csv"
    source.write_text(onspd(ROWS), encoding="utf-8-sig")

    done = build_places(source, tmp_path / "kent.places")
    postcodes = load_postcodes(tmp_path / "kent.places", east_kent.bounds)

    assert done.exit_code == 0, done.output
    assert postcodes.find("CT1", "9AA") == (51.2801, 1.0802)
    assert postcodes.find("ME1", "9AA") == (51.3803, 0.5004)
    assert len(postcodes.keys) == 2
    assert "2 postcodes of 5 (ONSPD: onspd.csv)" in done.output
    assert "1 no longer in use, first in onspd.csv line 4" in done.output
    assert "1 outside the area" in done.output
    assert "1 without a position, first in onspd.csv line 6" in done.output


@pytest.mark.parametrize("column", ["pcds", "pcd", "pcd7", "pcd2", "PCD8"])
def test_onspd_is_known_by_whichever_postcode_column_it_has(
    tmp_path: Path, east_kent: Area, column: str
) -> None:
    names = {"pcd": "", "pcd2": "", "pcds": column}
    header = [names.get(name, name) for name in ONSPD_HEADER]
    source = tmp_path / "onspd.csv"
    source.write_text(onspd(ROWS, header))

    assert built(source, east_kent).find("CT1", "9AA") == (51.2801, 1.0802)


def test_a_folder_is_read_whole_and_compressed_files_too(tmp_path: Path, east_kent: Area) -> None:
    folder = tmp_path / "CSV"
    folder.mkdir()
    (folder / "ct.csv").write_text(code_point("CT1 9AA", 615000, 158000))
    (folder / "me.csv.gz").write_bytes(
        gzip.compress(code_point("ME1 9AA", 574000, 168000).encode())
    )
    (folder / "notes.txt").write_text("not for us")

    postcodes = built(folder, east_kent)

    assert postcodes.has_outcode("CT1")
    assert postcodes.has_outcode("ME1")


def test_rows_that_cannot_be_used_are_counted_and_the_others_kept(
    tmp_path: Path, east_kent: Area
) -> None:
    source = tmp_path / "ct.csv"
    source.write_text(
        code_point("CT1 9AA", 615000, 158000)
        + code_point("CT1 9AB", 0, 0, quality=90)
        + code_point("CTX 9AC", 615000, 158000)
        + code_point("CT1 9AD", "east", 158000)
        + code_point("CT1 9AE", 9_615_000, 158000)
        + '"CT1 9AF",10,615000\r\n'
        + code_point("CT1 9AA", 616000, 158000)
    )

    done = build_places(source, tmp_path / "kent.places")
    postcodes = load_postcodes(tmp_path / "kent.places", east_kent.bounds)

    assert len(postcodes.keys) == 1
    for told in (
        "1 postcodes of 7",
        "1 without a position, first in ct.csv line 2",
        "1 not a postcode, first in ct.csv line 3",
        "2 a position that is none, first in ct.csv line 4",
        "1 of another number of columns, first in ct.csv line 6",
        "1 a postcode that stood before",
    ):
        assert told in done.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: of no known form"),
        (b"postcode,latitude,longitude\nCT1 9AA,51.28,1.08\n", "line 1: of no known form"),
        (b"pcds,lat,long\nCT1 9AA,51.28,1.08\n", "line 1: of no known form"),
        (code_point("BN1 9AA", 530000, 104000).encode(), "area in 1: 1 outside the area"),
        (code_point("CT1 9AA", "", "", 90).encode(), "area in 1: 1 without a position"),
        (code_point("CT1 9AA", 0, 0).encode(), "area in 1: 1 without a position"),
        (b"a,b,c,d,e,f,g,h,i,j\n", "area in 1: 1 a position that is none"),
        (onspd([]).encode(), "no postcode of the area in 0: no rows"),
        (onspd([("CT1 9AA", "", "nan", 1.08)]).encode(), "area in 1: 1 a position that is none"),
        (b"PK\x03\x04\x00\xff", "cannot be read"),
        (code_point("CT1 9AA", 1, 2).encode() + b'"CT1 9\xff"', "cannot be read"),
        (code_point("CT1 9AA", 1, 2).encode() + b'"CT1 9AB', "after line 1: cannot be read"),
    ],
)
def test_a_source_of_another_form_is_refused_by_name(
    tmp_path: Path, content: bytes, says: str
) -> None:
    source, out = tmp_path / "odd.csv", tmp_path / "kent.places"
    source.write_bytes(content)

    done = build_places(source, out)

    assert done.exit_code == 1
    assert "odd.csv" in done.output
    assert says in done.output
    assert not out.exists()


def test_a_compressed_source_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "ct.csv.gz"
    source.write_bytes(gzip.compress(code_point("CT1 9AA", 615000, 158000).encode())[:-9])

    done = build_places(source, tmp_path / "kent.places")

    assert done.exit_code == 1
    assert "cannot be read" in done.output


def test_files_of_two_forms_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(code_point("CT1 9AA", 615000, 158000))
    (tmp_path / "b.csv").write_text(onspd(ROWS))

    done = build_places(tmp_path, tmp_path / "kent.places")

    assert done.exit_code == 1
    assert "b.csv: line 1: ONSPD, but another is Code-Point Open" in done.output


def test_the_same_source_gives_the_same_file(tmp_path: Path) -> None:
    source = tmp_path / "onspd.csv"
    source.write_text(onspd(ROWS))
    for name in ("one.places", "two.places"):
        build_places(source, tmp_path / name)

    assert (tmp_path / "one.places").read_bytes() == (tmp_path / "two.places").read_bytes()


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    source = tmp_path / "onspd.csv"
    source.write_text(onspd(ROWS))

    done = build_places(source, tmp_path / "none" / "kent.places")

    assert done.exit_code == 1
    assert f"No such file or directory: '{tmp_path / 'none'}" in done.output


def test_an_area_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    source = tmp_path / "onspd.csv"
    source.write_text(onspd(ROWS))

    assert "no such shipped area" in build_places(source, tmp_path / "x.places", "mars").output


def test_a_name_of_another_kind_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "onspd.csv"
    source.write_text(onspd(ROWS))

    assert "must end in .places" in build_places(source, tmp_path / "kent.csv").output


def test_the_service_does_without_the_conversion() -> None:
    program = "import sys, waitless.app; sys.exit('pyproj' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_countys_postcodes_are_small_and_where_its_units_say_they_are(
    tmp_path: Path, shared_data: Path, east_kent: Area
) -> None:
    out = tmp_path / "kent.places"
    build_places(shared_data / "places" / "codepoint_open_2014-08_kent.csv.gz", out)

    area = load_area(find_pack("east-kent"), out)

    assert area.places.postcodes is not None
    assert len(area.places.postcodes.keys) > 60_000
    assert out.stat().st_size < 10e6
    found = 0
    for facility in east_kent.facilities.values():
        postcode = split_postcode(facility.postcode)
        point = postcode and area.places.postcodes.find(*postcode)
        if point:
            found += 1
            assert distance_m(point, (facility.lat, facility.lon)) < 1000, facility.id
    assert found >= 18  # postcodes of 2014: some units moved or were built since
