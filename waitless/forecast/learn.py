"""A believed reading into a facility's state. Nothing here knows what comes after it."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, tzinfo

from feeds.model import Wait
from waitless.forecast.drift import find_drifts, week_hour
from waitless.forecast.gain import Drifts
from waitless.forecast.spread import growth, share_below, unit
from waitless.forecast.state import (
    ANCHOR_EVERY_MINUTES,
    ANCHORS_FOR_MINUTES,
    HORIZONS,
    Anchor,
    ForecastState,
    Posted,
)

OPEN_WIDTH_MINUTES = 60.0
"""How wide "over 4 hours" is taken to be before a band with both limits was seen."""
NEAR_MINUTES = 10.0
NEAR_SHARE = 0.6
"""A reading teaches a horizon that it misses by up to 10 minutes or this share of it."""
HOUR_MINUTES, HOUR_SLACK_MINUTES = 60.0, 35.0
"""About an hour ago: 25 to 95 minutes, as many sources are read about hourly."""
ERROR_RATE = 0.003


def update(
    state: ForecastState | None, wait: Wait, at: datetime, zone: tzinfo
) -> ForecastState | None:
    """The state after a believed wait; the state given is used up.

    Args:
        state: None for a facility not seen before.
        wait: as posted. Another statistic or clock than before starts afresh; a wait without any
            figure teaches nothing.
        at: when it was measured, aware. What is not newer than the newest teaches nothing.
        zone: the facility's, which its usual hours go by.
    """
    if wait.minutes is None and wait.low is None and wait.high is None:
        return state
    if state is None or (state.statistic, state.clock) != (wait.statistic, wait.clock):
        state = ForecastState(statistic=wait.statistic, clock=wait.clock)
    at_min = at.timestamp() / 60
    if state.newest_min is not None and at_min <= state.newest_min:
        return state
    posted = _read(state, wait, at_min)
    gap_min = _age(state.anchors[-1], at_min) if state.anchors else HOUR_MINUTES
    if state.anchors and _age(state.anchors[0], at_min) > ANCHORS_FOR_MINUTES:
        state.anchors = [one for one in state.anchors if _age(one, at_min) <= ANCHORS_FOR_MINUTES]
    posted.rise = _rise(state, posted)
    state.latest, state.newest_min = posted, at_min
    if gap_min < ANCHOR_EVERY_MINUTES:
        return state
    for place, horizon in enumerate(HORIZONS):
        near = max(NEAR_MINUTES, NEAR_SHARE * horizon)
        anchor = _nearest(state.anchors, at_min - horizon, near)
        if anchor is not None:
            ahead_min = _age(anchor, at_min)
            drifts = find_drifts(state.profile, anchor.posted, ahead_min, zone)
            _learn(state, place, Trial(anchor, posted, ahead_min, drifts), gap_min)
    hours = min(gap_min, HOUR_MINUTES) / HOUR_MINUTES
    state.profile.add(at_min, week_hour(at_min, zone), posted.figure, hours)
    state.learnt.add(wait)
    state.anchors.append(Anchor(posted=posted, ends=[node.spread.ends for node in state.nodes]))
    return state


def shut(state: ForecastState) -> ForecastState:
    """The state after the door has shut: its queue is gone, what is usual stays.

    Until the next reading nothing is forecast, and that reading is compared with none before.
    """
    state.latest = None
    state.anchors = []
    return state


def _read(state: ForecastState, wait: Wait, at_min: float) -> Posted:
    if wait.minutes is not None:
        return Posted(at_min=at_min, low=wait.minutes, high=wait.minutes)
    low = wait.low or 0.0
    if wait.high is None:
        high = low + (state.band_width or OPEN_WIDTH_MINUTES)
        return Posted(at_min=at_min, low=low, high=high, open_topped=True)
    state.band_width = wait.high - low
    return Posted(at_min=at_min, low=low, high=wait.high)


def _age(anchor: Anchor, at_min: float) -> float:
    return at_min - anchor.posted.at_min


def _nearest(anchors: list[Anchor], at_min: float, near: float) -> Anchor | None:
    """The anchor nearest to an instant, no further off than `near`; None where there is none."""
    after = bisect_left(anchors, at_min, key=_measured)
    found = min(
        anchors[max(0, after - 1) : after + 1], key=lambda one: abs(_age(one, at_min)), default=None
    )
    return None if found is None or abs(_age(found, at_min)) > near else found


def _measured(anchor: Anchor) -> float:
    return anchor.posted.at_min


def _rise(state: ForecastState, posted: Posted) -> float:
    before = _nearest(state.anchors, posted.at_min - HOUR_MINUTES, HOUR_SLACK_MINUTES)
    return 0.0 if before is None else posted.figure - before.posted.figure


@dataclass(frozen=True, slots=True)
class Trial:
    """A reading, and one from before that might have told it."""

    anchor: Anchor
    posted: Posted
    ahead_min: float
    drifts: Drifts


def _learn(state: ForecastState, place: int, trial: Trial, gap_min: float) -> None:
    """Hold one horizon's forecast at the anchor against the reading that came."""
    node, off = state.nodes[place], trial.ahead_min / HORIZONS[place]
    usual, above, rise = trial.drifts
    drifts = usual, above * off, rise * off
    before, posted = trial.anchor.posted.figure, trial.posted
    mean = max(0.0, before + 60 * node.gain.change(drifts))
    scale = unit(mean) * growth(trial.ahead_min, HORIZONS[place])
    down, up = trial.anchor.ends[place]
    node.spread.learn(
        share_below(mean - down * scale, posted.low, posted.high),
        share_below(mean + up * scale, posted.low, posted.high),
    )
    rate = max(ERROR_RATE, 1 / node.spread.labels)
    node.mean_error += rate * (abs(posted.figure - mean) - node.mean_error)
    node.latest_error += rate * (abs(posted.figure - before) - node.latest_error)
    node.gain.learn(drifts, (posted.figure - before) / 60, gap_min)
