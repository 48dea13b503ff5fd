"""The control: no app, with habits that bring every place the people that a policy brings it.

A policy moves people, and a fuller waiting room swings more whoever sends them. Held against the
control, what is left of a queue's deviation is what sending people by old figures does.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from waitless.simulate.experiment import Replication, interval
from waitless.simulate.kent import Kent, build_kent
from waitless.simulate.policies import PolicyName


def at_volumes_of(kent: Kent, policy: PolicyName, played: Sequence[Replication]) -> Kent:
    """The place without the app, and with the volumes that a policy came to.

    As many people as before, so that the same draws give the same people.

    Raises:
        AssumptionsFault: no habit gives these volumes.
    """
    came = {
        one.id: np.mean(
            [each.figures[policy][f"by_facility/{one.id}/minors_per_day"] for each in played]
        )
        for one in kent.facilities
    }
    share = sum(one.minors_per_day for one in kent.care) / sum(came.values())
    care = {
        name: replace(one, minors_per_day=float(came[name] * share))
        for name, one in kent.assumptions.facilities.value.items()
    }
    facilities = replace(kent.assumptions.facilities, value=care)
    return build_kent(kent.area, replace(kent.assumptions, facilities=facilities))


def against_control(
    policy: PolicyName, played: Sequence[Replication], control: Sequence[Replication]
) -> dict[str, Any]:
    """A policy's queue deviation at MIUs and UTCs, held against its control.

    Both are fractions of the deviation without the app at today's volumes.
    """
    base, own = (
        np.array([one.figures[each]["miu_queue_sd"] for one in played])
        for each in (PolicyName.NONE, policy)
    )
    same = np.array([one.figures[PolicyName.NONE]["miu_queue_sd"] for one in control])
    by_load, *load_ends = interval((same - base) / base.mean())
    by_sending, *ends = interval((own - same) / base.mean())
    return {
        "miu_queue_sd_by_volumes": by_load,
        "miu_queue_sd_by_volumes_ci95": load_ends,
        "miu_queue_sd_against_control": by_sending,
        "miu_queue_sd_against_control_ci95": ends,
    }
