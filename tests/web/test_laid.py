"""The directory, feeds and documents as ready bytes: the same bytes, forms, tags and ages."""

import gzip
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from feeds.model import FacilityStatus, NoFigure, Wait
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.messages import observation
from tests.support.service import Patient, eventually, get_json
from tests.web.conftest import put
from waitless.answers.doors import LAID_OUT_FOR, lay_out_openings
from waitless.answers.instants import render
from waitless.area.pack import Area
from waitless.board import Board
from waitless.health import FeedHealth, SwitchedOff
from waitless.reading import Reading, apply_observation
from waitless.store import Store
from waitless.store.store import HISTORY_PAGE
from waitless.web.answers import FacilityCollection, History
from waitless.web.features import Features, feature_of
from waitless.web.readings import reading_card

POLLED = ["/v1/facilities", "/v1/facilities/deal-utc", "/v1/feeds", "/v1/feeds/kcht"]
DOCUMENTS = ["/openapi.json", "/docs"]
minutes_back = st.floats(0, 100).map(lambda minutes: timedelta(minutes=minutes))
ticks = st.integers(0, 400 * 24 * 720).map(lambda n: MONDAY_MORNING + timedelta(seconds=5 * n))


@st.composite
def boards(draw: st.DrawFn, now: datetime, facility_ids: list[str]) -> Board:
    readings = {}
    for facility_id in draw(st.sets(st.sampled_from(facility_ids))):
        as_of = now - draw(minutes_back)
        readings[facility_id] = Reading(
            facility_id=facility_id,
            feed_id="kcht",
            as_of=as_of,
            received_at=as_of,
            wait=draw(
                st.one_of(st.sampled_from(NoFigure), st.builds(Wait, minutes=st.integers(0, 300)))
            ),
            wait_as_of=draw(st.sampled_from([as_of, None])),
            patients_waiting=draw(st.sampled_from([None, 0, 7])),
            status=draw(st.sampled_from([None, *FacilityStatus])),
            status_as_of=as_of,
            simulated=draw(st.booleans()),
        )
    kcht = FeedHealth(id="kcht", transport="mqtt", cadence_s=300, connected=True)
    kcht.told_at = kcht.last_measured_at = now - draw(minutes_back) / 200
    if draw(st.booleans()):
        kcht.off = SwitchedOff(by="x", why="y", at=now, until=now + timedelta(seconds=3))
    return Board(
        epoch=1, readings=MappingProxyType(readings), feeds=MappingProxyType({"kcht": kcht})
    )


@hypothesis_settings(max_examples=100, deadline=None)
@given(data=st.data(), tick=ticks, later=st.sampled_from([0, 4.999999, 3600, 7 * 3600]))
def test_features_have_the_bytes_of_the_types(
    east_kent: Area, data: st.DataObject, tick: datetime, later: float
) -> None:
    board = data.draw(boards(tick, list(east_kent.facilities)))
    features = Features(east_kent)
    features.sheet(board, tick)

    sheet = features.sheet(board, tick + timedelta(seconds=later))

    plain = {
        one.id: feature_of(one, board, east_kent.calendar, sheet.now)
        for one in east_kent.facilities.values()
    }
    collection = FacilityCollection(
        east_kent.id,
        "simulated" if board.simulated else "live",
        east_kent.attribution,
        list(plain.values()),
    )
    assert sheet.collection().body == render(collection)
    for one in east_kent.facilities.values():
        assert sheet.one(one).body == render(plain[one.id])


@pytest.mark.parametrize("start", ["2026-12-24T21:00Z", "2026-10-24T22:00Z", "2027-03-27T23:00Z"])
def test_openings_say_what_the_calendar_says_minute_by_minute(east_kent: Area, start: str) -> None:
    """Over a holiday, and over both nights on which clocks change."""
    now, calendar = datetime.fromisoformat(start), east_kent.calendar
    openings = lay_out_openings(east_kent.facilities, calendar, now)

    for minute in range(int(LAID_OUT_FOR.total_seconds()) // 60):
        at = now + timedelta(minutes=minute)
        for one in east_kent.facilities.values():
            told = openings.find(one.id, at)
            assert told == (calendar.is_open(one.hours, at), calendar.find_closing(one.hours, at))


@pytest.mark.parametrize("path", [*POLLED, *DOCUMENTS])
async def test_a_body_that_the_client_has_is_not_sent_again(patient: Patient, path: str) -> None:
    first = await patient.get(path)
    again = await patient.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status, again.status) == (200, 304)
    assert await again.read() == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


@pytest.mark.parametrize("path", [*POLLED, *DOCUMENTS])
async def test_a_client_that_takes_gzip_is_sent_the_same_body_smaller(
    patient: Patient, path: str
) -> None:
    plain = await patient.get(path, headers={"Accept-Encoding": "identity"})
    async with patient.session.get(
        patient.make_url(path), headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as small:
        packed = await small.read()

    assert small.headers["Content-Encoding"] == "gzip"
    assert small.headers["Vary"] == "Accept-Encoding"
    assert small.headers["ETag"] != plain.headers["ETag"]
    assert small.headers["Content-Type"] == plain.headers["Content-Type"]
    assert gzip.decompress(packed) == await plain.read()
    assert len(packed) < int(plain.headers["Content-Length"])


@pytest.mark.parametrize("path", POLLED[:2])
async def test_a_wait_is_kept_no_longer_than_it_is_live(
    patient: Patient, store: Store, clock: FakeClock, path: str
) -> None:
    clock.move(minutes=10)
    await put(store, observation("deal-utc", 22, as_of=clock() - timedelta(minutes=29, seconds=58)))

    async def renewed() -> bool:
        told = await get_json(patient, "/v1/facilities/deal-utc")
        return bool(told["properties"]["reading"]["age_seconds"] == 29 * 60 + 58)

    await eventually(renewed)
    response = await patient.get(path)

    assert response.headers["Cache-Control"] == "public, max-age=2, must-revalidate"


async def test_a_wait_is_gone_the_moment_it_is_too_old(patient: Patient, clock: FakeClock) -> None:
    """Though nothing new came, and no tick of the clock is due."""

    async def shown() -> object:
        told = await get_json(patient, "/v1/facilities/deal-utc")
        return told["properties"]["reading"]["wait"]

    clock.move(minutes=26)
    assert await shown() is not None

    clock.move(microseconds=1)
    assert await shown() is None


async def test_a_change_is_seen_at_once(patient: Patient, store: Store, clock: FakeClock) -> None:
    await get_json(patient, "/v1/facilities/deal-utc")
    await put(store, observation("deal-utc", 200, as_of=clock()))

    async def seen() -> bool:
        told = await get_json(patient, "/v1/facilities/deal-utc")
        return bool(told["properties"]["reading"]["wait"]["minutes"] == 200)

    await eventually(seen)


async def test_a_feed_ages_with_the_second(patient: Patient, clock: FakeClock) -> None:
    before = (await get_json(patient, "/v1/feeds/kcht"))["age_seconds"]
    clock.move(seconds=3)

    assert (await get_json(patient, "/v1/feeds/kcht"))["age_seconds"] == before + 3


async def test_a_long_history_comes_whole_and_in_order(
    patient: Patient, store: Store, clock: FakeClock
) -> None:
    """Longer than a page, and with the bytes of the types."""
    readings = [
        apply_observation(None, observation("faversham-utc", 5.0, as_of=clock() - ago))
        for ago in (timedelta(minutes=minutes) for minutes in range(2 * HISTORY_PAGE, 0, -1))
    ]
    await store.save_readings(readings)

    body = await (await patient.get("/v1/facilities/faversham-utc/history?hours=7")).read()

    since = clock() - timedelta(hours=7)
    cards = [reading_card(reading, clock()) for reading in readings]
    assert body == render(History("faversham-utc", since, "live", [], cards))
