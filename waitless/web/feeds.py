"""`/v1/feeds`: is each feed healthy, and believed? Public figures."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from waitless.area.pack import Area
from waitless.follow import BoardFollower
from waitless.health import FeedHealth, figures_of
from waitless.web.answers import FeedFigures, FeedList
from waitless.web.parse import single_values
from waitless.web.problems import Problem, RequestRefused
from waitless.web.recommendations import json_response

FEEDS_MAX_AGE_S = 2


class Feeds:
    """Feed health as the ingest process last told it."""

    def __init__(self, area: Area, follower: BoardFollower, *, now: Callable[[], datetime]) -> None:
        self._area = area
        self._follower = follower
        self._now = now

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """Every feed."""
        single_values(request.query, ())
        board = self._follower.board
        document = FeedList(
            area=self._area.id,
            degraded=board.degraded,
            feeds=[self._figures(health) for health in board.feeds.values()],
        )
        return json_response(request, document, max_age_s=FEEDS_MAX_AGE_S)

    async def get_one(self, request: web.Request) -> web.StreamResponse:
        """One feed."""
        single_values(request.query, ())
        feed_id = request.match_info["id"]
        health = self._follower.board.feeds.get(feed_id)
        if health is None:
            raise RequestRefused(Problem.UNKNOWN_FEED, f"{feed_id[:64]!r}")
        return json_response(request, self._figures(health), max_age_s=FEEDS_MAX_AGE_S)

    def _figures(self, health: FeedHealth) -> FeedFigures:
        figures = figures_of(health, self._now())
        public = {field: getattr(figures, field) for field in FeedFigures.__dataclass_fields__}
        return FeedFigures(**public)
