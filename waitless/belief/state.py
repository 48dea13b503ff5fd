"""What belief remembers: a bounded state per facility and per feed.

Plain dataclasses that msgspec encodes and decodes, so that a restarted ingest goes on where the
last one stopped: `msgspec.json.encode(believer.state)`, and `BeliefState` to decode into.
"""

from dataclasses import dataclass, field
from datetime import datetime

from feeds.model import FacilityStatus, NoFigure, Observation, Statistic, Wait
from waitless.belief.learnt import Learnt
from waitless.belief.verdict import Finding, HeldValue, Rule

Measure = tuple[Statistic, str, str]
"""What a figure measures: its statistic, and from which event to which."""


@dataclass(slots=True)
class Advance:
    """Whether a source's own time moves on while its messages keep coming."""

    as_of: datetime | None = None
    advanced_at: datetime | None = None
    """By our clock."""
    usual_s: float = 0.0
    """Running mean of the time between advances; 0 while none is known."""
    repeats: int = 0
    """Messages since then that brought no newer time, at most one counted per half cadence."""
    repeated_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Pending:
    """A step that is held until enough readings in a row agree on it."""

    rule: Rule
    floor_minutes: float
    step_minutes: float
    """How far it lies from what was believed when it was first held."""
    measure: Measure
    measured_at: datetime
    readings: int = 1
    """How many in a row agree so far."""


@dataclass(slots=True, kw_only=True)
class EchoRun:
    """A figure that has been growing exactly as the clock does."""

    since: datetime
    from_minutes: float
    readings: int = 1


@dataclass(slots=True, kw_only=True)
class FrozenRun:
    """Figures that have not changed, and how long that is usual."""

    length_s: float = 0.0
    finished: int = 0
    longest_s: float = 0.0
    """Of those that ended and lay between the lowest and the highest figure seen."""


@dataclass(slots=True, kw_only=True)
class FacilityState:
    """All that is remembered of one facility."""

    as_of: datetime | None = None
    """The newest believed measurement, whatever it said."""
    spoke: Observation | None = None
    """The newest believed observation that spoke of a wait, if only to say there is none."""
    figure: Observation | None = None
    """The newest believed observation with a wait: what steps are measured from."""
    status: FacilityStatus | None = None
    measures: list[Measure] = field(default_factory=list)
    """What its figures have measured so far, the latest accepted last."""
    latest: Observation | None = None
    """The newest observation with figures that was judged, believed or not."""
    pending: Pending | None = None
    zero_readings: int = 0
    """How many readings in a row were all zeros, up to the latest."""
    echo: EchoRun | None = None
    frozen: FrozenRun = field(default_factory=FrozenRun)
    advance: Advance = field(default_factory=Advance)
    learnt: Learnt = field(default_factory=Learnt)
    held: list[HeldValue] = field(default_factory=list)
    pardons: dict[Rule, datetime] = field(default_factory=dict)
    """Until when an operator's release speaks for a lasting rule."""

    @property
    def believed_wait(self) -> Wait | None:
        """The newest believed wait, however old; None before the first."""
        wait = None if self.figure is None else self.figure.wait
        return wait if isinstance(wait, Wait) else None


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a feed last said of one facility, as far as rules about the whole feed ask."""

    as_of: datetime
    zero: bool
    """Whether every figure was zero."""
    was_zero: bool
    """Whether the believed figure before it was zero, or there was none."""
    quiet: bool
    """Whether the wait was at the lowest there is, or there was none."""
    shut: bool
    """Whether the unit was shut by its hours."""


@dataclass(slots=True, kw_only=True)
class TwinRun:
    """Two facilities with the same three figures, document after document."""

    figures: tuple[float, int, int]
    documents: int = 1
    changes: int = 0
    """How often the figures changed, both alike: coincidence does not do that."""


@dataclass(slots=True, kw_only=True)
class Trouble:
    """The last value of one facility that was held in a way that may strike several at once."""

    as_of: datetime
    rule: Rule


@dataclass(slots=True, kw_only=True)
class FeedState:
    """All that is remembered of one feed."""

    seen: dict[str, Seen] = field(default_factory=dict)
    advance: Advance = field(default_factory=Advance)
    unchanged_s: float = 0.0
    """For how long no figure of any facility has changed, by the source's time, gaps left out."""
    measured_at: datetime | None = None
    """The newest measurement of any facility."""
    longest_unchanged_s: float = 0.0
    twins: dict[str, TwinRun] = field(default_factory=dict)
    """By pair of facilities, `a|b`."""
    trouble: dict[str, Trouble] = field(default_factory=dict)
    least_delay_s: float | None = None
    """Least time from measurement to receipt in the window that is being filled."""
    delays: int = 0
    least_delays_s: list[float] = field(default_factory=list)
    """The same for the last few full windows."""
    findings: dict[str, Finding] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class BeliefState:
    """Everything, as it is stored."""

    facilities: dict[str, FacilityState] = field(default_factory=dict)
    feeds: dict[str, FeedState] = field(default_factory=dict)


def measure_of(wait: Wait) -> Measure:
    """What a wait measures."""
    return wait.statistic, wait.clock.start, wait.clock.stop


Figures = tuple[object, ...]


def figures_of(observation: Observation) -> Figures:
    """Every numeric field, and where there is no wait, why."""
    wait = observation.wait
    figures = (wait.minutes, wait.low, wait.high) if isinstance(wait, Wait) else (wait, None, None)
    return (*figures, observation.patients_waiting, observation.patients_in_department)


def is_silent(observation: Observation) -> bool:
    """Whether it says nothing at all about the wait."""
    return observation.wait is NoFigure.NOT_GIVEN


def is_zero_wait(wait: Wait | NoFigure) -> bool:
    """Whether a wait of exactly zero was posted; "less than an hour" is none."""
    return isinstance(wait, Wait) and wait.minutes == 0


def is_all_zero(observation: Observation) -> bool:
    """Whether the wait is zero and no count says otherwise."""
    counts = (observation.patients_waiting, observation.patients_in_department)
    return is_zero_wait(observation.wait) and not any(counts)
