"""What the process that writes counts: messages, belief, the store, traffic."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

ACKNOWLEDGE_BUCKETS_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
RETIME_BUCKETS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class IngestMetrics:
    """Counters of the writer. Feeds and facilities come from the pack, so labels are bounded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._believed = Counter(
            "waitless_observations_believed",
            "Observations that became the reading of a facility.",
            ["feed"],
            registry=registry,
        )
        self._held = Counter(
            "waitless_observations_held",
            "Observations held back, by rule.",
            ["feed", "rule"],
            registry=registry,
        )
        self._refused = Counter(
            "waitless_refusals",
            "Messages and rows that became no observation, by reason.",
            ["feed", "reason"],
            registry=registry,
        )
        self._measured = Gauge(
            "waitless_reading_measured_timestamp_seconds",
            "When the believed reading of a facility was measured.",
            ["facility"],
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._epoch = Gauge(
            "waitless_store_epoch",
            "The newest epoch written to the store.",
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._trips_told = Gauge(
            "waitless_trips_told",
            "What was in the newest message of a source of trip updates, by kind.",
            ["feed", "kind"],
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._trip_kinds: dict[str, set[str]] = {}
        self._forecasts_dropped = Counter(
            "waitless_forecasts_dropped",
            "Stored forecasts that could not be read, so that their facilities started afresh.",
            registry=registry,
        )
        self._acknowledged = Histogram(
            "waitless_ingest_acknowledge_seconds",
            "From receipt until the store holds what was believed; the oldest of each batch.",
            buckets=ACKNOWLEDGE_BUCKETS_S,
            registry=registry,
        )
        self._queued = Gauge(
            "waitless_ingest_queue_deliveries",
            "Deliveries that waited behind the newest batch.",
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._retried = Counter(
            "waitless_store_retries", "Store work done again: it was away.", registry=registry
        )
        self._overrides = Gauge(
            "waitless_overrides",
            "Facilities of which an operator says something in place of their feeds, by what.",
            ["what"],
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._acts = Counter(
            "waitless_operator_acts",
            "What operators did and was written to the audit, by action.",
            ["action"],
            registry=registry,
        )
        # Looked up at every message: finding a label's child costs more than counting.
        self._believed_of = cache(self._believed.labels)
        self._measured_of = cache(self._measured.labels)

    def believed(self, feed_id: str) -> None:
        """Count one believed observation."""
        self._believed_of(feed_id).inc()

    def measured(self, facility_id: str, at: datetime) -> None:
        """Note when a facility's believed reading was measured."""
        self._measured_of(facility_id).set(at.timestamp())

    def held(self, feed_id: str, rule: str) -> None:
        """Count one observation that is not shown."""
        self._held.labels(feed_id, rule).inc()

    def refused(self, feed_id: str, reason: str) -> None:
        """Count one refusal."""
        self._refused.labels(feed_id, reason).inc()

    def acknowledged(self, oldest_s: float, queued: int) -> None:
        """Note one batch: how long its oldest delivery took, and how many wait behind it."""
        self._acknowledged.observe(max(0.0, oldest_s))
        self._queued.set(queued)

    def store_retried(self) -> None:
        """Count one attempt at store work that failed."""
        self._retried.inc()

    def saved(self, epoch: int) -> None:
        """Note the epoch that the store is at."""
        self._epoch.set(epoch)

    def trips_told(self, feed_id: str, told: Mapping[str, int]) -> None:
        """Note what the newest message has: `trip` for updates of trips, and what is not used."""
        kinds = self._trip_kinds.setdefault(feed_id, set())
        kinds |= told.keys()
        for kind in kinds:
            self._trips_told.labels(feed_id, kind).set(told.get(kind, 0))

    def overridden(self, what: str, facilities: int) -> None:
        """Note of how many facilities an operator says something of the `door` or the `wait`."""
        self._overrides.labels(what).set(facilities)

    def acted(self, action: str) -> None:
        """Count one act of an operator."""
        self._acts.labels(action).inc()

    def forecasts_dropped(self, number: int) -> None:
        """Count forecasts that start afresh, as what was stored of them cannot be read."""
        self._forecasts_dropped.inc(number)


class BackupMetrics:
    """How old copies of the store are; made only where their folder is known."""

    def __init__(self, registry: CollectorRegistry, every_s: float = 0.0) -> None:
        self._begun = Gauge(
            "waitless_backup_timestamp_seconds",
            "When the newest good copy of the store was begun; 0 where none is seen.",
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        interval = Gauge(
            "waitless_backup_interval_seconds",
            "How long after the last one was begun a copy of the store is due.",
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        interval.set(every_s)

    def looked(self, begun: datetime | None) -> None:
        """Note when the newest good copy was begun; None: there is none, or it cannot be seen."""
        self._begun.set(0.0 if begun is None else begun.timestamp())


class TrafficMetrics:
    """What the writer makes of traffic."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._figures = Gauge(
            "waitless_traffic_figures",
            "What became of the newest figures and events of a traffic source, by fate.",
            ["feed", "fate"],
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._duration = Histogram(
            "waitless_travel_retime_seconds",
            "Time from noticing a change of traffic or hour to travel tables that have it in.",
            buckets=RETIME_BUCKETS_S,
            registry=registry,
        )
        self._searched = Counter(
            "waitless_travel_searches",
            "Facilities whose travel times were searched for again.",
            registry=registry,
        )

    def counted(self, feed_id: str, fates: Mapping[str, int]) -> None:
        """Note what became of a source's figures and events."""
        for fate, number in fates.items():
            self._figures.labels(feed_id, fate).set(number)

    def retimed(self, duration_s: float, searched: int) -> None:
        """Note one renewal of the tables."""
        self._duration.observe(duration_s)
        self._searched.inc(searched)
