"""What becomes of spans, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter


class TraceMetrics:
    """Spans by fate; may be counted from any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._spans = Counter(
            "waitless_trace_spans",
            "Spans made, by what became of them.",
            ["fate"],
            registry=registry,
        )

    def sent(self, spans: int) -> None:
        """So many have been taken by the collector."""
        self._spans.labels("sent").inc(spans)

    def dropped(self, spans: int) -> None:
        """So many are lost: the collector was away, or too slow."""
        self._spans.labels("dropped").inc(spans)
