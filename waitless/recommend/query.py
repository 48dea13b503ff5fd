"""What a patient asks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.cell import Cell

DEFAULT_LIMIT, MOST_LIMIT = 5, 50
DEPARTS_WITHIN = timedelta(hours=24)
"""A departure is at most so far ahead."""
FORESEEN = timedelta(hours=2)
"""Whoever departs later than this is told no wait: forecasts were measured at one and two hours
(docs/prediction.md), and a wait that nobody foresees is better left out than guessed."""
MOST_AGE = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question, its origin already rounded to a cell."""

    origin: Cell
    label: str
    """What the origin is called: the place that was named, or "your position"."""
    mode: Mode = Mode.DRIVE
    need: Need = Need.MINOR_INJURY
    age_years: int | None = None
    """None where it was not given: no age rule is applied, and `age_limit` says where one is."""
    limit: int = DEFAULT_LIMIT
    depart_at: datetime | None = None
    """When the origin is left, aware UTC; None: at once."""

    def find_departure(self, now: datetime) -> datetime:
        """When the origin is left by who is answered at `now`."""
        return now if self.depart_at is None else max(now, self.depart_at)

    def is_foreseen(self, now: datetime) -> bool:
        """Whether waits can be told to who is answered at `now`."""
        return self.depart_at is None or self.depart_at - now <= FORESEEN
