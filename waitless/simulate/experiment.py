"""Policies compared: paired replications over processes, changes with their 95% interval."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy import stats

from waitless.simulate.advice import PolicyAdviser
from waitless.simulate.draws import draw
from waitless.simulate.kent import MINUTES_A_DAY, Kent
from waitless.simulate.measures import Floats, find_groups, measure, summarise
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import Scenario
from waitless.simulate.world import World

WARM_UP_DAYS = 3
TRACED_DAYS = 2
"""Of the first replication the queues of its last days are kept, to be drawn."""
RELATIVE = {"ed_minors_per_day": "ed_minors_change", "miu_queue_sd": "miu_queue_sd_change"}
"""Figures whose change is told as a share of what it was without the app."""
CHANGES = {
    "mean_minutes": "change_mean",
    "p90_minutes": "change_p90",
    "users_minutes": "users_change",
    "others_minutes": "others_change",
    "no_car_minutes": "no_car_change",
    "left_share": "left_share_change",
}
"""Figures whose change is told as a difference."""
_CONFIDENCE = 0.95
Trace = list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared. Two runs of one plan give the same figures."""

    scenario: Scenario
    policies: tuple[PolicyName, ...]
    """Besides `none`, which everything is compared with."""
    replications: int
    days: int
    """Measured, after the warm-up."""
    seed: int


@dataclass(frozen=True, slots=True)
class Replication:
    """The figures of every policy over the same people."""

    figures: dict[PolicyName, dict[str, float]]
    traces: dict[PolicyName, Trace] = field(default_factory=dict)
    """By tick, how many wait at each facility; of the first replication alone."""


def play(kent: Kent, plan: Plan, number: int) -> Replication:
    """Play one replication under every policy."""
    days = WARM_UP_DAYS + plan.days
    draws = draw(kent, days, plan.seed, number)
    groups = find_groups(kent, draws, plan.scenario.adoption, WARM_UP_DAYS)
    doors = kent.lay_out_doors(days)
    played = Replication({})
    for policy in (PolicyName.NONE, *plan.policies):
        adviser = None
        if policy is not PolicyName.NONE:
            adviser = PolicyAdviser(kent, doors, policy, plan.scenario)
        world = World(kent, draws, plan.scenario, adviser)
        world.run(days * MINUTES_A_DAY)
        run = measure(world, draws, warm_up_days=WARM_UP_DAYS, days=plan.days)
        played.figures[policy] = summarise(run, kent, groups)
        if number == 0:
            ticks = len(run.lengths) * min(TRACED_DAYS, plan.days) // plan.days
            played.traces[policy] = run.lengths[-ticks:].tolist()
    return played


def play_all(
    kent: Kent, plan: Plan, processes: int, progress: Callable[[int], object]
) -> list[Replication]:
    """Play all replications, in their order however many processes there are."""
    numbers = range(plan.replications)
    found = []
    with _mapping(processes) as apply:
        for one in apply(partial(play, kent, plan), numbers):
            found.append(one)
            progress(1)
    return found


Apply = Callable[[Callable[[int], Replication], Sequence[int]], Iterator[Replication]]


@contextmanager
def _mapping(processes: int) -> Iterator[Apply]:
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield pool.map


def compare(played: Sequence[Replication]) -> dict[str, dict[str, Any]]:
    """By policy: means over replications, and paired changes against no app with intervals.

    What is by zone or facility stands in tables of its own, as means alone.
    """
    before = [one.figures[PolicyName.NONE] for one in played]
    found = {}
    for policy in played[0].figures:
        own = [one.figures[policy] for one in played]
        summary: dict[str, Any] = {}
        for name in own[0]:
            values = np.array([one[name] for one in own])
            base = np.array([one[name] for one in before])
            *table, figure = name.split("/")
            if table:
                rows = summary.setdefault(table[0], {}).setdefault(table[1], {})
                rows[figure] = _number(values.mean())
                if figure in CHANGES:
                    rows[CHANGES[figure]] = _number((values - base).mean())
                continue
            summary[name] = _number(values.mean())
            if policy is not PolicyName.NONE:
                summary |= _changes(name, values, base)
        found[policy.value] = summary
    return found


def _changes(name: str, values: Floats, base: Floats) -> dict[str, Any]:
    if name in CHANGES:
        told, (mean, *ends) = CHANGES[name], interval(values - base)
    elif name in RELATIVE:
        told, (mean, *ends) = RELATIVE[name], interval((values - base) / base.mean())
    else:
        return {}
    return {told: mean, f"{told}_ci95": ends}


def interval(values: Floats) -> tuple[float | None, float | None, float | None]:
    """Mean, and the ends of its 95% interval by Student's t; None where there is one value."""
    mean, count = values.mean(), len(values)
    if count == 1:
        return _number(mean), None, None
    half = stats.t.ppf((1 + _CONFIDENCE) / 2, count - 1) * values.std(ddof=1) / math.sqrt(count)
    return _number(mean), _number(mean - half), _number(mean + half)


def _number(value: float) -> float | None:
    """What JSON can hold: None for NaN; rounded, as nothing finer is meant."""
    return None if math.isnan(value) else round(float(value), 4)
