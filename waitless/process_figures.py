"""A process's own memory, descriptors and processor time for Prometheus."""

import os
from collections.abc import Iterable

from prometheus_client import ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from waitless.registry import SHARED

_START = "process_start_time_seconds"


class ProcessFigures(Collector):
    """The client library's `process_*`.

    Several processes that count as one tell their sums, but no time of their start: a sum of
    times means nothing.
    """

    def __init__(self) -> None:
        self._process = ProcessCollector(registry=None)

    def collect(self) -> Iterable[Metric]:
        """The figures of the moment; none on a system without /proc."""
        several = SHARED in os.environ
        return [one for one in self._process.collect() if not (several and one.name == _START)]
