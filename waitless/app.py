"""The composition root: every connection is opened and every object built here, and only here."""

import random
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from waitless.answering import (
    add_fast_path,
    add_limits,
    add_machine_routes,
    add_routes,
    add_traces,
    answering,
)
from waitless.parts import Clock, Parts, Role
from waitless.serve.gate import Gate
from waitless.serve.process import GATE
from waitless.settings import Settings
from waitless.web.discretion import be_discreet
from waitless.web.routes import Around, Routes, add_headers
from waitless.web.traced import trace_handler

__all__ = ["Role", "create_app", "utc_now"]


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
    parts = Parts(settings, now, chance, role)
    app = web.Application()
    app[GATE] = Gate(
        settings.most_connections, settings.idle_seconds, parts.metrics.connection_refused
    )
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(parts.registry.sharing)
    traces = add_traces(parts, app)
    limits = add_limits(parts, app) if settings.rate_limit > 0 else None
    gates = [] if limits is None else [limits.judge]
    trace = None if traces is None else partial(trace_handler, traces)
    routes = Routes(app, Around(parts.metrics, gates, trace))
    add_machine_routes(parts, routes, role)
    if role is not Role.INGEST:
        add_routes(parts, routes)
        if settings.fast_path:
            add_fast_path(parts, app, limits, traces)
    if role is Role.API:
        app.cleanup_ctx.append(lambda _: answering(parts))
    else:
        from waitless.writing import Writing  # noqa: PLC0415 - who only answers starts sooner

        writing = Writing(parts, hours_bind=hours_bind)
        writing.add_routes(routes)
        app.cleanup_ctx.append(writing.run)
    routes.refuse_others()
    return app
