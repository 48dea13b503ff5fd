"""`/v1/facilities`: the directory, one facility, and its recent waits."""

from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from waitless.answers.instants import render
from waitless.answers.laid import Laid
from waitless.area.facility import Facility
from waitless.area.pack import Area
from waitless.follow import BoardFollower
from waitless.recommend.answer import DataKind
from waitless.redis_link import StoreAway
from waitless.store import Store
from waitless.web.answers import History
from waitless.web.features import Features
from waitless.web.parse import parse_hours, single_values
from waitless.web.problems import Problem, RequestRefused
from waitless.web.readings import list_overridden, reading_card
from waitless.web.ready import answer_with

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
        self._features = Features(area)

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """Every facility as a GeoJSON FeatureCollection."""
        single_values(request.query, ())
        now = self._now()
        return answer_with(
            request, self._features.sheet(self._follower.board, now).collection(), now
        )

    async def get_one(self, request: web.Request) -> web.StreamResponse:
        """One facility as a GeoJSON Feature."""
        single_values(request.query, ())
        facility, now = self._facility(request), self._now()
        sheet = self._features.sheet(self._follower.board, now)
        return answer_with(request, sheet.one(facility), now)

    async def get_history(self, request: web.Request) -> web.StreamResponse:
        """A facility's believed readings of the last hours, oldest first."""
        facility = self._facility(request)
        hours = parse_hours(single_values(request.query, ("hours",)), DEFAULT_HISTORY_HOURS)
        now = self._now()
        since = now - timedelta(hours=hours)
        simulated, pages = False, list[bytes]()
        try:
            said = await self._store.acts.load_said(facility.id)
            async for readings in self._store.load_history(facility.id, since):
                simulated = simulated or any(reading.simulated for reading in readings)
                if readings:
                    pages.append(render([reading_card(reading, now) for reading in readings])[1:-1])
        except StoreAway as fault:
            raise RequestRefused(Problem.STORE_AWAY, "history is kept there") from fault
        data: DataKind = "simulated" if simulated else "live"
        empty = History(facility.id, since, data, list_overridden(said, since), [])
        body = render(empty).removesuffix(b"]}") + b",".join(pages) + b"]}"
        return answer_with(request, Laid(body, most_age_s=HISTORY_MAX_AGE_S), now)

    def _facility(self, request: web.Request) -> Facility:
        facility_id = request.match_info["id"]
        try:
            return self._area.facilities[facility_id]
        except KeyError:
            raise RequestRefused(Problem.UNKNOWN_FACILITY, f"{facility_id[:64]!r}") from None
