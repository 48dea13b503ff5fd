"""`GET /v1/recommendations`: the answer."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from aiohttp import ETag, hdrs, web

from waitless.answers.answers import Answers, as_of_last_change
from waitless.answers.entry import ANSWER_TICK_S
from waitless.answers.instants import render
from waitless.area.pack import Area
from waitless.follow import BoardFollower
from waitless.recommend.answer import DataKind, Recommendation
from waitless.recommend.query import Query
from waitless.recommend.recommend import recommend
from waitless.travel import TravelFollower
from waitless.web.middleware import request_id_of
from waitless.web.ready import ReadyAnswer, accepts_gzip, choose_status, join_answer
from waitless.web.targets import Targets

PATH = "/v1/recommendations"
_TICK = timedelta(seconds=ANSWER_TICK_S)


class Recommendations:
    """Answers patients' questions from the board of the moment."""

    def __init__(
        self,
        area: Area,
        travel: TravelFollower,
        follower: BoardFollower,
        *,
        targets: Targets,
        answers: Answers,
        now: Callable[[], datetime],
        most_minutes: float,
    ) -> None:
        self._area = area
        self._travel = travel
        self._follower = follower
        self._targets = targets
        self._answers = answers
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
        query_string = request.raw_path.partition("?")[2].partition("#")[0]
        question = self._targets.read(
            query_string.encode(errors="surrogateescape"), lambda: request.query
        )
        now = self._now()
        entry = self._answers.find(question, now)
        gzipped = accepts_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
        status = choose_status(entry, request.headers.get(hdrs.IF_NONE_MATCH), gzipped=gzipped)
        return ReadyAnswer(
            status, *join_answer(entry, status, now, request_id_of(request), gzipped=gzipped)
        )


def json_response(
    request: web.Request, document: object, *, max_age_s: int, private: bool = False
) -> web.Response:
    """A JSON answer with an ETag, or 304 where the client already has it.

    `private` keeps it out of shared caches, whose keys would hold the position in its address.
    """
    body = render(document)
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


def seconds_to_keep(now: datetime, ends: Iterable[datetime]) -> int:
    """Whole seconds until the first of several ends; at most a tick, never below 0."""
    until = min((end - now for end in ends), default=_TICK)
    return max(0, int(min(until, _TICK).total_seconds()))
