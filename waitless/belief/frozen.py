"""Rules about figures that stand still, or move only as the clock does.

The same value alone is no fault: 84 to 89 % of consecutive readings of real banded feeds repeat,
and St John Hospital truly posted "< 1" for 316 hours (RULES.md R11). So a run counts only where it
lies between the lowest and the highest figure of the facility, and only against the longest such
run seen there. At the limit the facility is marked; at twice the limit its figures are held.
"""

from datetime import timedelta

from feeds.model import Observation, Statistic, Wait
from waitless.belief.case import Case, clear
from waitless.belief.state import EchoRun, figures_of, is_all_zero, is_silent, is_zero_wait
from waitless.belief.verdict import FindingKind

FROZEN_AFTER_S = 6 * 3600.0
FROZEN_BAND_AFTER_S = 24 * 3600.0
"""A band of an hour stands for twenty hours at a busy hospital (Queen Elizabeth, Hong Kong)."""
FROZEN_TIMES_LONGEST = 3.0
ENOUGH_RUNS = 20
"""Runs that must have ended before it is known how long they usually are."""
HOLD_AT = 2.0
GAP_CADENCES = 3
"""Between two equal readings further apart than this, nothing is known to have stood still."""
ECHO_MINUTES = 60.0
"""The longest wait grows with the clock while nobody is seen: Plymouth's did so honestly for 45
minutes. A frozen start stamp does it for 60 hours (FAILURES.md 19)."""
ECHO_LONGEST_FACTOR = 2.0
"""Where the statistic is the longest wait, growing with the clock is usual for twice as long."""
ECHO_READINGS = 5
ECHO_WITHIN_MINUTES = 1.5
"""Rounding to whole minutes at both ends, and the second or two of a poll's jitter."""


def note_figures(case: Case) -> None:
    """Follow the runs of a facility's figures, held ones included; mark what is suspicious."""
    facility, observation = case.facility, case.observation
    before = facility.latest
    if is_silent(observation) or (before and case.measured_at <= before.measured_at):
        return
    _note_frozen(case)
    _note_echo(case)
    if case.wait is not None:
        facility.learnt.zeros.add(zero=is_zero_wait(case.wait))
    if is_all_zero(observation):
        facility.zero_readings += 1
    else:
        facility.zero_readings = 0
    facility.latest = observation


def is_frozen(case: Case) -> str | None:
    """All figures of one facility unchanged for far longer than is usual there."""
    limit_s = _frozen_limit_s(case)
    length_s = case.facility.frozen.length_s
    if limit_s is None or length_s <= HOLD_AT * limit_s:
        return None
    return f"every figure unchanged for {length_s / 3600:.0f} hours"


def is_clock_echo(case: Case) -> str | None:
    """The wait has grown by exactly the time that passed, for hours."""
    grown = _grown_minutes(case)
    limit = HOLD_AT * _echo_limit(case)
    if grown < limit:
        return None
    return f"grows exactly as the clock does, for {grown:.0f} minutes"


def _note_frozen(case: Case) -> None:
    facility, before = case.facility, case.facility.latest
    run = facility.frozen
    if before is not None and figures_of(before) == figures_of(case.observation):
        usual_s = max(case.feed_rules.cadence_s, facility.advance.usual_s)
        passed_s = (case.measured_at - before.measured_at).total_seconds()
        run.length_s += min(passed_s, GAP_CADENCES * usual_s)
    else:
        if before is not None:
            run.finished += 1
            wait = before.wait
            if isinstance(wait, Wait) and not facility.learnt.is_extreme(wait.floor_minutes):
                learn_s = min(run.length_s, _limit_s(wait, run.longest_s))
                run.longest_s = max(run.longest_s, learn_s)
        run.length_s = 0.0
    limit_s = _frozen_limit_s(case)
    if limit_s is not None and run.length_s > limit_s:
        hours = run.length_s / 3600
        case.suspect(FindingKind.FROZEN, f"every figure unchanged for {hours:.0f} hours")
    else:
        clear(case.feed, FindingKind.FROZEN, case.observation.facility_id)


def _frozen_limit_s(case: Case) -> float | None:
    """How long figures may stand here; None where they may for ever, or too little is known."""
    wait, run = case.wait, case.facility.frozen
    if wait is None or case.is_shut or run.finished < ENOUGH_RUNS:
        return None
    if run.length_s <= FROZEN_AFTER_S or case.facility.learnt.is_extreme(wait.floor_minutes):
        return None
    return _limit_s(wait, run.longest_s)


def _limit_s(wait: Wait, longest_s: float) -> float:
    least_s = FROZEN_AFTER_S if wait.minutes is not None else FROZEN_BAND_AFTER_S
    return max(least_s, FROZEN_TIMES_LONGEST * longest_s)


def _note_echo(case: Case) -> None:
    facility, wait = case.facility, case.wait
    run, before = facility.echo, facility.latest
    if wait is None or wait.minutes is None:
        facility.echo = None
    elif run is not None and before is not None and _echoes(case, wait.minutes, run, before):
        run.readings += 1
    else:
        facility.echo = EchoRun(since=case.measured_at, from_minutes=wait.minutes)
        clear(case.feed, FindingKind.CLOCK_ECHO, case.observation.facility_id)
    grown = _grown_minutes(case)
    if grown >= _echo_limit(case):
        case.suspect(FindingKind.CLOCK_ECHO, f"grows as the clock does, for {grown:.0f} minutes")


def _echoes(case: Case, figure: float, run: EchoRun, before: Observation) -> bool:
    """Whether the figure grew by the time that passed while nothing else changed.

    Counts that change are people coming and going: whoever waits longest then really waits.
    """
    observation = case.observation
    grew = isinstance(before.wait, Wait) and figure > before.wait.floor_minutes
    same_counts = (
        observation.patients_waiting == before.patients_waiting
        and observation.patients_in_department == before.patients_in_department
    )
    expected = run.from_minutes + (case.measured_at - run.since) / _MINUTE
    return grew and same_counts and abs(figure - expected) <= ECHO_WITHIN_MINUTES


def _grown_minutes(case: Case) -> float:
    """For how long the figure has echoed the clock; 0 where it has for too few readings."""
    run = case.facility.echo
    if run is None or run.readings < ECHO_READINGS:
        return 0.0
    return (case.measured_at - run.since) / _MINUTE


def _echo_limit(case: Case) -> float:
    longest = case.wait is not None and case.wait.statistic is Statistic.LONGEST
    return ECHO_MINUTES * (ECHO_LONGEST_FACTOR if longest else 1.0)


_MINUTE = timedelta(minutes=1)
