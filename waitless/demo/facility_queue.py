"""One simulated facility: patients arrive, wait their turn, are seen, and leave.

A discrete-event queue: Poisson arrivals by hour of the local day, first come first served,
several clinicians, lognormal consultations. Times are minutes of the world's own clock since its
start, negative before it. Pure: chance and opening are given.
"""

import heapq
import math
from collections import deque
from collections.abc import Callable
from random import Random

from waitless.demo import demand
from waitless.demo.demand import Care, Demand

WINDOW_MINUTES = 60.0
"""What is published tells of patients seen within this long."""
BUSIEST = 2.2
"""A day's busyness (day of the week and chance) is at most this: bounds the arrival rate."""


class FacilityQueue:
    """The state of one facility. Advancing it in many steps or in one gives the same."""

    def __init__(
        self,
        *,
        figures: Demand,
        care: Care,
        open_share: float,
        is_open: Callable[[float], bool],
        busyness: Callable[[float], tuple[int, float]],
        chance: Random,
        start: float,
    ) -> None:
        """Begin empty.

        Args:
            figures: how many come and how long they usually wait.
            care: how they are treated.
            open_share: the share of a round-the-clock day's arrivals that come in its hours.
            is_open: whether a patient who comes at a minute is let in.
            busyness: the local hour of a minute, and that day's factor on arrivals.
            chance: this facility's own.
            start: the minute to begin at.
        """
        self._usual_wait = figures.usual_wait_minutes
        self._per_minute = figures.arrivals_per_day / open_share / 100 / 60
        self._care = care
        self._is_open = is_open
        self._busyness = busyness
        self._chance = chance
        self._most_per_minute = self._per_minute * max(demand.ARRIVALS_BY_HOUR) * BUSIEST
        self._next_candidate = start + chance.expovariate(self._most_per_minute)
        self._now = start
        self._waiting: deque[float] = deque()
        self._busy_until: list[float] = []
        self._leaving: list[float] = []
        self._seen: deque[tuple[float, float]] = deque()

    def advance(self, until: float) -> None:
        """Play every arrival and every end of a consultation up to a minute; never back."""
        while True:
            freed = self._busy_until[0] if self._busy_until else math.inf
            now = min(self._next_candidate, freed)
            if now > until:
                break
            self._now = now
            if freed <= self._next_candidate:
                heapq.heappop(self._busy_until)
            else:
                self._let_in(now)
            self._call_next(now)
        self._now = max(self._now, until)
        while self._leaving and self._leaving[0] <= self._now:
            heapq.heappop(self._leaving)
        while self._seen and self._seen[0][0] < self._now - WINDOW_MINUTES:
            self._seen.popleft()

    def waits_minutes(self) -> list[float]:
        """The waits of those seen within the last hour, in the order they were called."""
        return [wait for _, wait in self._seen]

    def head_of_line_minutes(self) -> float:
        """How long the next patient has waited by now; 0 where nobody waits."""
        return self._now - self._waiting[0] if self._waiting else 0.0

    def patients_waiting(self) -> int:
        """Those who are not yet called."""
        return len(self._waiting)

    def patients_in_department(self) -> int:
        """Those who have come and not gone."""
        return len(self._waiting) + len(self._leaving)

    def _let_in(self, now: float) -> None:
        """A candidate of the highest rate comes in fact with the share that this hour has."""
        self._next_candidate = now + self._chance.expovariate(self._most_per_minute)
        hour, factor = self._busyness(now)
        rate = self._per_minute * demand.ARRIVALS_BY_HOUR[hour] * min(factor, BUSIEST)
        if self._chance.random() * self._most_per_minute < rate and self._is_open(now):
            self._waiting.append(now)

    def _call_next(self, now: float) -> None:
        if not self._waiting:
            return
        per_minute = self._rostered_per_minute(now)
        clinicians = max(1, math.ceil(per_minute * self._care.consultation_minutes))
        longest = self._care.consultation_minutes * demand.LONGEST_CONSULTATION
        consultation = min(clinicians / per_minute, longest)
        while self._waiting and len(self._busy_until) < clinicians:
            wait = now - self._waiting.popleft()
            self._seen.append((now, wait))
            slow, fast = demand.HURRY_LIMITS
            hurry = min(fast, max(slow, (wait / self._usual_wait) ** demand.HURRY))
            busy = self._about(consultation / hurry)
            heapq.heappush(self._busy_until, now + busy)
            heapq.heappush(self._leaving, now + busy + self._about(self._care.after_minutes))

    def _rostered_per_minute(self, now: float) -> float:
        """How many patients the clinicians on duty are meant to see: demand, as of late."""
        hour, _ = self._busyness(now)
        hours = range(hour - demand.STAFF_LAG_HOURS + 1, hour + 1)
        shares = [demand.ARRIVALS_BY_HOUR[late % 24] for late in hours]
        return self._per_minute * max(demand.FEWEST_STAFF, sum(shares) / len(shares))

    def _about(self, mean: float) -> float:
        spread = demand.SERVICE_SPREAD
        return mean * self._chance.lognormvariate(-spread * spread / 2, spread)
