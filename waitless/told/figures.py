"""The monitor's figures for Prometheus; docs/metrics.md explains each."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge

from waitless.told.alarm import ADVISED, list_figures
from waitless.told.facility import FacilityTold


class ToldMetrics:
    """Running figures. Facilities come from the pack, whom they are about is one of four."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, words: str) -> Gauge:
            return Gauge(
                f"waitless_told_{name}",
                words,
                ["facility", "whom"],
                registry=registry,
                multiprocess_mode="livemostrecent",
            )

        self._bias = gauge("bias_minutes", "Figures that came, less what had been told: a mean.")
        self._error = gauge("absolute_error_minutes", "The same without its sign.")
        self._coverage = gauge("coverage", "Share of figures within the range of 8 in 10.")
        self._hours = gauge("hours", "How much time stands behind these figures, faded.")
        self._alarm = gauge("alarm", "1 while so much too little is told that an alert is raised.")

    def looked(self, facility_id: str, told: FacilityTold, now: datetime) -> None:
        """Note the figures of a facility; those that nothing stands behind are absent."""
        for whom, running in list_figures(told).items():
            if running.bias is None or running.mean_absolute_error is None:
                continue
            labels = facility_id, whom
            self._bias.labels(*labels).set(running.bias)
            self._error.labels(*labels).set(running.mean_absolute_error)
            self._hours.labels(*labels).set(running.hours_at(now))
            self._alarm.labels(*labels).set(whom in told.alarms)
            if whom != ADVISED and running.coverage is not None:
                self._coverage.labels(*labels).set(running.coverage)
