"""What a patient asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.cell import Cell

DEFAULT_LIMIT, MOST_LIMIT = 5, 50
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


Basis = Literal["live_traffic", "usual", "timetable", "estimate"]
"""What a journey's minutes rest on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The way to one facility. `as_of` None means that the minutes do not change by the hour."""

    minutes: float
    distance_m: int
    basis: Basis
    as_of: datetime | None = None
