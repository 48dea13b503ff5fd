"""One day's connections: each a vehicle's way from one stop to the next, in order of departure.

A day reaches from local midnight to 06:00 of the next (`HOURS`), so that an evening's journeys may
end after midnight. What runs in it comes from the services of the day, of days before whose trips
go past 24:00, and of the day after. Times of a service day count from noon less 12 hours, as GTFS
has it: where clocks change, that is not midnight. All times are seconds from `Timetable.begins`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from routing.transit.model import Gtfs

HOURS: Final = 30
LENGTH_S: Final = HOURS * 3600
MOST_CONNECTIONS: Final = 30_000_000
"""Ten times Great Britain's buses of one day; 18 bytes each. More is a headway of seconds."""

_DAY_S: Final = 86_400


class TimetableFault(Exception):
    """A day that cannot be laid out; the message says why."""


class Connections(NamedTuple):
    """Sorted by departure; of a run, the earlier stop comes first even where no time passes."""

    departs_s: NDArray[np.int32]
    arrives_s: NDArray[np.int32]
    starts: NDArray[np.int32]
    """Stop numbers."""
    ends: NDArray[np.int32]
    runs: NDArray[np.int32]
    boards: NDArray[np.bool_]
    """Whether one may get on at the start."""
    alights: NDArray[np.bool_]
    """Whether one may get off at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """What runs on one day. A run is a trip on one service day, or one of its repetitions."""

    gtfs: Gtfs
    day: date
    begins: int
    """Local midnight, seconds since 1970 UTC."""
    connections: Connections
    run_trips: NDArray[np.int32]
    run_headways_s: NDArray[np.int32]
    """0 for a run by timetable; else it comes about then, and within so long."""
    run_days: NDArray[np.int32]
    """The day of service, as `date.toordinal` numbers it."""
    run_shifts_s: NDArray[np.int64]
    """What is added to a trip's times to make the run's."""
    run_live: NDArray[np.bool_]
    """Whether somebody has told how it runs (`live.apply_changes`); else it is as planned."""

    def to_seconds(self, moment: datetime) -> int:
        """Return an aware time as seconds from `begins`, rounded up."""
        return -int((self.begins - moment.timestamp()) // 1)

    def to_instant(self, seconds: int) -> datetime:
        """Return seconds from `begins` as a time in UTC."""
        return datetime.fromtimestamp(self.begins + seconds, UTC)


def lay_out_day(gtfs: Gtfs, day: date) -> Timetable:
    """Return the timetable of one day; without connections where nothing runs.

    Raises:
        TimetableFault: frequencies multiply trips beyond belief, or the day is at an end of the
            calendar.
    """
    begins, days = _list_service_days(gtfs, day)
    runs = _list_runs(gtfs, days)
    hops = np.maximum(np.diff(gtfs.first) - 1, 0)[runs.trips]
    size = int(hops.sum())
    if size > MOST_CONNECTIONS:
        raise TimetableFault(f"{day}: {size:,} connections, more than {MOST_CONNECTIONS:,}")
    # For each run the places of its stop times but the last, one after another.
    run = np.repeat(np.arange(len(hops)), hops)
    within = np.arange(size) - np.repeat(np.cumsum(hops) - hops, hops)
    place = gtfs.first[runs.trips][run] + within
    departs_s = gtfs.departures_s[place] + runs.shifts_s[run]
    kept = (departs_s >= 0) & (departs_s < LENGTH_S)
    run, place, departs_s = run[kept], place[kept], departs_s[kept]
    order = np.lexsort((place, run, departs_s))
    run, place = run[order], place[order]
    return Timetable(
        gtfs=gtfs,
        day=day,
        begins=begins,
        connections=Connections(
            departs_s=departs_s[order].astype(np.int32),
            arrives_s=(gtfs.arrivals_s[place + 1] + runs.shifts_s[run]).astype(np.int32),
            starts=gtfs.stops[place],
            ends=gtfs.stops[place + 1],
            runs=run.astype(np.int32),
            boards=gtfs.boards[place],
            alights=gtfs.alights[place + 1],
        ),
        run_trips=runs.trips.astype(np.int32),
        run_headways_s=runs.headways_s.astype(np.int32),
        run_days=runs.days.astype(np.int32),
        run_shifts_s=runs.shifts_s,
        run_live=np.zeros(len(runs.trips), dtype=np.bool_),
    )


def find_origin(gtfs: Gtfs, day: date) -> int:
    """Return the instant that times of a service day count from, seconds since 1970 UTC."""
    noon = datetime.combine(day, time(12), ZoneInfo(gtfs.zone))
    return int(noon.timestamp()) - _DAY_S // 2


class _Runs(NamedTuple):
    trips: NDArray[np.int64]
    shifts_s: NDArray[np.int64]
    """To be added to the trip's times."""
    headways_s: NDArray[np.int64]
    days: NDArray[np.int64]


def _list_service_days(gtfs: Gtfs, day: date) -> tuple[int, list[tuple[date, int]]]:
    """Return local midnight, and the service days that matter with the beginning of their times."""
    latest_s = int(gtfs.arrivals_s.max())
    if gtfs.frequencies:
        latest_s += max(frequency.ends_s for frequency in gtfs.frequencies)
    days = []
    try:
        begins = int(datetime.combine(day, time(), ZoneInfo(gtfs.zone)).timestamp())
        for back in range(latest_s // _DAY_S + 1, -2, -1):
            one = day - timedelta(back)
            days.append((one, find_origin(gtfs, one) - begins))
    except (OverflowError, ValueError) as error:
        raise TimetableFault(f"{day}: too near to an end of the calendar") from error
    return begins, days


def _list_runs(gtfs: Gtfs, days: list[tuple[date, int]]) -> _Runs:
    """Return what runs on the service days: trips once, and repeated ones by their frequency."""
    repeated = np.zeros(len(gtfs.trip_ids), dtype=np.bool_)
    repeated[[frequency.trip for frequency in gtfs.frequencies]] = True
    found = [_Runs(*(np.empty(0, dtype=np.int64) for _ in _Runs._fields))]
    size = 0
    for day, shift_s in days:
        runs = np.array([service.runs_on(day) for service in gtfs.services])[gtfs.trip_services]
        once = np.flatnonzero(runs & ~repeated)
        number = day.toordinal()
        found.append(
            _Runs(
                once,
                np.full_like(once, shift_s),
                np.zeros_like(once),
                np.full_like(once, number),
            )
        )
        for frequency in gtfs.frequencies:
            trip, begin = frequency.trip, gtfs.first[frequency.trip]
            if not runs[trip] or begin == gtfs.first[trip + 1]:
                continue
            leaves_s = np.arange(frequency.starts_s, frequency.ends_s, frequency.headway_s)
            size += len(leaves_s)
            if size > MOST_CONNECTIONS:
                raise TimetableFault(f"{day}: frequencies make more than {size:,} runs")
            shifts_s = shift_s + leaves_s - int(gtfs.departures_s[begin])
            headway_s = 0 if frequency.exact else frequency.headway_s
            found.append(
                _Runs(
                    np.full_like(shifts_s, trip),
                    shifts_s,
                    np.full_like(shifts_s, headway_s),
                    np.full_like(shifts_s, number),
                )
            )
    return _Runs(*(np.concatenate(column) for column in zip(*found, strict=True)))
