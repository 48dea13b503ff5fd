"""`GET /v1/recommendations`: the answer."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import orjson
from aiohttp import ETag, web

from waitless.area.pack import Area
from waitless.board import Board
from waitless.follow import BoardFollower
from waitless.reading import LIVE_FOR
from waitless.recommend.answer import DataKind, Recommendation
from waitless.recommend.query import Query
from waitless.recommend.recommend import recommend
from waitless.travel import MODES, TravelFollower
from waitless.web.parse import PARAMETERS, parse_query, single_values

ANSWER_TICK_S = 5
"""Answers are made as of the last such tick of the clock, so that the same question at the same
epoch gives the same bytes, and an unchanged answer can be told by its ETag. Ages are understated
by less than this; what is live is judged exactly (`as_of_last_change`)."""
_TICK = timedelta(seconds=ANSWER_TICK_S)


class Recommendations:
    """Answers patients' questions from the board of the moment."""

    def __init__(
        self,
        area: Area,
        travel: TravelFollower,
        follower: BoardFollower,
        *,
        now: Callable[[], datetime],
        most_minutes: float,
    ) -> None:
        self._area = area
        self._travel = travel
        self._follower = follower
        self._now = now
        self._most_minutes = most_minutes

    @property
    def data(self) -> DataKind:
        """Whether answers rest on real feeds or on simulated ones."""
        return "simulated" if self._follower.board.simulated else "live"

    def answer(self, query: Query) -> Recommendation:
        """The ranked answer to a question, as of the last tick or the end of a wait since."""
        board = self._follower.board
        return recommend(
            query,
            area=self._area,
            journeys=self._travel.tables.journeys_from(query.origin, query.mode),
            board=board,
            now=as_of_last_change(board, self._now()),
            most_minutes=self._most_minutes,
        )

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Parse, answer, render."""
        values = single_values(request.query, PARAMETERS)
        answer = self.answer(parse_query(values, self._area, MODES))
        return json_response(
            request,
            answer,
            max_age_s=max_age_s(answer, self._now()),
            private="lat" in values,
        )


def json_response(
    request: web.Request, document: object, *, max_age_s: int, private: bool = False
) -> web.Response:
    """A JSON answer with an ETag, or 304 where the client already has it.

    `private` keeps it out of shared caches, whose keys would hold the position in its address.
    """
    body = orjson.dumps(document, option=orjson.OPT_UTC_Z)
    etag = hashlib.blake2b(body, digest_size=12).hexdigest()
    scope = "private" if private else "public"
    headers = {"Cache-Control": f"{scope}, max-age={max_age_s}, must-revalidate"}
    known = request.if_none_match or ()
    if any(tag.value in ("*", etag) for tag in known):
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=body, content_type="application/json", headers=headers)
    response.etag = ETag(etag)
    return response


def max_age_s(answer: Recommendation, now: datetime) -> int:
    """Whole seconds for which an answer may be kept: a tick's length, never past validity."""
    return seconds_to_keep(now, [answer.valid_until])


def seconds_to_keep(now: datetime, ends: Iterable[datetime]) -> int:
    """Whole seconds until the first of several ends; at most a tick, never below 0."""
    until = min((end - now for end in ends), default=_TICK)
    return max(0, int(min(until, _TICK).total_seconds()))


def as_of_last_change(board: Board, now: datetime) -> datetime:
    """The instant an answer is made for: the last tick, or when a wait ceased to be live since.

    Between two such instants nothing that an answer says changes with the clock, and a wait
    that is older than `LIVE_FOR` at `now` is too old at that instant too.
    """
    tick = now.replace(second=now.second - now.second % ANSWER_TICK_S, microsecond=0)
    ends = (
        reading.wait_as_of + LIVE_FOR + datetime.resolution
        for reading in board.readings.values()
        if reading.wait_as_of is not None
    )
    return max((end for end in ends if tick < end <= now), default=tick)
