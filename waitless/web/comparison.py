"""`GET /v1/comparison`: one origin, every way of travelling, in one answer.

Each part is the answer that `/v1/recommendations` gives for its mode, out of the same near cache.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from operator import is_

from aiohttp import web

from waitless.answers.answers import Answers
from waitless.answers.entry import ANSWER_TICK_S, Entry
from waitless.answers.instants import render
from waitless.answers.laid import Laid
from waitless.answers.question import Key, Question
from waitless.recommend.answer import Recommendation
from waitless.web.ready import answer_with
from waitless.web.targets import Targets

PATH = "/v1/comparison"
MOST_KEPT = 256
"""Joined answers; the oldest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answers by every mode that there is, in the order drive, walk, cycle, transit."""

    area: str
    valid_until: datetime
    """The first of theirs."""
    answers: list[Recommendation]


class Comparisons:
    """Joins answers; those that were joined of the same parts are kept."""

    def __init__(
        self, area_id: str, targets: Targets, answers: Answers, *, now: Callable[[], datetime]
    ) -> None:
        self._opening = b'{"area":%b,"valid_until":' % render(area_id)
        self._targets = targets
        self._answers = answers
        self._now = now
        self._kept: dict[tuple[Key, ...], tuple[list[Entry], Laid]] = {}

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Parse, answer by every mode, join."""
        query_string = request.raw_path.partition("?")[2].partition("#")[0]
        questions = self._targets.read_every_mode(
            query_string.encode(errors="surrogateescape"), lambda: request.query
        )
        now = self._now()
        entries = [self._answers.look(question, now) for question in questions]
        return answer_with(request, self._join(questions, entries), now)

    def _join(self, questions: tuple[Question, ...], entries: list[Entry]) -> Laid:
        key = tuple(question.key for question in questions)
        kept, laid = self._kept.get(key, ([], None))
        if laid is not None and all(map(is_, kept, entries)):
            return laid
        until = min(entry.valid_until for entry in entries if entry.valid_until is not None)
        parts = (
            self._opening,
            render(until),
            b',"answers":[',
            b",".join(entry.body for entry in entries),
            b"]}",
        )
        tag = blake2b(b"".join(entry.etag for entry in entries), digest_size=12).hexdigest()
        laid = Laid(
            b"".join(parts),
            most_age_s=ANSWER_TICK_S,
            valid_until=until,
            tag=tag.encode(),
            private=questions[0].private,
        )
        self._kept.pop(key, None)
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = entries, laid
        return laid
