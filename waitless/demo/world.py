"""The simulated area: every facility's queue on one clock, observed as a real unit would publish.

Callers speak of real instants only. The world's own clock starts at the real one and runs `speed`
times as fast: hours of the day, days and queues follow it, so that a day can be watched in
minutes. Doors follow the real clock, because the ranking does; those of the model are shut by its
own clock's hours too, when nobody works there. At speed 1 the two coincide. Pure: the same
facilities, seed, start and speed give the same world, however it is advanced.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import fmean, median

from feeds.model import FacilityStatus, NoFigure, Observation, Statistic, Wait
from waitless.area.facility import Facility
from waitless.area.hours import MINUTES_A_DAY, Calendar
from waitless.demo import demand
from waitless.demo.facility_queue import FacilityQueue
from waitless.demo.model import LiveModel, Room

WARM_UP = timedelta(days=1)
"""Queues begin empty this long before the start, at speed 1, and are natural by the start."""
STATISTICS = (Statistic.MEAN, Statistic.MEDIAN)
"""Each provider publishes one of these."""


class World:
    """Every facility's simulated queue, warm at `start`."""

    def __init__(
        self,
        facilities: Mapping[str, Facility],
        calendar: Calendar,
        chance: Random,
        start: datetime,
        *,
        speed: float = 1.0,
        model: LiveModel | None = None,
    ) -> None:
        """Simulate the day before `start`; takes about 0.1 s for 22 facilities.

        Args:
            facilities: by id.
            calendar: the area's zone and holidays.
            chance: what the world is drawn from; the seed of everything.
            start: the real instant at which both clocks agree, aware.
            speed: minutes of the world's clock per real minute, from then on.
            model: of the same start: its facilities are seen in it, the others have
                queues of their own. None: all have.
        """
        self._facilities = facilities
        self._calendar = calendar
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._clock = _LocalClock(calendar, self._start, _fork(chance))
        providers = sorted({facility.provider for facility in facilities.values()})
        self._statistics = {provider: chance.choice(STATISTICS) for provider in providers}
        self._queues: dict[str, FacilityQueue | Room] = {
            facility.id: self._queue_of(facility, _fork(chance)) for facility in facilities.values()
        }
        if model is not None:
            self._queues |= {k: room for k, room in model.rooms().items() if k in facilities}
        self.advance(self._start)

    def advance(self, until: datetime) -> None:
        """Let time pass everywhere, to a real instant. Going back is ignored."""
        for queue in self._queues.values():
            queue.advance(self._minute_at(until))

    def observe(self, facility_id: str, at: datetime) -> Observation:
        """What the facility would publish at a real instant that has not yet been passed.

        The wait is the mean or median of patients called within the last 60 minutes; where there
        were none, how long the next in line has waited, which is of one patient either: a source
        that changed its statistic would have its forecast start afresh. A closed facility says
        so and gives no wait, though it may still be treating those who came in time.

        Raises:
            KeyError: there is no such facility.
        """
        facility = self._facilities[facility_id]
        queue = self._queues[facility_id]
        queue.advance(self._minute_at(at))
        is_open = self._calendar.is_open(facility.hours, at)
        if isinstance(queue, Room):
            is_open = is_open and queue.is_open()
        return Observation(
            facility_id=facility_id,
            feed_id=facility.provider,
            as_of=at.astimezone(UTC),
            received_at=at.astimezone(UTC),
            published_at=at.astimezone(UTC),
            wait=self._wait(facility, queue) if is_open else NoFigure.UNKNOWN,
            patients_waiting=queue.patients_waiting(),
            patients_in_department=queue.patients_in_department(),
            status=FacilityStatus.OPEN if is_open else FacilityStatus.CLOSED,
            simulated=True,
        )

    def _wait(self, facility: Facility, queue: FacilityQueue | Room) -> Wait:
        waits = queue.waits_minutes() or [queue.head_of_line_minutes()]
        statistic = self._statistics[facility.provider]
        minutes = round(fmean(waits) if statistic is Statistic.MEAN else median(waits))
        return Wait(minutes=float(minutes), statistic=statistic)

    def _queue_of(self, facility: Facility, chance: Random) -> FacilityQueue:
        def takes_patients(minute: float) -> bool:
            at = self._real_at(minute)
            last = timedelta(minutes=facility.last_patient_minutes or 0)
            return self._calendar.is_open(facility.hours, at) and (
                not last or self._calendar.is_open(facility.hours, at + last)
            )

        return FacilityQueue(
            figures=demand.demand_of(facility),
            care=demand.CARE[facility.kind],
            open_share=_open_share(facility),
            is_open=takes_patients,
            busyness=self._clock.busyness,
            chance=chance,
            start=-WARM_UP.total_seconds() / 60,
        )

    def _minute_at(self, at: datetime) -> float:
        """The world's minute at a real instant."""
        minute = (at - self._start).total_seconds() / 60
        return minute * self._speed if minute > 0 else minute

    def _real_at(self, minute: float) -> datetime:
        """The real instant of a minute of the world."""
        return self._start + timedelta(minutes=minute / self._speed if minute > 0 else minute)


class _LocalClock:
    """The world's hour of the day, and how busy its days are."""

    def __init__(self, calendar: Calendar, start: datetime, chance: Random) -> None:
        self._zone = calendar.zone
        self._start = start
        self._seed = chance.getrandbits(64)
        self._factors: dict[date, float] = {}
        self._hours: dict[int, tuple[int, float]] = {}

    def busyness(self, minute: float) -> tuple[int, float]:
        """The local hour of a minute, and its day's factor on arrivals."""
        quarter = int(minute // 15)
        found = self._hours.get(quarter)
        if found is None:
            local = (self._start + timedelta(minutes=quarter * 15)).astimezone(self._zone)
            found = self._hours[quarter] = local.hour, self._factor(local.date())
        return found

    def _factor(self, day: date) -> float:
        """Drawn from the day itself, so that the order of asking does not matter."""
        if day not in self._factors:
            chance = Random(f"{self._seed}/{day}")  # noqa: S311 - a model, not a secret
            usual = demand.MONDAY if day.weekday() == 0 else demand.OTHER_DAYS
            shape = demand.DAY_SHAPE
            self._factors[day] = usual * chance.gammavariate(shape, 1 / shape)
        return self._factors[day]


def _open_share(facility: Facility) -> float:
    """The share of a round-the-clock day's arrivals that come while it is open, of a usual day."""
    spans = max(facility.hours.days, key=len)
    shares = [
        demand.ARRIVALS_BY_HOUR[minute // 60 % 24] / 60
        for start, end in spans
        for minute in range(start, min(end, start + MINUTES_A_DAY))
    ]
    return sum(shares) / sum(demand.ARRIVALS_BY_HOUR) or 1.0


def _fork(chance: Random) -> Random:
    """A stream of its own, so that what one part draws does not change another's."""
    return Random(chance.getrandbits(64))  # noqa: S311 - a model, not a secret
