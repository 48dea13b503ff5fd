"""Rules about steps: a jump, another statistic; and how the next readings confirm one."""

from dataclasses import dataclass
from datetime import timedelta

from feeds.model import Wait
from waitless.belief.case import Case
from waitless.belief.limits import is_extreme
from waitless.belief.state import Measure, Pending, measure_of
from waitless.belief.verdict import Rule

JUMP_MINUTES = 180.0
"""A step this big within an hour wants confirming: real feeds make such steps (Hong Kong 8 h to
1 h in 15 minutes), and also spike for one reading (398 times in 564,550 triples there: R10)."""
JUMP_WITHIN = timedelta(hours=1)
AGREES_WITHIN = 0.5
"""A reading agrees with a held one where they lie within this share of the step."""
ROW_CADENCES = 3
"""Readings further apart than this, or than an hour, do not stand in a row."""
CONFIRMATIONS = {Rule.JUMP: 1, Rule.EXTREME: 2, Rule.STATISTIC_CHANGED: 2}
"""How many further readings in a row must agree (FAILURES.md 2: two for an extreme; another
statistic is taken once three agree)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of one of the three kinds, and the readings in a row that now speak for it."""

    rule: Rule
    detail: str
    wait: Wait
    readings: int

    @property
    def is_confirmed(self) -> bool:
        """Whether enough readings agree."""
        return self.readings > CONFIRMATIONS[self.rule]


def find_step(case: Case) -> Step | None:
    """The step that this observation makes from what is believed; None for none."""
    wait = case.wait
    if wait is None:
        return None
    for rule, find in _KINDS:
        detail = find(case)
        if detail is not None:
            return Step(rule, detail, wait, _readings_in_a_row(case, wait, rule))
    return None


def remember_step(case: Case, step: Step) -> None:
    """Keep a held step for the next reading to agree with, or not."""
    wait, before = step.wait, case.facility.pending
    if step.readings > 1 and before is not None:
        step_minutes = before.step_minutes
    else:
        believed = case.facility.believed_wait
        from_minutes = 0.0 if believed is None else believed.floor_minutes
        step_minutes = abs(wait.floor_minutes - from_minutes)
    case.facility.pending = Pending(
        rule=step.rule,
        floor_minutes=wait.floor_minutes,
        step_minutes=step_minutes,
        measure=measure_of(wait),
        measured_at=case.measured_at,
        readings=step.readings,
    )


def is_jump(case: Case) -> str | None:
    """A step of hours within the hour."""
    figure, before, after = case.facility.figure, case.facility.believed_wait, case.wait
    if figure is None or before is None or after is None:
        return None
    if case.measured_at - figure.measured_at > JUMP_WITHIN:
        return None
    if abs(after.floor_minutes - before.floor_minutes) < JUMP_MINUTES:
        return None
    return f"from {before.floor_minutes:.0f} to {after.floor_minutes:.0f} minutes"


def is_statistic_changed(case: Case) -> str | None:
    """A statistic, or a clock, that this facility's figures have never had (R1).

    Hong Kong went from the longest wait to a median between two days. Some sources alternate, an
    estimate where nobody was seen of late: once accepted, a statistic is known.
    """
    wait, known = case.wait, case.facility.measures
    if wait is None or not known or measure_of(wait) in known:
        return None
    return f"{_named(measure_of(wait))}, so far {_named(known[-1])}"


def _named(measure: Measure) -> str:
    statistic, start, stop = measure
    return f"{statistic} from {start} to {stop}"


_KINDS = (
    (Rule.STATISTIC_CHANGED, is_statistic_changed),
    (Rule.EXTREME, is_extreme),
    (Rule.JUMP, is_jump),
)


def _readings_in_a_row(case: Case, wait: Wait, rule: Rule) -> int:
    pending = case.facility.pending
    if pending is None or case.measured_at <= pending.measured_at:
        return 1
    within = timedelta(seconds=ROW_CADENCES * case.feed_rules.cadence_s)
    if case.measured_at - pending.measured_at > max(JUMP_WITHIN, within):
        return 1
    if measure_of(wait) != pending.measure:
        return 1
    if rule is Rule.STATISTIC_CHANGED:
        return pending.readings + 1
    apart = abs(wait.floor_minutes - pending.floor_minutes)
    return pending.readings + 1 if apart <= AGREES_WITHIN * pending.step_minutes else 1
