"""The near cache's figures for Prometheus."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from waitless.answers.nearcache import NearCache


class CacheFigures(Collector):
    """The near cache's figures, read when they are asked for."""

    def __init__(self, cache: NearCache) -> None:
        self._cache = cache

    def collect(self) -> Iterable[Metric]:
        """The figures of the moment."""
        asked = CounterMetricFamily(
            "waitless_cache_lookups", "Look-ups in the near cache, by outcome.", labels=["outcome"]
        )
        evicted = CounterMetricFamily(
            "waitless_cache_evictions", "Answers thrown out of the near cache for want of room."
        )
        entries = GaugeMetricFamily("waitless_cache_entries", "Answers in the near cache.")
        size = GaugeMetricFamily("waitless_cache_bytes", "Memory that they take, bytes.")
        cache = self._cache
        for outcome in ("hits", "misses", "stale"):
            asked.add_metric([outcome], getattr(cache, outcome))
        evicted.add_metric([], cache.evicted)
        entries.add_metric([], len(cache))
        size.add_metric([], cache.nbytes)
        return asked, evicted, entries, size
