"""Feed health: what each feed has delivered, counted by the ingest process alone."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from feeds.model import Observation, ProviderNotice, ProviderStatus, Refusal, Wait
from waitless.belief import Rule
from waitless.health.arrivals import Arrivals, LowerEnvelope
from waitless.health.objective import Objective
from waitless.health.states import FeedState, SwitchedOff, Transition, judge_feed
from waitless.traffic.counts import Counts

TRANSITIONS_KEPT = 50
STUCK_AFTER_CADENCES = 3
STUCK_AFTER_REPEATS = 3
AHEAD_AT_MOST = timedelta(minutes=2)
LAG_WEIGHT = 0.1
"""Weight of the newest lag in the moving average: about the last twenty messages."""
FRESH_FOR_LEAST = timedelta(minutes=10)
FRESH_FOR_CADENCES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """The last believed wait that a feed brought, in minutes."""

    facility_id: str
    measured_at: datetime
    minutes: float | None
    low: float | None
    high: float | None


@dataclass(slots=True, kw_only=True)
class FeedHealth:
    """What one feed has done since it was first heard of. Times are aware UTC.

    None means "not yet". It survives a restart through the store (`resumed`).
    """

    id: str
    transport: str
    cadence_s: float
    required: bool = False
    """Whether the service is ready only once this feed is primed."""
    carries_waits: bool = True
    """False for the broker connection itself, which is live while it is there."""
    messages_per_cadence: int = 1
    """How many are due in one cadence: a polled document counts 1, MQTT one per facility. 0 where
    none is due."""
    told_at: datetime | None = None
    """When the ingest process last vouched for these figures; None before it ever has."""
    connected: bool = False
    primed: bool = False
    """Whether the source's first delivery, or every retained message, has been handled."""
    fault: str | None = None
    """Short code of why it is not connected, such as `timeout` or `status_403`."""
    provider_status: ProviderStatus | None = None
    off: SwitchedOff | None = None
    finding: str | None = None
    """A suspicion on the feed as a whole, in a few words; None where there is none."""
    last_contact_at: datetime | None = None
    """When the source last answered at all, were it "nothing new" (HTTP 304)."""
    last_received_at: datetime | None = None
    last_measured_at: datetime | None = None
    last_held_at: datetime | None = None
    last_held_rule: Rule | None = None
    last_refusal: str | None = None
    last_good: LastGood | None = None
    simulated: bool = False
    messages: int = 0
    believed: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """Refusals by reason."""
    held: dict[str, int] = field(default_factory=dict)
    """Observations held back, by rule."""
    arrivals: Arrivals = field(default_factory=Arrivals)
    receive_lag_s: float | None = None
    """From measurement to receipt, of the last believed observation that says when it was."""
    receive_lag_average_s: float | None = None
    skew: LowerEnvelope = field(default_factory=LowerEnvelope)
    """Of receipt minus `as_of`, in seconds; below 0, the source's clock is ahead of ours."""
    newest_as_of: datetime | None = None
    advanced_at: datetime | None = None
    """When a message last brought a newer `as_of`."""
    repeats: int = 0
    """Answers since then."""
    stuck_since: datetime | None = None
    """Since when `as_of` has stood still although answers come; None while it moves."""
    availability: Objective = field(default_factory=Objective)
    freshness: Objective = field(default_factory=Objective)
    traffic: Counts | None = None
    """What became of a traffic source's newest figures and events; None for feeds of waits."""
    transitions: list[Transition] = field(default_factory=list)
    """The newest 50, oldest first."""

    @property
    def last_held_name(self) -> str | None:
        """The rule that held the last suspicious value back."""
        return None if self.last_held_rule is None else self.last_held_rule.value

    @property
    def out_of_order(self) -> int:
        """Observations that came after a later one."""
        return self.held.get(Rule.OUT_OF_ORDER.value, 0)

    def count_message(self, received_at: datetime) -> None:
        """One delivery, whatever becomes of it."""
        self.messages += 1
        self.last_received_at = received_at
        self._answered(received_at)

    def count_unchanged(self, at: datetime) -> None:
        """The source answered that it has nothing new (HTTP 304)."""
        self._answered(at)
        self._repeat(at)

    def count_refusal(self, refusal: Refusal) -> None:
        """One message or row that became no observation."""
        self.refused[refusal.reason.value] = self.refused.get(refusal.reason.value, 0) + 1
        self.last_refusal = f"{refusal.reason} at {refusal.where}: {refusal.detail}"

    def count_held(self, observation: Observation, rule: Rule) -> None:
        """One observation that is not shown."""
        self.held[rule.value] = self.held.get(rule.value, 0) + 1
        if rule.is_suspicion:
            self.last_held_at, self.last_held_rule = observation.received_at, rule
        self._follow(observation)

    def count_believed(self, observation: Observation) -> None:
        """One observation that is shown."""
        measured_at, wait = observation.measured_at, observation.wait
        self.believed += 1
        self.simulated = observation.simulated
        if self.last_measured_at is None or measured_at > self.last_measured_at:
            self.last_measured_at = measured_at
        if isinstance(wait, Wait):
            self.last_good = LastGood(
                facility_id=observation.facility_id,
                measured_at=measured_at,
                minutes=wait.minutes,
                low=wait.low,
                high=wait.high,
            )
        if not observation.as_of_is_received:
            lag_s = (observation.received_at - measured_at).total_seconds()
            before = lag_s if self.receive_lag_average_s is None else self.receive_lag_average_s
            self.receive_lag_s = lag_s
            self.receive_lag_average_s = before + LAG_WEIGHT * (lag_s - before)
        self._follow(observation)

    def note(self, notice: ProviderNotice) -> None:
        """What a provider's connection says of itself."""
        self.provider_status = notice.status
        self.last_contact_at = notice.received_at

    def tell(
        self,
        now: datetime,
        *,
        connected: bool,
        primed: bool,
        fault: str | None = None,
        expected: bool = True,
    ) -> None:
        """Vouch for these figures and sample the objectives; once a second or so.

        Args:
            now: aware UTC.
            connected: whether the transport has its source.
            primed: whether its first delivery has been handled.
            fault: why it is not connected; dropped where it is.
            expected: False while every facility of the feed is shut: freshness is not judged then.
        """
        self.told_at, self.connected, self.primed = now, connected, primed
        self.fault = None if connected else fault
        self.arrivals.begin(now)
        state = self.state(now)
        if state is FeedState.OFF:
            self.availability.pause()
            self.freshness.pause()
            return
        self.availability.sample(now, ok=state is not FeedState.LOST)
        if expected and self.carries_waits:
            self.freshness.sample(now, ok=self.is_fresh(now))
        else:
            self.freshness.pause()

    def record(self, transition: Transition) -> None:
        """Keep a transition of this feed."""
        self.transitions = [*self.transitions, transition][-TRANSITIONS_KEPT:]

    def state(self, now: datetime) -> FeedState:
        """The state at an instant: the worst that holds."""
        return judge_feed(self, now).state

    def is_fresh(self, now: datetime) -> bool:
        """Whether the newest measurement is within 10 minutes or two cadences."""
        return self.last_measured_at is not None and now - self.last_measured_at <= self.fresh_for

    @property
    def fresh_for(self) -> timedelta:
        """How old a fresh figure may be: 10 minutes, or two cadences of a slower source."""
        return max(FRESH_FOR_LEAST, FRESH_FOR_CADENCES * timedelta(seconds=self.cadence_s))

    def _answered(self, at: datetime) -> None:
        self.last_contact_at = at
        self.arrivals.count(at)

    def _follow(self, observation: Observation) -> None:
        """Clock and progress of the source; a time that we gave it ourselves tells of neither.

        A time far ahead is no progress: everything after it would seem to stand still.
        """
        if observation.as_of_is_received:
            return
        received_at = observation.received_at
        self.skew.add((received_at - observation.as_of).total_seconds(), received_at)
        if observation.as_of > received_at + AHEAD_AT_MOST:
            return
        if self.newest_as_of is None or observation.as_of > self.newest_as_of:
            self.newest_as_of, self.advanced_at = observation.as_of, received_at
            self.repeats, self.stuck_since = 0, None
        else:
            self._repeat(received_at)

    def _repeat(self, at: datetime) -> None:
        if self.advanced_at is None:
            return
        self.repeats += 1
        stood_s = (at - self.advanced_at).total_seconds()
        if self.repeats >= STUCK_AFTER_REPEATS and stood_s > STUCK_AFTER_CADENCES * self.cadence_s:
            self.stuck_since = self.advanced_at


def resumed(fresh: FeedHealth, stored: FeedHealth | None) -> FeedHealth:
    """A feed's health after a restart: what it did stays, its connection and settings are new.

    Messages per expected start anew, too: those missed while we were down are not its fault.
    """
    if stored is None or stored.id != fresh.id:
        return fresh
    return replace(
        stored,
        transport=fresh.transport,
        cadence_s=fresh.cadence_s,
        required=fresh.required,
        carries_waits=fresh.carries_waits,
        messages_per_cadence=fresh.messages_per_cadence,
        told_at=None,
        connected=False,
        primed=False,
        fault=None,
        provider_status=None,
        arrivals=fresh.arrivals,
    )
