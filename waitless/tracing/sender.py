"""The sender: the one place that knows OpenTelemetry. Spans go to a collector over OTLP/HTTP.

Spans are handed to the SDK when they are over, with ids and times of ours; its own thread encodes
and posts them in batches. Its environment variables hold where nothing here says otherwise, such
as `OTEL_EXPORTER_OTLP_HEADERS` for a collector that wants a token.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from random import Random
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from waitless import __version__
from waitless.tracing.context import SpanRef, to_nanoseconds
from waitless.tracing.figures import TraceMetrics
from waitless.tracing.span import Kind, Link, Span

log = logging.getLogger(__name__)

MOST_WAITING = 4096
"""Spans that wait to be sent; others are dropped."""
BATCH = 256
EVERY_S = 1.0
"""How long a span waits for others to be sent with."""
ANSWERED_WITHIN_S = 5.0
"""How long the collector may take for a batch, tries again included."""
CLOSED_WITHIN_S = 3.0
"""How long the end of a process waits for what is left to be sent."""
_KINDS = {
    Kind.CONSUMER: trace.SpanKind.CONSUMER,
    Kind.SERVER: trace.SpanKind.SERVER,
    Kind.INTERNAL: trace.SpanKind.INTERNAL,
}
_SAMPLED = trace.TraceFlags(trace.TraceFlags.SAMPLED)


class Sender:
    """Takes spans without ever waiting, and sends them when it can."""

    def __init__(
        self, url: str, says: Mapping[str, str], *, chance: Random, metrics: TraceMetrics
    ) -> None:
        """Nothing is opened, and no thread begun, before `start`.

        Args:
            url: where batches are posted.
            says: what every span of this process says.
            chance: names this process among others.
            metrics: where spans are counted.
        """
        self._resource = Resource.create({
            SERVICE_NAME: "waitless",
            SERVICE_VERSION: __version__,
            SERVICE_INSTANCE_ID: str(UUID(int=chance.getrandbits(128), version=4)),
            **says,
        })  # fmt: skip
        self._outlet = _Outlet(url, metrics)
        self._metrics = metrics
        self._ids = _OurIds()
        self._processor: BatchSpanProcessor | None = None
        self._tracer: trace.Tracer | None = None

    def start(self) -> None:
        """Begin the thread that sends; in the process whose spans they are."""
        self._processor = BatchSpanProcessor(
            self._outlet,
            max_queue_size=MOST_WAITING,
            schedule_delay_millis=EVERY_S * 1000,
            max_export_batch_size=BATCH,
        )
        provider = TracerProvider(
            sampler=ALWAYS_ON,  # what comes here has been chosen
            resource=self._resource,
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("waitless", __version__)

    def send(self, span: Span) -> None:
        """Hand a span over, or drop it where too many wait; from the loop's thread alone."""
        if self._tracer is None or not self._outlet.admit():
            self._metrics.dropped(1)
            return
        self._ids.next = span.ref
        context = Context()
        if span.parent is not None:
            parent = trace.NonRecordingSpan(_context_of(span.parent))
            context = trace.set_span_in_context(parent, context)
        told = self._tracer.start_span(
            span.name,
            context=context,
            kind=_KINDS[span.kind],
            attributes=span.says,
            links=[_link_to(one) for one in span.links],
            start_time=to_nanoseconds(span.since),
        )
        for event in span.events:
            told.add_event(event.name, event.says, to_nanoseconds(event.at))
        if span.failed:
            told.set_status(trace.StatusCode.ERROR)
        told.end(to_nanoseconds(max(span.since, span.until)))

    async def close(self) -> None:
        """Send what is left, as far as that is done within `CLOSED_WITHIN_S`.

        In a thread of its own, which ends with the process: the loop's executor would be waited
        for, however long the collector takes.
        """
        if self._processor is None:
            return
        processor, done, loop = self._processor, asyncio.Event(), asyncio.get_running_loop()

        def shut() -> None:
            processor.shutdown()  # type: ignore[no-untyped-call]
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=shut, name="last traces", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSED_WITHIN_S):
                await done.wait()
        self._tracer = None
        self._outlet.give_up()


class _OurIds(IdGenerator):
    """Gives the next span the ids that it has already."""

    next = SpanRef(0, 0)

    def generate_trace_id(self) -> int:
        return self.next.trace_id

    def generate_span_id(self) -> int:
        return self.next.span_id


class _Outlet(SpanExporter):
    """The SDK's exporter, with what becomes of spans counted, and told once in the log.

    `admit` is called by the loop, `export` by the SDK's thread; each counts in a number of its own.
    """

    def __init__(self, url: str, metrics: TraceMetrics) -> None:
        self._exporter = OTLPSpanExporter(url, timeout=ANSWERED_WITHIN_S)
        self._metrics = metrics
        self._admitted = self._done = 0
        self._away = False
        # What it says at every batch is said here once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    def admit(self) -> bool:
        """Whether there is room for one more span."""
        if self._admitted - self._done >= MOST_WAITING:
            return False
        self._admitted += 1
        return True

    def give_up(self) -> None:
        """Count what nobody will send any more."""
        left, self._done = self._admitted - self._done, self._admitted
        if left > 0:
            self._metrics.dropped(left)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        sent = result is SpanExportResult.SUCCESS
        if sent:
            self._metrics.sent(len(spans))
        else:
            self._metrics.dropped(len(spans))
        self._done += len(spans)
        if sent == self._away:  # not as it was before
            self._away = not sent
            log.warning("the collector takes traces again" if sent else "traces are not taken")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=1024)
def _link_to(link: Link) -> trace.Link:
    return trace.Link(_context_of(link.ref), link.says)


def _context_of(ref: SpanRef) -> trace.SpanContext:
    return trace.SpanContext(ref.trace_id, ref.span_id, is_remote=True, trace_flags=_SAMPLED)
