"""What belief is told of a deployment: kinds and limits of facilities, cadences of feeds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from waitless.area.facility import Kind

SOFT_LIMIT_MINUTES = 720.0
SOFT_LIMIT_ED_MINUTES = 1440.0
"""Real waits end about here (RULES.md R9): above is plausible but extreme. County Durham once
posted 30 h where 10 h were true (FAILURES.md 2)."""
CADENCE_S = 300.0
"""Providers are asked to publish every 5 minutes (the NHS capacity form's cadence)."""

OpenedMinutes = Callable[[str, datetime], float | None]
"""Facility and instant -> minutes since the door opened; below 0 where it is shut by its hours;
None where the facility never shuts or its hours are not known. See `Openings`."""


def unknown_hours(_facility_id: str, _at: datetime) -> None:
    """Opening hours of nobody: no rule about hours ever fires."""
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityRules:
    """What is particular to a facility. The defaults are the strictest."""

    kind: Kind = Kind.UTC
    zeros_are_normal: bool = False
    """Whether a posted zero is taken at its word although people are waiting."""

    @property
    def hard_limit_minutes(self) -> float:
        """Nothing above is ever shown."""
        return self.kind.hard_limit_minutes

    @property
    def soft_limit_minutes(self) -> float:
        """Above, two confirming readings are wanted."""
        return SOFT_LIMIT_ED_MINUTES if self.kind is Kind.ED else SOFT_LIMIT_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRules:
    """What is particular to a feed."""

    cadence_s: float = CADENCE_S
    """How often the source is asked, or publishes. A source that is slower than that is learnt."""
    facility_ids: frozenset[str] = frozenset()
    """Who must be in every complete document; empty where nobody is expected."""
