"""One trip update of a GTFS-realtime message, field by field."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from feeds.model import RefusalReason
from feeds.timetable.model import StopEvent, StopFate, StopUpdate, TripUpdate

if TYPE_CHECKING:
    from google.transit.gtfs_realtime_pb2 import TripUpdate as Message

    Stop = Message.StopTimeUpdate
    Event = Message.StopTimeEvent

MOST_STOPS = 1_000
"""Of one trip."""
MOST_DELAY_S = 6 * 3600
"""Later or earlier than this is a mistake: journeys look no further ahead either."""
LONGEST_NAME = 256

SCHEDULED = 0
CANCELLED = (3, 7)
"""Numbers of the specification's TripDescriptor.ScheduleRelationship; 7, "deleted", runs as little
as 3, "canceled"."""
_FATES = {0: StopFate.SERVED, 1: StopFate.SKIPPED, 2: StopFate.NO_DATA}
"""By the numbers of StopTimeUpdate.ScheduleRelationship."""
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_TIME = re.compile(r"([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])", re.ASCII)
_EARLIEST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
_LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
"""Other POSIX times are mistakes: milliseconds, or nothing at all."""


class TripFault(ValueError):
    """Something in a message that cannot be used; `where` it stands."""

    def __init__(self, reason: RefusalReason, where: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.where = where


class TripReader:
    """Reads one update; faults of single stops go to `refuse`, and the others stand."""

    def __init__(self, message: "Message", where: str, refuse: Callable[[TripFault], None]) -> None:
        self.where = where
        self._message = message
        self._refuse = refuse

    def read(self) -> TripUpdate:
        """The update.

        Raises:
            TripFault: the trip has no id, a date or time that is none, or too many stops.
        """
        trip, message = self._message.trip, self._message
        if len(message.stop_time_update) > MOST_STOPS:
            detail = f"{len(message.stop_time_update)} stops, over {MOST_STOPS}"
            raise TripFault(RefusalReason.TOO_LARGE, self.where, detail)
        trip_id = self._name(trip.trip_id, "trip.trip_id")
        if not trip_id:
            # A trip by route, direction and time alone (OPTIONAL in the specification) is not
            # looked for: more than one may fit.
            raise TripFault(RefusalReason.MISSING_FIELD, f"{self.where}.trip.trip_id", "no trip_id")
        cancelled = trip.schedule_relationship in CANCELLED
        return TripUpdate(
            trip_id=trip_id,
            route_id=self._name(trip.route_id, "trip.route_id") or None,
            start_date=self._date(trip.start_date),
            start_s=self._time(trip.start_time),
            cancelled=cancelled,
            delay_s=self._delay(message.delay, "delay") if message.HasField("delay") else None,
            stops=() if cancelled else tuple(self._list_stops()),
            measured_at=to_instant(message.timestamp, f"{self.where}.timestamp")
            if message.timestamp
            else None,
        )

    def _list_stops(self) -> Iterator[StopUpdate]:
        for number, stop in enumerate(self._message.stop_time_update):
            try:
                yield self._stop(stop, f"stop_time_update[{number}]")
            except TripFault as fault:
                self._refuse(fault)

    def _stop(self, stop: "Stop", where: str) -> StopUpdate:
        sequence = stop.stop_sequence if stop.HasField("stop_sequence") else None
        stop_id = self._name(stop.stop_id, f"{where}.stop_id") or None
        if sequence is None and stop_id is None:
            detail = "neither stop_sequence nor stop_id"
            raise TripFault(RefusalReason.MISSING_FIELD, f"{self.where}.{where}", detail)
        fate = self._fate(stop, where)
        served = fate is StopFate.SERVED
        arrival = self._event(stop.arrival, f"{where}.arrival") if served else None
        departure = self._event(stop.departure, f"{where}.departure") if served else None
        if served and arrival is None and departure is None:
            detail = "neither arrival nor departure"
            raise TripFault(RefusalReason.MISSING_FIELD, f"{self.where}.{where}", detail)
        return StopUpdate(
            sequence=sequence, stop_id=stop_id, fate=fate, arrival=arrival, departure=departure
        )

    def _fate(self, stop: "Stop", where: str) -> StopFate:
        fate = _FATES.get(stop.schedule_relationship)
        if fate is None:
            detail = "a stop without a timetable, in a trip that has one"
            raise TripFault(RefusalReason.WRONG_TYPE, f"{self.where}.{where}", detail)
        return fate

    def _event(self, event: "Event", where: str) -> StopEvent | None:
        """What is told of an arrival or departure; None where nothing is."""
        delay_s = self._delay(event.delay, where) if event.HasField("delay") else None
        time = event.time or None
        if time is not None:
            to_instant(time, f"{self.where}.{where}")
        return None if delay_s is time is None else StopEvent(delay_s=delay_s, time=time)

    def _delay(self, delay_s: int, where: str) -> int:
        if abs(delay_s) > MOST_DELAY_S:
            detail = f"{delay_s} s, over {MOST_DELAY_S}"
            raise TripFault(RefusalReason.OUT_OF_RANGE, f"{self.where}.{where}", detail)
        return delay_s

    def _name(self, name: str | bytes, where: str) -> str:
        """A name as it stands; bytes are what the bindings give where it is not UTF-8."""
        if isinstance(name, bytes) or len(name) > LONGEST_NAME:
            detail = f"not UTF-8, or over {LONGEST_NAME} characters"
            raise TripFault(RefusalReason.MALFORMED, f"{self.where}.{where}", detail)
        return name

    def _date(self, text: str | bytes) -> date | None:
        match = _DATE.fullmatch(self._name(text, "trip.start_date"))
        if match is None and not text:
            return None
        try:
            if match is not None:
                return date(*map(int, match.groups()))
        except ValueError:
            pass
        where = f"{self.where}.trip.start_date"
        raise TripFault(RefusalReason.BAD_TIME, where, f"{text[:16]!r} is no YYYYMMDD")

    def _time(self, text: str | bytes) -> int | None:
        match = _TIME.fullmatch(self._name(text, "trip.start_time"))
        if match is not None:
            hours, minutes, seconds = map(int, match.groups())
            return hours * 3600 + minutes * 60 + seconds
        if not text:
            return None
        where = f"{self.where}.trip.start_time"
        raise TripFault(RefusalReason.BAD_TIME, where, f"{text[:16]!r} is no HH:MM:SS")


def to_instant(stamp: int, where: str) -> datetime:
    """A POSIX time, aware UTC.

    Raises:
        TripFault: it is none of our days.
    """
    if not _EARLIEST <= stamp <= _LATEST:
        raise TripFault(RefusalReason.BAD_TIME, where, f"{stamp} is no time of our days")
    return datetime.fromtimestamp(stamp, UTC)
