"""Routes for machines: live, ready, and Prometheus's figures. Three different questions."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import orjson
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

from waitless.follow import BoardFollower
from waitless.health import SILENT_AFTER
from waitless.lease import Lease
from waitless.redis_link import StoreAway
from waitless.registry import Registry, expose
from waitless.store import Store
from waitless.web.answers import Health, Readiness


class Machine:
    """Answers whoever runs the service."""

    def __init__(
        self,
        follower: BoardFollower,
        store: Store,
        registry: Registry,
        *,
        now: Callable[[], datetime],
        lease: Lease | None = None,
        answers: bool = True,
    ) -> None:
        """The routes of one process.

        Args:
            follower: its board.
            store: asked whether it is there.
            registry: the process's figures.
            now: the clock.
            lease: the claim of a process that may write; None where it never does.
            answers: whether patients ask this process.
        """
        self._now = now
        self._follower = follower
        self._store = store
        self._registry = registry
        self._lease = lease
        self._answers = answers

    async def get_health(self, _: web.Request) -> web.Response:
        """200 while the loop turns. It asks nothing of any other system, and of no data."""
        return _json(Health("live"), 200)

    async def get_ready(self, _: web.Request) -> web.Response:
        """200 when Redis answers, ingest lives and every required feed has delivered; else 503.

        It fails on the age of ingest's own word: a monitor that died with its poller is none.
        A process that may write while another does is `standby`: 503 where it does nothing else.
        """
        board = self._follower.board
        checks = {"redis": await self._redis_answers()}
        for health in board.feeds.values():
            if health.required:
                checks[f"feed:{health.id}"] = health.primed
        pulse = board.pulse
        checks["ingest"] = pulse is not None and self._now() - pulse.at <= SILENT_AFTER
        ready = all(checks.values())
        if self._lease is None or self._lease.held:
            document = Readiness("ready" if ready else "not_ready", checks)
            return _json(document, 200 if ready else 503)
        document = Readiness("standby" if ready else "not_ready", checks)
        return _json(document, 200 if ready and self._answers else 503)

    async def get_metrics(self, _: web.Request) -> web.Response:
        """Prometheus's text form."""
        self._registry.share()
        body = await asyncio.to_thread(expose, self._registry)
        return web.Response(
            body=body,
            headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0},
        )

    async def _redis_answers(self) -> bool:
        try:
            await self._store.ping()
        except StoreAway:
            return False
        return True


def _json(document: object, status: int) -> web.Response:
    return web.Response(
        body=orjson.dumps(document),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
