"""`/v1/feeds`: is each feed healthy, and believed? Public figures."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from waitless.answers.instants import render
from waitless.answers.laid import Laid
from waitless.area.pack import Area
from waitless.board import Board
from waitless.follow import BoardFollower
from waitless.health import FeedFigures, figures_of
from waitless.web.answers import FeedList
from waitless.web.parse import single_values
from waitless.web.problems import Problem, RequestRefused
from waitless.web.ready import answer_with

FEEDS_MAX_AGE_S = 2


class Feeds:
    """Feed health as the ingest process last told it, as of the last whole second.

    Bodies are rendered when they are first asked for of a board in a second.
    """

    def __init__(self, area: Area, follower: BoardFollower, *, now: Callable[[], datetime]) -> None:
        self._area = area
        self._follower = follower
        self._now = now
        self._made_of: tuple[Board, datetime] | None = None
        self._laid: dict[str | None, Laid] = {}
        """By feed; the list of all is at None."""

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """Every feed."""
        single_values(request.query, ())
        return self._answer(request, None)

    async def get_one(self, request: web.Request) -> web.StreamResponse:
        """One feed."""
        single_values(request.query, ())
        feed_id = request.match_info["id"]
        if feed_id not in self._follower.board.feeds:
            raise RequestRefused(Problem.UNKNOWN_FEED, f"{feed_id[:64]!r}")
        return self._answer(request, feed_id)

    def _answer(self, request: web.Request, feed_id: str | None) -> web.StreamResponse:
        board, now = self._follower.board, self._now()
        second = now.replace(microsecond=0)
        made_of = self._made_of
        if made_of is None or made_of[0] is not board or made_of[1] != second:
            self._made_of = (board, second)
            self._laid = {}
        laid = self._laid.get(feed_id)
        if laid is None:
            body = render(describe_feeds(self._area, board, second, feed_id))
            laid = self._laid[feed_id] = Laid(body, most_age_s=FEEDS_MAX_AGE_S)
        return answer_with(request, laid, now)


def describe_feeds(
    area: Area, board: Board, now: datetime, feed_id: str | None = None
) -> FeedList | FeedFigures:
    """One feed's figures at an instant, or those of all where none is named."""
    if feed_id is not None:
        return figures_of(board.feeds[feed_id], now)
    feeds = [figures_of(health, now) for health in board.feeds.values()]
    return FeedList(area=area.id, degraded=board.degraded, feeds=feeds)
