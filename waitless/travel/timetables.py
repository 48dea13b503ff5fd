"""Timetables as answers use them: the profiles of the days on which somebody may depart."""

import logging
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from routing.transit.changes import TripChange
from routing.transit.footpaths import Walks
from routing.transit.live import apply_changes
from routing.transit.model import Gtfs
from routing.transit.profile import Profiles, build_profiles
from routing.transit.timetable import TimetableFault, lay_out_day
from waitless.area.pack import Area
from waitless.area.timetable import AreaTimetable
from waitless.cell import Cell
from waitless.recommend.ways import Basis, Journey, NoWay
from waitless.travel.rides import NO_TIMETABLE, Rides

log = logging.getLogger(__name__)

_DAY = timedelta(days=1)
MOST_KEPT = 512
"""Rides kept; the oldest is forgotten first."""
_EARLY = timedelta(hours=2)
"""So long before midnight the day after tomorrow is made ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetables:
    """Replaced as a whole; what they say never changes. For one thread: they keep rides."""

    days: Mapping[date, Profiles]
    facility_ids: tuple[str, ...]
    basis: Basis
    zone: ZoneInfo
    as_of: datetime | None
    """Since when what is told of trips is in them; None: they run as planned."""
    fates: Mapping[str, int]
    """Of what was told of today's trips, how many were `used`, and how many not, by reason."""
    version: str
    """Timetables of one version say the same."""
    _kept: OrderedDict[tuple[float, float, datetime], Rides] = field(
        default_factory=OrderedDict, repr=False, compare=False
    )
    """Rides asked for lately: a board that changes changes no journey."""

    @property
    def connections(self) -> int:
        """How many ways from one stop to the next the first day has."""
        first = next(iter(self.days.values()), None)
        return 0 if first is None else len(first.timetable.connections.departs_s)

    def find(self, lat: float, lon: float, departs: datetime) -> Rides | None:
        """The ways from a point at a time; None where that day is not held."""
        key = (lat, lon, departs)
        rides = self._kept.get(key)
        if rides is None:
            day = departs.astimezone(self.zone).date()
            today, tomorrow = self.days.get(day), self.days.get(day + _DAY)
            if today is None:
                return None
            rides = Rides(
                today, tomorrow, (lat, lon), departs, basis=self.basis, as_of=self.as_of,
                zone=self.zone,
            )  # fmt: skip
            if len(self._kept) >= MOST_KEPT:
                self._kept.popitem(last=False)
            self._kept[key] = rides
        return rides

    def journeys_from(self, origin: Cell, departs: datetime) -> dict[str, Journey | NoWay]:
        """The way to every facility, or why there is none."""
        rides = self.find(origin.lat, origin.lon, departs)
        if rides is None:
            return dict.fromkeys(self.facility_ids, NO_TIMETABLE)
        return {
            facility_id: rides.tell(number)
            if np.isfinite(rides.minutes[number])
            else rides.tell_no_way(number)
            for number, facility_id in enumerate(self.facility_ids)
        }


class TimetableBuilder:
    """An area's timetable, laid out for any days. It scans: never on the event loop."""

    def __init__(self, area: Area, timetable: AreaTimetable) -> None:
        """Find all that is walked.

        Raises:
            TimetableFault: its stops stand too near together to mean it.
        """
        self._gtfs = timetable.gtfs
        self._basis: Basis = "estimate" if timetable.approximate else "timetable"
        water = _list_water(area)
        self._walks = Walks(timetable.gtfs, water=water)
        self._places = {one.id: (one.lat, one.lon) for one in area.facilities.values()}
        self._zone = area.calendar.zone
        self._digest = _digest(timetable.gtfs, self._places, water)
        self._plain: dict[date, Profiles] = {}

    def list_days(self, now: datetime) -> Sequence[date]:
        """The days on which somebody who asks now or soon may depart."""
        today, soon = (moment.astimezone(self._zone).date() for moment in (now, now + _EARLY))
        return [today, today + _DAY] if soon == today else [today, today + _DAY, today + 2 * _DAY]

    def build(
        self,
        days: Sequence[date],
        changes: Sequence[TripChange] = (),
        as_of: datetime | None = None,
    ) -> Timetables:
        """Their profiles; plain ones that were made already stay.

        Args:
            days: wanted, rising.
            changes: what is told of trips, in force now.
            as_of: since when; None where nothing is told.
        """
        self._plain = dict(self._lay_out(days))
        held, fates = dict(self._plain), Counter[str]()
        for day, plain in self._plain.items():
            if as_of is not None and changes:
                applied = apply_changes(plain.timetable, changes, as_of)
                if applied.used:
                    held[day] = build_profiles(applied.timetable, self._walks, self._places)
                if day == days[0]:
                    fates["used"] = applied.used
                    fates.update({reason.value: n for reason, n in applied.unused.items()})
        told = sha256(repr(changes).encode()).hexdigest()[:12] if changes else "planned"
        return Timetables(
            days=held,
            facility_ids=tuple(self._places),
            basis=self._basis,
            zone=self._zone,
            as_of=as_of,
            fates=fates,
            version=f"{self._digest}-{'-'.join(map(str, held))}-{told}-{as_of}",
        )

    def _lay_out(self, days: Sequence[date]) -> Iterator[tuple[date, Profiles]]:
        for day in days:
            if day in self._plain:
                yield day, self._plain[day]
                continue
            try:
                timetable = lay_out_day(self._gtfs, day)
            except TimetableFault as fault:
                log.warning("no timetable for %s: %s", day, fault)
                continue
            if not len(timetable.connections.departs_s):
                log.warning("nothing runs on %s by the timetable that is held", day)
            yield day, build_profiles(timetable, self._walks, self._places)


def _list_water(area: Area) -> NDArray[np.float64]:
    """The stretches of water in an area's roads, as `Walks` has them."""
    lines = area.roads.list_barriers()
    return np.array([(*a, *b) for line in lines for a, b in pairwise(line)]).reshape(-1, 4)


def _digest(
    gtfs: Gtfs, places: Mapping[str, tuple[float, float]], water: NDArray[np.float64]
) -> str:
    """Changes whenever what is told of journeys may; the same in every process."""
    digest = sha256(repr([*places.items()]).encode())
    digest.update(water.tobytes())
    for name in gtfs.__dataclass_fields__:
        value = getattr(gtfs, name)
        if isinstance(value, np.ndarray):
            array: NDArray[np.generic] = value
            digest.update(array.tobytes())
        elif name != "report":
            digest.update(msgspec.json.encode(value, order="deterministic"))  # sets of days
    return digest.hexdigest()[:12]
