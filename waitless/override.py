"""Overrides: an operator's word on a facility, over what feeds say of it, until it ends. Pure.

It deletes nothing: what feeds say is believed, kept and learnt from all the while, and is what
answers rest on again from the instant at which the override ends.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feeds.model import FacilityStatus, NoFigure, Statistic, Wait
from waitless.reading import CLOCKS_DIFFER, LIVE_FOR, Reading

MOST = timedelta(days=7)
"""No override lasts longer; it can be made again."""
USUAL = timedelta(hours=2)
"""How long one lasts that says nothing of it: about half a shift. Our judgement."""
BY_OPERATOR = "@operator"
"""Stands for a feed in the reading of a facility that no feed ever spoke of; no feed's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What one operator said of one facility. Who and why are for operators alone."""

    facility_id: str
    at: datetime
    """When it was said, aware UTC."""
    until: datetime
    """The first instant at which it no longer holds."""
    by: str
    why: str
    status: FacilityStatus | None = None
    """The door's, in place of what feeds report; None: as they report."""
    wait_minutes: float | None = None
    """A wait entered by hand. It is live for `LIVE_FOR` like any other; after that none is shown
    until the override ends or is renewed. None: none was entered."""
    wait_cleared: bool = False
    """Whether no wait is shown, whatever feeds post."""

    def holds(self, now: datetime) -> bool:
        """Whether it still does."""
        return now < self.until

    @property
    def says_something(self) -> bool:
        """Whether it speaks of the door or of the wait."""
        return self.status is not None or self.concerns_wait

    @property
    def concerns_wait(self) -> bool:
        """Whether a posted wait is not shown while it holds."""
        return self.wait_cleared or self.wait_minutes is not None

    def live_wait(self, now: datetime) -> Wait | None:
        """The wait that was entered, where it may be shown as live."""
        if self.wait_minutes is None or not -CLOCKS_DIFFER <= now - self.at <= LIVE_FOR:
            return None
        return self._wait

    @property
    def _wait(self) -> Wait | None:
        """An estimate for newcomers, from arrival to treatment."""
        if self.wait_minutes is None:
            return None
        return Wait(minutes=self.wait_minutes, statistic=Statistic.ESTIMATE)

    def lay_over(self, reading: Reading | None) -> Reading | None:
        """The reading with the operator's wait in place of the posted one; the door's is as it was.

        Args:
            reading: what is believed; None where no feed ever spoke of the facility.
        """
        if not self.concerns_wait:
            return reading
        under = reading or Reading(
            facility_id=self.facility_id, feed_id=BY_OPERATOR, as_of=self.at, received_at=self.at
        )
        return replace(
            under,
            wait=self._wait or NoFigure.SUPPRESSED,
            wait_as_of=self.at,
            patients_waiting=None,
            patients_in_department=None,
        )

    def list_changes(self) -> list[datetime]:
        """The instants from which answers say something else because of it."""
        if self.wait_minutes is None:
            return [self.until]
        return [self.until, self.at + LIVE_FOR + datetime.resolution]
