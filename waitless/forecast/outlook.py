"""What one facility's forecast says, laid out over time so that answering needs no model.

The writer makes an outlook whenever a reading is believed, and keeps it beside the reading.
Whoever answers takes nodes from it, linear between them, by the float arithmetic of
`Outlook.seen`. Compiled code over `Outlook.columns` gives the same bits where it does the same
operations in the same order, each rounded by itself (no fused multiply and add).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import isfinite
from typing import NamedTuple

from feeds.model import Statistic
from waitless.area.facility import Kind
from waitless.forecast.posted import WhenSeen, mean_of_range
from waitless.forecast.predict import Course, Patients
from waitless.forecast.state import ForecastState

STEP_MINUTES = 15.0
STEPS = 12
LAST_MINUTES = STEP_MINUTES * STEPS
DECIMALS = 3
"""Nodes are kept to a thousandth of a minute, which halves what is stored and read again."""
MICROSECONDS_A_MINUTE = 60_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

LAST_HOUR = timedelta(minutes=60)
_OF_THOSE_SEEN = frozenset({Statistic.MEAN, Statistic.MEDIAN, Statistic.P90})

Nodes = tuple[float, ...]
"""Minutes of wait at 0, 15 ... 180 minutes after the reading."""


class Columns(NamedTuple):
    """An outlook for compiled code, over arrays of many."""

    as_of_us: int
    """Microseconds since 1970."""
    half_window_min: float
    posted: Nodes
    p10: Nodes
    p50: Nodes
    p90: Nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The course of one facility's wait after its latest believed reading."""

    as_of: datetime
    """When the reading was measured; an outlook of another reading than the board's is not used."""
    half_window_min: float
    """Half of the source's averaging window."""
    posted: Nodes
    """The mean of the figure that will be posted."""
    p10: Nodes
    """Of a patient's wait who is seen then, as p50 and p90."""
    p50: Nodes
    p90: Nodes

    def __post_init__(self) -> None:
        """Refuse, with a ValueError, what is no outlook, so that a damaged one counts as absent."""
        if self.as_of.tzinfo is None:
            raise ValueError("as_of has no zone")
        for nodes in (self.posted, self.p10, self.p50, self.p90):
            if len(nodes) != STEPS + 1 or min(nodes) < 0 or not isfinite(sum(nodes)):
                raise ValueError(f"{STEPS + 1} waits are wanted, none below 0: {nodes}")

    def seen(self, now: datetime, travel: timedelta) -> WhenSeen:
        """The wait of a patient who sets out now; `predict.predict_seen` without the model.

        Two steps to the instant that counts, T = now + travel + wait + window / 2: the wait is
        the reading itself at first, then the mean that will be posted at the T of that. In floats:

            away  = (now - as_of + travel, in whole microseconds) / 60000000 + half_window_min
            wait  = at(posted, away + posted[0])
            p50   = at(p50, away + wait)
            p10   = min(at(p10, away + wait), p50)
            p90   = max(at(p90, away + wait), p50)
            mean  = 0.3 * p10 + 0.4 * p50 + 0.3 * p90        from left to right

            at(nodes, ahead):
                place = min(max(ahead, 0.0), 180.0) / 15.0
                k     = min(whole part of place, 11)
                nodes[k] + (place - k) * (nodes[k + 1] - nodes[k])
        """
        away = (now - self.as_of + travel) // _MICROSECOND / MICROSECONDS_A_MINUTE
        away += self.half_window_min
        ahead = away + _at(self.posted, away + self.posted[0])
        p50 = _at(self.p50, ahead)
        p10, p90 = min(_at(self.p10, ahead), p50), max(_at(self.p90, ahead), p50)
        mean = mean_of_range(p10, p50, p90)
        return WhenSeen(p10=p10, p50=p50, p90=p90, mean=mean, basis="forecast")

    def figure_at(self, at: datetime) -> float:
        """The mean of the figure posted at an instant; later than the last node, the last."""
        return _at(self.posted, (at - self.as_of) / timedelta(minutes=1))

    @property
    def columns(self) -> Columns:
        """The same for compiled code."""
        as_of_us = (self.as_of - _EPOCH) // _MICROSECOND
        return Columns(as_of_us, self.half_window_min, self.posted, self.p10, self.p50, self.p90)


def averaging_window(statistic: Statistic) -> timedelta:
    """Over how long a source averages, by its statistic, as no feed says.

    A mean, a median and a 90th percentile are of those seen lately: the last hour
    (shared/design/prediction.md). Whatever else is posted speaks of now, or may: 0.
    """
    return LAST_HOUR if statistic in _OF_THOSE_SEEN else timedelta()


def make_outlook(
    state: ForecastState, as_of: datetime, kind: Kind, *, zone: tzinfo, window: timedelta
) -> Outlook | None:
    """Lay a state out.

    Args:
        state: what the facility's past taught.
        as_of: when the reading was measured that is believed now, aware.
        kind: the facility's.
        zone: the facility's, which its usual hours go by.
        window: the source's averaging window; see `averaging_window`.

    Returns:
        None where the state has not learnt that reading, or the door has shut since.
    """
    latest = state.latest
    if latest is None or latest.at_min != as_of.timestamp() / 60:
        return None
    course, patients = Course(state, latest, zone), Patients(state, kind)
    told = [course.expect(step * STEP_MINUTES) for step in range(STEPS + 1)]
    p10, p50, p90 = zip(*map(patients.widen, told), strict=True)
    return Outlook(
        as_of=as_of,
        half_window_min=window / timedelta(minutes=2),
        posted=_rounded(one.mean for one in told),
        p10=_rounded(p10),
        p50=_rounded(p50),
        p90=_rounded(p90),
    )


def _rounded(minutes: Iterable[float]) -> Nodes:
    return tuple(round(one, DECIMALS) for one in minutes)


def _at(nodes: Nodes, ahead_min: float) -> float:
    place = min(max(ahead_min, 0.0), LAST_MINUTES) / STEP_MINUTES
    before = min(int(place), STEPS - 1)
    return nodes[before] + (place - before) * (nodes[before + 1] - nodes[before])
