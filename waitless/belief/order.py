"""The order of the rules: each observation past all of them, to its one verdict."""

from collections.abc import Callable

from waitless.belief import feedwide, frozen, limits, steps, times, zeros
from waitless.belief.case import Case
from waitless.belief.outcome import believe, hold
from waitless.belief.state import is_silent
from waitless.belief.verdict import FindingKind, Held, Ignored, Note, NoteKind, Rule, Verdict

Find = Callable[[Case], str | None]

TIME_RULES: tuple[tuple[Rule, Find], ...] = (
    (Rule.FUTURE, times.is_future),
    (Rule.DUPLICATE, times.is_duplicate),
    (Rule.OUT_OF_ORDER, times.is_out_of_order),
    (Rule.CONTRADICTION, times.is_contradiction),
)
VALUE_RULES: tuple[tuple[Rule, Find], ...] = (
    (Rule.OVER_LIMIT, limits.is_over_limit),
    (Rule.DROPOUT, zeros.is_dropout),
    (Rule.ALL_ZERO, zeros.is_all_zero_feed),
    (Rule.ZERO_WITH_PATIENTS, zeros.is_zero_with_patients),
    (Rule.LONGER_THAN_OPEN, limits.is_longer_than_open),
)
"""Then come the steps: `statistic_changed`, `extreme`, `jump`."""
RUN_RULES: tuple[tuple[Rule, Find], ...] = (
    (Rule.TWINS, feedwide.is_twin),
    (Rule.CLOCK_ECHO, frozen.is_clock_echo),
    (Rule.FROZEN, frozen.is_frozen),
    (Rule.ALL_FROZEN, feedwide.must_hold_all_frozen),
)


def judge_case(case: Case) -> Verdict:
    """Ask every rule in its order; the state afterwards knows the verdict."""
    if case.measured_at <= case.now + times.AHEAD:
        times.note_advance(case)
        times.note_delay(case.feed, case.observation)
    for rule, find in TIME_RULES:
        detail = find(case)
        if detail is not None:
            if rule.is_suspicion:
                return hold(case, rule, detail)
            return Ignored(case.observation, rule)
    if is_silent(case.observation):
        return believe(case)
    frozen.note_figures(case)
    return _judge_figures(case)


def _judge_figures(case: Case) -> Verdict:
    standstill = feedwide.is_all_frozen(case)
    if standstill is not None:
        case.suspect_feed(FindingKind.ALL_FROZEN, standstill)
    held = _find_hold(case, VALUE_RULES)
    if held is not None:
        return held
    step = steps.find_step(case)
    if step is not None and not step.is_confirmed:
        steps.remember_step(case, step)
        return hold(case, step.rule, step.detail)
    held = _find_hold(case, RUN_RULES)
    if held is not None:
        return held
    if step is None:
        return believe(case)
    return believe(case, Note(NoteKind.CONFIRMED), confirms=step.readings - 1)


def _find_hold(case: Case, rules: tuple[tuple[Rule, Find], ...]) -> Held | None:
    for rule, find in rules:
        detail = find(case)
        if detail is not None and not case.is_pardoned(rule):
            return hold(case, rule, detail)
    return None
