"""`GET /v1/recommendations`, as the patients' app meets it."""

import asyncio
import logging
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.service import Patient, assert_problem, eventually, get_json
from tests.web.conftest import put
from waitless.area.pack import Area
from waitless.board import Board
from waitless.cell import cell_of
from waitless.reading import apply_observation
from waitless.recommend.query import Query
from waitless.store import Store
from waitless.web.parse import PARAMETERS, parse_query, single_values
from waitless.web.problems import RequestRefused
from waitless.web.recommendations import as_of_last_change

PATH = "/v1/recommendations"
MODES = frozenset({Mode.DRIVE, Mode.WALK, Mode.CYCLE})


async def test_the_answer_has_the_contracts_fields(patient: Patient) -> None:
    answer = await get_json(patient, PATH, place="CT14", need="wound", age=34, limit=3)

    assert list(answer) == [
        "generated_at", "valid_until", "area", "data", "degraded", "epoch", "origin", "depart_at",
        "mode", "need", "advice", "destinations", "not_shown", "excluded",
    ]  # fmt: skip
    assert (answer["area"], answer["data"], answer["degraded"]) == ("east-kent", "live", False)
    assert answer["generated_at"].endswith("Z")
    assert answer["origin"]["label"] == "CT14"
    first = answer["destinations"][0]
    assert first["facility"]["id"] == "deal-utc"
    assert first["facility"]["open_until"] == "2026-11-23T20:00:00Z"
    assert first["travel"]["basis"] == "usual"
    assert first["wait"]["now"]["minutes"] == 22
    assert first["wait"]["now"]["age_seconds"] == 240
    assert first["wait"]["when_seen"]["basis"] == "posted"
    assert first["wait"]["feed_state"] == "live"
    total, travel, wait = first["total"], first["travel"], first["wait"]["when_seen"]
    assert abs(total["mean"] - travel["minutes"] - wait["mean"]) <= 1


async def test_a_position_is_rounded_to_its_cell_before_it_is_answered(patient: Patient) -> None:
    precise = await get_json(patient, PATH, lat=51.22301234, lon=1.40017654)
    nearby = await get_json(patient, PATH, lat=51.22309999, lon=1.40009999)

    assert precise["origin"] == nearby["origin"]
    assert precise["origin"]["lat"] == round(cell_of(51.223, 1.4).lat, 4)
    assert "51.22301234" not in str(precise)


async def test_no_position_reaches_the_log(
    patient: Patient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await get_json(patient, PATH, lat=51.22301234, lon=1.40017654)
        await patient.get(PATH, params={"lat": "51.22301234", "lon": "boom"})
        await patient.get("/", params={"place": "CT1 3NG"})

    assert "51.22" not in caplog.text
    assert "CT1" not in caplog.text
    assert PATH in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        b"GET /v1/recommendations?lat=51.28017\xff&lon=1.38 HTTP/1.1",
        b"GET /v1/recommendations?place=CT14 7AB HTTP/1.1",
        b"GET /v1/recommendations?lat=51.28017&lon=1.38 HTTP/9.9",
        b"GET /v1/recommendations?place=CT14" + b"x" * 20_000 + b" HTTP/1.1",
    ],
)
async def test_no_position_of_a_broken_request_reaches_the_log(
    patient: Patient, caplog: pytest.LogCaptureFixture, line: bytes
) -> None:
    with caplog.at_level(logging.DEBUG):
        reader, writer = await asyncio.open_connection("127.0.0.1", patient.port)
        writer.write(line + b"\r\nHost: here\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
        await writer.wait_closed()

    # The test server's own access log; the service has none but `waitless.access`.
    records = [record for record in caplog.records if record.name != "aiohttp.access"]
    shown = "\n".join(logging.Formatter().format(record) for record in records)
    assert "aiohttp.server" in [record.name for record in records]
    assert "51.28" not in shown
    assert "CT14" not in shown
    assert "127.0.0.1" not in shown


async def test_an_answer_to_a_position_stays_out_of_shared_caches(patient: Patient) -> None:
    by_position = await patient.get(PATH, params={"lat": "51.22", "lon": "1.4"})
    by_place = await patient.get(PATH, params={"place": "CT14"})

    assert by_position.headers["Cache-Control"].startswith("private")
    assert by_place.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ({}, "missing_origin", None),
        ({"lat": "51.2"}, "missing_origin", None),
        ({"place": ""}, "missing_origin", None),
        ({"place": "CT1", "lat": "51.2", "lon": "1.1"}, "two_origins", None),
        ({"lat": "north", "lon": "1.1"}, "bad_coordinates", "lat"),
        ({"lat": "nan", "lon": "1.1"}, "bad_coordinates", "lat"),
        ({"lat": "inf", "lon": "1.1"}, "bad_coordinates", "lat"),
        ({"lat": "1e400", "lon": "1.1"}, "bad_coordinates", "lat"),
        ({"lat": "51.2", "lon": "٣"}, "bad_coordinates", "lon"),
        ({"lat": "48.85", "lon": "2.35"}, "outside_area", "lat"),
        ({"lat": "1.1", "lon": "51.2"}, "outside_area", "lat"),
        ({"place": "Atlantis"}, "unknown_place", "place"),
        ({"place": "Minster"}, "ambiguous_place", "place"),
        ({"place": "CT1", "mode": "broomstick"}, "unknown_mode", "mode"),
        ({"place": "CT1", "need": "sleep"}, "unknown_need", "need"),
        ({"place": "CT1", "age": "-1"}, "bad_age", "age"),
        ({"place": "CT1", "age": "131"}, "bad_age", "age"),
        ({"place": "CT1", "age": "4.5"}, "bad_age", "age"),
        ({"place": "CT1", "limit": "0"}, "bad_limit", "limit"),
        ({"place": "CT1", "limit": "51"}, "bad_limit", "limit"),
        ({"place": "CT1", "colour": "red"}, "unknown_parameter", "colour"),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_name(
    patient: Patient, query: dict[str, str], code: str, parameter: str | None
) -> None:
    response = await patient.get(PATH, params=query)

    document = await assert_problem(response, 400, code)
    assert document.get("parameter") == parameter


async def test_swapped_coordinates_are_told_to_look_swapped(patient: Patient) -> None:
    document = await assert_problem(
        await patient.get(PATH, params={"lat": "1.1", "lon": "51.2"}), 400, "outside_area"
    )

    assert "swapped" in document["detail"]


async def test_a_name_of_two_places_offers_both(patient: Patient) -> None:
    document = await assert_problem(
        await patient.get(PATH, params={"place": "minster"}), 400, "ambiguous_place"
    )

    assert len(document["choices"]) == 2
    for choice in document["choices"]:
        await get_json(patient, PATH, place=choice)


async def test_a_parameter_given_twice_is_refused(patient: Patient) -> None:
    response = await patient.get(PATH, params=[("place", "CT1"), ("place", "CT2")])

    await assert_problem(response, 400, "repeated_parameter")


async def test_an_over_long_query_is_refused(patient: Patient) -> None:
    await assert_problem(
        await patient.get(PATH, params={"place": "x" * 2000}), 414, "query_too_long"
    )


async def test_an_unchanged_answer_is_not_sent_again(patient: Patient) -> None:
    first = await patient.get(PATH, params={"place": "CT14"})
    again = await patient.get(
        PATH, params={"place": "CT14"}, headers={"If-None-Match": first.headers["ETag"]}
    )

    assert again.status == 304
    assert await again.read() == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "max-age=5" in first.headers["Cache-Control"]


async def test_no_answer_shows_or_keeps_a_wait_past_its_thirty_minutes(
    patient: Patient, store: Store, clock: FakeClock
) -> None:
    await put(store, observation("deal-utc", 25, as_of=clock() - timedelta(seconds=237.5)))

    async def told() -> float | None:
        answer = await get_json(patient, PATH, place="CT14")
        [deal] = [one for one in answer["destinations"] if one["facility"]["id"] == "deal-utc"]
        return deal["wait"] and deal["wait"]["now"]["minutes"]

    async def is_told() -> bool:
        return await told() == 25

    await eventually(is_told)
    clock.move(minutes=26, seconds=1)
    for path in (PATH, "/v1/facilities", "/v1/facilities/deal-utc"):
        query = {"place": "CT14"} if path == PATH else {}
        kept = await patient.get(path, params=query)
        assert "max-age=1," in kept.headers["Cache-Control"]
    clock.move(seconds=1.5)
    assert await told() == 25
    clock.move(microseconds=1)
    assert await told() is None


@given(
    st.lists(st.integers(0, 40 * 60 * 10), max_size=5),
    st.integers(0, 10**7),
)
def test_the_instant_of_an_answer_agrees_with_now_on_every_wait(
    ages: list[int], ahead: int
) -> None:
    now = MONDAY_MORNING + timedelta(microseconds=ahead)
    readings = {
        str(age): apply_observation(
            None, observation("deal-utc", 5, as_of=MONDAY_MORNING - timedelta(seconds=age / 10))
        )
        for age in ages
    }

    instant = as_of_last_change(Board(epoch=1, readings=readings), now)

    assert timedelta(0) <= now - instant < timedelta(seconds=5)
    for reading in readings.values():
        assert reading.live_wait(instant) == reading.live_wait(now)


async def test_a_changed_board_changes_the_answer_and_its_etag(
    patient: Patient, store: Store, clock: FakeClock
) -> None:
    before = await patient.get(PATH, params={"place": "CT14"})

    await put(store, observation("deal-utc", 200, as_of=clock()))

    async def changed() -> bool:
        answer = await get_json(patient, PATH, place="CT14")
        return bool(answer["destinations"][0]["facility"]["id"] != "deal-utc")

    await eventually(changed)
    after = await patient.get(
        PATH, params={"place": "CT14"}, headers={"If-None-Match": before.headers["ETag"]}
    )
    assert after.status == 200


async def test_a_request_id_is_mirrored_when_it_is_harmless(patient: Patient) -> None:
    given = await patient.get("/healthz", headers={"X-Request-ID": "abc-123"})
    made_up = await patient.get("/healthz", headers={"X-Request-ID": "a b<script>"})

    assert given.headers["X-Request-ID"] == "abc-123"
    assert made_up.headers["X-Request-ID"] != "a b<script>"


@given(
    st.lists(
        st.tuples(
            st.sampled_from((*PARAMETERS, "x")),
            st.one_of(
                st.text(max_size=12),
                st.sampled_from(["CT1", "51.2", "1.1", "drive", "wound", "30", "nan", "-0", "+51"]),
            ),
        ),
        max_size=6,
    )
)
def test_any_query_is_understood_or_refused(east_kent: Area, query: list[tuple[str, str]]) -> None:
    try:
        parsed = parse_query(
            single_values(MultiDict(query), PARAMETERS), east_kent, MODES, MONDAY_MORNING
        )
    except RequestRefused as refused:
        assert refused.detail  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(parsed, Query)
        assert east_kent.bounds.contain(parsed.origin.lat, parsed.origin.lon)
