"""What a timetable feed was refused for: all of it, or some of its rows."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_EXAMPLES: Final = 5
"""So many refusals of each reason are kept word for word; all are counted."""


class GtfsFault(Exception):
    """A feed that cannot be used at all; the message says which file, line and why."""


class GtfsReason(StrEnum):
    """Why a row, and what hangs on it, is not used, or not used as it stands."""

    DANGLING_ID = "dangling_id"
    """It names a stop, route, trip, service or station that is not in the feed."""
    REPEATED_ID = "repeated_id"
    """Its id, or its place in the trip, was taken by an earlier row."""
    WRONG_TIME = "wrong_time"
    """Not a time, or none where one must be."""
    TIME_GOES_BACK = "time_goes_back"
    """A trip arrives before it left the stop before, or leaves before it arrives."""
    WRONG_DATE = "wrong_date"
    """Not a day of the calendar, or a period that ends before it begins."""
    WRONG_VALUE = "wrong_value"
    """Another field that says nothing possible."""
    TRIP_REFUSED = "trip_refused"
    """A trip of which some stop time was refused: no part of it is used."""
    TIME_INTERPOLATED = "time_interpolated"
    """Used: a stop between timing points, its time spread evenly between theirs."""
    BOOKING_NEEDED = "booking_needed"
    """Used, but not for boarding or alighting here: one must telephone beforehand."""
    TRANSFER_IGNORED = "transfer_ignored"
    """A transfer between certain trips or routes alone; the general rule holds there."""


@dataclass(frozen=True, slots=True)
class GtfsRefusal:
    """One row that was refused."""

    reason: GtfsReason
    file: str
    line: int
    """As an editor counts them: the header is line 1."""
    problem: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.file}:{self.line}: {self.reason}: {self.problem}"


@dataclass(frozen=True, slots=True)
class GtfsReport:
    """All refusals of a feed: counted, with a few of each reason word for word."""

    counts: Counter[GtfsReason] = field(default_factory=Counter)
    examples: list[GtfsRefusal] = field(default_factory=list)

    def refuse(self, reason: GtfsReason, file: str, line: int, problem: str) -> None:
        """Count a refusal."""
        self.counts[reason] += 1
        if self.counts[reason] <= _EXAMPLES:
            self.examples.append(GtfsRefusal(reason, file, line, problem))
