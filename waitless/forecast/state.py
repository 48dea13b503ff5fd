"""All that a forecast remembers of one facility: bounded, and stored as MessagePack."""

from dataclasses import dataclass, field

import msgspec

from feeds.model import Clock, Statistic
from waitless.belief.learnt import Learnt
from waitless.forecast.gain import DRIFTS, Gain, start_gain
from waitless.forecast.profile import HOURS_A_DAY, HOURS_A_WEEK, Profile
from waitless.forecast.spread import Ends, Spread, start_spread

VERSION = 1
HORIZONS = (15.0, 30.0, 60.0, 120.0, 180.0)
"""Minutes; what lies between is interpolated."""
ANCHORS_FOR_MINUTES = 200.0
ANCHOR_EVERY_MINUTES = 4.0
"""A source that posts every few seconds teaches no more often than this."""


class StateFault(ValueError):
    """A stored state that cannot be used: not this form, or of another version."""


@dataclass(slots=True, kw_only=True)
class Posted:
    """One reading as forecasting sees it."""

    at_min: float
    """When it was measured, in minutes since 1970."""
    low: float
    high: float
    """The limits of a band; both the figure where it is one figure."""
    open_topped: bool = False
    """Whether the source gave no upper limit, so that `high` is assumed."""
    rise: float = 0.0
    """Minutes above the reading of about an hour before; 0 where there was none."""

    @property
    def figure(self) -> float:
        """The figure, or the middle of the band."""
        return (self.low + self.high) / 2


@dataclass(slots=True, kw_only=True)
class Anchor:
    """A reading that later ones are compared with, and the ends of the ranges told at its time."""

    posted: Posted
    ends: list[Ends]


@dataclass(slots=True, kw_only=True)
class Node:
    """What is learnt for one horizon."""

    gain: Gain
    spread: Spread
    mean_error: float = 0.0
    """Running mean of the absolute error of the mean, in minutes."""
    latest_error: float = 0.0
    """The same of the latest reading, had it been the forecast."""


@dataclass(slots=True, kw_only=True)
class ForecastState:
    """Of one facility and one measure (a statistic on a clock). 6 to 13 kB stored."""

    statistic: Statistic
    clock: Clock
    version: int = VERSION
    latest: Posted | None = None
    """The newest reading; None while the door is shut, so that nothing is forecast."""
    newest_min: float | None = None
    """When the newest reading was measured, in minutes since 1970, also while the door is shut."""
    band_width: float | None = None
    """Of the newest band that had both limits: what "over 4 hours" is taken to be wide."""
    anchors: list[Anchor] = field(default_factory=list)
    nodes: list[Node] = field(
        default_factory=lambda: [
            Node(gain=start_gain(horizon), spread=start_spread(horizon)) for horizon in HORIZONS
        ]
    )
    profile: Profile = field(default_factory=Profile)
    learnt: Learnt = field(default_factory=Learnt)
    """Where the source stops counting: its floor and its ceiling."""


def encode_state(state: ForecastState) -> bytes:
    """The state as MessagePack: numbers, most of them, half as large as JSON and as exact."""
    return _encode(state)


def decode_state(raw: bytes) -> ForecastState:
    """The state back.

    Raises:
        StateFault: not such a state, or of another version: the facility starts afresh.
    """
    try:
        version = _version.decode(raw).version
        if version != VERSION:
            raise StateFault(f"a forecast's state of version {version!r}")
        state = _state.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise StateFault(f"not a forecast's state: {fault}") from fault
    if len(state.nodes) != len(HORIZONS):
        raise StateFault(f"{len(state.nodes)} horizons where {len(HORIZONS)} are known")
    if not _fits(state):
        raise StateFault("a forecast's state with too few or too many numbers")
    return state


def _fits(state: ForecastState) -> bool:
    """Whether every list has the length that learning counts on."""
    gains, profile = [node.gain for node in state.nodes], state.profile
    return (
        all(len(one.weights) == DRIFTS == len(one.covariance) for one in gains)
        and all(len(row) == DRIFTS for one in gains for row in one.covariance)
        and all(len(one.ends) == len(HORIZONS) for one in state.anchors)
        and len(profile.week_weights) == len(profile.week_sums) == HOURS_A_WEEK
        and len(profile.day_weights) == len(profile.day_sums) == HOURS_A_DAY
    )


class _Version(msgspec.Struct):
    """What is read of a state first, whatever else is in it."""

    version: object = None


_encode = msgspec.msgpack.Encoder().encode
_state = msgspec.msgpack.Decoder(ForecastState)
_version = msgspec.msgpack.Decoder(_Version)
