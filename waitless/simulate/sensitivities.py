"""What may go wrong, tried in turn: nobody who follows advice may lose by it against `posted`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from waitless.simulate.experiment import Replication, compare, interval
from waitless.simulate.kent import Kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import Scenario

COMPARED = (PolicyName.POSTED, PolicyName.WAITLESS)
NOON_MIN = 12 * 60.0
FROZEN_MIN = 3 * 60.0
TOLD = (
    "change_mean", "change_mean_ci95", "users_change", "users_change_ci95", "others_change",
    "others_change_ci95", "ed_minors_change", "ed_minors_change_ci95", "miu_queue_sd_change",
    "miu_queue_sd_change_ci95",
)  # fmt: skip


def list_sensitivities(kent: Kent, scenario: Scenario) -> dict[str, Scenario]:
    """By name: the scenario itself, and with one thing wrong each.

    One door and one feed go wrong at the MIU or UTC that most people use.
    """
    minors = [-1.0 if is_ed else care.minors_per_day
              for is_ed, care in zip(kent.is_ed, kent.care, strict=True)]  # fmt: skip
    busiest = minors.index(max(minors))
    name = kent.facilities[busiest].id
    return {
        "as planned": scenario,
        "compliance 40%": replace(scenario, compliance=0.4),
        "capacities taken for half": replace(scenario, capacity_error=0.5),
        "capacities taken for double": replace(scenario, capacity_error=2.0),
        "capacities as the service takes them": replace(scenario, service_capacity=True),
        f"{name} shuts at noon": replace(scenario, close=((busiest, NOON_MIN),)),
        f"feed of {name} frozen for 3 hours": replace(scenario, freeze=((busiest, FROZEN_MIN),)),
        f"feed of {name} tells half": replace(scenario, lie=((busiest, 0.5),)),
    }


def summarise_sensitivity(played: Sequence[Replication]) -> dict[str, Any]:
    """One scenario's changes by policy, and users' minutes with `waitless` less with `posted`.

    `worse_than_posted` says that the whole interval of that difference is above 0.
    """
    found = compare(played)
    summary: dict[str, Any] = {
        policy.value: {name: found[policy][name] for name in TOLD} for policy in COMPARED
    }
    posted, own = (
        np.array([one.figures[policy]["users_minutes"] for one in played]) for policy in COMPARED
    )
    mean, *ends = interval(own - posted)
    low = ends[0]
    worse = None if low is None else low > 0
    return summary | {
        "users_against_posted": mean,
        "users_against_posted_ci95": ends,
        "worse_than_posted": worse,
    }
