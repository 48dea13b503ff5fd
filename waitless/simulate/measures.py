"""What a run came to: a row per patient, the queues, and the figures made of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waitless.simulate.draws import Draws
from waitless.simulate.kent import MINUTES_A_DAY, Kent
from waitless.simulate.world import World

SHORT_BY_MINUTES = 30.0
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """One world played to its end, from the end of the warm-up on. A row per patient."""

    minutes: Floats
    """From setting out until seen; NaN of who left unseen or still waits."""
    waits: Floats
    """The part of it after arriving."""
    left: NDArray[np.bool_]
    facility: NDArray[np.int64]
    short_by: Floats
    """Minutes that the wait was longer than told, of who left the wait until then; NaN of who was
    told none, or found a door shut, or still waits."""
    lengths: NDArray[np.int64]
    """Ticks x facilities: how many waited."""
    days: int


def measure(world: World, draws: Draws, *, warm_up_days: int, days: int) -> Run:
    """Take down a world that has been played for `days` after its warm-up."""
    from_min = warm_up_days * MINUTES_A_DAY
    patients = [one for one in world.patients if draws.asked_min[one.number] >= from_min]
    numbers = [one.number for one in patients]
    seen = np.array([np.nan if one.seen_min is None else one.seen_min for one in patients])
    ends = np.array([np.nan if one.left_min is None else one.left_min for one in patients])
    ends = np.where(np.isnan(seen), ends, seen)
    told = np.array([np.nan if one.told_min is None else one.told_min for one in patients])
    arrived = np.array([one.arrives_min for one in patients])
    went = np.array([one.facility == one.told_facility for one in patients], dtype=np.bool_)
    ticks = len(world.lengths) - len(world.lengths) * days // (warm_up_days + days)
    return Run(
        minutes=seen - draws.asked_min[numbers],
        waits=seen - arrived,
        left=np.array([one.left_min is not None for one in patients], dtype=np.bool_),
        facility=np.array([one.facility for one in patients], dtype=np.int64),
        short_by=np.where(went, ends - arrived - told, np.nan),
        lengths=np.array(world.lengths[ticks:]),
        days=days,
    )


@dataclass(frozen=True, slots=True)
class Groups:
    """Who of the patients counts where; the same in every paired run."""

    users: NDArray[np.bool_]
    """Who would use the app, also where nobody has it."""
    no_car: NDArray[np.bool_]
    zone: NDArray[np.int64]
    zones: list[str]


def find_groups(kent: Kent, draws: Draws, adoption: float, warm_up_days: int) -> Groups:
    """The groups of a replication's patients after the warm-up."""
    rows = draws.asked_min >= warm_up_days * MINUTES_A_DAY
    return Groups(draws.app[rows] < adoption, ~draws.car[rows], draws.zone[rows], kent.zones)


def summarise(run: Run, kent: Kent, groups: Groups) -> dict[str, float]:
    """The figures of one run, by name; NaN where there is nothing to measure.

    `queue_sd` is the standard deviation of the number waiting over all ticks of the run, the mean
    over MIUs and UTCs. Minutes are of those who were seen; `left_share` tells of the others, and
    `told_30_short_share` counts them with the wait until they left.
    """
    is_ed = np.array(kent.is_ed)
    told = run.short_by[~np.isnan(run.short_by)]
    figures = {
        "mean_minutes": _mean(run.minutes),
        "p90_minutes": float(np.nanquantile(run.minutes, 0.9)),
        "ed_minors_per_day": float(is_ed[run.facility].sum() / run.days),
        "miu_queue_sd": float(run.lengths[:, ~is_ed].std(axis=0).mean()),
        "told_30_short_share": _mean((told > SHORT_BY_MINUTES).astype(np.float64)),
        "told_bias_minutes": -_mean(told),
        "left_share": float(run.left.mean()),
        "users_minutes": _mean(run.minutes[groups.users]),
        "others_minutes": _mean(run.minutes[~groups.users]),
        "no_car_minutes": _mean(run.minutes[groups.no_car]),
    }
    for place, facility in enumerate(kent.facilities):
        here = run.facility == place
        figures[f"by_facility/{facility.id}/minors_per_day"] = float(here.sum() / run.days)
        figures[f"by_facility/{facility.id}/wait_minutes"] = _mean(run.waits[here])
    for zone, name in enumerate(groups.zones):
        there = groups.zone == zone
        figures[f"by_zone/{name}/users_minutes"] = _mean(run.minutes[there & groups.users])
        figures[f"by_zone/{name}/others_minutes"] = _mean(run.minutes[there & ~groups.users])
    return figures


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
