"""The ledger's figures for Prometheus; docs/metrics.md explains each."""

from functools import cached_property

from prometheus_client import CollectorRegistry, Counter, Gauge


class LedgerMetrics:
    """What an answering process counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._journeys = Counter(
            "waitless_journeys",
            "Journeys told to us, by what became of them: a word, or the code of a refusal.",
            ["outcome"],
            registry=registry,
        )
        self._served = Counter(
            "waitless_ledger_served_answers",
            "Served answers that were told to the ledger.",
            registry=registry,
        )
        self._registry = registry

    @cached_property
    def _shared(self) -> Gauge:
        """Made when it is first told: the process that writes never does, and would count as 0."""
        return Gauge(
            "waitless_ledger_shared",
            "1 while answers see the ledger of all workers; 0 while waits are not corrected by it.",
            multiprocess_mode="livemin",
            registry=self._registry,
        )

    def journey(self, outcome: str) -> None:
        """Count one request about a journey."""
        self._journeys.labels(outcome).inc()

    def served(self, answers: int) -> None:
        """Count answers told to the ledger."""
        self._served.inc(answers)

    def shared(self, shared: bool) -> None:  # noqa: FBT001 - a callback's one fact
        """Note whether the ledger of all workers is seen."""
        self._shared.set(shared)


class KeeperMetrics:
    """What the writer sees in the ledger. Facilities come from the pack, so labels are bounded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._advised = Gauge(
            "waitless_ledger_journeys",
            "Journeys to a facility that count now.",
            ["facility"],
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._suspended = Gauge(
            "waitless_ledger_suspended",
            "1 while a facility's counts cannot be explained and its wait is not corrected.",
            ["facility"],
            multiprocess_mode="livemostrecent",
            registry=registry,
        )

    def looked(self, facility_id: str, journeys: int, *, suspended: bool) -> None:
        """Note what one look at a facility found."""
        self._advised.labels(facility_id).set(journeys)
        self._suspended.labels(facility_id).set(suspended)
