"""Belief: which observations may be shown, and which are held back, by which rule.

Pure: the state is what is believed of a facility and what was held last; the caller keeps both.
Nothing is ever clamped: a value is shown as it was posted, or not at all.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from feeds.model import Observation, Wait
from waitless.area.facility import Kind
from waitless.reading import Reading

JUMP_MINUTES = 180.0
"""A step this big within an hour wants confirming: real feeds make such steps (Hong Kong 8 h to
1 h in 15 minutes), and also spike for one reading (398 times in 564,550 triples there)."""
JUMP_WITHIN = timedelta(hours=1)
CONFIRMED_WITHIN = 0.5
"""A held jump is confirmed by a next reading within this share of the step that was held."""
DROPOUT_AFTER_MINUTES = 30.0
DROPOUT_AFTER_PEOPLE = 5
DROPOUT_WITHIN = timedelta(minutes=30)


class Rule(StrEnum):
    """Why an accepted observation is not shown. docs/feeds.md explains each."""

    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    OVER_LIMIT = "over_limit"
    DROPOUT = "dropout"
    JUMP = "jump"

    @property
    def is_suspicion(self) -> bool:
        """Whether an operator should know; repeats and stragglers are everyday."""
        return self not in (Rule.DUPLICATE, Rule.OUT_OF_ORDER)


@dataclass(frozen=True, slots=True)
class Held:
    """An observation that is not believed, and why."""

    observation: Observation
    rule: Rule


def find_rule_against(
    observation: Observation, *, kind: Kind, believed: Reading | None, held: Held | None
) -> Rule | None:
    """The first rule that holds an observation back; None where it may be believed.

    Args:
        observation: the newcomer.
        kind: the facility's kind, for its hard limit.
        believed: what is believed of the facility so far; None at the very first.
        held: the suspicion that is still unresolved; None where there is none.
    """
    if believed is not None and observation.measured_at == believed.as_of:
        return Rule.DUPLICATE
    if believed is not None and observation.measured_at < believed.as_of:
        return Rule.OUT_OF_ORDER
    if _over_limit(observation, kind):
        return Rule.OVER_LIMIT
    if believed is None:
        return None
    if _is_dropout(observation, believed) and not _confirms(observation, held, Rule.DROPOUT):
        return Rule.DROPOUT
    if _is_jump(observation, believed) and not _confirms(observation, held, Rule.JUMP):
        return Rule.JUMP
    return None


def _over_limit(observation: Observation, kind: Kind) -> bool:
    wait = observation.wait
    if not isinstance(wait, Wait):
        return False
    figures = (wait.minutes, wait.low, wait.high)
    return any(figure is not None and figure > kind.hard_limit_minutes for figure in figures)


def _is_dropout(observation: Observation, believed: Reading) -> bool:
    """All figures zero at once, right after a busy reading: a page that failed to load."""
    if not _all_zero(observation) or observation.measured_at - believed.as_of > DROPOUT_WITHIN:
        return False
    was_long = isinstance(believed.wait, Wait) and (
        believed.wait.floor_minutes >= DROPOUT_AFTER_MINUTES
    )
    was_full = (believed.patients_in_department or 0) >= DROPOUT_AFTER_PEOPLE
    return was_long or was_full


def _all_zero(observation: Observation) -> bool:
    if not isinstance(observation.wait, Wait) or observation.wait.minutes != 0:
        return False
    counts = (observation.patients_waiting, observation.patients_in_department)
    return not any(counts)


def _is_jump(observation: Observation, believed: Reading) -> bool:
    before, after = believed.wait, observation.wait
    if not isinstance(before, Wait) or not isinstance(after, Wait) or believed.wait_as_of is None:
        return False
    soon = observation.measured_at - believed.wait_as_of <= JUMP_WITHIN
    return soon and abs(after.floor_minutes - before.floor_minutes) >= JUMP_MINUTES


def _confirms(observation: Observation, held: Held | None, rule: Rule) -> bool:
    """Whether a later reading says the same as the one that was held by this rule."""
    if held is None or held.rule is not rule:
        return False
    first = held.observation
    if observation.measured_at <= first.measured_at:
        return False
    if rule is Rule.DROPOUT:
        return True
    if not isinstance(first.wait, Wait) or not isinstance(observation.wait, Wait):
        return False
    apart = abs(observation.wait.floor_minutes - first.wait.floor_minutes)
    return apart <= CONFIRMED_WITHIN * JUMP_MINUTES
