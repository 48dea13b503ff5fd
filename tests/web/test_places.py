"""Asking by place, where full postcodes are loaded."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.postcodes import build_places, onspd
from tests.support.service import Patient, assert_problem, eventually, get_json, serving
from tests.web.conftest import READINGS, put
from waitless.app import Role, create_app
from waitless.area.pack import find_pack, load_area
from waitless.cell import cell_of
from waitless.settings import Settings
from waitless.store import Store
from waitless.travel.builder import MODES
from waitless.web.targets import Targets

PATH = "/v1/recommendations"


@pytest.fixture
def places(tmp_path: Path) -> Path:
    source, out = tmp_path / "onspd.csv", tmp_path / "kent.places"
    source.write_text(
        onspd([("CT14 9AA", "", 51.22301, 1.40017), ("CT14 9AB", "", 51.22304, 1.40020)])
    )
    assert build_places(source, out).exit_code == 0
    return out


@pytest.fixture
async def local(
    store: Store, redis_url: str, clock: FakeClock, places: Path
) -> AsyncIterator[Patient]:
    await put(store, *READINGS)
    settings = Settings(redis_url=redis_url, places_file=places)
    async with serving(create_app(settings, Role.API, now=clock)) as client:

        async def ready() -> bool:
            return (await client.get("/readyz")).status == 200

        await eventually(ready)
        yield client


@pytest.mark.parametrize("typed", ["CT14 9AA", "ct149aa", " Ct 1 4 9a A "])
async def test_a_full_postcode_is_answered_from_its_cell(local: Patient, typed: str) -> None:
    answer = await get_json(local, PATH, place=typed)

    cell = cell_of(51.22301, 1.40017)
    assert answer["origin"] == {
        "lat": cell.lat, "lon": cell.lon, "label": "CT14 (your postcode)"
    }  # fmt: skip
    assert "9AA" not in str(answer["origin"])


async def test_without_a_file_the_label_says_that_the_outcode_was_used(patient: Patient) -> None:
    answer = await get_json(patient, PATH, place="CT14 9AA")

    assert answer["origin"]["label"] == "CT14 (middle of the postcode district)"


async def test_an_unknown_postcode_is_refused_with_its_outcode_to_choose(local: Patient) -> None:
    problem = await assert_problem(
        await local.get(PATH, params={"place": "CT14 9ZZ"}), 400, "unknown_place"
    )

    assert problem["choices"] == ["CT14"]
    assert (await local.get(PATH, params={"place": problem["choices"][0]})).status == 200


async def test_the_page_offers_the_outcode_of_an_unknown_postcode(local: Patient) -> None:
    response = await local.get("/", params={"place": "CT14 9ZZ"})

    assert response.status == 400
    assert ">CT14</a>" in await response.text()


async def test_an_answer_to_a_full_postcode_stays_out_of_shared_caches_and_the_log(
    local: Patient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        full = await local.get(PATH, params={"place": "CT14 9AA"})
        outcode = await local.get(PATH, params={"place": "CT14"})
        await local.get(PATH, params={"place": "CT14 9ZZ"})

    assert full.headers["Cache-Control"].startswith("private")
    assert outcode.headers["Cache-Control"].startswith("public")
    assert "CT14" not in caplog.text
    assert "9AA" not in await full.text()


async def test_two_postcodes_of_one_cell_share_an_answer(local: Patient) -> None:
    one = await local.get(PATH, params={"place": "CT14 9AA"})
    other = await local.get(PATH, params={"place": "CT14 9AB"})

    assert one.headers["ETag"] == other.headers["ETag"]


@pytest.mark.parametrize("typed", ["CT14+9AA", "ct149aa", "CT%2014-9AA", "C%54149A%41"])
def test_a_query_with_a_full_postcode_is_not_kept(places: Path, typed: str) -> None:
    targets = Targets(load_area(find_pack("east-kent"), places), MODES, lambda: MONDAY_MORNING)

    targets.read(b"place=CT14")
    targets.read(f"place={typed}".encode())

    assert targets.keeps(b"place=CT14")
    assert not targets.keeps(f"place={typed}".encode())


def test_a_postcode_whose_outcode_ends_in_a_letter_is_not_kept_either(plymouth_pack: Path) -> None:
    rows = plymouth_pack / "places.toml"
    rows.write_text(rows.read_text().replace('"PL1"', '"W1A"'))
    targets = Targets(load_area(plymouth_pack), MODES, lambda: MONDAY_MORNING)

    question = targets.read(b"place=W1A+9AA")

    assert question.private
    assert not targets.keeps(b"place=W1A+9AA")
