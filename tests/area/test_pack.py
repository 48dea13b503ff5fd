"""Area packs: the shipped one is sound, and every fault names its file, row and field."""

from pathlib import Path

import pytest

from routing.modes import Mode
from tests.conftest import DATA
from waitless.area.facility import Kind, Need
from waitless.area.pack import Area, AreaFault, find_pack, load_area
from waitless.travel import TravelBuilder


def test_the_shipped_pack_has_every_open_unit_of_kent_and_medway(east_kent: Area) -> None:
    kinds = [facility.kind for facility in east_kent.facilities.values()]

    assert len(kinds) == 22
    assert kinds.count(Kind.ED) == 6
    assert kinds.count(Kind.UTC) == 14
    assert kinds.count(Kind.MIU) == 2


def test_an_injury_and_a_fracture_can_be_treated_in_more_places_than_one(east_kent: Area) -> None:
    for need in Need:
        assert sum(need in one.treats for one in east_kent.facilities.values()) >= 2, need


def test_every_facility_can_be_reached_from_every_place_by_car(east_kent: Area) -> None:
    travel = TravelBuilder(east_kent, 720).build()
    inside = [p for p in east_kent.places.list_places() if east_kent.bounds.contain(p.lat, p.lon)]

    assert len(inside) > 200
    for place in inside:
        journeys = travel.journeys_from_point(place.lat, place.lon, Mode.DRIVE)
        assert set(journeys) == set(east_kent.facilities), place.label
        assert all(0 < journey.minutes < 130 for journey in journeys.values()), place.label


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("CT1", "CT1"),
        ("ct1", "CT1"),
        (" ct 14 ", "CT14"),
        ("CT1 3NG", "CT1 (middle of the postcode district)"),
        ("ct13ng", "CT1 (middle of the postcode district)"),
        ("CT13", "CT13"),
        ("canterbury", "Canterbury"),
        ("HERNE  BAY", "Herne Bay"),
        ("hernebay", "Herne Bay"),
        ("C\u00e1nterbury.", "Canterbury"),
        ("CT1-3NG", "CT1 (middle of the postcode district)"),
    ],
)
def test_a_place_is_found_however_it_is_typed(east_kent: Area, typed: str, label: str) -> None:
    assert [place.label for place in east_kent.places.find(typed)] == [label]


def test_a_name_of_two_places_gives_both(east_kent: Area) -> None:
    assert len(east_kent.places.find("Minster")) == 2


@pytest.mark.parametrize("typed", ["", "XX1", "Atlantis", "CT99 9ZZ", "'; DROP TABLE", "💥"])
def test_an_unknown_place_gives_none(east_kent: Area, typed: str) -> None:
    assert east_kent.places.find(typed) == []


def test_another_area_needs_no_change_of_code() -> None:
    area = load_area(DATA / "plymouth")

    journeys = TravelBuilder(area, 720).build().journeys_from_point(50.3700, -4.1500, Mode.DRIVE)

    assert area.id == "plymouth"
    assert [feed.id for feed in area.feeds] == ["plymouth-page"]
    assert journeys["cumberland-centre-utc"].minutes < journeys["tavistock-miu"].minutes


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("area.toml", 'zone = "Europe/London"', 'zone = "Mars"', ["area.toml", "$.zone"]),
        ("area.toml", "north = 50.70", "north = 50.00", ["area.toml", "$.bounds"]),
        ("area.toml", "attribution", "atribution", ["area.toml", "atribution"]),
        ("facilities.toml", 'kind = "miu"', 'kind = "mue"', ["facility 3 (tavistock-miu)", "kind"]),
        ("facilities.toml", "lat = 50.36999", "lat = -4.16884", ["facility 2", "$.lat"]),
        ("facilities.toml", '"wound"', '"wounds"', ["facility 1 (derriford-ed)", "$.treats"]),
        ("facilities.toml", "08:00-22:00", "8am-10pm", ["facility 3", "$.hours"]),
        ("facilities.toml", 'id = "tavistock-miu"', 'id = "derriford-ed"', ["facility 3", "twice"]),
        ("facilities.toml", "xray = true", "xray = false", ["facility 1", "$.xray_hours"]),
        ("facilities.toml", 'kind = "ed"', 'kind = "ed"\ncolour = 1', ["facility 1", "colour"]),
        ("places.toml", 'kind = "town"', 'kind = "city"', ["place 2 (Yelverton)", "$.kind"]),
        ("places.toml", "lat = 50.4930", "lat = nan", ["place 2 (Yelverton)", "$.lat"]),
        ("feeds/plymouth.toml", "cadence_s = 300", 'cadence_s = "5"', ["plymouth.toml", "cadence"]),
        ("feeds/plymouth.toml", '= "tavistock-miu"', '= "nowhere"', ["plymouth.toml", "nowhere"]),
        ("roads.geojsonl", '"id": "city"', '"id": "town"', ["roads.geojsonl"]),
    ],
)
def test_a_fault_names_its_file_row_and_field(
    plymouth_pack: Path, file: str, old: str, new: str, says: list[str]
) -> None:
    path = plymouth_pack / file
    sound = path.read_text()
    path.write_text(sound.replace(old, new, 1))
    assert path.read_text() != sound

    with pytest.raises(AreaFault) as fault:
        load_area(plymouth_pack)

    for words in (file.rsplit("/", maxsplit=1)[-1], *says):
        assert words in str(fault.value)


@pytest.mark.parametrize("name", ["plymouth-page", "uhp", "mqtt"])
def test_feeds_and_providers_share_one_list_of_names(plymouth_pack: Path, name: str) -> None:
    text = (plymouth_pack / "feeds" / "plymouth.toml").read_text()
    twin = text.replace('id = "plymouth-page"', f'id = "{name}"')
    (plymouth_pack / "feeds" / "twin.toml").write_text(twin)

    with pytest.raises(AreaFault, match=f"the id '{name}' stands twice"):
        load_area(plymouth_pack)


@pytest.mark.parametrize("name", ["ingest", "mqtt", "probe", "traffic"])
def test_a_provider_has_no_name_that_would_open_more_than_its_own(
    plymouth_pack: Path, name: str
) -> None:
    facilities = plymouth_pack / "facilities.toml"
    facilities.write_text(facilities.read_text().replace('"uhp"', f'"{name}"'))

    with pytest.raises(AreaFault, match=f"no provider may be called '{name}'"):
        load_area(plymouth_pack)


def test_every_fault_is_told_at_once(plymouth_pack: Path) -> None:
    facilities = plymouth_pack / "facilities.toml"
    facilities.write_text(facilities.read_text().replace('kind = "', 'kind = "x'))
    (plymouth_pack / "places.toml").unlink()

    with pytest.raises(AreaFault) as fault:
        load_area(plymouth_pack)

    told = "\n".join(fault.value.faults)
    assert told.count("facilities.toml: facility") == 3
    assert "places.toml" in told


def test_an_area_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(AreaFault, match="west-kent"):
        find_pack("west-kent")
