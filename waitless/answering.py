"""The side that answers: routes for people, programs and machines, and the work behind them."""

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from waitless.answers.question import Questions
from waitless.background import running
from waitless.cell import cell_of
from waitless.limits import Limiter, client_of
from waitless.metrics import LimitMetrics
from waitless.parts import Parts, Role
from waitless.recommend.query import Query
from waitless.serve.draining import DRAINING, Draining
from waitless.tracing.requests import RequestTraces
from waitless.web.comparison import Comparisons
from waitless.web.directory import Directory
from waitless.web.docs import Docs
from waitless.web.events import MOST_STREAMS, Events
from waitless.web.fastpath import FastPath, FastPathFigures
from waitless.web.fastserver import install
from waitless.web.feeds import Feeds
from waitless.web.journeys import Journeys
from waitless.web.limits import Clients, RateLimits
from waitless.web.machine import Machine
from waitless.web.page import PatientPage
from waitless.web.ready import add_hook
from waitless.web.recommendations import Recommendations
from waitless.web.roadmap import Tiles, draw_roads
from waitless.web.routes import Routes
from waitless.web.static import StaticFiles
from waitless.web.tongues import Tongues
from waitless.web.traced import TracedFastPath

log = logging.getLogger(__name__)


def add_limits(parts: Parts, app: web.Application) -> RateLimits:
    """Rate limits, and their own link to Redis: they wait for no replica."""
    metrics = LimitMetrics(parts.registry)
    redis = parts.open_redis()
    limiter = Limiter(
        redis,
        parts.area.id,
        rate=parts.settings.rate_limit,
        burst=parts.settings.rate_burst,
        clock=time.monotonic,
        on_sync=metrics.synced,
    )
    clients = Clients(parts.settings.list_trusted_proxies(), parts.keys)
    limits = RateLimits(limiter, clients, metrics.refused)

    @asynccontextmanager
    async def sharing(_: web.Application) -> AsyncIterator[None]:
        try:
            async with running({"share rate limits": limiter.run()}):
                yield
        finally:
            await redis.aclose()

    add_hook(app, limits.add_fields)
    app.cleanup_ctx.append(sharing)
    return limits


def add_traces(parts: Parts, app: web.Application) -> RequestTraces | None:
    """Have spans sent while the application runs; None where there are no traces."""
    if parts.tracing is None:
        return None
    app.cleanup_ctx.append(parts.tracing.sending)
    return RequestTraces(parts.tracing.telling, parts.board_traces)


def add_machine_routes(parts: Parts, routes: Routes, role: Role) -> None:
    """The routes of every role."""
    machine = Machine(
        parts.follower,
        parts.store,
        parts.registry,
        now=parts.now,
        lease=None if role is Role.API else parts.lease,
        answers=role is not Role.INGEST,
    )
    routes.add_get("/healthz", machine.get_health)
    routes.add_get("/readyz", machine.get_ready)
    routes.add_get("/metrics", machine.get_metrics)


def add_routes(parts: Parts, routes: Routes) -> None:
    """The routes for people and their programs."""
    area, follower, now = parts.area, parts.follower, parts.now
    recommendations = Recommendations(
        area,
        parts.travel,
        parts.timetables,
        follower,
        parts.ledger,
        targets=parts.targets,
        answers=parts.answers,
        now=now,
        policy=parts.policy,
    )
    directory = Directory(area, follower, parts.store, now=now)
    feeds = Feeds(area, follower, now=now)
    clients = Clients(parts.settings.list_trusted_proxies(), parts.keys)
    limited = parts.settings.rate_limit > 0
    events = Events(
        follower,
        now=now,
        name_client=lambda request: client_of(clients.name(request)),
        most_each=parts.settings.rate_burst if limited else MOST_STREAMS,
    )
    journeys = Journeys(
        parts.ledger_store,
        area.facilities,
        parts.modes,
        now=now,
        metrics=parts.ledger_metrics,
        on_begun=lambda one: parts.usage.count_journey(area.facilities[one].kind.value),
    )
    docs = Docs(area, parts.modes, now=now)
    tiles = parts.settings.map_tiles and Tiles(
        parts.settings.map_tiles, parts.settings.map_attribution
    )
    page = PatientPage(
        area, parts.modes, recommendations, tongues=Tongues(), tiles=tiles or None, now=now
    )
    files = StaticFiles({"roads.svg": draw_roads(area.roads, area.bounds)})
    routes.add_get("/v1/recommendations", recommendations.get)
    comparisons = Comparisons(area.id, parts.targets, parts.answers, now=now)
    routes.add_get("/v1/comparison", comparisons.get)
    routes.add_get("/v1/facilities", directory.list_all)
    routes.add_get("/v1/facilities/{id}", directory.get_one)
    routes.add_get("/v1/facilities/{id}/history", directory.get_history)
    routes.add_get("/v1/feeds", feeds.list_all)
    routes.add_get("/v1/feeds/{id}", feeds.get_one)
    routes.add_get("/v1/events", events.get, allow_head=False)
    routes.add_post("/v1/journeys", journeys.post)
    routes.add_delete("/v1/journeys/{id}", journeys.delete)
    routes.add_get("/openapi.json", docs.get_openapi)
    routes.add_get("/docs", docs.get_page)
    routes.add_get("/", page.get, show_refusal=page.show_refusal)
    routes.add_get("/static/{name}", files.get)

    async def warm_up(_: web.Application) -> None:
        answer_once(parts)

    routes.app.on_startup.append(warm_up)  # after the background work, which has the tables
    routes.app.on_shutdown.append(events.close)


def answer_once(parts: Parts) -> None:
    """Answer a question that nobody asked: the first of a process loads the compiled ranking."""
    bounds = parts.area.bounds
    middle = cell_of((bounds.south + bounds.north) / 2, (bounds.west + bounds.east) / 2)
    query = Query(origin=middle, label="")
    parts.answers.rehearse(Questions(parts.area).make(query, private=True), parts.now())


def add_fast_path(
    parts: Parts, app: web.Application, limits: RateLimits | None, traces: RequestTraces | None
) -> None:
    """Answer plain questions before aiohttp parses them."""
    make = FastPath if traces is None else partial(TracedFastPath, traces)
    fast = make(
        parts.targets,
        parts.answers,
        parts.metrics.requests,
        now=parts.now,
        draining=app.setdefault(DRAINING, Draining()),
        admit=None if limits is None else limits.admit,
    )
    if install(app, fast):
        parts.registry.register(FastPathFigures(fast))


@asynccontextmanager
async def answering(parts: Parts) -> AsyncIterator[None]:
    """The background work of a process that only answers."""
    async with parts.store:
        await parts.travel.start()
        await parts.timetables.start()
        async with running(parts.list_answering_works()):
            yield
