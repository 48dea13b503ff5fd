"""A collector of traces: a real OTLP/HTTP receiver, which can hang, refuse or be away."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from aiohttp import web
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.servers import free_port
from tests.support.service import eventually


@dataclass(frozen=True)
class Told:
    """A span as it came over the wire."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    since_ns: int
    until_ns: int
    kind: int
    failed: bool
    says: dict[str, Any]
    process: dict[str, Any]
    events: list[tuple[str, dict[str, Any]]]
    links: list[tuple[str, dict[str, Any]]]
    """Trace ids, and what is said of each."""


@dataclass
class Collector:
    port: int = field(default_factory=free_port)
    spans: list[Told] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    status: HTTPStatus = HTTPStatus.OK
    hangs: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.hangs:
            await asyncio.sleep(60)
        if self.status is HTTPStatus.OK:
            self.bodies.append(body)
            self.spans += list_spans(ExportTraceServiceRequest.FromString(body))
        return web.Response(status=self.status)

    def find(self, name: str, trace_id: str | None = None) -> list[Told]:
        return [one for one in self.spans if one.name == name and trace_id in (None, one.trace_id)]

    async def gets(self, name: str, trace_id: str | None = None, *, within_s: float = 10) -> Told:
        """The newest span of a name, once there is one."""

        async def there() -> bool:
            return bool(self.find(name, trace_id))

        await eventually(there, within_s=within_s, words=f"a span {name!r}")
        return self.find(name, trace_id)[-1]

    def stages(self, trace_id: str) -> list[Told]:
        """All spans of a trace, by their beginning."""
        found = [one for one in self.spans if one.trace_id == trace_id]
        return sorted(found, key=lambda one: (one.since_ns, one.until_ns))


@asynccontextmanager
async def collecting(collector: Collector | None = None) -> AsyncIterator[Collector]:
    collector = collector or Collector()
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", collector.port).start()
    try:
        yield collector
    finally:
        await runner.cleanup()


def list_spans(request: ExportTraceServiceRequest) -> Iterable[Told]:
    for resource in request.resource_spans:
        process = _says(resource.resource.attributes)
        for scope in resource.scope_spans:
            for one in scope.spans:
                yield Told(
                    name=one.name,
                    trace_id=one.trace_id.hex(),
                    span_id=one.span_id.hex(),
                    parent_id=one.parent_span_id.hex(),
                    since_ns=one.start_time_unix_nano,
                    until_ns=one.end_time_unix_nano,
                    kind=one.kind,
                    failed=one.status.code == one.status.STATUS_CODE_ERROR,
                    says=_says(one.attributes),
                    process=process,
                    events=[(event.name, _says(event.attributes)) for event in one.events],
                    links=[(link.trace_id.hex(), _says(link.attributes)) for link in one.links],
                )


def _says(attributes: Iterable[Any]) -> dict[str, Any]:
    return {one.key: _plain(one.value) for one in attributes}


def _plain(value: Message) -> Any:
    kind = value.WhichOneof("value")
    plain = getattr(value, kind)
    return [_plain(one) for one in plain.values] if kind == "array_value" else plain
