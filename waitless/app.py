"""The composition root: every connection is opened and every object built here, and only here."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from feeds.definition import HttpPush
from routing.modes import Mode
from waitless.alerts import AlertSender
from waitless.answers.answers import Answers
from waitless.answers.figures import CacheFigures
from waitless.answers.nearcache import NearCache
from waitless.answers.render import Renderer
from waitless.area.pack import find_pack, load_area
from waitless.board import Board
from waitless.follow import BoardFollower
from waitless.health import HealthWatch
from waitless.ingest import Desk, Ingest, Transport, keep_pulse
from waitless.keys import KeyRing
from waitless.lease import Lease
from waitless.limits import Limiter
from waitless.metrics import IngestMetrics, LimitMetrics, TrafficMetrics, WebMetrics
from waitless.pulse_watch import PulseWatch
from waitless.redis_clients import Wanted
from waitless.redis_link import StoreAway, open_redis
from waitless.settings import Settings
from waitless.store import Store
from waitless.traffic.simulated import with_simulated_traffic
from waitless.transports import make_transports
from waitless.travel import MODES, Retimer, Shelf, TravelFollower, TravelTables
from waitless.web.capacities import Capacities
from waitless.web.directory import Directory
from waitless.web.discretion import be_discreet
from waitless.web.docs import Docs
from waitless.web.events import Events
from waitless.web.fastpath import FastPath, FastPathFigures, install
from waitless.web.feeds import Feeds
from waitless.web.limits import Clients, limit, rate_headers
from waitless.web.machine import Machine
from waitless.web.middleware import add_headers, around
from waitless.web.operator import Operator
from waitless.web.page import PatientPage
from waitless.web.problems import problem_middleware
from waitless.web.push import Push
from waitless.web.recommendations import Recommendations
from waitless.web.standby import while_writing
from waitless.web.static import StaticFiles
from waitless.web.targets import Targets

log = logging.getLogger(__name__)

CANCEL_AGAIN_S = 1.0
Clock = Callable[[], datetime]
Context = Callable[[web.Application], AbstractAsyncContextManager[None]]


class Role(StrEnum):
    """What a process does: ingest writes, api answers, all does both."""

    ALL = "all"
    API = "api"
    INGEST = "ingest"


def utc_now() -> datetime:
    """The time, aware UTC: the only clock of the service."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    role: Role = Role.ALL,
    *,
    now: Clock = utc_now,
    chance: random.Random | None = None,
    hours_bind: bool = True,
) -> web.Application:
    """Build the whole service; nothing is opened before the application starts.

    Args:
        settings: all that differs from one deployment to the next.
        role: what this process does.
        now: the clock.
        chance: spreads retries.
        hours_bind: as `Desk` has it; False only for simulated worlds that run fast.

    Raises:
        AreaFault, SettingsFault, KeysFault: the pack, settings or keys cannot be used.
    """
    be_discreet()
    chance = chance or random.Random()  # noqa: S311 - spreads retries only
    parts = _Parts(settings, now, chance, writes=role is not Role.API)
    app = web.Application(middlewares=[around(parts.metrics)])
    app.on_response_prepare.append(add_headers)
    if settings.rate_limit > 0:
        parts.add_limits(app)
    app.middlewares.append(problem_middleware)
    parts.add_machine_routes(app, role)
    if role is not Role.INGEST:
        parts.add_routes(app)
        if settings.fast_path:
            parts.add_fast_path(app)
    if role is Role.API:
        app.cleanup_ctx.append(parts.run_api)
    else:
        ingest = parts.make_ingest(hours_bind=hours_bind)
        parts.add_writer_routes(app, ingest)
        app.cleanup_ctx.append(parts.run_with(ingest))
    return app


class _Parts:
    """What the whole service shares, and how the rest is built from it."""

    def __init__(
        self, settings: Settings, now: Clock, chance: random.Random, *, writes: bool
    ) -> None:
        self.settings = settings
        self.now = now
        self.chance = chance
        self.mqtt = settings.find_mqtt()
        self.keys = KeyRing.load(settings.keys_file)
        self.area = load_area(find_pack(settings.area))
        if settings.simulated:
            self.area = with_simulated_traffic(self.area)
        self.registry = CollectorRegistry()
        self.metrics = WebMetrics(self.registry)
        redis = self._open_redis(accepts=writes)
        self.lease = Lease(redis, self.area.id)
        self.store = Store(redis, self.area.id, self.lease)
        self.shelf = Shelf(redis, self.area.id, self.lease)
        self.travel = TravelFollower(
            self.area,
            self.shelf,
            self._travel_renewed,
            horizon_minutes=settings.horizon_minutes,
            folder=settings.tables_folder,
        )
        self.pulse_watch = PulseWatch(now)
        self.follower = BoardFollower(self.store, self._board_renewed, simulated=settings.simulated)
        cache = NearCache(
            most_entries=settings.cache_entries, most_bytes=settings.cache_megabytes * 2**20
        )
        self.registry.register(CacheFigures(cache))
        self.targets = Targets(self.area, MODES)
        self.answers = Answers(
            self.area,
            board=lambda: self.follower.board,
            tables=lambda: self.travel.tables,
            renderer=Renderer(
                self.area,
                most_minutes=settings.most_minutes,
                horizon_minutes=settings.horizon_minutes,
            ),
            cache=cache,
        )

    def _open_redis(self, *, accepts: bool = False) -> Redis:
        settings = self.settings
        wanted = Wanted(settings.redis_wait_replicas, settings.redis_wait_timeout_ms)
        return open_redis(
            settings.redis_url,
            password=settings.find_redis_password(),
            wanted=wanted if accepts and wanted.replicas else None,
        )

    def _board_renewed(self, board: Board) -> None:
        self.metrics.board_renewed(board.epoch, board.pulse, degraded=board.degraded)
        self.pulse_watch.look(board.pulse)

    def _travel_renewed(self, tables: TravelTables) -> None:
        self.metrics.travel_renewed(tables.by_mode[Mode.DRIVE].as_of)

    def add_limits(self, app: web.Application) -> None:
        """Rate limits, and their own link to Redis: they wait for no replica."""
        metrics = LimitMetrics(self.registry)
        redis = self._open_redis()
        limiter = Limiter(
            redis,
            self.area.id,
            rate=self.settings.rate_limit,
            burst=self.settings.rate_burst,
            clock=time.monotonic,
            on_sync=metrics.synced,
        )
        clients = Clients(self.settings.list_trusted_proxies(), self.keys)

        @asynccontextmanager
        async def sharing(_: web.Application) -> AsyncIterator[None]:
            try:
                async with _running({"share rate limits": limiter.run()}):
                    yield
            finally:
                await redis.aclose()

        app.middlewares.append(limit(limiter, clients, metrics.refused))
        app.on_response_prepare.append(rate_headers(limiter))
        app.cleanup_ctx.append(sharing)

    def add_machine_routes(self, app: web.Application, role: Role) -> None:
        """The routes of every role."""
        machine = Machine(
            self.follower,
            self.store,
            self.registry,
            now=self.now,
            lease=None if role is Role.API else self.lease,
            answers=role is not Role.INGEST,
        )
        app.router.add_get("/healthz", machine.get_health)
        app.router.add_get("/readyz", machine.get_ready)
        app.router.add_get("/metrics", machine.get_metrics)

    def add_routes(self, app: web.Application) -> None:
        """The routes for people and their programs."""
        area, follower, now = self.area, self.follower, self.now
        recommendations = Recommendations(
            area,
            self.travel,
            follower,
            targets=self.targets,
            answers=self.answers,
            now=now,
            most_minutes=self.settings.most_minutes,
        )
        directory = Directory(area, follower, self.store, now=now)
        feeds = Feeds(area, follower, now=now)
        events = Events(follower, now=now)
        docs = Docs(area, MODES)
        page = PatientPage(area, MODES, recommendations, now=now)
        app.router.add_get("/v1/recommendations", recommendations.get)
        app.router.add_get("/v1/facilities", directory.list_all)
        app.router.add_get("/v1/facilities/{id}", directory.get_one)
        app.router.add_get("/v1/facilities/{id}/history", directory.get_history)
        app.router.add_get("/v1/feeds", feeds.list_all)
        app.router.add_get("/v1/feeds/{id}", feeds.get_one)
        app.router.add_get("/v1/events", events.get, allow_head=False)
        app.router.add_get("/openapi.json", docs.get_openapi)
        app.router.add_get("/docs", docs.get_page)
        app.router.add_get("/", page.get)
        app.router.add_get("/static/{name}", StaticFiles().get)
        app.on_shutdown.append(events.close)

    def add_fast_path(self, app: web.Application) -> None:
        """Answer plain questions before aiohttp parses them."""
        fast = FastPath(self.targets, self.answers, self.metrics.requests, now=self.now)
        if install(app, fast):
            self.registry.register(FastPathFigures(fast))

    @asynccontextmanager
    async def run_api(self, _: web.Application) -> AsyncIterator[None]:
        """The background work of a process that only answers."""
        async with self.store:
            await self.travel.start()
            works = {"follow the store": self.follower.run(), "follow the shelf": self.travel.run()}
            async with _running(works):
                yield

    def make_ingest(self, *, hours_bind: bool) -> Ingest:
        """The area's one writer."""
        metrics = IngestMetrics(self.registry)
        desk = Desk(
            self.area,
            now=self.now,
            metrics=metrics,
            listens_to_mqtt=self.mqtt is not None,
            pushing=self.keys.list_providers(),
            hours_bind=hours_bind,
            simulated=self.settings.simulated,
        )
        return Ingest(desk, self.store, metrics)

    def make_retimer(self, ingest: Ingest) -> Retimer:
        """The area's one maker of travel tables."""
        return Retimer(
            self.area,
            ingest.desk.traffic,
            self.shelf,
            now=self.now,
            metrics=TrafficMetrics(self.registry),
            horizon_minutes=self.settings.horizon_minutes,
        )

    def add_writer_routes(self, app: web.Application, ingest: Ingest) -> None:
        """The routes of the one process that writes: pushed waits, and operators' acts."""
        capacities = Capacities(self.area.facilities, self.keys, ingest, now=self.now)
        operator = Operator(ingest, self.store, self.keys, now=self.now)
        posts = {
            "/v1/capacities": capacities.post,
            "/v1/operator/held/{id}/release": operator.release,
            "/v1/operator/held/{id}/drop": operator.drop,
            "/v1/operator/feeds/{id}/off": operator.switch_off,
            "/v1/operator/feeds/{id}/on": operator.switch_on,
        }
        gets = {
            "/v1/operator/held": operator.list_held,
            "/v1/operator/audit": operator.list_audit,
        }
        for definition in self.area.feeds:
            if isinstance(definition.transport, HttpPush):
                push = Push(definition, self.keys, ingest, now=self.now)
                posts[definition.transport.path] = push.post
        for path, handler in posts.items():
            app.router.add_post(path, while_writing(self.lease, handler))
        for path, handler in gets.items():
            app.router.add_get(path, while_writing(self.lease, handler))

    def run_with(self, ingest: Ingest) -> Context:
        """The background work of a process that may write."""

        @asynccontextmanager
        async def context(_: web.Application) -> AsyncIterator[None]:
            async with self.store:
                await self.travel.start()
                if not await self.lease.ask():
                    log.info("standing by: another process writes, or the store is away")
                works = {
                    "follow the store": self.follower.run(),
                    "follow the shelf": self.travel.run(),
                    "write": self._write(ingest),
                }
                async with _running(works):
                    yield

        return context

    async def _write(self, ingest: Ingest) -> None:
        """Be the area's writer, as soon as nobody else is; until then touch nothing but Redis."""
        await self.lease.win()
        # Without a limit, so that a hundred hung sources cannot hold up the next.
        connector = aiohttp.TCPConnector(limit=0)
        try:
            async with aiohttp.ClientSession(connector=connector) as session:
                transports = make_transports(
                    self.area,
                    session=session,
                    mqtt=self.mqtt,
                    settings=self.settings,
                    sink=ingest.accept,
                    now=self.now,
                    chance=self.chance,
                )
                alerts = AlertSender(
                    self.area.id,
                    webhook_url=self.settings.alert_webhook,
                    session=session,
                    chance=self.chance,
                )
                works = {
                    "lease": self.lease.keep(),
                    "retime": self.make_retimer(ingest).run(),
                    "ingest": ingest.run(),
                    "pulse": self._keep_pulse(ingest, transports, alerts),
                    "alerts": alerts.run(),
                    **{f"feed {feed_id}": way.run() for feed_id, way in transports.items()},
                }
                async with _running(works):
                    await asyncio.Event().wait()
        finally:
            await self.lease.release()

    async def _keep_pulse(
        self, ingest: Ingest, transports: Mapping[str, Transport], alerts: AlertSender
    ) -> None:
        memory = None
        with suppress(*StoreAway):
            memory = await self.store.load_watch()
        watch = HealthWatch(self.now(), memory=memory)
        await keep_pulse(ingest, self.store, transports, watch, alerts)


@asynccontextmanager
async def _running(works: Mapping[str, Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Run tasks in the background. If one dies, so does whoever entered: nothing dies silently."""
    async with asyncio.TaskGroup() as group:
        pending = {group.create_task(work, name=name) for name, work in works.items()}
        try:
            yield
        finally:
            # More than once: on Python 3.11 a library's own timeout can swallow a cancellation.
            while pending:
                for task in pending:
                    task.cancel()
                # When a task has died, its group cancels us too: the others come first.
                with suppress(asyncio.CancelledError):
                    _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
