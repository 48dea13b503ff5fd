"""The one place at which the simulation takes hold of the ledger: counts, usual load, correction.

Whoever is advised and goes is entered; before a wait is told it is corrected by those who are on
their way and not yet in the feed, against how many that usually are at that hour.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from waitless.ledger.correct import FigureOf, correct, find_window
from waitless.ledger.counts import KEEPS, Ledger
from waitless.ledger.policy import Policy
from waitless.ledger.usual import Usual
from waitless.simulate.assumptions import HOURS_A_DAY
from waitless.simulate.kent import Kent

_BUCKET_MIN = 5


class OnTheWay:
    """The ledger of one simulated area."""

    def __init__(
        self, kent: Kent, policy: Policy, per_minute: Sequence[float], keeps: timedelta = KEEPS
    ) -> None:
        """Begin with nobody on the way.

        Args:
            kent: the place.
            policy: of the correction.
            per_minute: by facility: patients that it is taken to see.
            keeps: how long an arrival counts after its ETA.
        """
        self._kent, self._policy, self._keeps = kent, policy, keeps
        self._ids = [one.id for one in kent.facilities]
        self._per_minute = per_minute
        self._ledger = Ledger(keeps=keeps)
        self._usual = Usual()
        self._due: dict[int, Counter[str]] = {}
        self._learnt = 0

    def follow(self, facility: int, eta_min: float) -> None:
        """Someone is going there."""
        facility_id = self._ids[facility]
        self._ledger.add(facility_id, self._kent.at(eta_min))
        self._due.setdefault(int(eta_min // _BUCKET_MIN), Counter())[facility_id] += 1

    def pass_time(self, now_min: float) -> None:
        """Learn from every bucket that is over, and forget who should have been there long ago."""
        while self._learnt < now_min // _BUCKET_MIN:
            hour = self._learnt * _BUCKET_MIN // 60 % HOURS_A_DAY
            self._usual.learn(hour, self._due.pop(self._learnt, Counter()), self._ids)
            self._learnt += 1
        self._ledger.expire(self._kent.at(now_min))

    def corrected(
        self, facility: int, forecast_min: float, now_min: float, away_min: float,
        measured: tuple[float, float],
    ) -> float:  # fmt: skip
        """The wait with those on their way.

        Args:
            facility: where.
            forecast_min: the wait without them.
            now_min: when it is asked.
            away_min: the journey.
            measured: when the latest figure was measured, and the figure.
        """
        kent, facility_id = self._kent, self._ids[facility]
        arrives_min = now_min + away_min
        start, arrives = find_window(
            kent.at(now_min),
            travel_minutes=away_min,
            measured_at=kent.at(measured[0]),
            wait_minutes=measured[1],
            figure=FigureOf.SEEN,
            keeps=self._keeps,
        )
        advised = self._ledger.count(facility_id, start, arrives)
        hour = int(arrives_min // 60) % HOURS_A_DAY
        usual = self._usual.count(facility_id, hour, (arrives - start) / timedelta(minutes=1))
        per_minute = self._per_minute[facility]
        return correct(forecast_min, advised, usual, per_minute, policy=self._policy)
