"""What processes count of those who ask them: requests, boards, limits, sign-ins."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

from prometheus_client import CollectorRegistry, Counter, Gauge

from routing.transit.changes import Unused
from waitless.keys import How
from waitless.pulse import Pulse
from waitless.request_counts import RequestCounts


class WebMetrics:
    """Rate, errors and duration by route, and the board that answers come from."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = RequestCounts()
        """What `answered` counts in."""
        registry.register(self.requests)
        self._turned_away = Counter(
            "waitless_refused_connections",
            "Connections closed because as many as may be were open.",
            registry=registry,
        )
        self._epoch = Gauge(
            "waitless_board_epoch",
            "The epoch that answers come from.",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self._heartbeat = Gauge(
            "waitless_heartbeat_timestamp_seconds",
            "When the newest probe on the board was sent through the whole pipeline.",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self._pulse = Gauge(
            "waitless_ingest_pulse_timestamp_seconds",
            "When the writer last gave a sign of life that is on this board.",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self._degraded = Gauge(
            "waitless_board_degraded",
            "1 while the store is away and the board cannot be renewed.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._registry = registry

    # The next two are made when they are first told: under a supervisor, the process that writes
    # and has neither would count as the one furthest behind.
    @cached_property
    def _travel(self) -> Gauge:
        return Gauge(
            "waitless_travel_table_timestamp_seconds",
            "The instant whose traffic and time of day are in the travel tables in use.",
            multiprocess_mode="livemin",
            registry=self._registry,
        )

    @cached_property
    def _connections(self) -> Gauge:
        return Gauge(
            "waitless_timetable_connections",
            "Ways of a vehicle from one stop to the next today, by the timetable in use.",
            multiprocess_mode="livemin",
            registry=self._registry,
        )

    @cached_property
    def _changes(self) -> Gauge:
        return Gauge(
            "waitless_trip_changes",
            "What is told of today's trips and in force, by what became of it.",
            ["fate"],
            multiprocess_mode="livemostrecent",
            registry=self._registry,
        )

    def connection_refused(self) -> None:
        """Count one connection that there was no room for."""
        self._turned_away.inc()

    def answered(self, route: str, method: str, status: int, duration_s: float) -> None:
        """Count one request."""
        self.requests.count(route, method, status, duration_s)

    def board_renewed(self, epoch: int, pulse: Pulse | None, *, degraded: bool) -> None:
        """Note the board that answers come from now."""
        self._epoch.set(epoch)
        if pulse is not None:
            self._pulse.set(pulse.at.timestamp())
            if pulse.heartbeat_at is not None:
                self._heartbeat.set(pulse.heartbeat_at.timestamp())
        self._degraded.set(degraded)

    def travel_renewed(self, as_of: datetime | None) -> None:
        """Note the instant that travel times are of; None: they are of none, the usual ones."""
        if as_of is not None:
            self._travel.set(as_of.timestamp())

    def timetables_renewed(self, connections: int, fates: Mapping[str, int]) -> None:
        """Note how much runs today, and what became of what was told of its trips."""
        self._connections.set(connections)
        for fate in ("used", *Unused):
            self._changes.labels(fate).set(fates.get(fate, 0))


class SignInMetrics:
    """How people sign in, and why they do not."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tries = Counter(
            "waitless_sign_ins",
            "Sign-ins to the operators' pages, by way and outcome.",
            ["how", "outcome"],
            registry=registry,
        )

    def tried(self, how: How, outcome: str) -> None:
        """Count one: `signed_in`, or why not."""
        self._tries.labels(how, outcome).inc()


class LimitMetrics:
    """Who was refused for asking too often: how many, never who."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refused = Counter(
            "waitless_rate_limited_requests",
            "Requests refused because their client asks too often.",
            registry=registry,
        )
        self._shared = Gauge(
            "waitless_rate_limits_shared",
            "1 while workers share what they gave; 0 while each limits by itself.",
            multiprocess_mode="livemin",
            registry=registry,
        )

    def refused(self) -> None:
        """Count one refusal."""
        self._refused.inc()

    def synced(self, shared: bool) -> None:  # noqa: FBT001 - a callback's one fact
        """Note whether the last sync worked."""
        self._shared.set(shared)
