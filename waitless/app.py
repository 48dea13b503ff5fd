"""The composition root: every connection is opened and every object built here, and only here."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry

from feeds.http_poll import HttpPoller
from feeds.mqtt import MqttSubscriber
from waitless.area.pack import find_pack, load_area
from waitless.board import Board
from waitless.follow import BoardFollower
from waitless.ingest import BROKER, Ingest
from waitless.metrics import IngestMetrics, WebMetrics
from waitless.settings import Settings
from waitless.store import Store, open_redis
from waitless.travel import TravelTables
from waitless.web.directory import Directory
from waitless.web.docs import Docs
from waitless.web.events import Events
from waitless.web.feeds import Feeds
from waitless.web.machine import Machine
from waitless.web.middleware import add_headers, around
from waitless.web.page import PatientPage
from waitless.web.problems import problem_middleware
from waitless.web.recommendations import Recommendations
from waitless.web.static import STATIC_FOLDER

Clock = Callable[[], datetime]


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
) -> web.Application:
    """Build the whole service; nothing is opened before the application starts.

    Raises:
        AreaFault, SettingsFault: the pack or the settings cannot be used.
    """
    parts = _Parts(settings, now, chance or random.Random())  # noqa: S311 - spreads retries only
    app = web.Application(middlewares=[around(parts.metrics), problem_middleware])
    app.on_response_prepare.append(add_headers)
    parts.add_machine_routes(app)
    if role is not Role.INGEST:
        parts.add_routes(app)
    app.cleanup_ctx.append(parts.run_api if role is Role.API else parts.run_with_ingest)
    return app


class _Parts:
    """What the whole service shares, and how the rest is built from it."""

    def __init__(self, settings: Settings, now: Clock, chance: random.Random) -> None:
        self.settings = settings
        self.now = now
        self.chance = chance
        self.mqtt = settings.find_mqtt()
        self.area = load_area(find_pack(settings.area))
        self.registry = CollectorRegistry()
        self.metrics = WebMetrics(self.registry)
        self.store = Store(open_redis(settings.redis_url), self.area.id)
        self.follower = BoardFollower(self.store, self._board_changed)

    def _board_changed(self, board: Board) -> None:
        self.metrics.board_changed(board.epoch, degraded=board.degraded)

    def add_machine_routes(self, app: web.Application) -> None:
        """The routes of every role."""
        machine = Machine(self.follower, self.store, self.registry)
        app.router.add_get("/healthz", machine.get_health)
        app.router.add_get("/readyz", machine.get_ready)
        app.router.add_get("/metrics", machine.get_metrics)

    def add_routes(self, app: web.Application) -> None:
        """The routes for people and their programs."""
        area, follower, now = self.area, self.follower, self.now
        travel = TravelTables.build(area)
        recommendations = Recommendations(
            area, travel, follower, now=now, most_minutes=self.settings.most_minutes
        )
        directory = Directory(area, follower, self.store, now=now)
        feeds = Feeds(area, follower, now=now)
        events = Events(follower, now=now)
        docs = Docs(area, travel.modes)
        page = PatientPage(area, travel.modes, recommendations, now=now)
        app.router.add_get("/v1/recommendations", recommendations.get)
        app.router.add_get("/v1/facilities", directory.list_all)
        app.router.add_get("/v1/facilities/{id}", directory.get_one)
        app.router.add_get("/v1/facilities/{id}/history", directory.get_history)
        app.router.add_get("/v1/feeds", feeds.list_all)
        app.router.add_get("/v1/feeds/{id}", feeds.get_one)
        app.router.add_get("/v1/events", events.get)
        app.router.add_get("/openapi.json", docs.get_openapi)
        app.router.add_get("/docs", docs.get_page)
        app.router.add_get("/", page.get)
        app.router.add_static("/static", STATIC_FOLDER)
        app.on_shutdown.append(events.close)

    @asynccontextmanager
    async def run_api(self, _: web.Application) -> AsyncIterator[None]:
        """The background work of a process that only answers."""
        async with self.store, _running({"follow the store": self.follower.run()}):
            yield

    @asynccontextmanager
    async def run_with_ingest(self, _: web.Application) -> AsyncIterator[None]:
        """The background work of a process that writes."""
        async with aiohttp.ClientSession() as session, self.store:
            ingest = Ingest(
                self.area,
                self.store,
                now=self.now,
                metrics=IngestMetrics(self.registry),
                listens_to_mqtt=self.mqtt is not None,
            )
            transports = self._transports(ingest, session)
            works = {
                "follow the store": self.follower.run(),
                "ingest": ingest.run(),
                "feed health": ingest.run_health(transports),
                **{f"feed {feed_id}": way.run() for feed_id, way in transports.items()},
            }
            async with _running(works):
                yield

    def _transports(
        self, ingest: Ingest, session: aiohttp.ClientSession
    ) -> dict[str, HttpPoller | MqttSubscriber]:
        """Every way by which waits come in, by feed."""
        transports: dict[str, HttpPoller | MqttSubscriber] = {
            definition.id: HttpPoller(
                definition,
                session=session,
                sink=ingest.accept,
                now=self.now,
                chance=self.chance,
            )
            for definition in self.area.feeds
        }
        if self.mqtt is not None:
            transports[BROKER] = MqttSubscriber(
                self.mqtt,
                area=self.area.id,
                identifier=f"waitless-ingest-{self.area.id}-{self.settings.instance}",
                sink=ingest.accept,
                now=self.now,
                chance=self.chance,
            )
        return transports


@asynccontextmanager
async def _running(works: Mapping[str, Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Run tasks in the background. If one dies, so does whoever entered: nothing dies silently."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work, name=name) for name, work in works.items()]
        yield
        for task in tasks:
            task.cancel()
