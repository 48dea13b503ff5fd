"""The policies, each by name: what a place costs in it; the service's own code ranks by that.

Forecasts are `waitless.forecast`'s, learnt from what became visible; the order is
`waitless.answers.ranking.rank_places`', so doors, the longest way and ties are as in an answer.
"""

from typing import NamedTuple

import numpy as np

from feeds.model import Statistic, Wait
from waitless.answers.columns import NEVER, ORDER, make_desk
from waitless.answers.doors import Doors
from waitless.answers.instants import to_us
from waitless.answers.ranking import rank_places
from waitless.forecast.arrays import find_arrivals, find_seen_at
from waitless.forecast.learn import shut, update
from waitless.forecast.predict import predict_seen
from waitless.forecast.state import ForecastState
from waitless.ledger.policy import Policy
from waitless.simulate.kent import NEED, Kent
from waitless.simulate.on_the_way import OnTheWay
from waitless.simulate.policies import COUNTING, FORECASTING, PolicyName
from waitless.simulate.scenario import Scenario
from waitless.simulate.world import Advice, Publication

_MINUTE_US = 60_000_000
_NO_NUMBER = float("nan")
_NOT_DRAWN = -1


class _Cost(NamedTuple):
    """Of one facility for one who asks; all but `told` only order."""

    told: float | None
    p50: float
    ranks: float
    """What is added to the journey to rank."""


_UNKNOWN = _Cost(None, _NO_NUMBER, _NO_NUMBER)


class PolicyAdviser:
    """One policy at work in one world."""

    def __init__(self, kent: Kent, doors: Doors, policy: PolicyName, scenario: Scenario) -> None:
        """Begin with nothing seen.

        Args:
            kent: the place.
            doors: its `lay_out_doors`, for the whole run.
            policy: any but `none`.
            scenario: what the ledger takes capacities for.
        """
        self._kent, self._doors, self._policy = kent, doors, policy
        count = len(kent.facilities)
        self._latest: list[Publication | None] = [None] * count
        self._states: list[ForecastState | None] = [None] * count
        self._rules = Policy()
        self._ledger = OnTheWay(kent, self._rules, scenario.capacities(kent))
        self._travel = {car: kent.travel(car=car) for car in (True, False)}
        margins = [self._rules.margin(one.kind, NEED) for one in kent.facilities]
        self._margin = np.array(margins if policy is PolicyName.WAITLESS else [0.0] * count)
        self._unmoved = np.zeros(count)
        self._nobody = np.zeros(count, dtype=np.bool_)
        self._desk = make_desk(count)
        ids = sorted(one.id for one in kent.facilities)
        self._id_order = np.array([ids.index(one.id) for one in kent.facilities])
        self._start_us = to_us(kent.start)

    def see(self, publication: Publication) -> None:
        """Take a publication into the board and the forecast."""
        place = publication.facility
        self._latest[place] = publication
        if self._policy not in FORECASTING:
            return
        self._ledger.pass_time(publication.visible_min)
        state = self._states[place]
        if publication.minutes is None:
            self._states[place] = None if state is None else shut(state)
            return
        wait = Wait(minutes=publication.minutes, statistic=Statistic.MEAN)
        at, zone = self._kent.at(publication.measured_min), self._kent.area.calendar.zone
        self._states[place] = update(state, wait, at, zone)

    def advise(self, now_min: float, zone: int, *, car: bool) -> Advice | None:
        """Rank as an answer ranks; None where nothing is open within reach."""
        travel = self._travel[car][zone]
        ways = travel.tolist()
        is_open = [self._kent.is_open(f, now_min + away) for f, away in enumerate(ways)]
        nearest = min((away for away, yes in zip(ways, is_open, strict=True) if yes), default=0.0)
        reach = max(nearest, self._rules.most_journey_minutes)
        costs = [
            self._cost(f, now_min, away) if is_open[f] and away <= reach else _UNKNOWN
            for f, away in enumerate(ways)
        ]
        seen = np.array([(one.p50, one.p50, one.p50, one.ranks) for one in costs])
        arrivals = find_arrivals(self._start_us + round(now_min * _MINUTE_US), travel)
        doors = self._doors.columns
        _, shown, _, _ = rank_places(
            *self._desk, travel, arrivals, find_seen_at(arrivals, seen), seen, self._unmoved,
            self._margin, self._nobody, self._id_order, doors.first, doors.since, doors.code,
            doors.closing, self._nobody,
            np.array([self._reported_until(f) for f in range(len(costs))]),
            np.full(len(costs), NEVER), self._rules.most_journey_minutes, 0.0, _NOT_DRAWN, 1,
        )  # fmt: skip
        if shown == 0:
            return None
        best = int(self._desk.numbers[ORDER, 0])
        return Advice(best, costs[best].told)

    def follow(self, facility: int, eta_min: float) -> None:
        """Enter someone who is going there."""
        if self._policy in COUNTING:
            self._ledger.follow(facility, eta_min)

    def _reported_until(self, facility: int) -> int:
        """A door reported shut in its opening hours stays so until its feed says otherwise."""
        latest = self._latest[facility]
        if latest is None or latest.is_open:
            return 0
        by_hours = self._kent.is_open(facility, latest.measured_min)
        return NEVER if by_hours else 0

    def _cost(self, facility: int, now_min: float, away: float) -> _Cost:
        latest = self._latest[facility]
        if latest is None or latest.minutes is None or self._policy is PolicyName.NEAREST:
            told = None if latest is None else latest.minutes
            return _Cost(told, _NO_NUMBER, _NO_NUMBER)
        if self._policy is PolicyName.SHORTEST_POSTED:
            return _Cost(latest.minutes, latest.minutes, latest.minutes - away)
        if self._policy is PolicyName.POSTED:
            return _Cost(latest.minutes, latest.minutes, latest.minutes)
        wait = self._foretold(facility, now_min, away)
        if wait is None:
            return _UNKNOWN
        if self._policy in COUNTING:
            measured = latest.measured_min, latest.minutes
            wait = self._ledger.corrected(facility, wait, now_min, away, measured)
        return _Cost(wait, wait, wait)

    def _foretold(self, facility: int, now_min: float, away: float) -> float | None:
        state = self._states[facility]
        if state is None:
            return None
        kent = self._kent
        seen = predict_seen(
            state,
            kent.at(now_min),
            kent.at(away) - kent.start,
            kent.facilities[facility].kind,
            zone=kent.area.calendar.zone,
            window=kent.at(kent.assumptions.feed_window_minutes.value) - kent.start,
        )
        return None if seen is None else seen.mean
