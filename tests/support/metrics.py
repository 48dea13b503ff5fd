"""Every metric of the service, from the collectors that its processes register."""

from functools import cached_property

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from waitless.answers.figures import CacheFigures
from waitless.answers.nearcache import NearCache
from waitless.ingest import FeedMetrics
from waitless.ledger.figures import KeeperMetrics, LedgerMetrics
from waitless.metrics import (
    BackupMetrics,
    IngestMetrics,
    LimitMetrics,
    SignInMetrics,
    TrafficMetrics,
    WebMetrics,
)
from waitless.process_figures import ProcessFigures
from waitless.told.figures import ToldMetrics
from waitless.tracing.figures import TraceMetrics
from waitless.web.fastpath import FastPathFigures

COLLECTORS = (
    WebMetrics,
    IngestMetrics,
    FeedMetrics,
    TrafficMetrics,
    LimitMetrics,
    LedgerMetrics,
    KeeperMetrics,
    ToldMetrics,
    SignInMetrics,
    BackupMetrics,
    TraceMetrics,
)


class _NoFastPath:
    answered = handed_over = 0


class Everything(CollectorRegistry):
    """A registry with all of them, and the wrappers that were registered, for their labels."""

    def __init__(self) -> None:
        self.wrappers: list[MetricWrapperBase] = []
        super().__init__()
        for collector in COLLECTORS:
            made = collector(self)
            for name, one in vars(collector).items():
                if isinstance(one, cached_property):
                    getattr(made, name)
        self.register(CacheFigures(NearCache(most_entries=0, most_bytes=0)))
        self.register(FastPathFigures(_NoFastPath()))  # type: ignore[arg-type]
        self.register(ProcessFigures())

    def register(self, collector: object) -> None:
        super().register(collector)  # type: ignore[arg-type]
        if isinstance(collector, MetricWrapperBase):
            self.wrappers.append(collector)

    def list_names(self) -> set[str]:
        """As Prometheus stores them: with `_total`, `_bucket`, `_sum` and `_count`."""
        names: set[str] = set()
        for metric in self.collect():
            if metric.type == "counter":
                names.add(f"{metric.name}_total")
            elif metric.type == "histogram":
                names |= {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}
            else:
                names.add(metric.name)
        return names
