"""What the service counts, by Prometheus's conventions; docs/metrics.md explains each."""

from waitless.metrics.answering import LimitMetrics, SignInMetrics, WebMetrics
from waitless.metrics.writing import BackupMetrics, IngestMetrics, TrafficMetrics

__all__ = [
    "BackupMetrics",
    "IngestMetrics",
    "LimitMetrics",
    "SignInMetrics",
    "TrafficMetrics",
    "WebMetrics",
]
