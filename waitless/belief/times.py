"""Rules about time: repeats, stragglers, contradictions, clocks ahead, clocks that stand still."""

from datetime import datetime, timedelta
from statistics import median

from feeds.model import Observation
from waitless.belief.case import Case, clear
from waitless.belief.state import Advance, FacilityState, FeedState, figures_of, is_silent
from waitless.belief.verdict import FindingKind, Rule

AHEAD = timedelta(minutes=2)
"""How far a measurement may lie ahead of our clock (RULES.md R8). Decoding refuses such messages
already; were one believed, every true one after it would be a straggler."""
STUCK_AFTER_CADENCES = 3
"""R11: the time of measurement has not advanced for three cadences."""
STUCK_AFTER_REPEATS = 3
LEARNING_RATE = 0.1
"""Weight of the newest interval in the running mean of a source's own cadence."""
SKEW_WINDOW = 20
SKEW_WINDOWS = 5
SKEW_S = 30.0
"""A least delay below minus this many seconds is a clock that runs ahead, not a slow network."""


def is_future(case: Case) -> str | None:
    """Measured further ahead of our clock than clocks differ."""
    if case.measured_at <= case.now + AHEAD:
        return None
    ahead = (case.measured_at - case.now).total_seconds()
    return f"measured {ahead:.0f} s ahead of our clock"


def is_duplicate(case: Case) -> str | None:
    """A repeat of what is believed or held: the same instant, nothing new said."""
    facility, observation = case.facility, case.observation
    if facility.as_of == case.measured_at:
        if is_silent(observation):
            repeats = observation.status in (None, facility.status)
            return "the same instant, nothing new" if repeats else None
        spoke = facility.spoke
        if spoke is None or spoke.measured_at != case.measured_at:
            return None
        if observation.status in (None, facility.status) and _agree(observation, spoke):
            return "the same instant, the same figures"
    return _find_held_repeat(case)


def is_out_of_order(case: Case) -> str | None:
    """Measured earlier than what is believed: everyday for sources that send a series."""
    newest = case.facility.as_of
    return "older than what is believed" if newest and case.measured_at < newest else None


def is_contradiction(case: Case) -> str | None:
    """The same instant as what is believed, with other figures: one of the two is wrong."""
    facility, observation = case.facility, case.observation
    spoke = facility.spoke
    if spoke is None or spoke.measured_at != case.measured_at or is_silent(observation):
        return None
    what = "door" if _agree(observation, spoke) else "figures"
    return f"two different {what} for {case.measured_at:%H:%M:%S}"


def note_advance(case: Case) -> None:
    """Follow whether the source's time moves on; mark what stands still.

    A facility is marked alone only while its feed moves on.
    """
    cadence_s = case.feed_rules.cadence_s
    _advance(case.facility.advance, case.measured_at, case.now, cadence_s)
    _advance(case.feed.advance, case.measured_at, case.now, cadence_s)
    facility_id = case.observation.facility_id
    if _stands_still(case.feed.advance, case.now, cadence_s):
        case.suspect_feed(FindingKind.STUCK, _standstill(case.feed.advance, case.now))
        return
    clear(case.feed, FindingKind.STUCK)
    if _stands_still(case.facility.advance, case.now, cadence_s):
        case.suspect(FindingKind.STUCK, _standstill(case.facility.advance, case.now))
    else:
        clear(case.feed, FindingKind.STUCK, facility_id)


def note_delay(feed: FeedState, observation: Observation) -> None:
    """Learn the least delay from the provider's newest stamp to our receipt."""
    if observation.as_of_is_received:
        return
    stamp = observation.as_of
    if observation.published_at is not None and observation.published_at > stamp:
        stamp = observation.published_at
    delay_s = (observation.received_at - stamp).total_seconds()
    if feed.least_delay_s is None or delay_s < feed.least_delay_s:
        feed.least_delay_s = delay_s
    feed.delays += 1
    if feed.delays >= SKEW_WINDOW:
        feed.least_delays_s = [*feed.least_delays_s, feed.least_delay_s][-SKEW_WINDOWS:]
        feed.least_delay_s, feed.delays = None, 0


def seconds_ahead(feed: FeedState) -> float | None:
    """By how much the provider's clock runs ahead; None where it does not, or too little is known.

    The median of the least delays of a few windows: one odd message moves one window only. A clock
    that runs behind cannot be told from a slow source.
    """
    if not feed.least_delays_s or min(feed.least_delays_s) >= -SKEW_S:
        return None
    ahead_s = -median(feed.least_delays_s)
    return ahead_s if ahead_s > SKEW_S else None


def _find_held_repeat(case: Case) -> str | None:
    """A message that is already held, delivered again, must not confirm itself."""
    observation = case.observation
    for value in case.facility.held:
        held = value.observation
        if (
            held.measured_at == case.measured_at
            and value.rule is not Rule.FUTURE
            and _agree(observation, held)
            and observation.status is held.status
        ):
            return "held already"
    return None


def _agree(one: Observation, other: Observation) -> bool:
    return figures_of(one) == figures_of(other)


def _advance(advance: Advance, measured_at: datetime, now: datetime, cadence_s: float) -> None:
    if advance.as_of is None or advance.advanced_at is None:
        advance.as_of, advance.advanced_at = measured_at, now
    elif measured_at > advance.as_of:
        interval_s = (now - advance.advanced_at).total_seconds()
        if interval_s > 0:
            usual = max(advance.usual_s, cadence_s)
            step = min(interval_s, STUCK_AFTER_CADENCES * usual) - usual
            advance.usual_s = usual + LEARNING_RATE * step
        advance.as_of, advance.advanced_at = measured_at, now
        advance.repeats, advance.repeated_at = 0, None
    elif advance.repeated_at is None or (
        (now - advance.repeated_at).total_seconds() >= cadence_s / 2
    ):
        advance.repeats += 1
        advance.repeated_at = now


def _stands_still(advance: Advance, now: datetime, cadence_s: float) -> bool:
    if advance.repeats < STUCK_AFTER_REPEATS or advance.advanced_at is None:
        return False
    usual = max(advance.usual_s, cadence_s)
    return (now - advance.advanced_at).total_seconds() > STUCK_AFTER_CADENCES * usual


def _standstill(advance: Advance, now: datetime) -> str:
    since = advance.advanced_at or now
    return f"messages come, but their time has stood still for {(now - since) // _MINUTE} minutes"


_MINUTE = timedelta(minutes=1)


def seed_time(facility: FacilityState, as_of: datetime) -> None:
    """Start from a reading that was believed by an earlier process."""
    facility.as_of = as_of
    facility.advance.as_of = as_of
