"""The fast path: a known-safe `GET /v1/recommendations` answered before it is parsed (0011).

It serves a connection only while every chunk that came on it was one whole GET without a body, in
an exact and narrow grammar, with none but harmless headers. The first chunk that is anything else
goes to aiohttp as it came, and so does all that follows on that connection: aiohttp's parser has
seen nothing before it, so there are never two views of where a request begins.

It leans on these internals of aiohttp's `RequestHandler`, and on nothing else: `_waiter` (set while
its task waits for a request), `_messages`, `_force_close`, `_close`, `_paused`, `_loop`,
`_keepalive_timeout` and `_next_keepalive_close_time`; and on `Application._make_handler` and what
`Server` was made with.
"""
# ruff: noqa: SLF001 - see above

import logging
import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from waitless.answers.answers import Answers
from waitless.request_counts import RequestCounts
from waitless.web.problems import RequestRefused
from waitless.web.ready import accepts_gzip, choose_status, join_answer, new_request_id
from waitless.web.targets import Targets

log = logging.getLogger(__name__)

TESTED_WITH = ("3.14",)
"""Versions of aiohttp whose internals tests/web/test_fast_path.py has been run against."""
MOST_BYTES = 4096
MOST_QUERY = 1024
_START = b"GET /v1/recommendations?"
_REQUEST = re.compile(
    rb"GET /v1/recommendations\?([A-Za-z0-9&=.,+%_~-]{1,1024}) HTTP/1\.1"
    rb"((?:\r\n[A-Za-z0-9-]{1,40}: [\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)+)\r\n\r\n"
)
_HARMLESS = frozenset(
    b"accept accept-encoding accept-language cache-control dnt host if-none-match origin pragma "
    b"priority purpose referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest "
    b"sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc traceparent user-agent x-forwarded-for "
    b"x-forwarded-host x-forwarded-proto x-real-ip x-request-id".split()
)
"""Headers that may stand in a request answered here. None of them frames a message."""
_QUERY = re.compile(rb"[A-Za-z0-9&=.,+%_~-]{1,1024}")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(rb"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?")
_KEEP_ALIVE = b"keep-alive"
MOST_KEPT = 1024
"""Header blocks that are recognised; the oldest is forgotten first."""

Admit = Callable[[str | None], bytes | None]
"""Given the peer's address: None, or a whole response that is sent instead of the answer."""


class Block(NamedTuple):
    """What a harmless header block asks for."""

    gzipped: bool
    if_none_match: str | None
    request_id: str | None


class FastPath:
    """What all connections of a server share: judgement, answers, counts."""

    def __init__(
        self,
        targets: Targets,
        answers: Answers,
        counts: RequestCounts,
        *,
        now: Callable[[], datetime],
        admit: Admit | None = None,
        draining: Callable[[], bool] = lambda: False,
    ) -> None:
        """Nothing recognised yet.

        Args:
            targets: the questions that query strings ask.
            answers: where answers come from.
            counts: the same that the ordinary path counts in.
            now: the clock.
            admit: asked before each answer; None admits everybody.
            draining: whether connections shall be closed with their next answer, which is not
                done here.
        """
        self._targets = targets
        self._answers = answers
        self._counts = counts
        self._now = now
        self.admit = admit
        self._draining = draining
        self._blocks: dict[bytes, Block] = {}
        self.answered = self.handed_over = 0

    def respond(self, chunk: bytes, peer: Callable[[], str | None]) -> bytes | None:
        """The whole response to a chunk; None where the chunk is none of ours.

        Args:
            chunk: what one read gave.
            peer: gives the address of who sent it.
        """
        began = time.perf_counter()
        if len(chunk) > MOST_BYTES or not chunk.startswith(_START) or self._draining():
            return None
        end = chunk.find(b" HTTP/1.1\r\n", len(_START), len(_START) + MOST_QUERY + 1)
        block = self._blocks.get(chunk[end:]) if end > 0 else None
        if block is None or _QUERY.fullmatch(chunk, len(_START), end) is None:
            judged = self._judge(chunk)
            if judged is None:
                return None
            end, block = judged
        try:
            question = self._targets.read(chunk[len(_START) : end])
        except RequestRefused:
            return None
        if self.admit is not None and (refusal := self.admit(peer())) is not None:
            return refusal
        now = self._now()
        entry = self._answers.find(question, now)
        status = HTTPStatus.OK
        if block.if_none_match is not None:
            status = choose_status(entry, block.if_none_match, gzipped=block.gzipped)
        head, body = join_answer(
            entry, status, now, block.request_id or new_request_id(), gzipped=block.gzipped
        )
        took = time.perf_counter() - began
        self._counts.count("/v1/recommendations", "GET", status.value, took)
        self.answered += 1
        return head + b"\r\n" + body

    def _judge(self, chunk: bytes) -> tuple[int, Block] | None:
        """Where the query ends, and what the headers ask for; None where anything is unusual."""
        request = _REQUEST.fullmatch(chunk)
        if request is None:
            return None
        block = judge_headers(request[2])
        if block is None:
            return None
        if block.request_id is None:
            if len(self._blocks) >= MOST_KEPT:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[chunk[request.end(1) :]] = block
        return request.end(1), block


def judge_headers(lines: bytes) -> Block | None:
    """What a header block asks for; None where a header is unknown, repeated or out of form.

    Args:
        lines: each line begun by CR LF, its name and value in the grammar of `_REQUEST`.
    """
    values: dict[bytes, bytes] = {}
    for line in lines.split(b"\r\n")[1:]:
        name, _, value = line.partition(b": ")
        name = name.lower()
        if name in values:
            return None
        values[name] = value
    if values.pop(b"connection", _KEEP_ALIVE).lower() != _KEEP_ALIVE:
        return None
    if not values.keys() <= _HARMLESS or _HOST.fullmatch(values.get(b"host", b"")) is None:
        return None
    if_none_match = values.get(b"if-none-match")
    request_id = values.get(b"x-request-id")
    if request_id is not None and _REQUEST_ID.fullmatch(request_id) is None:
        request_id = None
    return Block(
        accepts_gzip(values.get(b"accept-encoding", b"").decode()),
        None if if_none_match is None else if_none_match.decode(),
        None if request_id is None else request_id.decode(),
    )


class FastHandler(RequestHandler):
    """aiohttp's connection, the fast path before it until a chunk comes that is not for it."""

    __slots__ = ("_fast",)

    def __init__(self, fast: FastPath, manager: web.Server, **settings: Any) -> None:  # noqa: ANN401 - aiohttp's
        super().__init__(manager, **settings)
        self._fast: FastPath | None = fast

    def data_received(self, data: bytes) -> None:
        """Answer, or hand this connection to aiohttp for good."""
        fast = self._fast
        if fast is not None:
            response = fast.respond(data, self._peer) if self._is_idle() else None
            if response is not None and self.transport is not None:
                self.transport.write(response)
                self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
                return
            self._fast = None
            fast.handed_over += 1
        super().data_received(data)

    def _is_idle(self) -> bool:
        """Whether aiohttp waits for a request, and the client reads what it is sent."""
        waiter = self._waiter
        return (
            waiter is not None
            and not waiter.done()
            and not self._messages
            and not self._paused
            and not self._force_close
            and not self._close
        )

    def _peer(self) -> str | None:
        peer = self.peername
        return peer[0] if isinstance(peer, tuple) else None


class _FastServer(web.Server):
    """aiohttp's maker of connections, making fast ones."""

    def __init__(self, fast: FastPath, plain: web.Server) -> None:
        super().__init__(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            loop=plain._loop,
            **plain._kwargs,
        )
        self._fast = fast

    def __call__(self) -> RequestHandler:
        return FastHandler(self._fast, self, loop=self._loop, **self._kwargs)


def install(app: web.Application, fast: FastPath) -> bool:
    """Put the fast path before an application, however it is then run.

    Gives whether it could: not with a version of aiohttp that it was not tested with.
    """
    if not aiohttp.__version__.startswith(tuple(f"{version}." for version in TESTED_WITH)):
        log.warning(
            "the fast path is off: it was tested with aiohttp %s, this is %s",
            " and ".join(TESTED_WITH), aiohttp.__version__,
        )  # fmt: skip
        return False
    make_plain = app._make_handler

    def make_fast(**settings: Any) -> web.Server:  # noqa: ANN401 - aiohttp's
        return _FastServer(fast, make_plain(**settings))

    # Past aiohttp's warning against attributes of one's own: this one is aiohttp's.
    object.__setattr__(app, "_make_handler", make_fast)
    return True


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
