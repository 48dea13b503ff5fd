"""What a feed can say: observations, refusals, and the words both are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Statistic(StrEnum):
    """Which figure of the distribution of waits a source publishes."""

    MEDIAN = "median"
    MEAN = "mean"
    P90 = "p90"
    LONGEST = "longest"
    ESTIMATE = "estimate"
    BAND = "band"
    UNSPECIFIED = "unspecified"


class FacilityStatus(StrEnum):
    """What a source says of the door: may one come?"""

    OPEN = "open"
    CLOSED = "closed"
    FULL = "full"
    DIVERTING = "diverting"


class NoFigure(StrEnum):
    """Why an observation carries no wait; the three are not the same, and none of them is zero."""

    NOT_GIVEN = "not_given"
    """The message is silent about the wait: what was known before still stands."""
    UNKNOWN = "unknown"
    """The source says that it has no figure (null, "No data", an empty cell)."""
    SUPPRESSED = "suppressed"
    """The source has a figure and withholds it."""


class RefusalReason(StrEnum):
    """Why a message became no observation. Each is counted; docs/feeds.md explains each."""

    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    MALFORMED = "malformed"
    WRONG_TOPIC = "wrong_topic"
    WRONG_ENVELOPE = "wrong_envelope"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_FACILITY = "unknown_facility"
    TOPIC_MISMATCH = "topic_mismatch"
    BAD_TIME = "bad_time"
    FUTURE = "future"
    ANCIENT = "ancient"
    MISSING_FIELD = "missing_field"
    UNREADABLE_WAIT = "unreadable_wait"
    WRONG_WEEKDAY = "wrong_weekday"
    WRONG_COLUMNS = "wrong_columns"
    EMPTY = "empty"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"
    STALE = "stale"
    DIFFERENTIAL = "differential"
    OUR_FAULT = "our_fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """From which event to which event of a visit a wait is counted."""

    start: str = "arrival"
    stop: str = "treatment"

    @property
    def is_arrival_to_treatment(self) -> bool:
        """Whether it is the wait that patients mean: until someone who can treat sees them."""
        return self.start == "arrival" and self.stop in {"treatment", "clinician", "seen"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A posted wait in minutes: one figure, or the limits of a band.

    `minutes` is None where the source gives only limits. `low` and `high` are None where the
    source gives no such limit: "over 4 hours" is low=240, high=None, minutes=None.
    """

    minutes: float | None = None
    low: float | None = None
    high: float | None = None
    statistic: Statistic = Statistic.UNSPECIFIED
    clock: Clock = Clock()

    @property
    def floor_minutes(self) -> float:
        """The least the wait can be: the figure itself, or the lower limit, or 0."""
        if self.minutes is not None:
            return self.minutes
        return self.low if self.low is not None else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a feed said about one facility at one instant."""

    facility_id: str
    feed_id: str
    as_of: datetime
    """When it was measured, aware UTC."""
    received_at: datetime
    """When it reached us, aware UTC. Never used for age."""
    published_at: datetime | None = None
    """When the source published it; None where it does not say."""
    as_of_is_received: bool = False
    """Whether the source gives no time at all, so that `as_of` had to be the time of receipt. A
    frozen source of this kind looks fresh for ever by its times: only its values can tell."""
    wait: Wait | NoFigure = NoFigure.NOT_GIVEN
    patients_waiting: int | None = None
    patients_in_department: int | None = None
    status: FacilityStatus | None = None
    sequence: int | None = None
    simulated: bool = False

    @property
    def measured_at(self) -> datetime:
        """The older of `as_of` and `published_at`: the instant that age counts from."""
        return self.as_of if self.published_at is None else min(self.as_of, self.published_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A message, or one row of a payload, that became no observation."""

    feed_id: str
    reason: RefusalReason
    where: str
    """The place in the payload: a topic, a field, a row."""
    detail: str
    """One sentence for an operator; never the payload itself."""


class ProviderStatus(StrEnum):
    """What a provider's connection says of itself on its status topic."""

    READY = "ready"
    DISCONNECTED = "disconnected"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderNotice:
    """A provider's status message: retained, `lost` as its last will."""

    feed_id: str
    status: ProviderStatus
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """An ingest process's own heartbeat, come back through the broker."""

    sent_at: datetime


Decoded = Observation | Refusal | ProviderNotice | Probe
"""Everything that decoding one message can give."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as a transport hands it over.

    `acknowledge` tells the source that the message is safe; call it once, after the store holds
    what was in it (or after its refusal is counted). An unacknowledged message comes again.
    """

    feed_id: str
    topic: str
    payload: bytes
    received_at: datetime
    acknowledge: Callable[[], None]
