"""What the service's ranking does to simulated patients, against no app and against today's apps.

Few replications, so that it takes minutes; `docs/simulation.md` has the long run. The same seed
gives the same figures on every machine. Bars are issue 6's.
"""

import numpy as np

from loadtests.benchmarks.figures import Figure
from waitless.area.pack import find_pack, load_area
from waitless.commands.simulate_series import play_controls, play_sensitivities, play_with_bar
from waitless.simulate.assumptions import load_assumptions
from waitless.simulate.experiment import Plan, Replication, compare
from waitless.simulate.kent import Kent, build_kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import Scenario

PROCESSES = 2
REPLICATIONS, DAYS = 6, 13
SENSITIVITY_REPLICATIONS, SENSITIVITY_DAYS = 4, 7
SEED = 7
BASE, OWN = PolicyName.POSTED, PolicyName.WAITLESS
REFERENCE = f"no app, {REPLICATIONS} x {DAYS} days"


def run() -> list[Figure]:
    """Play both settings of the bars and what goes wrong."""
    kent = build_kent(load_area(find_pack("east-kent")), load_assumptions())
    return [*_crowded(kent), *_early(kent), *_wrong(kent)]


def _plan(adoption: float, feed_age_min: float, replications: int, days: int) -> Plan:
    return Plan(
        scenario=Scenario(adoption=adoption, feed_age_min=feed_age_min),
        policies=(BASE, OWN),
        replications=replications,
        days=days,
        seed=SEED,
    )


def _crowded(kent: Kent) -> list[Figure]:
    plan = _plan(0.6, 30.0, REPLICATIONS, DAYS)
    played = play_with_bar(kent, plan, PROCESSES, "adoption 60%, feed age 30")
    found = compare(played)[OWN]
    held = play_controls(kent, plan, PROCESSES, played)[OWN]
    return [
        _figure("change_at_60", found["change_mean"], "min", bar=-5.0),
        _figure("against_posted_at_60", _against_posted(played), "min", bar=-7.0, of="posted"),
        _figure("queue_sd_change_at_60", 100 * found["miu_queue_sd_change"], "%", bar=0.0),
        _figure(
            "queue_sd_against_control_at_60",
            100 * held["miu_queue_sd_against_control"],
            "%",
            of="no app at the same volumes",
        ),
    ]


def _early(kent: Kent) -> list[Figure]:
    plan = _plan(0.2, 15.0, REPLICATIONS, DAYS)
    found = compare(play_with_bar(kent, plan, PROCESSES, "adoption 20%, feed age 15"))[OWN]
    return [_figure("ed_minors_change_at_20", 100 * found["ed_minors_change"], "%", bar=-2.0)]


def _wrong(kent: Kent) -> list[Figure]:
    plan = _plan(0.6, 30.0, SENSITIVITY_REPLICATIONS, SENSITIVITY_DAYS)
    tried = play_sensitivities(kent, plan, PROCESSES)
    worst = max(tried, key=lambda name: float(tried[name]["users_against_posted"]))
    worse = sum(bool(one["worse_than_posted"]) for one in tried.values())
    return [
        _figure("sensitivities_worse_than_posted", worse, "of 8", bar=0.0, of="posted"),
        _figure("worst_sensitivity", tried[worst]["users_against_posted"], "min", of=worst),
    ]


def _against_posted(played: list[Replication]) -> float:
    means = [[one.figures[policy]["mean_minutes"] for one in played] for policy in (BASE, OWN)]
    return float(np.mean(means[1]) - np.mean(means[0]))


def _figure(
    name: str, value: float, unit: str, *, bar: float | None = None, of: str = REFERENCE
) -> Figure:
    return Figure(
        name=f"simulation.{name}",
        value=value,
        unit=unit,
        bar=bar,
        better="lower",
        reference=of,
    )
