"""`/v1/facilities`: the directory, one facility, and its recent waits."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from aiohttp import web

from feeds.model import NoFigure, Wait
from waitless.area.facility import Facility
from waitless.area.pack import Area
from waitless.board import Board
from waitless.follow import BoardFollower
from waitless.reading import LIVE_FOR, Reading
from waitless.redis_link import StoreAway
from waitless.store import Store
from waitless.web.answers import (
    FacilityCollection,
    FacilityFeature,
    FacilityProperties,
    History,
    Point,
    Posted,
    ReadingCard,
)
from waitless.web.parse import parse_hours, single_values
from waitless.web.problems import Problem, RequestRefused
from waitless.web.recommendations import json_response, seconds_to_keep

HISTORY_MAX_AGE_S = 5
DEFAULT_HISTORY_HOURS = 24


class Directory:
    """Facilities as GeoJSON, with what is believed of each now."""

    def __init__(
        self,
        area: Area,
        follower: BoardFollower,
        store: Store,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._area = area
        self._follower = follower
        self._store = store
        self._now = now

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """Every facility as a GeoJSON FeatureCollection."""
        single_values(request.query, ())
        board = self._follower.board
        collection = FacilityCollection(
            area=self._area.id,
            data="simulated" if board.simulated else "live",
            attribution=self._area.attribution,
            features=[
                self._feature(facility, board) for facility in self._area.facilities.values()
            ],
        )
        return json_response(request, collection, max_age_s=self._max_age_s(collection.features))

    async def get_one(self, request: web.Request) -> web.StreamResponse:
        """One facility as a GeoJSON Feature."""
        single_values(request.query, ())
        feature = self._feature(self._facility(request), self._follower.board)
        return json_response(request, feature, max_age_s=self._max_age_s([feature]))

    async def get_history(self, request: web.Request) -> web.StreamResponse:
        """A facility's believed readings of the last hours, oldest first."""
        facility = self._facility(request)
        hours = parse_hours(single_values(request.query, ("hours",)), DEFAULT_HISTORY_HOURS)
        now = self._now()
        since = now - timedelta(hours=hours)
        try:
            readings = await self._store.load_history(facility.id, since)
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "history is kept there") from fault
        history = History(
            facility_id=facility.id,
            since=since,
            data="simulated" if any(reading.simulated for reading in readings) else "live",
            readings=[reading_card(reading, now) for reading in readings],
        )
        return json_response(request, history, max_age_s=HISTORY_MAX_AGE_S)

    def _max_age_s(self, features: Iterable[FacilityFeature]) -> int:
        """How long it may be kept: no longer than every wait in it is live."""
        readings = (feature.properties.reading for feature in features)
        ends = [one.as_of + LIVE_FOR for one in readings if one is not None and one.wait]
        return seconds_to_keep(self._now(), ends)

    def _facility(self, request: web.Request) -> Facility:
        facility_id = request.match_info["id"]
        try:
            return self._area.facilities[facility_id]
        except KeyError:
            raise RequestRefused(Problem.UNKNOWN_FACILITY, f"{facility_id[:64]!r}") from None

    def _feature(self, facility: Facility, board: Board) -> FacilityFeature:
        now = self._now()
        calendar = self._area.calendar
        reading = board.readings.get(facility.id)
        properties = FacilityProperties(
            name=facility.name,
            short_name=facility.short_name,
            kind=facility.kind,
            ods_code=facility.ods_code,
            operator=facility.operator,
            address=facility.address,
            postcode=facility.postcode,
            phone=facility.phone,
            services=facility.services(),
            min_age_months=facility.min_age_months,
            hours=facility.hours.as_text(),
            xray_hours=facility.xray_hours.as_text() if facility.xray_hours else None,
            open_now=calendar.is_open(facility.hours, now),
            open_until=calendar.find_closing(facility.hours, now),
            reviewed=facility.reviewed,
            feed_state=board.feed_state(facility, now),
            reading=None if reading is None else live_card(board, reading, now),
        )
        return FacilityFeature(facility.id, Point((facility.lon, facility.lat)), properties)


def live_card(board: Board, reading: Reading, now: datetime) -> ReadingCard:
    """The reading with only what may be called live: an old wait is not sent at all."""
    card = replace(reading_card(reading, now), status=reading.standing_status(now))
    if board.live_wait(reading.facility_id, now) is None:
        card = replace(card, wait=None, patients_waiting=None, patients_in_department=None)
    return card


def reading_card(reading: Reading, now: datetime) -> ReadingCard:
    """The reading as it was believed, however old."""
    as_of = reading.wait_as_of or reading.as_of
    wait = reading.wait
    return ReadingCard(
        as_of=as_of,
        age_seconds=max(0, int((now - as_of).total_seconds())),
        wait=posted_card(wait),
        no_figure=None if isinstance(wait, Wait) else wait,
        patients_waiting=reading.patients_waiting,
        patients_in_department=reading.patients_in_department,
        status=reading.status,
        simulated=reading.simulated,
    )


def posted_card(wait: Wait | NoFigure) -> Posted | None:
    """A wait as its source posted it; None where there is no figure."""
    if not isinstance(wait, Wait):
        return None
    return Posted(
        minutes=wait.minutes,
        low=wait.low,
        high=wait.high,
        statistic=wait.statistic,
        clock_from=wait.clock.start,
        clock_to=wait.clock.stop,
    )
