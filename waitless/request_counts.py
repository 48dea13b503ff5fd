"""Requests counted in plain numbers and told to Prometheus when it asks.

The client library's own counters take a lock and look labels up: three times the cost of all else
that is done for an answer out of the near cache.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

ANSWER_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class RequestCounts(Collector):
    """Requests by route, method and status, and durations by route."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], list[int]] = {}
        """How many took how long, by bucket."""
        self._seconds: dict[tuple[str, str, int], float] = {}

    def count(self, route: str, method: str, status: int, duration_s: float) -> None:
        """Count one request."""
        key = (route, method, status)
        buckets = self._counts.get(key)
        if buckets is None:
            buckets = self._counts[key] = [0] * (len(ANSWER_BUCKETS_S) + 1)
            self._seconds[key] = 0.0
        buckets[bisect_left(ANSWER_BUCKETS_S, duration_s)] += 1
        self._seconds[key] += duration_s

    def collect(self) -> Iterable[Metric]:
        """The figures so far."""
        requests = CounterMetricFamily(
            "waitless_http_requests",
            "Requests answered, by route, method and status.",
            labels=["route", "method", "status"],
        )
        by_route: dict[str, list[list[int]]] = {}
        seconds: dict[str, float] = {}
        # Copies: a scrape is told in a thread, while the loop counts on.
        for (route, method, status), buckets in dict(self._counts).items():
            requests.add_metric([route, method, str(status)], sum(buckets))
            by_route.setdefault(route, []).append(buckets)
            taken_s = self._seconds[route, method, status]
            seconds[route] = seconds.get(route, 0.0) + taken_s
        durations = HistogramMetricFamily(
            "waitless_http_request_duration_seconds",
            "Time from a request's arrival to its answer, by route.",
            labels=["route"],
        )
        for route, counted in by_route.items():
            below = accumulate(map(sum, zip(*counted, strict=True)))
            bounds = (*map(str, ANSWER_BUCKETS_S), "+Inf")
            durations.add_metric([route], [*zip(bounds, below, strict=True)], seconds[route])
        return requests, durations
