"""What a verdict changes: a held value is kept, a believed one is learnt from and remarked on."""

from collections.abc import Iterable

from feeds.model import Wait
from waitless.belief import feedwide, times
from waitless.belief.case import Case
from waitless.belief.quarantine import keep, remember, settle
from waitless.belief.state import FacilityState, FrozenRun, is_silent, measure_of
from waitless.belief.verdict import Believed, FindingKind, Held, Note, NoteKind, Rule

MEASURES_KEPT = 4


def hold(case: Case, rule: Rule, detail: str) -> Held:
    """Put an observation by: kept for operators, counted towards faults of the whole feed."""
    held = keep(case.facility, case.observation, rule, detail)
    remember(case.facility, held, case.now)
    if rule is Rule.ALL_ZERO:
        case.suspect_feed(FindingKind.ALL_ZERO, detail)
    feedwide.note_trouble(case, rule)
    return held


def believe(case: Case, *notes: Note, confirms: int = 0) -> Believed:
    """Take an observation into the state, and remark on it.

    Args:
        case: the observation.
        *notes: why it is believed, where that wants saying.
        confirms: how many held readings right before it said the same.
    """
    facility, observation, wait = case.facility, case.observation, case.wait
    facility.as_of = case.measured_at
    if observation.status is not None:
        facility.status = observation.status
    if is_silent(observation):
        return Believed(observation, notes)
    facility.spoke = observation
    settle(facility, observation, case.now, confirms=confirms)
    if facility.pending is not None and facility.pending.measured_at < case.measured_at:
        facility.pending = None
    if wait is None:
        return Believed(observation, notes)
    facility.figure = observation
    if take_regime(facility, wait):
        notes = (*notes, Note(NoteKind.REGIME_CHANGED))
    facility.learnt.add(wait)
    return Believed(observation, (*notes, *_remarks(case, wait)))


def take_regime(facility: FacilityState, wait: Wait) -> bool:
    """Whether the figures measure something new from here on; what was learnt is then forgotten."""
    measure, known = measure_of(wait), facility.measures
    if measure in known:
        return False
    facility.measures = [*known, measure][-MEASURES_KEPT:]
    if not known:
        return False
    facility.learnt.forget_figures()
    facility.frozen, facility.echo = FrozenRun(), None
    return True


def _remarks(case: Case, wait: Wait) -> Iterable[Note]:
    learnt = case.facility.learnt
    if wait.minutes is not None:
        if learnt.is_floor(wait.minutes):
            yield Note(NoteKind.FLOOR_LEARNT, wait.minutes)
        elif learnt.is_ceiling(wait.minutes):
            yield Note(NoteKind.CEILING_LEARNT, wait.minutes)
    if case.is_shut:
        yield Note(NoteKind.CLOSED_BY_HOURS)
    ahead_s = times.seconds_ahead(case.feed)
    if ahead_s is not None:
        case.suspect_feed(FindingKind.CLOCK_AHEAD, f"its clock is {ahead_s:.0f} s ahead of ours")
        yield Note(NoteKind.CLOCK_AHEAD, ahead_s)
    ceiling = learnt.find_new_ceiling()
    if ceiling is not None:
        detail = f"nothing above {ceiling:.0f} minutes any more"
        case.suspect(FindingKind.CEILING_APPEARED, detail)
