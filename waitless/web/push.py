"""Sources that post payloads of their own form to us, read as their feed definition says."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from aiohttp import web

from feeds.definition import FeedDefinition
from feeds.model import Delivery
from waitless.ingest import Ingest
from waitless.keys import KeyRing, Role
from waitless.web.auth import require_holder
from waitless.web.body import read_body
from waitless.web.problems import Problem, RequestRefused

STORED_WITHIN_S = 10.0


class Push:
    """One definition's door. The key must be that of a provider named as the feed."""

    def __init__(
        self,
        definition: FeedDefinition,
        keys: KeyRing,
        ingest: Ingest,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._definition = definition
        self._keys = keys
        self._ingest = ingest
        self._now = now

    async def post(self, request: web.Request) -> web.Response:
        """204 once the store holds what was believed of the payload."""
        holder = require_holder(request, self._keys, Role.PROVIDER)
        if holder.name != self._definition.id:
            raise RequestRefused(Problem.FORBIDDEN, f"that is the door of {self._definition.id}")
        body = await read_body(request, self._definition.transport.max_bytes)
        stored = asyncio.Event()
        delivery = Delivery(
            feed_id=self._definition.id,
            topic=self._definition.id,
            payload=body,
            received_at=self._now(),
            acknowledge=stored.set,
        )
        try:
            async with asyncio.timeout(STORED_WITHIN_S):
                await self._ingest.accept(delivery)
                await stored.wait()
        except TimeoutError as fault:
            raise RequestRefused(
                Problem.STORE_AWAY, "not stored yet: send the same again"
            ) from fault
        return web.Response(status=HTTPStatus.NO_CONTENT)
