"""An option: a facility that can be gone to, with all that its rank rests on."""

from dataclasses import dataclass

from feeds.model import Wait
from routing.rank import Candidate, Range
from waitless.area.facility import Facility
from waitless.forecast.posted import WhenSeen
from waitless.override import Override
from waitless.reading import Reading
from waitless.recommend.suit import Doubt
from waitless.recommend.ways import Journey

UNSURE_TIER = 1
"""Places with a doubt (decision 0005) rank after those without, whatever their minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One suitable, reachable facility. `wait` and `seen` are None where nothing is current."""

    facility: Facility
    journey: Journey
    reading: Reading | None
    wait: Wait | None
    seen: WhenSeen | None
    doubts: tuple[Doubt, ...]
    margin_minutes: float = 0.0
    """What the policy adds to its cost."""
    others: int | None = None
    """How many others are on the way who come before; None where that is not known."""
    moved_minutes: float = 0.0
    """By how much they move its wait."""
    override: Override | None = None
    """What an operator says of it, where that holds."""

    @property
    def candidate(self) -> Candidate:
        """The option as the ranking sees it."""
        seen = self.seen
        wait = None
        if seen is not None:
            wait = Range(p10=seen.p10, p50=seen.p50, p90=seen.p90, mean=seen.mean)
        return Candidate(
            id=self.facility.id,
            travel_minutes=self.journey.minutes,
            wait=wait,
            tier=UNSURE_TIER if self.doubts else 0,
            margin_minutes=self.margin_minutes,
        )
