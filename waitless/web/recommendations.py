"""`GET /v1/recommendations`: the answer."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from aiohttp import web

from routing.modes import Mode
from waitless.answers.answers import Answers, as_of_last_change
from waitless.answers.entry import ANSWER_TICK_S
from waitless.area.pack import Area
from waitless.follow import BoardFollower
from waitless.ledger.follow import LedgerFollower
from waitless.ledger.policy import Policy
from waitless.recommend.answer import DataKind, Recommendation
from waitless.recommend.query import Query
from waitless.recommend.recommend import recommend
from waitless.recommend.ways import Journey, NoWay
from waitless.travel import TimetableKeeper, TravelFollower
from waitless.web.ready import answer_with
from waitless.web.targets import Targets

PATH = "/v1/recommendations"
_TICK = timedelta(seconds=ANSWER_TICK_S)


class Recommendations:
    """Answers patients' questions from the board of the moment."""

    def __init__(
        self,
        area: Area,
        travel: TravelFollower,
        timetables: TimetableKeeper,
        follower: BoardFollower,
        ledger: LedgerFollower,
        *,
        targets: Targets,
        answers: Answers,
        now: Callable[[], datetime],
        policy: Policy,
    ) -> None:
        self._area = area
        self._travel = travel
        self._timetables = timetables
        self._follower = follower
        self._ledger = ledger
        self._targets = targets
        self._answers = answers
        self._now = now
        self._policy = policy

    @property
    def data(self) -> DataKind:
        """Whether answers rest on real feeds or on simulated ones."""
        return "simulated" if self._follower.board.simulated else "live"

    def answer(self, query: Query) -> Recommendation:
        """The ranked answer to a question, as of the last tick or the end of a wait since.

        It is counted as given, like any other.
        """
        self._answers.find(self._targets.ask(query), self._now())
        board = self._follower.board
        now = as_of_last_change(board, self._now())
        return recommend(
            query,
            area=self._area,
            journeys=self._find_journeys(query, now),
            board=board,
            now=now,
            picture=self._ledger.picture,
            policy=self._policy,
        )

    def _find_journeys(self, query: Query, now: datetime) -> Mapping[str, Journey | NoWay]:
        timetables = self._timetables.tables
        if query.mode is Mode.TRANSIT and timetables is not None:
            return timetables.journeys_from(query.origin, query.find_departure(now))
        return self._travel.tables.journeys_from(query.origin, query.mode)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Parse, answer, render."""
        query_string = request.raw_path.partition("?")[2].partition("#")[0]
        question = self._targets.read(
            query_string.encode(errors="surrogateescape"), lambda: request.query
        )
        now = self._now()
        entry = self._answers.find(question, now)
        return answer_with(request, entry, now)
