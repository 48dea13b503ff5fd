"""Requests counted in plain numbers and told to Prometheus when it asks.

The client library's own counters take a lock and look labels up: three times the cost of all else
that is done for an answer out of the near cache.
"""

from bisect import bisect_left
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

ANSWER_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class RequestCounts(Collector):
    """Requests by route, method and status, and durations by route."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._durations: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def count(self, route: str, method: str, status: int, duration_s: float) -> None:
        """Count one request."""
        key = (route, method, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        buckets = self._durations.get(route)
        if buckets is None:
            buckets = self._durations[route] = [0] * (len(ANSWER_BUCKETS_S) + 1)
        buckets[bisect_left(ANSWER_BUCKETS_S, duration_s)] += 1
        self._seconds[route] = self._seconds.get(route, 0.0) + duration_s

    def collect(self) -> Iterable[Metric]:
        """The figures so far."""
        requests = CounterMetricFamily(
            "waitless_http_requests",
            "Requests answered, by route, method and status.",
            labels=["route", "method", "status"],
        )
        # Copies: a scrape is told in a thread, while the loop counts on.
        for (route, method, status), number in dict(self._requests).items():
            requests.add_metric([route, method, str(status)], number)
        durations = HistogramMetricFamily(
            "waitless_http_request_duration_seconds",
            "Time from a request's arrival to its answer, by route.",
            labels=["route"],
        )
        for route, buckets in dict(self._durations).items():
            told, below = [], 0
            for bound, number in zip((*ANSWER_BUCKETS_S, "+Inf"), buckets, strict=True):
                below += number
                told.append((str(bound), below))
            durations.add_metric([route], told, self._seconds[route])
        return requests, durations
