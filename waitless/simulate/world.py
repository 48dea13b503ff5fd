"""The discrete-event world: people set out, arrive, wait and are seen; feeds publish.

It steps in simulated time as far as it is told, and gives what each feed makes visible on the way:
`advance` is a live world for whoever listens, and `run` plays all of it for one policy.
"""

import heapq
import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from waitless.simulate.draws import Draws
from waitless.simulate.kent import MINUTES_A_DAY, Kent
from waitless.simulate.queue import Patient, Queue, Staff
from waitless.simulate.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Publication:
    """What one facility's feed says."""

    facility: int
    measured_min: float
    visible_min: float
    minutes: float | None
    """None while the door is shut."""
    is_open: bool


class Advice(NamedTuple):
    """Where the app sends someone, and the wait that it tells; None where it knows none."""

    facility: int
    told_min: float | None


class Adviser(Protocol):
    """A policy at work."""

    def see(self, publication: Publication) -> None:
        """A publication has become visible."""

    def advise(self, now_min: float, zone: int, *, car: bool) -> Advice | None:
        """Where to go; None where nothing is open within reach."""

    def follow(self, facility: int, eta_min: float) -> None:
        """Someone says that they are going there."""


class _Major(NamedTuple):
    facility: int
    service_factor: float


class _Freed(NamedTuple):
    facility: int
    staff: Staff


class _Tick(NamedTuple):
    """Time to measure, publish, and look whether more staff have come on duty."""


Event = Patient | _Major | _Freed | _Tick | Publication


class World:
    """East Kent under one policy, or none.

    Attributes:
        patients: all who have set out so far.
        queues: by facility.
        lengths: by tick since the start: how many minors wait at each facility.
    """

    def __init__(
        self, kent: Kent, draws: Draws, scenario: Scenario, adviser: Adviser | None
    ) -> None:
        """Empty queues at minute 0.

        Args:
            kent: the place.
            draws: the people.
            scenario: adoption, feed age, and what goes wrong.
            adviser: gets all publications and is asked by users; None where nobody has the app.
        """
        assumed = kent.assumptions
        self._kent, self._draws, self._scenario = kent, draws, scenario
        self._adviser = adviser
        window = assumed.feed_window_minutes.value
        limit = assumed.majors_waiting_limit.value
        self.queues = [Queue(care, limit, window) for care in kent.care]
        self._cadence = assumed.feed_cadence_minutes.value
        self._delay = max(0.0, scenario.feed_age_min - self._cadence)
        self._frozen: dict[tuple[int, float], float | None] = {}
        self._worth = {car: (kent.odds(car=car) * kent.pulls).tolist() for car in (True, False)}
        self._travel = {car: kent.travel(car=car).tolist() for car in (True, False)}
        self._onward = kent.onward.tolist()
        self._events: list[tuple[float, int, Event]] = []
        self._counter = 0
        self._next = 0
        self.patients: list[Patient] = []
        self.lengths: list[list[int]] = []
        self._put(0.0, _Tick())
        for facility, (at, factors) in enumerate(draws.majors):
            for minute, factor in zip(at.tolist(), factors.tolist(), strict=True):
                self._put(minute, _Major(facility, factor))
        self._asked = draws.asked_min.tolist()

    def run(self, until_min: float) -> None:
        """Play on to a minute."""
        for _ in self.advance(until_min):
            pass

    def advance(self, until_min: float) -> Iterator[Publication]:
        """Play on to a minute; gives what becomes visible, when it does. Going back is ignored."""
        while True:
            asked = self._asked[self._next] if self._next < len(self._asked) else math.inf
            due = self._events[0][0] if self._events else math.inf
            now = min(asked, due)
            if now > until_min:
                return
            if asked < due:
                self._set_out(asked)
                continue
            event = heapq.heappop(self._events)[2]
            match event:
                case Publication():
                    if self._adviser is not None:
                        self._adviser.see(event)
                    yield event
                case _Tick():
                    self._measure(now)
                case _Freed(facility, staff):
                    self.queues[facility].free(staff)
                    self._call(facility, now)
                case _Major(facility, factor):
                    self.queues[facility].join_major(factor)
                    self._call(facility, now)
                case Patient():
                    self._arrive(event, now)

    def is_open(self, facility: int, minute: float) -> bool:
        """Whether the door is open in fact."""
        early = self._scenario.closes_at(facility)
        if early is not None and minute % MINUTES_A_DAY >= early:
            return False
        return self._kent.is_open(facility, minute)

    def _put(self, minute: float, event: Event) -> None:
        self._counter += 1
        heapq.heappush(self._events, (minute, self._counter, event))

    def _set_out(self, now: float) -> None:
        number = self._next
        self._next += 1
        draws, scenario = self._draws, self._scenario
        patient = Patient(number)
        self.patients.append(patient)
        zone, car = int(draws.zone[number]), bool(draws.car[number])
        advice = None
        if self._adviser is not None and draws.app[number] < scenario.adoption:
            advice = self._adviser.advise(now, zone, car=car)
        if advice is not None and draws.follows[number] < scenario.compliance:
            patient.facility = advice.facility
            patient.told_min, patient.told_facility = advice.told_min, advice.facility
        else:
            patient.facility = self._by_habit(number, zone, car=car)
        arrives = now + self._travel[car][zone][patient.facility]
        confirmed = draws.confirms[number] < self._kent.assumptions.confirm_share.value
        if patient.told_facility >= 0 and confirmed and self._adviser is not None:
            self._adviser.follow(patient.facility, arrives)
        patient.arrives_min = arrives
        self._put(arrives, patient)

    def _by_habit(self, number: int, zone: int, *, car: bool) -> int:
        """A place whose hours say that it will be open."""
        asked, kent = self._asked[number], self._kent
        total, steps = 0.0, []
        rows = zip(self._worth[car][zone], self._travel[car][zone], strict=True)
        for facility, (worth, away) in enumerate(rows):
            total += worth if kent.is_open(facility, asked + away) else 0.0
            steps.append(total)
        return bisect_right(steps, float(self._draws.habit[number]) * total)

    def _arrive(self, patient: Patient, now: float) -> None:
        """In at the door; on to the nearest open one where it is shut."""
        here = patient.facility
        if self.is_open(here, now):
            patient.arrives_min = now
            patient.gives_up_min = now + float(self._draws.patience_min[patient.number])
            self.queues[here].join(patient, float(self._draws.service[patient.number]))
            self._call(here, now)
            return
        patient.doors_shut += 1
        ways = enumerate(self._onward[here])
        onward = [(away, f) for f, away in ways if f != here and self.is_open(f, now + away)]
        away, patient.facility = min(onward)
        if not self._draws.car[patient.number]:
            away *= self._kent.assumptions.no_car_factor.value
        self._put(now + away, patient)

    def _call(self, facility: int, now: float) -> None:
        is_open = self._kent.is_open(facility, now)
        for call in self.queues[facility].call(now, is_open=is_open):
            self._put(call.ends_min, _Freed(facility, call.staff))

    def _measure(self, now: float) -> None:
        for facility, queue in enumerate(self.queues):
            queue.let_go(now)
            self._call(facility, now)
            is_open = self.is_open(facility, now)
            minutes = self._figure(facility, queue, now) if is_open else None
            visible = now + self._delay
            self._put(visible, Publication(facility, now, visible, minutes, is_open))
        self.lengths.append([queue.waiting() for queue in self.queues])
        self._put(now + self._cadence, _Tick())

    def _figure(self, facility: int, queue: Queue, now: float) -> float | None:
        """What the feed says, with what is wrong with it."""
        since = self._scenario.frozen_since(facility, now)
        if since is not None and (facility, since) in self._frozen:
            return self._frozen[facility, since]
        minutes = queue.posted_minutes(now) * dict(self._scenario.lie).get(facility, 1.0)
        if since is not None:
            self._frozen[facility, since] = minutes
        return minutes
