"""The fast path: plain questions answered before they are parsed as HTTP (0011).

What is a plain question says `plain_get`; how chunks come here, `fastserver`.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from waitless.answers.answers import Answers
from waitless.answers.question import Question
from waitless.request_counts import RequestCounts
from waitless.serve.draining import Draining
from waitless.web.plain_get import Block, PlainGets
from waitless.web.problems import RequestRefused
from waitless.web.ready import OK, choose_status, join_answer, new_request_id
from waitless.web.targets import Targets

ROUTE = "/v1/recommendations"
MOST_KEPT = 1024
"""Chunks that are recognised whole; the oldest is forgotten first."""

Admit = Callable[[str, Sequence[str]], bytes | None]
"""Given the peer's address and X-Forwarded-For: the RateLimit fields as header lines; None where
the request is not admitted, and then it is not counted either."""


class FastPath:
    """What all connections of a server share: judgement, answers, counts."""

    def __init__(
        self,
        targets: Targets,
        answers: Answers,
        counts: RequestCounts,
        *,
        now: Callable[[], datetime],
        draining: Draining,
        admit: Admit | None = None,
    ) -> None:
        """Nothing recognised yet.

        Args:
            targets: the questions that query strings ask.
            answers: where answers come from.
            counts: the same that the ordinary path counts in.
            now: the clock.
            draining: while it is on, connections close with their next answer: not done here.
            admit: asked before each answer; None admits everybody.
        """
        self._targets = targets
        self._answers = answers
        self._counts = counts
        self._now = now
        self._draining = draining
        self._admit = admit
        self._gets = PlainGets()
        self._known: dict[bytes, tuple[Question, Block]] = {}
        self.answered = self.handed_over = 0

    def respond(self, chunk: bytes, peer: Callable[[], str]) -> bytes | None:
        """The whole response to a chunk; None where the chunk is aiohttp's to answer.

        Args:
            chunk: what one read gave.
            peer: gives the address of who sent it.
        """
        began = time.perf_counter()
        if self._draining.on:
            return None
        known = self._known.get(chunk) or self._recognise(chunk)
        if known is None:
            return None
        question, block = known
        fields = b"" if self._admit is None else self._admit(peer(), block.forwarded)
        if fields is None:
            return None
        now = self._now()
        entry = self._answers.find(question, now)
        status = OK
        if block.if_none_match is not None:
            status = choose_status(entry, block.if_none_match, gzipped=block.gzipped)
        head, body = join_answer(
            entry, status, now, block.request_id or new_request_id(), gzipped=block.gzipped
        )
        response = b"%b%b\r\n%b" % (head, fields, body)
        self._counts.count(ROUTE, "GET", status, time.perf_counter() - began)
        self.answered += 1
        return response

    def _recognise(self, chunk: bytes) -> tuple[Question, Block] | None:
        read = self._gets.read(chunk)
        if read is None:
            return None
        query_string, block = read
        try:
            question = self._targets.read(query_string)
        except RequestRefused:
            return None
        if block.is_anybodys and self._targets.keeps(query_string):
            if len(self._known) >= MOST_KEPT:
                del self._known[next(iter(self._known))]
            self._known[chunk] = question, block
        return question, block


class FastPathFigures(Collector):
    """The fast path's figures for Prometheus."""

    def __init__(self, fast: FastPath) -> None:
        self._fast = fast

    def collect(self) -> Iterable[Metric]:
        """The figures of the moment."""
        requests = CounterMetricFamily(
            "waitless_fast_path_requests",
            "Requests by what became of them where the fast path is on.",
            labels=["fate"],
        )
        requests.add_metric(["answered"], self._fast.answered)
        requests.add_metric(["handed_over"], self._fast.handed_over)
        return (requests,)
