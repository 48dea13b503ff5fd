"""One facility: minors and majors wait, each stream first come first served.

A clinician of the minors' stream who becomes free takes a major while two or more majors wait
(`majors_waiting_limit`); so crowding at the back door lengthens the wait at the front.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from waitless.simulate.assumptions import HOURS_A_DAY, Care


class Staff(Enum):
    """Whose clinician is busy."""

    MINORS = "minors"
    MAJORS = "majors"


@dataclass(slots=True, eq=False)
class Patient:
    """One person with a minor need, from setting out on."""

    number: int
    """Row of `Draws`."""
    facility: int = -1
    """Where they are or are going to; -1 before they have chosen."""
    arrives_min: float = 0.0
    gives_up_min: float = 0.0
    seen_min: float | None = None
    left_min: float | None = None
    told_min: float | None = None
    """The wait they were told by a policy; None where they were told none."""
    told_facility: int = -1
    doors_shut: int = 0
    """How often they found a door shut."""


class Call(NamedTuple):
    """Someone is called in."""

    patient: Patient | None
    """None for a major."""
    ends_min: float
    staff: Staff


class Queue:
    """The state of one facility's waiting room. Whoever gives up goes without a word."""

    def __init__(self, care: Care, majors_waiting_limit: int, window_min: float) -> None:
        """Begin empty.

        Args:
            care: staff and minutes.
            majors_waiting_limit: from so many on, the minors' staff take majors.
            window_min: how long those called count for the feed.
        """
        self._care = care
        self._limit = majors_waiting_limit
        self._window_min = window_min
        self._minors: deque[tuple[Patient, float]] = deque()
        self._majors: deque[float] = deque()
        self._busy = {Staff.MINORS: 0, Staff.MAJORS: 0}
        self._called: deque[tuple[float, float]] = deque()

    def join(self, patient: Patient, service_factor: float) -> None:
        """A patient with a minor need comes in."""
        self._minors.append((patient, service_factor))

    def join_major(self, service_factor: float) -> None:
        """A major comes in."""
        self._majors.append(service_factor)

    def free(self, staff: Staff) -> None:
        """A clinician has finished with a patient."""
        self._busy[staff] -= 1

    def call(self, now_min: float, *, is_open: bool) -> Iterator[Call]:
        """Call in whom there is staff for."""
        hour = int(now_min // 60) % HOURS_A_DAY
        care, busy = self._care, self._busy
        while self._majors and busy[Staff.MAJORS] < care.majors_staff[hour]:
            yield self._call_major(now_min, Staff.MAJORS)
        staff = max(1, care.minors_staff[hour])  # nobody waits at an open door for nobody
        if not is_open:  # they stay until all who came in time are seen
            staff = max(staff, care.minors_staff[hour - 1])
        while busy[Staff.MINORS] < staff:
            if len(self._majors) >= self._limit:
                yield self._call_major(now_min, Staff.MINORS)
                continue
            found = self._next_minor(now_min)
            if found is None:
                return
            patient, factor = found
            patient.seen_min = now_min
            self._called.append((now_min, now_min - patient.arrives_min))
            busy[Staff.MINORS] += 1
            yield Call(patient, now_min + factor * care.minor_minutes, Staff.MINORS)

    def _call_major(self, now_min: float, staff: Staff) -> Call:
        factor = self._majors.popleft()
        self._busy[staff] += 1
        return Call(None, now_min + factor * self._care.major_minutes, staff)

    def _next_minor(self, now_min: float) -> tuple[Patient, float] | None:
        self.let_go(now_min)
        return self._minors.popleft() if self._minors else None

    def let_go(self, now_min: float) -> None:
        """Those who gave up by now have left when they did."""
        if all(one.gives_up_min >= now_min for one, _ in self._minors):
            return
        for patient, _ in self._minors:
            if patient.gives_up_min < now_min:
                patient.left_min = patient.gives_up_min
        self._minors = deque(row for row in self._minors if row[0].left_min is None)

    def waiting(self) -> int:
        """How many minors are there, as of the last look at who gave up."""
        return len(self._minors)

    def in_department(self) -> int:
        """All who are there: minors and majors, waiting or with a clinician."""
        return len(self._minors) + len(self._majors) + sum(self._busy.values())

    def waits_minutes(self, now_min: float) -> list[float]:
        """The waits of those called in the feed's window, in the order they were called."""
        while self._called and self._called[0][0] < now_min - self._window_min:
            self._called.popleft()
        return [wait for _, wait in self._called]

    def head_of_line_minutes(self, now_min: float) -> float:
        """How long the next in line has waited; 0 where nobody waits."""
        return now_min - self._minors[0][0].arrives_min if self._minors else 0.0

    def posted_minutes(self, now_min: float) -> float:
        """What a feed would tell: the mean wait of those called in its window.

        Where nobody was called, how long the next in line has waited.
        """
        waits = self.waits_minutes(now_min)
        return sum(waits) / len(waits) if waits else self.head_of_line_minutes(now_min)
