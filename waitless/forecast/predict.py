"""From a facility's state to what its source will post, and to what a patient will wait."""

import math
from bisect import bisect_left
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from feeds.model import Statistic
from waitless.area.facility import Kind
from waitless.forecast.drift import week_hour
from waitless.forecast.posted import (
    NORMAL_P90,
    UNSPECIFIED_WIDENING,
    WhenSeen,
    between_patients,
    mean_of_range,
)
from waitless.forecast.spread import Ends, growth, unit
from waitless.forecast.state import HORIZONS, ForecastState, Node, Posted

BAND_SHARE = 0.4
"""8 in 10 of what is even over a band lie within this share of its width from its middle."""
ENOUGH_LABELS = 20
"""A horizon held against fewer readings takes its range from the nearest that has as many."""
CLEARLY_BETTER = 0.98
"""The mean stands in for the latest reading where its error is below this share of the other's."""
FIXED_POINT_STEPS = 2


class Expected(NamedTuple):
    """The reading that a source will post, in minutes: 8 in 10 lie between p10 and p90."""

    p10: float
    p50: float
    p90: float
    mean: float


def predict(state: ForecastState, at: datetime, zone: tzinfo) -> Expected | None:
    """What will be posted at an instant; None while the door is shut.

    Meant for up to 180 minutes after the latest reading; what is later is told as for 180. An
    instant before the latest reading is told as the reading itself.
    """
    if state.latest is None:
        return None
    ahead = at.timestamp() / 60 - state.latest.at_min
    return Course(state, state.latest, zone).expect(min(max(ahead, 0.0), HORIZONS[-1]))


class Course:
    """What will be posted at any number of instants: what they have in common is found once."""

    def __init__(self, state: ForecastState, posted: Posted, zone: tzinfo) -> None:
        """Of a state, from its latest reading on."""
        half = BAND_SHARE * (posted.high - posted.low) / unit(posted.figure)
        self._state, self._posted, self._zone = state, posted, zone
        self._usual = state.profile.usual(week_hour(posted.at_min, zone))
        self._above, self._rise = (posted.figure - self._usual) / 60, posted.rise / 60
        self._weights = [(state.nodes[0].gain.weights[0], 0.0, 0.0)]
        self._weights += [(w[0], w[1], w[2]) for w in (node.gain.weights for node in state.nodes)]
        self._ends = [(half, half), *_list_ends(state.nodes)]
        trust = [float(_mean_is_better(node)) for node in state.nodes]
        self._trust = [trust[0], *trust]
        self._floor = find_floor(state) or 0.0

    def expect(self, ahead: float) -> Expected:
        """What will be posted so many minutes, 0 to 180, after the latest reading.

        All that is learnt is linear between the horizons; at 0 it is the reading itself.
        """
        after = bisect_left(HORIZONS, ahead)
        start = HORIZONS[after - 1] if after else 0.0
        share = (ahead - start) / (HORIZONS[after] - start)
        low, high = self._weights[after : after + 2]
        then = week_hour(self._posted.at_min + ahead, self._zone)
        moved = (
            _mix(low[0], high[0], share) * (self._state.profile.usual(then) - self._usual) / 60
            + _mix(low[1], high[1], share) * self._above
            + _mix(low[2], high[2], share) * self._rise
        )
        mean = max(self._floor, self._posted.figure + 60 * moved)
        scale = unit(mean)
        near, far = self._ends[after : after + 2]
        p10 = max(self._floor, mean - _mix(near[0], far[0], share) * scale)
        p90 = mean + _mix(near[1], far[1], share) * scale
        trust = _mix(self._trust[after], self._trust[after + 1], share)
        likeliest = self._posted.figure + trust * (mean - self._posted.figure)
        return Expected(p10=p10, p50=min(max(likeliest, p10), p90), p90=p90, mean=mean)


def predict_seen(
    state: ForecastState,
    now: datetime,
    travel: timedelta,
    kind: Kind,
    *,
    zone: tzinfo,
    window: timedelta = timedelta(),
) -> WhenSeen | None:
    """The wait of a patient who sets out now; None while the door is shut.

    A figure describes those who were seen in the source's averaging `window`, so the one to
    forecast is posted half a window after this patient is seen: when they have arrived and
    waited, which the figure itself says. Two steps of that settle it.
    """
    if state.latest is None:
        return None
    wait = timedelta(minutes=state.latest.figure)
    expected = None
    for _ in range(FIXED_POINT_STEPS):
        expected = predict(state, now + travel + wait + window / 2, zone)
        wait = timedelta(minutes=expected.mean if expected else 0.0)
    return None if expected is None else widen_expected(state, expected, kind)


def widen_expected(state: ForecastState, expected: Expected, kind: Kind) -> WhenSeen:
    """The range of one patient's wait, where `expected` is the range of the figure posted."""
    p10, p50, p90 = Patients(state, kind).widen(expected)
    mean = mean_of_range(p10, p50, p90)
    return WhenSeen(p10=p10, p50=p50, p90=p90, mean=mean, basis="forecast")


class Patients:
    """From the range of a figure to that of a patient's wait, for any number of instants.

    What a statistic leaves open is as in `posted.widen_posted`; so is what lies below a source's
    floor and above its ceiling, where figures pile up that stand for less, or for more.
    """

    def __init__(self, state: ForecastState, kind: Kind) -> None:
        """Of a facility, and what its latest reading was."""
        bare = state.statistic is Statistic.UNSPECIFIED and not _is_band(state)
        self._kind, self._statistic = kind, state.statistic
        self._widening = UNSPECIFIED_WIDENING if bare else 1.0
        self._floor = find_floor(state)
        self._tops_out = state.latest is not None and _tops_out(state, state.latest)

    def widen(self, expected: Expected) -> tuple[float, float, float]:
        """p10, p50 and p90 in minutes."""
        mean, middle = expected.mean, expected.p50
        apart = NORMAL_P90 * between_patients(mean, self._kind)
        down = math.hypot(middle - expected.p10, apart) * self._widening
        up = math.hypot(expected.p90 - middle, apart) * self._widening
        if self._statistic is Statistic.P90:
            middle = max(0.0, middle - apart)
        elif self._statistic is Statistic.LONGEST:
            down = max(down, middle / 2)
        if self._floor is not None and expected.p10 <= self._floor:
            down = middle
        if self._tops_out:
            up *= 2
        return max(0.0, middle - down), middle, middle + up


def find_floor(state: ForecastState) -> float | None:
    """The figure below which the source never goes, where it has shown one. Bands pile up."""
    if _is_band(state):
        return None
    for generation in (state.learnt.young, state.learnt.old):
        figure = generation.lowest.figure
        if figure is not None and state.learnt.is_floor(figure):
            return figure
    return None


def _tops_out(state: ForecastState, posted: Posted) -> bool:
    return posted.open_topped or (not _is_band(state) and state.learnt.is_ceiling(posted.low))


def _is_band(state: ForecastState) -> bool:
    return state.latest is not None and state.latest.high > state.latest.low


def _mix(one: float, other: float, share: float) -> float:
    return (1 - share) * one + share * other


def _list_ends(nodes: list[Node]) -> list[Ends]:
    """Of each horizon; of its nearest neighbour where it has hardly been tried itself."""
    taught = [place for place, node in enumerate(nodes) if node.spread.labels >= ENOUGH_LABELS]
    found = []
    for place, horizon in enumerate(HORIZONS):
        source = min(taught, key=lambda other: abs(other - place), default=place)
        down, up = nodes[source].spread.ends
        grown = growth(horizon, HORIZONS[source])
        found.append((down * grown, up * grown))
    return found


def _mean_is_better(node: Node) -> bool:
    return node.mean_error < CLEARLY_BETTER * node.latest_error
