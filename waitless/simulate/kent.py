"""East Kent as the model sees it: the pack's hours and journeys, joined with the assumptions."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from routing.modes import Mode
from waitless.answers.doors import Doors, lay_out
from waitless.area.facility import Facility, Kind, Need
from waitless.area.pack import Area
from waitless.simulate.assumptions import HOURS_A_DAY, Assumptions, AssumptionsFault, Care
from waitless.simulate.habit import calibrate_pulls
from waitless.travel.builder import TravelBuilder
from waitless.travel.tables import TravelTables

MINUTES_A_DAY = 1440
HORIZON_MINUTES = 240.0
LONGEST_DAYS = 400
NEED = Need.MINOR_INJURY
"""What all simulated users ask for: everything of the model treats it."""


@dataclass(frozen=True)
class Kent:
    """Immutable, shared by all runs. Minutes count from `start`; facilities and zones by place."""

    area: Area
    assumptions: Assumptions
    facilities: list[Facility]
    care: list[Care]
    zones: list[str]
    people: NDArray[np.float64]
    """Share of all people, by zone."""
    drive: NDArray[np.float64]
    """Zones x facilities, minutes by car."""
    onward: NDArray[np.float64]
    """Facilities x facilities, minutes by car, for who finds a door shut."""
    opening: list[list[float]]
    """By facility: minutes at which the door opens, closes, opens ... from `start` on."""

    @property
    def start(self) -> datetime:
        """Minute 0, aware UTC."""
        return self.assumptions.start.value

    @cached_property
    def is_ed(self) -> list[bool]:
        """By facility."""
        return [one.kind is Kind.ED for one in self.facilities]

    @cached_property
    def per_minute(self) -> list[float]:
        """By facility: minor patients that its full staff can see."""
        return [max(one.minors_staff) / one.minor_minutes for one in self.care]

    def at(self, minute: float) -> datetime:
        """The instant of a minute."""
        return self.start + timedelta(minutes=minute)

    def is_open(self, facility: int, minute: float) -> bool:
        """Whether the door is open by the pack's hours."""
        return bisect_right(self.opening[facility], minute) % 2 == 1

    def travel(self, *, car: bool) -> NDArray[np.float64]:
        """Zones x facilities, minutes."""
        return self.drive if car else self.drive * self.assumptions.no_car_factor.value

    @cached_property
    def pulls(self) -> NDArray[np.float64]:
        """By facility: what makes people without the app come in its target volume.

        Raises:
            AssumptionsFault: nothing does.
        """
        try:
            return calibrate_pulls(*self._groups(), self._volumes())
        except ValueError as fault:
            raise AssumptionsFault(f"facilities: {fault}") from fault

    def odds(self, *, car: bool) -> NDArray[np.float64]:
        """Zones x facilities: what the journey leaves of a facility's pull."""
        return np.exp(-self.assumptions.habit_per_minute.value * self.travel(car=car))

    def _volumes(self) -> NDArray[np.float64]:
        return np.array([one.minors_per_day for one in self.care])

    def _groups(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Odds and people of every zone, hour of the first day and kind of journey."""
        by_hour = np.array(self.assumptions.arrivals_by_hour.value)
        without = self.assumptions.no_car_share.value
        odds, people = [], []
        for car, share in ((True, 1 - without), (False, without)):
            travel = self.travel(car=car)
            for hour in range(HOURS_A_DAY):
                asked = hour * 60 + 30
                shut = [
                    [not self.is_open(f, asked + away) for f, away in enumerate(row)]
                    for row in travel.tolist()
                ]
                odds.append(np.where(shut, 0.0, self.odds(car=car)))
                people.append(self.people * by_hour[hour] * share)
        return np.concatenate(odds), np.concatenate(people)

    def lay_out_doors(self, days: int) -> Doors:
        """The service's own layout of the doors, for all of a run."""
        by_id = {one.id: one for one in self.facilities}
        return lay_out(by_id, NEED, self.area.calendar, self.start, timedelta(days=days + 1))


def build_kent(area: Area, assumptions: Assumptions) -> Kent:
    """Join a pack and assumptions.

    Raises:
        AssumptionsFault: a zone or facility that the pack does not have, no way between them,
            or volumes that nobody can bring.
    """
    missing = [one for one in assumptions.facilities.value if one not in area.facilities]
    if missing:
        raise AssumptionsFault(f"facilities: {missing[0]!r} is not in {area.id}")
    facilities = [area.facilities[one] for one in assumptions.facilities.value]
    tables = TravelBuilder(area, HORIZON_MINUTES).build()
    points = []
    for name in assumptions.zones.value:
        found = area.places.find(name)
        if len(found) != 1:
            raise AssumptionsFault(f"zones: {name!r} names {len(found)} places of {area.id}")
        points.append((found[0].lat, found[0].lon))
    people = np.array(list(assumptions.zones.value.values()))
    kent = Kent(
        area=area,
        assumptions=assumptions,
        facilities=facilities,
        care=list(assumptions.facilities.value.values()),
        zones=list(assumptions.zones.value),
        people=people / people.sum(),
        drive=_minutes(tables, points, facilities),
        onward=_minutes(tables, [(one.lat, one.lon) for one in facilities], facilities),
        opening=[_opening(area, one, assumptions.start.value) for one in facilities],
    )
    kent.pulls  # noqa: B018 - found now, so that what cannot be is refused now
    return kent


def _minutes(
    tables: TravelTables, points: list[tuple[float, float]], facilities: list[Facility]
) -> NDArray[np.float64]:
    rows = []
    for lat, lon in points:
        journeys = tables.journeys_from_point(lat, lon, Mode.DRIVE)
        try:
            rows.append([journeys[one.id].minutes for one in facilities])
        except KeyError as fault:
            raise AssumptionsFault(f"no way from {lat}, {lon} to {fault}") from fault
    return np.array(rows)


def _opening(area: Area, facility: Facility, start: datetime) -> list[float]:
    """Spans that touch are one: round the clock is a single opening."""
    changes: list[float] = []
    for ahead in range(-1, LONGEST_DAYS):
        day = (start + timedelta(days=ahead)).astimezone(area.calendar.zone).date()
        for span in area.calendar.spans(facility.hours, day):
            opens, closes = ((one - start).total_seconds() / 60 for one in span)
            if changes and changes[-1] >= opens:
                changes[-1] = max(closes, changes[-1])
            else:
                changes += (opens, closes)
    return changes
