"""From a facility's state to what its source will post, and to what a patient will wait."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from feeds.model import Statistic
from waitless.area.facility import Kind
from waitless.forecast.drift import find_drifts
from waitless.forecast.gain import Gain
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
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
    posted = state.latest
    if posted is None:
        return None
    ahead = min(max(at.timestamp() / 60 - posted.at_min, 0.0), HORIZONS[-1])
    gain, ends = _at_horizon(state, posted, ahead)
    moved = gain.change(find_drifts(state.profile, posted, ahead, zone))
    floor = find_floor(state) or 0.0
    mean = max(floor, posted.figure + 60 * moved)
    scale = unit(mean)
    p10, p90 = max(floor, mean - ends[0] * scale), mean + ends[1] * scale
    likeliest = mean if _mean_is_better(state, ahead) else posted.figure
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
    """The range of one patient's wait, where `expected` is the range of the figure posted.

    What a statistic leaves open is as in `posted.widen_posted`; so is what lies below a source's
    floor and above its ceiling, where figures pile up that stand for less, or for more.
    """
    apart = NORMAL_P90 * between_patients(expected.mean, kind)
    middle = expected.p50
    if state.statistic is Statistic.P90:
        middle = max(0.0, middle - apart)
    down, up = expected.p50 - expected.p10, expected.p90 - expected.p50
    widening = 1.0
    if state.statistic is Statistic.UNSPECIFIED and not _is_band(state):
        widening = UNSPECIFIED_WIDENING
    down, up = math.hypot(down, apart) * widening, math.hypot(up, apart) * widening
    if state.statistic is Statistic.LONGEST:
        down = max(down, middle / 2)
    floor = find_floor(state)
    if floor is not None and expected.p10 <= floor:
        down = middle
    if state.latest is not None and _tops_out(state, state.latest):
        up *= 2
    p10, p90 = max(0.0, middle - down), middle + up
    mean = mean_of_range(p10, middle, p90)
    return WhenSeen(p10=p10, p50=middle, p90=p90, mean=mean, basis="forecast")


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


def _at_horizon(state: ForecastState, posted: Posted, ahead: float) -> tuple[Gain, Ends]:
    """Gain and ends between the two horizons on either side; at 0 it is the reading itself."""
    after = next(place for place, horizon in enumerate(HORIZONS) if ahead <= horizon)
    gain, ends = state.nodes[after].gain, _ends(state.nodes, after)
    if after == 0:
        half = BAND_SHARE * (posted.high - posted.low) / unit(posted.figure)
        start, weights, before = 0.0, [gain.weights[0], 0.0, 0.0], (half, half)
    else:
        start, weights = HORIZONS[after - 1], state.nodes[after - 1].gain.weights
        before = _ends(state.nodes, after - 1)
    share = (ahead - start) / (HORIZONS[after] - start)
    mixed = [_mix(one, other, share) for one, other in zip(weights, gain.weights, strict=True)]
    down, up = _mix(before[0], ends[0], share), _mix(before[1], ends[1], share)
    return Gain(weights=mixed, covariance=[]), (down, up)


def _mix(one: float, other: float, share: float) -> float:
    return (1 - share) * one + share * other


def _ends(nodes: list[Node], place: int) -> Ends:
    """The ends of a horizon; from its nearest neighbour where it has hardly been tried itself."""
    taught = [other for other, node in enumerate(nodes) if node.spread.labels >= ENOUGH_LABELS]
    source = min(taught, key=lambda other: abs(other - place), default=place)
    grown = growth(HORIZONS[place], HORIZONS[source])
    down, up = nodes[source].spread.ends
    return down * grown, up * grown


def _mean_is_better(state: ForecastState, ahead: float) -> bool:
    node = min(zip(HORIZONS, state.nodes, strict=True), key=lambda one: abs(one[0] - ahead))[1]
    return node.mean_error < CLEARLY_BETTER * node.latest_error
