"""`GET /v1/events`: changes of the board and of feeds, as server-sent events."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import orjson
from aiohttp import web

from waitless.board import Board
from waitless.follow import BoardFollower
from waitless.web.parse import single_values
from waitless.web.problems import Problem, RequestRefused

HEARTBEAT_S = 15.0
MOST_STREAMS = 2000


class Events:
    """Holds streams open and tells each of what changed since it was last told."""

    def __init__(
        self,
        follower: BoardFollower,
        *,
        now: Callable[[], datetime],
        name_client: Callable[[web.Request], str] = lambda _: "",
        most_each: int = MOST_STREAMS,
    ) -> None:
        """No stream is open yet.

        Args:
            follower: its board is told.
            now: the clock.
            name_client: whose a stream is: told nobody, and forgotten with the stream.
            most_each: streams of one client.
        """
        self._follower = follower
        self._now = now
        self._name_client = name_client
        self._most_each = most_each
        self._open: dict[asyncio.Task[object], str] = {}
        self._board: Board | None = None
        self._events: dict[str, bytes] = {}

    async def get(self, request: web.Request) -> web.StreamResponse:
        """One stream: `board` and `feeds` events, and a comment to keep the line warm."""
        single_values(request.query, ())
        if len(self._open) >= MOST_STREAMS:
            raise RequestRefused(Problem.TOO_MANY_STREAMS, f"at most {MOST_STREAMS}")
        client = self._name_client(request)
        if sum(one == client for one in self._open.values()) >= self._most_each:
            raise RequestRefused(Problem.TOO_MANY_STREAMS, f"at most {self._most_each} of a client")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        task = asyncio.current_task()
        if task is not None:
            self._open[task] = client
            task.add_done_callback(lambda done: self._open.pop(done, None))
        changed = self._follower.watch()
        try:
            await response.prepare(request)
            await self._tell(response, changed)
        except ConnectionResetError:
            pass  # the listener has gone, as listeners do
        finally:
            self._follower.unwatch(changed)
        return response

    async def close(self, _: web.Application) -> None:
        """End every stream, so that the process can stop."""
        for task in self._open:
            task.cancel()

    async def _tell(self, response: web.StreamResponse, changed: asyncio.Event) -> None:
        told: dict[str, bytes] = {}
        while True:
            changed.clear()
            for name, event in self._render(self._follower.board).items():
                if told.get(name) != event:
                    told[name] = event
                    await response.write(event)
            try:
                async with asyncio.timeout(HEARTBEAT_S):  # wait_for would make a task each time
                    await changed.wait()
            except TimeoutError:
                await response.write(b": still here\n\n")

    def _render(self, board: Board) -> dict[str, bytes]:
        """A board's events, rendered once for all streams."""
        if board is not self._board:
            now = self._now()
            states = {health.id: health.state(now) for health in board.feeds.values()}
            data = "simulated" if board.simulated else "live"
            documents: dict[str, dict[str, object]] = {
                "board": {"epoch": board.epoch, "degraded": board.degraded, "data": data},
                "feeds": {"feeds": states},
            }
            self._board = board
            self._events = {
                name: b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(document))
                for name, document in documents.items()
            }
        return self._events
