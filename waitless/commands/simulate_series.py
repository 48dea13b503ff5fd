"""Many plans in a row: what goes wrong, which adoption shifts how much, adoptions by feed age."""

import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import click

from waitless.simulate.control import against_control, at_volumes_of
from waitless.simulate.experiment import Plan, Replication, compare, play_all
from waitless.simulate.kent import Kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import Scenario
from waitless.simulate.sensitivities import (
    COMPARED,
    list_sensitivities,
    summarise_sensitivity,
)
from waitless.simulate.shift import ADOPTIONS, Shifted, find_adoption

SWEPT_ADOPTIONS = (0.1, 0.2, 0.4, 0.6, 0.8)
SWEPT_AGES_MIN = (10.0, 30.0, 60.0)
Swept = dict[tuple[PolicyName, float, float], float]
"""By policy, adoption and feed age: the change of the mean, minutes."""


def play_with_bar(kent: Kent, plan: Plan, processes: int, label: str) -> list[Replication]:
    """Play a plan; people see how far it is."""
    with click.progressbar(
        length=plan.replications,
        label=label,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        show_pos=True,
    ) as bar:
        return play_all(kent, plan, min(processes, plan.replications), bar.update)


def describe_scenario(kent: Kent, scenario: Scenario) -> dict[str, Any]:
    """A scenario with its facilities by name."""
    told = asdict(scenario)
    for name in ("close", "freeze", "lie"):
        told[name] = {kent.facilities[f].id: value for f, value in told[name]}
    return told


def play_sensitivities(kent: Kent, plan: Plan, processes: int) -> dict[str, Any]:
    """By name: a scenario with one thing wrong, and what came of it."""
    found = {}
    for name, scenario in list_sensitivities(kent, plan.scenario).items():
        one = replace(plan, scenario=scenario, policies=COMPARED)
        summary = summarise_sensitivity(play_with_bar(kent, one, processes, name))
        found[name] = {"scenario": describe_scenario(kent, scenario)} | summary
    return found


def play_shift(
    kent: Kent, plan: Plan, processes: int, shift: float, adoptions: Iterable[float] = ADOPTIONS
) -> dict[str, Any]:
    """Where the shift of A&E minors under `waitless` first passes a bar, and how it was found.

    Adoptions are played in order until even the low end of the interval has passed it.
    """
    points: list[Shifted] = []
    for adoption in adoptions:
        scenario = replace(plan.scenario, adoption=adoption)
        one = replace(plan, scenario=scenario, policies=(PolicyName.WAITLESS,))
        played = play_with_bar(kent, one, processes, f"adoption {adoption:.1%}")
        found = compare(played)[PolicyName.WAITLESS]
        mean = found["ed_minors_change"]
        low, high = (mean if end is None else end for end in found["ed_minors_change_ci95"])
        points.append(Shifted(adoption, -mean, -high, -low))
        if points[-1].low >= shift:
            break
    return {
        "shift": shift,
        **find_adoption(points, shift),
        "played": [point._asdict() for point in points],
    }


def play_controls(
    kent: Kent, plan: Plan, processes: int, played: list[Replication]
) -> dict[str, dict[str, Any]]:
    """By policy: its queues held against no app with the volumes that it came to."""
    found = {}
    for policy in plan.policies:
        control = at_volumes_of(kent, policy, played)
        one = replace(plan, policies=())
        same = play_with_bar(control, one, processes, f"control of {policy}")
        found[policy.value] = against_control(policy, played, same)
    return found


def play_sweep(kent: Kent, plan: Plan, processes: int) -> Swept:
    """Adoptions by feed age."""
    swept: Swept = {}
    for age in SWEPT_AGES_MIN:
        for adoption in SWEPT_ADOPTIONS:
            scenario = replace(plan.scenario, adoption=adoption, feed_age_min=age)
            one = replace(plan, scenario=scenario, policies=COMPARED)
            label = f"adoption {adoption:.0%}, feed age {age:.0f} min"
            found = compare(play_with_bar(kent, one, processes, label))
            for policy in COMPARED:
                swept[policy, adoption, age] = found[policy]["change_mean"]
    return swept
