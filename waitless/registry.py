"""A process's figures, and how several processes tell theirs as one."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.values import ValueClass

from waitless.background import running

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where it is set, several processes count as one, each in files of its own in that folder."""
SHARE_EVERY_S = 0.5
"""What a process that is killed has counted since then is lost."""

_Sample = tuple[str, dict[str, str], float]


class Registry(CollectorRegistry):
    """Figures of one process.

    The client library's own counters are shared as they count, at the cost of a lock and two
    look-ups each time. Collectors of ours count in plain numbers, which are copied to the same
    files now and then: no answer waits for that. Gauges of theirs are told as sums over the living
    processes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ours: list[Collector] = []
        self._copies: dict[tuple[str, ...], tuple[Any, float]] = {}
        """What stands for a sample in a file, and the value that it was last given."""

    def register(self, collector: Collector) -> None:
        """Have a collector's figures told."""
        super().register(collector)
        if not isinstance(collector, MetricWrapperBase):
            self._ours.append(collector)

    @asynccontextmanager
    async def sharing(self, _: web.Application) -> AsyncIterator[None]:
        """While an application runs, and once more when its last request is counted."""
        if SHARED not in os.environ:
            yield
            return
        try:
            async with running({"share figures": self._keep_sharing()}):
                yield
        finally:
            self.share()

    async def _keep_sharing(self) -> None:
        while True:
            await asyncio.sleep(SHARE_EVERY_S)
            self.share()

    def share(self) -> None:
        """Copy what has changed to where other processes read it; for the loop's thread alone."""
        if SHARED not in os.environ:
            return
        for collector in self._ours:
            for metric in collector.collect():
                for name, labels, value in _list_samples(metric):
                    self._copy(metric, name, labels, value)

    def _copy(self, metric: Metric, name: str, labels: dict[str, str], value: float) -> None:
        key = (name, *labels.values())
        copy, before = self._copies.get(key) or (_make_copy(metric, name, labels), 0.0)
        if metric.type == "gauge":
            copy.set(value)
        elif value != before:
            # Added, not set: a process that had our id once may have counted in our file.
            copy.inc(value - before)
        self._copies[key] = copy, value


def expose(registry: CollectorRegistry) -> bytes:
    """Prometheus's text form of all that is counted.

    Under a supervisor that is the sum over its processes, whichever is asked. A gauge's
    `multiprocess_mode` says which of the living processes' values is told: the one furthest
    behind, the newest, or their sum.
    """
    if SHARED in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _list_samples(metric: Metric) -> Iterator[_Sample]:
    """A metric's samples as the client library's files have them: each bucket by itself, no count.

    Args:
        metric: of a histogram, the buckets of each set of labels stand together, in their order.
    """
    below = 0.0
    for sample in metric.samples:
        if metric.type != "histogram" or sample.name.endswith("_sum"):
            yield sample.name, sample.labels, sample.value
        elif (bound := sample.labels.get("le")) is not None:
            yield sample.name, sample.labels, sample.value - below
            below = 0.0 if bound == "+Inf" else sample.value


def _make_copy(metric: Metric, name: str, labels: dict[str, str]) -> Any:  # noqa: ANN401 - the library's
    return ValueClass(
        metric.type,
        metric.name,
        name,
        tuple(labels),
        tuple(labels.values()),
        metric.documentation,
        multiprocess_mode="livesum" if metric.type == "gauge" else "",
    )
