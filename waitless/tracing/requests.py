"""Spans of requests: who asked when by which route, and what the answer was made from."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waitless.tracing.boards import BoardTraces
from waitless.tracing.context import SpanRef, make_ref, read_traceparent
from waitless.tracing.span import MOST, Event, Kind, Link, Span
from waitless.tracing.telling import Telling

UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines every few seconds, about themselves."""
FROM_BOARD = frozenset(
    {
        "/",
        "/v1/recommendations",
        "/v1/comparison",
        "/v1/facilities",
        "/v1/facilities/{id}",
        "/v1/facilities/{id}/history",
        "/v1/feeds",
        "/v1/feeds/{id}",
        "/v1/events",
    }
)
"""Routes whose answers come from the board."""
_FAULTS_FROM = 500


@dataclass(slots=True)
class Asked:
    """A request that is being answered, and shall have a span."""

    route: str
    ref: SpanRef
    parent: SpanRef | None
    since: datetime
    epoch: int | None
    """Of the board that the answer comes from; None where it comes from none."""
    links: list[Link]
    """To what the answer is made from, and to what the request has brought."""
    events: list[Event] = field(default_factory=list)


ASKED: ContextVar[Asked | None] = ContextVar("asked", default=None)
"""The request that the running task answers; None where it has no span."""


class RequestTraces:
    """Chooses requests, and tells of them when they are answered."""

    def __init__(self, telling: Telling, boards: BoardTraces | None) -> None:
        """Nobody has asked; `boards` is None in a process that answers from none."""
        self._telling = telling
        self._boards = boards

    def chooses(self) -> bool:
        """Whether the next request shall have a span, if its caller does not forbid it.

        That is for us to say, whatever a caller says of its own trace: else any stranger could
        have every request sent to our collector.
        """
        return self._telling.chance.random() < self._telling.ratio

    def begin(self, route: str, traceparent: str | None) -> Asked | None:
        """A chosen request has come: it joins its caller's trace; None where that is not recorded.

        To be called before anything is waited for, so that the answer takes the board of now.

        Args:
            route: the template, never the path.
            traceparent: the header; None where there is none, or more than one.
        """
        telling, caller = self._telling, read_traceparent(traceparent)
        if caller is None:
            ref, parent = make_ref(telling.chance), None
        elif caller.sampled:
            ref, parent = telling.make_within(caller.ref), caller.ref
        else:
            return None
        asked = Asked(route, ref, parent, telling.now(), None, [])
        if self._boards is not None and route in FROM_BOARD:
            asked.epoch, asked.links = self._boards.epoch, [*self._boards.links]
        return asked

    def end(
        self, asked: Asked, *, method: str, status: int | None, request_id: str, duration_s: float
    ) -> None:
        """It has been answered.

        Args:
            asked: what `begin` gave.
            method: one of those that are known, or `other`.
            status: None where nobody waited for the answer.
            request_id: as in `X-Request-ID` and the log.
            duration_s: how long it took.
        """
        says: dict[str, str | int] = {
            "http.request.method": method,
            "http.route": asked.route,
            "waitless.request_id": request_id,
        }
        if status is not None:
            says["http.response.status_code"] = status
        if asked.epoch is not None:
            says["waitless.epoch"] = asked.epoch
        self._telling.send(
            Span(
                name=f"{method} {asked.route}",
                ref=asked.ref,
                parent=asked.parent,
                since=asked.since,
                until=asked.since + timedelta(seconds=duration_s),
                kind=Kind.SERVER,
                says=says,
                events=tuple(asked.events[:MOST]),
                links=tuple(asked.links[:MOST]),
                failed=status is not None and status >= _FAULTS_FROM,
            )
        )
