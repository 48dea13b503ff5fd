"""`/v1/feeds`: is each feed healthy, and believed? Public figures."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from waitless.area.pack import Area
from waitless.follow import BoardFollower
from waitless.health import FeedHealth
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
        now = self._now()
        return FeedFigures(
            id=health.id,
            transport=health.transport,
            state=health.state(now),
            connected=health.connected,
            provider_status=health.provider_status,
            required=health.required,
            cadence_seconds=health.cadence_s,
            last_measured_at=health.last_measured_at,
            age_seconds=_age_s(health.last_measured_at, now),
            last_received_at=health.last_received_at,
            messages=health.messages,
            believed=health.believed,
            refused=health.refused,
            held=health.held,
            last_held_rule=health.last_held_rule,
            simulated=health.simulated,
        )


def _age_s(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else max(0, int((now - moment).total_seconds()))
