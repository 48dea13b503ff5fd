"""A reading: all that is believed of one facility now, folded from its observations."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.model import FacilityStatus, NoFigure, Observation, Wait

LIVE_FOR = timedelta(minutes=30)
"""A wait is called live while its measurement is at most this old (NHS: source to screen)."""
CLOCKS_DIFFER = timedelta(minutes=2)
"""How far a true measurement may lie ahead of our clock."""
CLOSURE_HOLDS_FOR = timedelta(hours=12)
"""A door reported shut stays shut until its source says otherwise, or this long: being sent to a
closed unit is the worst answer, and a closed unit's feed often falls silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is believed of one facility. Each part carries the time it was measured."""

    facility_id: str
    feed_id: str
    as_of: datetime
    """The newest believed observation's measurement, whatever it said."""
    received_at: datetime
    wait: Wait | NoFigure = NoFigure.UNKNOWN
    wait_as_of: datetime | None = None
    """When `wait` was measured; None while no observation has spoken of a wait."""
    patients_waiting: int | None = None
    patients_in_department: int | None = None
    status: FacilityStatus | None = None
    status_as_of: datetime | None = None
    sequence: int | None = None
    simulated: bool = False

    def live_wait(self, now: datetime) -> Wait | None:
        """The wait where it may be called live; None where it is unknown or too old.

        One from further ahead than clocks differ is of a clock that has been stepped back since:
        how old it is, nobody knows.
        """
        if not isinstance(self.wait, Wait) or self.wait_as_of is None:
            return None
        return self.wait if -CLOCKS_DIFFER <= now - self.wait_as_of <= LIVE_FOR else None

    def standing_status(self, now: datetime) -> FacilityStatus | None:
        """The door's status where it still counts; None where it is unknown or too old."""
        if self.status is None or self.status_as_of is None:
            return None
        holds = LIVE_FOR if self.status is FacilityStatus.OPEN else CLOSURE_HOLDS_FOR
        return self.status if now - self.status_as_of <= holds else None


def apply_observation(previous: Reading | None, observation: Observation) -> Reading:
    """The reading after a believed observation: what it is silent about stays as it was."""
    measured = observation.measured_at
    before = previous or Reading(
        facility_id=observation.facility_id,
        feed_id=observation.feed_id,
        as_of=measured,
        received_at=observation.received_at,
    )
    tells_wait = observation.wait is not NoFigure.NOT_GIVEN
    tells_status = observation.status is not None
    # A source may publish how many wait, but no wait.
    counts = observation if tells_wait or not tells_status else before
    return Reading(
        facility_id=before.facility_id,
        feed_id=observation.feed_id,
        as_of=measured,
        received_at=observation.received_at,
        wait=observation.wait if tells_wait else before.wait,
        wait_as_of=measured if tells_wait else before.wait_as_of,
        patients_waiting=counts.patients_waiting,
        patients_in_department=counts.patients_in_department,
        status=observation.status if tells_status else before.status,
        status_as_of=measured if tells_status else before.status_as_of,
        sequence=observation.sequence,
        simulated=observation.simulated,
    )
