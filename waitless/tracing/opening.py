"""Whether there are traces, and how they begin. OpenTelemetry is imported here, or never."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from prometheus_client import CollectorRegistry

from waitless.settings import Settings, SettingsFault
from waitless.tracing.figures import TraceMetrics
from waitless.tracing.telling import Telling

if TYPE_CHECKING:
    from waitless.tracing.sender import Sender

PATH = "/v1/traces"
"""Where OTLP/HTTP takes traces, unless an address says otherwise."""
WANTED = "opentelemetry.exporter.otlp.proto.http"
INSTALL = "python -m pip install --require-hashes -r requirements/traces.txt"
"""In a copy of the repository: this distribution is in no registry."""


@dataclass(frozen=True, slots=True)
class Tracing:
    """What a process has where there are traces."""

    telling: Telling
    sender: "Sender"

    @asynccontextmanager
    async def sending(self, _: web.Application) -> AsyncIterator[None]:
        """While an application runs; what is left at its end is sent if that is quickly done."""
        self.sender.start()
        try:
            yield
        finally:
            await self.sender.close()


def find_collector(settings: Settings) -> str | None:
    """The address that spans are posted to; None where there are no traces.

    Raises:
        SettingsFault: it is none, or the extra `traces` is not installed.
    """
    if not settings.traces_url:
        return None
    try:
        parts = urlsplit(settings.traces_url)
        _ = parts.port
    except ValueError as fault:
        raise SettingsFault(f"traces_url: {fault}") from fault
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsFault("traces_url: http://host:port or https://host:port is wanted")
    try:
        found = find_spec(WANTED)
    except ModuleNotFoundError:  # not even what it is in
        found = None
    if found is None:
        raise SettingsFault(f"traces_url: traces want the extra `traces`: {INSTALL}")
    return parts._replace(path=PATH if parts.path in {"", "/"} else parts.path).geturl()


def open_tracing(
    settings: Settings,
    area_id: str,
    role: str,
    *,
    now: Callable[[], datetime],
    chance: Random,
    registry: CollectorRegistry,
) -> Tracing | None:
    """This process's traces, not yet begun; None where there are none.

    Args:
        settings: where they go, and how many.
        area_id: the area.
        role: what this process does.
        now: the clock.
        chance: chooses and makes ids.
        registry: what is counted goes there.

    Raises:
        SettingsFault: as `find_collector`.
    """
    url = find_collector(settings)
    if url is None:
        return None
    from waitless.tracing.sender import Sender  # noqa: PLC0415 - an extra

    sender = Sender(
        url,
        {"waitless.area": area_id, "waitless.role": role, "waitless.instance": settings.instance},
        chance=chance,
        metrics=TraceMetrics(registry),
    )
    telling = Telling(
        area_id=area_id, ratio=settings.traces_ratio, send=sender.send, now=now, chance=chance
    )
    return Tracing(telling, sender)
