"""Which run a change is of, and which of the trip's stops it tells of."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.transit.changes import StopChange, TripChange, Unused
from routing.transit.foretell import Told
from routing.transit.model import NO_STATION, Gtfs
from routing.transit.timetable import Timetable, find_origin

MOST_OFF_S: Final = 6 * 3600
"""A time further from the plan is a mistake, or another day's."""
MOST_AWAY_S: Final = 12 * 3600
"""A trip told of without its day is one that runs within so long."""


class RunFinder:
    """Finds runs of one timetable."""

    def __init__(self, timetable: Timetable, now_s: int) -> None:
        self._timetable = timetable
        self._now_s = now_s
        gtfs = timetable.gtfs
        self._trips = {trip_id: number for number, trip_id in enumerate(gtfs.trip_ids)}
        self._repeated = {frequency.trip for frequency in gtfs.frequencies}
        self._order = np.argsort(timetable.run_trips, kind="stable")
        self._sorted = timetable.run_trips[self._order]

    def find(self, change: TripChange) -> int | Unused:
        """Return the run's number, or why there is none."""
        trip = self._trips.get(change.trip_id)
        if trip is None:
            return Unused.UNKNOWN_TRIP
        if abs(change.delay_s or 0) > MOST_OFF_S:
            return Unused.TOO_FAR_OFF
        begin, end = np.searchsorted(self._sorted, (trip, trip + 1))
        runs = self._order[begin:end]
        if change.day is not None:
            runs = runs[self._timetable.run_days[runs] == change.day.toordinal()]
        if not len(runs):
            return Unused.NOT_THAT_DAY
        if trip in self._repeated:
            runs = self._keep_starting(runs, trip, change.start_s)
            if not len(runs):
                return Unused.WHICH_RUN
        return self._find_nearest(runs, trip) if change.day is None else int(runs[0])

    def _keep_starting(
        self, runs: NDArray[np.int64], trip: int, start_s: int | None
    ) -> NDArray[np.int64]:
        """Return those repetitions that leave the first stop at a time of their day of service."""
        timetable, gtfs = self._timetable, self._timetable.gtfs
        if start_s is None:
            return runs[:0]
        first_s = int(gtfs.departures_s[gtfs.first[trip]])
        days, of_run = np.unique(timetable.run_days[runs], return_inverse=True)
        origins = np.array([find_origin(gtfs, date.fromordinal(int(day))) for day in days])
        leaves = timetable.begins + timetable.run_shifts_s[runs] + first_s
        starting: NDArray[np.int64] = runs[leaves - origins[of_run] == start_s]
        return starting

    def _find_nearest(self, runs: NDArray[np.int64], trip: int) -> int | Unused:
        """Return the run under way, or else that which ended or begins the fewest seconds away."""
        timetable, gtfs = self._timetable, self._timetable.gtfs
        begin, end = gtfs.first[trip], gtfs.first[trip + 1]
        if begin == end:
            return Unused.UNKNOWN_TRIP
        shifts_s = timetable.run_shifts_s[runs]
        ahead_s = int(gtfs.departures_s[begin]) + shifts_s - self._now_s
        ago_s = self._now_s - int(gtfs.arrivals_s[end - 1]) - shifts_s
        away_s = np.maximum(np.maximum(ahead_s, ago_s), 0)
        nearest = int(np.argmin(away_s))
        return int(runs[nearest]) if away_s[nearest] <= MOST_AWAY_S else Unused.NOT_THAT_DAY


class StopMatcher:
    """Finds the stops of a feed's trips."""

    def __init__(self, gtfs: Gtfs) -> None:
        self._gtfs = gtfs
        self._numbers = {stop_id: number for number, stop_id in enumerate(gtfs.stop_ids)}

    def match(
        self, trip: int, change: TripChange, origin: int, unused: Counter[Unused]
    ) -> Iterator[tuple[int, Told]]:
        """Yield what is told by place in the trip; what cannot be used is counted.

        Args:
            trip: its number.
            change: of the trip.
            origin: the instant that the trip's times count from, seconds since 1970 UTC.
            unused: is told what is not used.
        """
        gtfs = self._gtfs
        called = slice(gtfs.first[trip], gtfs.first[trip + 1])
        sequence, stops = gtfs.sequence[called].tolist(), gtfs.stops[called].tolist()
        arrivals_s = gtfs.arrivals_s[called].tolist()
        departures_s = gtfs.departures_s[called].tolist()
        last = -1
        for stop in change.stops:
            place = self._find_place(stop, sequence, stops, last + 1)
            if isinstance(place, Unused):
                unused[place] += 1
                continue
            told = Told(
                _find_delay(stop.arrives, stop.arrival_delay_s, origin + arrivals_s[place]),
                _find_delay(stop.departs, stop.departure_delay_s, origin + departures_s[place]),
                stop.skipped,
            )
            if max(abs(told.arrival_s or 0), abs(told.departure_s or 0)) > MOST_OFF_S:
                unused[Unused.TOO_FAR_OFF] += 1
                continue
            last = place
            yield place, told

    def _find_place(
        self, stop: StopChange, sequence: Sequence[int], stops: Sequence[int], least: int
    ) -> int | Unused:
        """Return where in the trip a stop is: by its number, else by its id from `least` on."""
        number = None if stop.stop_id is None else self._numbers.get(stop.stop_id)
        if stop.sequence is None:
            if number is None or number not in stops:
                return Unused.UNKNOWN_STOP
            return stops.index(number, least) if number in stops[least:] else Unused.OUT_OF_ORDER
        if stop.sequence not in sequence:
            return Unused.UNKNOWN_STOP
        place = sequence.index(stop.sequence)
        if stop.stop_id is not None and not self._is_one_place(number, stops[place]):
            return Unused.WRONG_STOP
        return place if place >= least else Unused.OUT_OF_ORDER

    def _is_one_place(self, told: int | None, planned: int) -> bool:
        """Whether two stops are the same, or of one station: another platform of it."""
        if told is None or told == planned:
            return told is not None
        station = self._gtfs.stations[planned]
        return bool(station != NO_STATION and station in {told, self._gtfs.stations[told]})


def _find_delay(told: int | None, delay_s: int | None, planned: int) -> int | None:
    return delay_s if told is None else told - planned
