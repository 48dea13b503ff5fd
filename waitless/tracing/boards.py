"""Spans of boards: a reading has come to a process that answers. And what answers are made from."""

from collections.abc import Iterable

from waitless.board import EMPTY_BOARD, Board
from waitless.reading import Reading
from waitless.tracing.context import SpanRef
from waitless.tracing.span import MOST, Link, Span
from waitless.tracing.telling import Telling


class BoardTraces:
    """Tells of the boards of one process, in the traces of the deliveries that changed them."""

    def __init__(self, telling: Telling) -> None:
        """No board yet."""
        self._telling = telling
        self._noticed_at = telling.now()
        self._board = EMPTY_BOARD
        self._links: tuple[Link, ...] | None = ()

    def noticed(self) -> None:
        """A notice has come from the store, or it is time to look."""
        self._noticed_at = self._telling.now()

    def renewed(self, board: Board) -> None:
        """Answers come from this board now."""
        before, self._board = self._board, board
        if board.epoch == before.epoch:
            return
        self._links = None
        new = [
            one
            for facility_id, one in board.readings.items()
            if not _came_together(one, before.readings.get(facility_id))
        ]
        until = self._telling.now()
        for ref, facilities in self._list_deliveries(new):
            self._telling.send(
                Span(
                    name="renew board",
                    ref=self._telling.make_within(ref),
                    parent=ref,
                    since=self._noticed_at,
                    until=until,
                    says={"waitless.epoch": board.epoch, "waitless.facilities": facilities},
                )
            )

    @property
    def epoch(self) -> int:
        """Of the board that answers come from."""
        return self._board.epoch

    @property
    def links(self) -> tuple[Link, ...]:
        """The deliveries that its readings came by, the newest first."""
        if self._links is None:
            readings = self._board.readings.values()
            newest_first = sorted(readings, key=lambda one: one.received_at, reverse=True)
            self._links = tuple(
                Link(ref, {"waitless.facilities": facilities})
                for ref, facilities in self._list_deliveries(newest_first)
            )
        return self._links

    def _list_deliveries(
        self, readings: Iterable[Reading]
    ) -> list[tuple[SpanRef, tuple[str, ...]]]:
        """The chosen ones that readings came by, with whose."""
        found: dict[SpanRef, list[str]] = {}
        for one in readings:
            ref = self._telling.find_delivery(one.feed_id, one.received_at)
            if ref is not None:
                found.setdefault(ref, []).append(one.facility_id)
        return [(ref, tuple(names[:MOST])) for ref, names in list(found.items())[:MOST]]


def _came_together(one: Reading, other: Reading | None) -> bool:
    return other is not None and (one.feed_id, one.received_at) == (
        other.feed_id,
        other.received_at,
    )
