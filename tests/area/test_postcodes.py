"""Places by full postcode: however typed, exact where a file is loaded; spoilt files refused."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.support.postcodes import build_places, onspd
from waitless.area.bounds import Bounds
from waitless.area.pack import AreaFault, load_area
from waitless.area.places import Gazetteer, PlaceRow
from waitless.area.postcodefile import PlacesFault, load_postcodes, save_postcodes
from waitless.area.postcodes import Postcodes, key_of, split_postcode
from waitless.cli import main

BOUNDS = Bounds(south=50.0, west=-5.0, north=52.0, east=2.0)
OUTCODES = ("M1", "CT1", "CT11", "W1A", "EC1A")
ROWS = [PlaceRow(kind="outcode", name=name, lat=51.0, lon=1.0) for name in ("CT1", "CT11", "ME1")]
spacing = st.text(st.sampled_from(" \t\u00a0\u2009\u200b-."), max_size=3)


def lay_out(*codes: tuple[str, str, float, float]) -> Postcodes:
    keys = np.array([key_of(outcode, inward) for outcode, inward, _, _ in codes], dtype=np.uint64)
    lat, lon = (np.array([code[at] for code in codes]) for at in (2, 3))
    return Postcodes.lay_out("made up", BOUNDS, keys, lat, lon)


POSTCODES = lay_out(("CT1", "9AA", 51.28, 1.08), ("CT11", "9AA", 51.33, 1.42))
GAZETTEER = Gazetteer(ROWS, POSTCODES)


@given(
    outcode=st.sampled_from(OUTCODES),
    inward=st.from_regex(r"[0-9][A-Z]{2}", fullmatch=True),
    data=st.data(),
)
def test_a_postcode_is_understood_in_any_spacing_and_case(
    outcode: str, inward: str, data: st.DataObject
) -> None:
    letters = [
        data.draw(spacing) + data.draw(st.sampled_from((letter, letter.lower())))
        for letter in outcode + inward
    ]

    assert split_postcode("".join(letters) + data.draw(spacing)) == (outcode, inward)


@given(st.text(max_size=80))
def test_no_text_whatever_breaks_the_search(text: str) -> None:
    assert len(GAZETTEER.find(text)) <= 1
    assert set(GAZETTEER.list_choices(text)) <= {"CT1", "CT11", "ME1"}


def test_a_postcode_of_a_loaded_file_is_found_where_it_is() -> None:
    [place] = GAZETTEER.find("ct1 9aa")

    assert (place.lat, place.lon) == (51.28, 1.08)
    assert place.label == "CT1 (your postcode)"


def test_outcodes_of_which_one_begins_the_other_are_kept_apart() -> None:
    [place] = GAZETTEER.find("CT119AA")

    assert (place.lat, place.lon) == (51.33, 1.42)
    assert not POSTCODES.has_outcode("CT")
    assert not POSTCODES.has_outcode("CT111")


def test_an_unknown_postcode_of_a_loaded_outcode_is_not_guessed_at() -> None:
    assert GAZETTEER.find("CT1 9ZZ") == []
    assert GAZETTEER.list_choices("CT1 9ZZ") == ["CT1"]
    assert GAZETTEER.find("CT1") != []


def test_a_postcode_of_an_outcode_that_is_not_loaded_is_answered_by_the_outcode() -> None:
    [place] = GAZETTEER.find("me1 9aa")

    assert place.label == "ME1 (middle of the postcode district)"


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(OUTCODES), st.from_regex(r"[0-9][A-Z]{2}", fullmatch=True)),
        st.tuples(st.floats(50, 52), st.floats(-5, 2)),
        min_size=1,
        max_size=20,
    )
)
def test_every_postcode_laid_out_is_found_within_a_metre(
    points: dict[tuple[str, str], tuple[float, float]],
) -> None:
    postcodes = lay_out(*((*code, *point) for code, point in points.items()))

    for code, point in points.items():
        assert postcodes.find(*code) == pytest.approx(point, abs=0.6e-5)
    for outcode in OUTCODES:
        assert postcodes.has_outcode(outcode) == any(code[0] == outcode for code in points)


@pytest.fixture
def places(tmp_path: Path) -> Path:
    path = tmp_path / "made.places"
    save_postcodes(POSTCODES, path)
    return path


def test_what_is_saved_is_what_is_loaded(places: Path) -> None:
    loaded = load_postcodes(places, BOUNDS)

    assert loaded.find("CT1", "9AA") == (51.28, 1.08)
    assert (loaded.source, loaded.bounds) == ("made up", BOUNDS)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
def test_any_damage_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int, *, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("damage") / "made.places"
    save_postcodes(POSTCODES, path)
    data = bytearray(path.read_bytes())
    at %= len(data)
    if cut:
        del data[at:]
    else:
        data[at] ^= 1 << bit
    path.write_bytes(data)

    with pytest.raises(PlacesFault, match=r"made\.places"):
        load_postcodes(path, BOUNDS)


def rewrite(path: Path, body: bytes) -> None:
    """Give a body the right checksum."""
    path.write_bytes(path.read_bytes()[:8] + sha256(body).digest() + body)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"postcodes":2', b'"postcodes":1', "more than the head tells"),
        (b'"postcodes":2', b'"postcodes":9', "content"),
        (b'"postcodes":2', b'"postcodes":0', "no postcodes"),
        (b'"south":50.0', b'"south":51.3', "outside the bounds"),
        (b'"source"', b'"sauces"', "content"),
        (b"\x00\x00\x00{", b"\xff\xff\xff{", "a head longer than the file"),
        (b"AA9 1TC", b"AA9 1UC", "out of order"),
    ],
)
def test_what_is_impossible_in_itself_is_refused_though_the_checksum_is_right(
    places: Path, old: bytes, new: bytes, says: str
) -> None:
    body = places.read_bytes()[40:]
    assert old in body
    rewrite(places, body.replace(old, new, 1))

    with pytest.raises(PlacesFault, match=says):
        load_postcodes(places, BOUNDS)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"CT1 9AA", "not a places file"), (b"WLPLACE\x02" + b"\0" * 99, "build the file again")],
)
def test_another_kind_of_file_is_refused_by_name(places: Path, content: bytes, says: str) -> None:
    places.write_bytes(content)

    with pytest.raises(PlacesFault, match=says):
        load_postcodes(places, BOUNDS)


def test_a_file_of_a_smaller_area_is_refused(places: Path) -> None:
    wider = Bounds(south=49.0, west=-5.0, north=52.0, east=2.0)

    with pytest.raises(PlacesFault, match="bounds: built for"):
        load_postcodes(places, wider)


def name_in(pack: Path, file: str) -> None:
    area = pack / "area.toml"
    area.write_text(area.read_text().replace("roads =", f'postcodes = "{file}"\nroads =', 1))


def test_a_pack_names_its_file_which_is_built_for_it(plymouth_pack: Path) -> None:
    name_in(plymouth_pack, "plymouth.places")
    source = plymouth_pack / "onspd.csv"
    source.write_text(onspd([("PL1 9AA", "", 50.3712, -4.1534)]))

    done = build_places(source, plymouth_pack / "plymouth.places", str(plymouth_pack))
    [place] = load_area(plymouth_pack).places.find("pl19aa")

    assert done.exit_code == 0, done.output
    assert (place.lat, place.lon) == (50.3712, -4.1534)


def test_check_counts_the_postcodes_or_says_what_is_wrong(places: Path) -> None:
    setting = {"WAITLESS_PLACES_FILE": str(places)}
    sound = CliRunner().invoke(main, ["check"], env=setting)
    places.write_bytes(places.read_bytes()[:-1])
    spoilt = CliRunner().invoke(main, ["check"], env=setting)

    assert "2 full postcodes" in sound.output
    assert spoilt.exit_code == 1
    assert "places_file: " in spoilt.output
    assert "made.places: checksum" in spoilt.output


def test_a_pack_whose_file_is_not_there_is_refused_by_name(plymouth_pack: Path) -> None:
    name_in(plymouth_pack, "plymouth.places")

    with pytest.raises(AreaFault, match=r"area.toml: postcodes: .*plymouth\.places: file"):
        load_area(plymouth_pack)


def test_a_setting_stands_before_the_packs_own(plymouth_pack: Path, places: Path) -> None:
    name_in(plymouth_pack, "not-there.places")
    other = Bounds(south=50.15, west=-4.40, north=50.70, east=-3.60)
    assert BOUNDS.cover(other)

    area = load_area(plymouth_pack, places)

    assert area.places.find("CT1 9AA") != []
