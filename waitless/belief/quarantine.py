"""The held values of one facility: kept for operators, settled by readings or by them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from feeds.model import NoFigure, Observation
from waitless.belief.state import FacilityState, is_all_zero
from waitless.belief.verdict import Fate, Held, HeldValue, Rule

STEPS = frozenset((Rule.STATISTIC_CHANGED, Rule.EXTREME, Rule.JUMP))
KEPT = 20
"""Held values kept per facility; the oldest leave first."""


def held_id_of(observation: Observation, rule: Rule) -> str:
    """The same for the same observation and rule, whenever and wherever it is judged."""
    measured = observation.measured_at.astimezone(UTC).isoformat()
    return f"{observation.facility_id}/{measured}/{rule}"


def keep(facility: FacilityState, observation: Observation, rule: Rule, detail: str) -> Held:
    """Put an observation by, its word on the door excepted; gives the verdict."""
    return Held(
        observation=observation,
        rule=rule,
        detail=detail,
        held_id=held_id_of(observation, rule),
        door=_hear_door(facility, observation, rule),
    )


def remember(facility: FacilityState, held: Held, now: datetime) -> None:
    """Keep a held value on the facility's list, in the place of an earlier one of the same id."""
    value = HeldValue(
        id=held.held_id,
        observation=held.observation,
        rule=held.rule,
        detail=held.detail,
        held_at=now,
    )
    others = [one for one in facility.held if one.id != value.id]
    facility.held = [*others[1 - KEPT :], value]


def settle(
    facility: FacilityState, observation: Observation, now: datetime, *, confirms: int
) -> None:
    """A later reading is believed: what waited before it waits no longer.

    Args:
        facility: whose held values they are.
        observation: the reading that is believed.
        now: the moment of it.
        confirms: how many of the latest held steps it confirms.
    """
    waiting = [
        one
        for one in facility.held
        if one.fate is Fate.WAITING and one.observation.measured_at < observation.measured_at
    ]
    if not waiting:
        return
    steps = [one.id for one in waiting if one.rule in STEPS]
    confirmed = set(steps[len(steps) - confirms :])
    if is_all_zero(observation):
        confirmed |= {one.id for one in waiting if one.rule in (Rule.DROPOUT, Rule.ALL_ZERO)}
    settled = {one.id for one in waiting}
    facility.held = [
        replace(
            one,
            fate=Fate.CONFIRMED if one.id in confirmed else Fate.PASSED,
            settled_at=now,
        )
        if one.id in settled
        else one
        for one in facility.held
    ]


def decide(facility: FacilityState, held_id: str, fate: Fate, now: datetime) -> None:
    """Settle one value by an operator's decision."""
    facility.held = [
        replace(one, fate=fate, settled_at=now) if one.id == held_id else one
        for one in facility.held
    ]


def find_held(facilities: Iterable[FacilityState], held_id: str) -> HeldValue | None:
    """A held value by its id; None where there is none."""
    for facility in facilities:
        for value in facility.held:
            if value.id == held_id:
                return value
    return None


def _hear_door(facility: FacilityState, observation: Observation, rule: Rule) -> Observation | None:
    if observation.status is None or rule is Rule.FUTURE:
        return None
    facility.status = observation.status
    facility.as_of = observation.measured_at
    return replace(
        observation,
        wait=NoFigure.NOT_GIVEN,
        patients_waiting=None,
        patients_in_department=None,
    )
