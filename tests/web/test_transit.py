"""By bus and train: `mode=transit`, as the patients' app meets it, and every mode at once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.service import Patient, assert_problem, eventually, get_json, serving
from tests.web.conftest import READINGS, put
from waitless.app import Role, create_app
from waitless.area.pack import Area
from waitless.settings import Settings
from waitless.store import Store
from waitless.travel.keep import TimetableKeeper

PATH = "/v1/recommendations"
MODES = ["drive", "walk", "cycle", "transit"]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def by_bus(patient: Patient, **more: object) -> Any:
    return await get_json(patient, PATH, mode="transit", **more)


async def test_a_journey_is_told_leg_by_leg(patient: Patient) -> None:
    answer = await by_bus(patient, place="Dover", limit=50)

    assert answer["destinations"]
    for one in answer["destinations"]:
        travel = one["travel"]
        legs = travel["legs"]
        assert travel["basis"] == "estimate"  # the shipped timetable is an approximation
        assert travel["distance_m"] is None
        assert instant(legs[0]["starts_at"]) == instant(answer["generated_at"])
        for leg, following in pairwise(legs):
            assert leg["ends_at"] == following["starts_at"]
        whole = instant(legs[-1]["ends_at"]) - instant(legs[0]["starts_at"])
        assert round(whole.total_seconds() / 60, 1) == travel["minutes"]
        rides = [leg["ride"] for leg in legs if leg["kind"] == "ride"]
        assert all(ride["line"] and ride["kind"] in {"bus", "rail"} for ride in rides)
        assert (travel["leaves_at"] is None) == (not rides)


async def test_who_misses_it_is_told_the_next(patient: Patient) -> None:
    answer = await by_bus(patient, place="Deal", limit=50)
    travel = next(one["travel"] for one in answer["destinations"] if one["travel"]["next"])

    missed = instant(travel["leaves_at"]) + timedelta(minutes=1)
    later = await by_bus(patient, place="Deal", limit=50, depart_at=f"{missed:%Y-%m-%dT%H:%M:%SZ}")

    place = next(one["facility"]["id"] for one in answer["destinations"] if one["travel"] is travel)
    (after,) = [one for one in later["destinations"] if one["facility"]["id"] == place]
    assert after["travel"]["legs"][-1]["ends_at"] >= travel["next"]["arrives_at"]


async def test_a_unit_across_the_county_may_lose_to_a_near_one(patient: Patient) -> None:
    """By car Margate is reached in time; by bus from Deal it is not worth it."""
    driving = await get_json(patient, PATH, place="CT14", limit=50)
    riding = await by_bus(patient, place="CT14", limit=50)

    minutes = {
        mode: {one["facility"]["id"]: one["travel"]["minutes"] for one in answer["destinations"]}
        for mode, answer in {"drive": driving, "transit": riding}.items()
    }
    assert riding["destinations"][0]["facility"]["id"] == "deal-utc"
    assert all(
        minutes["transit"][one] > minutes["drive"][one]
        for one in minutes["transit"].keys() & minutes["drive"].keys() - {"deal-utc"}
    )


async def test_at_night_there_are_no_more_journeys_and_the_first_is_told(
    patient: Patient,
) -> None:
    answer = await by_bus(patient, place="Sandwich", depart_at="2026-11-23T23:50:00Z")

    none = [one for one in answer["excluded"] if one["reason"] == "no_more_journeys"]
    assert none
    assert all("The first of the next day leaves at" in one["text"] for one in none)


async def test_hours_are_those_of_the_arrival_by_bus(patient: Patient) -> None:
    """Deal closes at 20:00: by car one comes in time, by bus from Canterbury one does not."""
    asked = {"place": "Canterbury", "limit": 50, "depart_at": "2026-11-23T19:15:00Z"}
    driving = await get_json(patient, PATH, **asked)
    riding = await by_bus(patient, **asked)

    by_car, by_transit = (
        {one["facility_id"]: one["reason"] for one in answer["excluded"]}
        for answer in (driving, riding)
    )
    assert by_car.get("deal-utc") != "closed_on_arrival"
    assert by_transit["deal-utc"] == "closed_on_arrival"


async def test_every_mode_comes_in_one_answer(patient: Patient) -> None:
    compared = await get_json(patient, "/v1/comparison", place="CT14", need="wound", limit=2)

    assert [one["mode"] for one in compared["answers"]] == MODES
    for answer in compared["answers"]:
        alone = await get_json(
            patient, PATH, place="CT14", need="wound", limit=2, mode=answer["mode"]
        )
        assert answer == alone
    assert compared["valid_until"] == min(one["valid_until"] for one in compared["answers"])


async def test_a_comparison_is_tagged_and_not_sent_twice(patient: Patient) -> None:
    first = await patient.get("/v1/comparison", params={"place": "CT14"})
    again = await patient.get(
        "/v1/comparison", params={"place": "CT14"}, headers={"If-None-Match": first.headers["ETag"]}
    )
    by_position = await patient.get("/v1/comparison", params={"lat": "51.22", "lon": "1.4"})

    assert again.status == 304
    assert first.headers["Cache-Control"].startswith("public")
    assert by_position.headers["Cache-Control"].startswith("private")


async def test_a_comparison_takes_no_mode(patient: Patient) -> None:
    response = await patient.get("/v1/comparison", params={"place": "CT14", "mode": "walk"})

    await assert_problem(response, 400, "unknown_parameter")


@pytest.fixture
async def without_timetable(
    store: Store, redis_url: str, clock: FakeClock, plymouth_pack: Path
) -> AsyncIterator[Patient]:
    await put(store, *READINGS)
    settings = Settings(redis_url=redis_url, area=str(plymouth_pack))
    async with serving(create_app(settings, Role.API, now=clock)) as client:

        async def ready() -> bool:
            return (await client.get("/healthz")).status == 200

        await eventually(ready)
        yield client


async def test_where_there_is_no_timetable_the_mode_is_refused(without_timetable: Patient) -> None:
    response = await without_timetable.get(PATH, params={"place": "PL1", "mode": "transit"})
    compared = await get_json(without_timetable, "/v1/comparison", place="PL1")

    assert "transit" not in (await assert_problem(response, 400, "mode_unavailable"))["detail"][20:]
    assert [one["mode"] for one in compared["answers"]] == MODES[:3]


async def test_the_days_roll_on_and_what_is_held_already_stays(
    east_kent: Area, clock: FakeClock
) -> None:
    keeper = TimetableKeeper(east_kent, now=clock)
    await keeper.start()
    first = keeper.tables
    await keeper.look()
    assert keeper.tables is first

    clock.move(hours=13)  # 23:00
    await keeper.look()
    evening = keeper.tables
    clock.move(hours=2)
    await keeper.look()

    assert first is not None
    assert evening is not None
    assert keeper.tables is not None
    days = [MONDAY_MORNING.date() + timedelta(days=ahead) for ahead in range(3)]
    assert [*first.days] == days[:2]
    assert [*evening.days] == days
    assert [*keeper.tables.days] == days[1:]
    assert keeper.tables.days[days[1]] is first.days[days[1]]


def test_every_mode_has_a_word_in_the_contract() -> None:
    assert [mode.value for mode in Mode] == MODES
