"""The advised: what somebody on the way was told, and what they met. Pure, and without a name.

The ledger counts journeys by facility and five minutes of arrival. When a count grows, whoever was
added has just been told what outlook and ledger gave at that moment for that arrival.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import msgspec

from waitless.area.facility import Facility
from waitless.forecast.outlook import LAST_MINUTES, Outlook
from waitless.forecast.predict import FIXED_POINT_STEPS
from waitless.ledger.correct import FigureOf, correct, find_window, seen_per_minute
from waitless.ledger.picture import LedgerPicture
from waitless.ledger.policy import Policy

MOST_APART = timedelta(minutes=90)
"""Two figures further apart say nothing of the time between them."""


class Met(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that was posted; of a band its middle."""

    at: datetime
    figure: float


class Group(msgspec.Struct, kw_only=True):
    """People of one bucket of arrival: the means of what they were told, and of when it is due."""

    people: int
    told_min: float
    due: datetime

    def join(self, people: int, told: "Told") -> None:
        """Some more."""
        self.people += people
        share = people / self.people
        self.told_min += share * (told.minutes - self.told_min)
        self.due += share * (told.due - self.due)


@dataclass(frozen=True, slots=True)
class Told:
    """The wait that somebody was told, and when the figure is posted that speaks of them."""

    minutes: float
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Tells the wait at one facility as answers do: the forecast mean, corrected by the ledger.

    It tells the figure that will be posted, and not a patient's mean, as it is held against
    figures that are posted.
    """

    facility: Facility
    outlook: Outlook
    """Of a reading that is live."""
    figure: FigureOf
    """Whom that reading is about."""
    picture: LedgerPicture
    """Before these people were in it."""
    policy: Policy
    zone: tzinfo

    def tell(self, arrives_at: datetime, now: datetime) -> Told | None:
        """For who sets out now; None where that is further ahead than forecasts go."""
        half = timedelta(minutes=self.outlook.half_window_min)
        wait = self.outlook.posted[0]
        for _ in range(FIXED_POINT_STEPS):
            wait = self.outlook.figure_at(arrives_at + timedelta(minutes=wait) + half)
        wait = self._corrected(wait, arrives_at, now)
        due = arrives_at + timedelta(minutes=wait) + half
        ahead = due - self.outlook.as_of
        return Told(wait, due) if ahead <= timedelta(minutes=LAST_MINUTES) else None

    def _corrected(self, wait: float, arrives_at: datetime, now: datetime) -> float:
        picture, facility_id = self.picture, self.facility.id
        row = picture.snapshot.facility_ids.index(facility_id)
        if not picture.counts[row]:
            return wait
        since, until = find_window(
            now,
            travel_minutes=(arrives_at - now) / timedelta(minutes=1),
            measured_at=self.outlook.as_of,
            wait_minutes=self.outlook.posted[0],
            figure=self.figure,
        )
        hour = now.astimezone(self.zone).hour
        usual = picture.usual.count(facility_id, hour, (until - since) / timedelta(minutes=1))
        advised = picture.snapshot.count(facility_id, since, until)
        per_minute = seen_per_minute(self.facility)
        return correct(wait, advised, usual, per_minute, policy=self.policy)


def interpolate(before: Met | None, after: Met, at: datetime) -> float | None:
    """The figure at an instant between two; None where they are too far apart to tell."""
    if before is None or after.at - before.at > MOST_APART:
        return None
    share = max(0.0, (at - before.at) / (after.at - before.at))
    return before.figure + share * (after.figure - before.figure)


def list_changes(before: Mapping[int, int], after: Mapping[int, int]) -> dict[int, int]:
    """How many were entered, or below 0 cancelled, by bucket of arrival; only what has changed.

    Args:
        before: journeys at the look before.
        after: now. Buckets before its time are to be left out of both.
    """
    changes = {one: after.get(one, 0) - before.get(one, 0) for one in after.keys() | before.keys()}
    return {bucket: change for bucket, change in changes.items() if change}
