"""The timetable of a pack: named by it or by a setting, and every fault told."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.gtfs import Tables, small_feed, write_feed
from waitless.area.pack import AreaFault, load_area
from waitless.cli import main

PLYMOUTH_STOPS = (
    "stop_id,stop_name,stop_lat,stop_lon\nS,S,50.37,-4.1\nM,M,50.39,-4.1\nN,N,50.41,-4.1\n"
)


def plymouth_feed(zone: str = "Europe/London") -> Tables:
    tables = small_feed() | {"stops.txt": PLYMOUTH_STOPS}
    return tables | {"agency.txt": tables["agency.txt"].replace("Europe/London", zone)}


def name_in(pack: Path, lines: str) -> None:
    area = pack / "area.toml"
    area.write_text(area.read_text().replace("roads =", f"{lines}\nroads =", 1))


def lay_in(pack: Path, tables: Tables) -> None:
    """Give a pack a folder of tables, named in it."""
    (pack / "transit").mkdir()
    for name, text in tables.items():
        (pack / "transit" / name).write_text(text)
    name_in(pack, 'timetable = "transit"')


def build(tables: Tables, folder: Path) -> Path:
    out = folder / "built.transit"
    source = write_feed(tables, folder / "feed.zip")
    done = CliRunner().invoke(main, ["transit", "build", str(source), "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


def test_a_pack_that_names_none_has_none(plymouth_pack: Path) -> None:
    assert load_area(plymouth_pack).timetable is None


def test_a_pack_names_a_folder_of_tables(plymouth_pack: Path) -> None:
    lay_in(plymouth_pack, plymouth_feed())

    timetable = load_area(plymouth_pack).timetable

    assert timetable is not None
    assert not timetable.approximate
    assert timetable.gtfs.trip_ids == ("t8", "t9")


def test_a_pack_says_that_its_timetable_is_an_approximation(plymouth_pack: Path) -> None:
    lay_in(plymouth_pack, plymouth_feed())
    name_in(plymouth_pack, "timetable_approximate = true")

    timetable = load_area(plymouth_pack).timetable

    assert timetable is not None
    assert timetable.approximate


def test_a_pack_names_a_built_file(plymouth_pack: Path) -> None:
    build(plymouth_feed(), plymouth_pack)
    name_in(plymouth_pack, 'timetable = "built.transit"')

    timetable = load_area(plymouth_pack).timetable

    assert timetable is not None
    assert timetable.gtfs.stop_names == ("S", "M", "N")


def test_a_setting_stands_before_the_packs_own_and_is_no_approximation(
    plymouth_pack: Path, tmp_path: Path
) -> None:
    name_in(plymouth_pack, 'timetable = "not-there"\ntimetable_approximate = true')

    timetable = load_area(plymouth_pack, None, build(plymouth_feed(), tmp_path)).timetable

    assert timetable is not None
    assert not timetable.approximate


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        (plymouth_feed("Europe/Paris"), "transit: keeps the zone Europe/Paris, .* Europe/London"),
        (small_feed(), "transit: none of its 3 stops is within the area"),
        ({"agency.txt": "agency_timezone\nEurope/London\n"}, "transit: has no stops.txt"),
        (
            plymouth_feed() | {"routes.txt": "route_id,route_type\n"},
            "transit: no trip can be used: .*trips.txt:2: dangling_id",
        ),
        (plymouth_feed() | {"stops.txt": "stop_id\n"}, "stops.txt:1: has no column stop_lat"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_with_its_place(
    plymouth_pack: Path, tables: Tables, says: str
) -> None:
    lay_in(plymouth_pack, tables)

    with pytest.raises(AreaFault, match=f"^area.toml: timetable: .*{says}"):
        load_area(plymouth_pack)


def test_a_timetable_that_is_not_there_is_told_beside_other_faults(plymouth_pack: Path) -> None:
    name_in(plymouth_pack, 'timetable = "nowhere"')
    (plymouth_pack / "places.toml").unlink()

    with pytest.raises(AreaFault) as fault:
        load_area(plymouth_pack)

    told = "\n".join(fault.value.faults)
    assert "area.toml: timetable: " in told
    assert "nowhere: cannot be opened" in told
    assert "places.toml" in told


def test_an_approximation_of_nothing_is_a_fault(plymouth_pack: Path) -> None:
    name_in(plymouth_pack, "timetable_approximate = true")

    with pytest.raises(AreaFault, match=r"there is no timetable - at `\$.timetable_approximate`"):
        load_area(plymouth_pack)


def test_check_counts_what_the_timetable_holds_or_says_what_is_wrong(
    plymouth_pack: Path, tmp_path: Path
) -> None:
    tables = plymouth_feed()
    tables["trips.txt"] += "r,nowhere,t10,North\n"
    tables["calendar.txt"] = tables["calendar.txt"].replace("20261231", "20991231")
    built = build(tables, tmp_path)
    settings = {"WAITLESS_AREA": str(plymouth_pack), "WAITLESS_TIMETABLE_FILE": str(built)}

    sound = CliRunner().invoke(main, ["check"], env=settings)
    built.write_bytes(built.read_bytes()[:-1])
    spoilt = CliRunner().invoke(main, ["check"], env=settings)

    assert sound.exit_code == 0, sound.output
    assert (
        "timetable: 3 stops, 1 lines and 2 trips until 2099-12-31, 1 rows refused" in sound.output
    )
    assert spoilt.exit_code == 1
    assert "runs any more" not in sound.output
    assert "timetable_file: " in spoilt.output
    assert "built.transit: its checksum does not match" in spoilt.output


def test_check_notes_a_timetable_that_has_run_out(plymouth_pack: Path) -> None:
    tables = plymouth_feed()
    tables["calendar.txt"] = tables["calendar.txt"].replace("20261231", "20260201")
    lay_in(plymouth_pack, tables)

    done = CliRunner().invoke(main, ["check"], env={"WAITLESS_AREA": str(plymouth_pack)})

    assert done.exit_code == 0, done.output
    assert "until 2026-02-01" in done.output
    assert "note: nothing in the timetable runs any more" in done.output
