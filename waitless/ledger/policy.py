"""The policy: which choices of WaitLess move people, as figures that are published. Pure.

docs/ledger.md is where they are published; settings change them.
"""

from dataclasses import dataclass

from routing.modes import Mode
from waitless.area.facility import Kind, Need
from waitless.ledger.temper import choose_temperature

SERIOUS_NEEDS = frozenset({Need.HEAD_INJURY, Need.ABDOMINAL_PAIN})
"""Needs that may hide an emergency: nothing is put between them and an ED. Our judgement, to be
signed off by a clinician."""
INFORMED_SHARE = 0.2
"""The part of all patients who follow answers, for the spreading: an assumption, a setting."""
INFORMATION_AGE_MINUTES = 65.0
"""From a queue's change to its effect on arrivals: half an averaging window of an hour, 15 minutes
of a feed's age, 20 of journey. Demand is taken as all that the places can see: the worst case."""


def spread_minutes(informed_share: float) -> float:
    """The temperature that stays stable while so many follow answers (`temper`)."""
    return choose_temperature(
        informed_share=informed_share,
        demand_per_minute=1.0,
        age_minutes=INFORMATION_AGE_MINUTES,
        sites=1,
        per_minute=1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The figures of the ranking that are choices and not measurements.

    The defaults are those of the policy that did best of six on a simulated East Kent.
    """

    margin_minutes: float = 20.0
    """Added to an ED's cost where the need is minor."""
    most_journey_minutes: float = 45.0
    """Longer journeys are not recommended, except to the nearest suitable place."""
    most_transit_minutes: float = 90.0
    """The same by bus and train, where much of a journey is waiting for it."""
    kappa: float = 1.0
    """How much of the advised load's wait is added: 1 is all of it, 0 none."""
    omega: float = 0.5
    """The share of the usual advised load that the forecast is taken to hold already."""
    most_correction_minutes: float = 45.0
    """No facility's wait is raised by more, whatever the ledger says."""
    spread_minutes: float = spread_minutes(INFORMED_SHARE)
    """Without a shared ledger, the temperature at which people are spread over places alike."""
    served_share: float = 0.0
    """How much an answer served counts, for apps that never confirm: 0 counts journeys alone."""

    def __post_init__(self) -> None:
        """Refuse what would turn the ranking upside down.

        Raises:
            ValueError: a figure below 0, or a share above 1; names it.
        """
        for name in self.__dataclass_fields__:
            most = 1.0 if name in {"omega", "served_share"} else float("inf")
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name}: 0 to {most:g} is wanted")

    def most_minutes(self, mode: Mode) -> float:
        """The longest journey by a mode that is recommended."""
        return self.most_transit_minutes if mode is Mode.TRANSIT else self.most_journey_minutes

    def margin(self, kind: Kind, need: Need) -> float:
        """Minutes added to the cost of a facility of a kind, for a need."""
        return self.margin_minutes if kind is Kind.ED and need not in SERIOUS_NEEDS else 0.0


UNMOVED = Policy(margin_minutes=0.0)
"""Nobody is moved: everything ranks by its minutes."""
