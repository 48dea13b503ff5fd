"""Chance: everything that a replication draws, before any policy acts on it.

All policies of a replication meet the same people at the same times, with the same habits,
patience and consultations, so that what differs between two runs is the policy.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waitless.simulate.kent import Kent

DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Draws:
    """The people of one replication, in the order in which they set out; a row each."""

    asked_min: NDArray[np.float64]
    zone: NDArray[np.int64]
    car: NDArray[np.bool_]
    app: NDArray[np.float64]
    """Uniform: who is below the adoption has the app, so users at 20% are users at 60% too."""
    follows: NDArray[np.float64]
    """Uniform: who is below the compliance goes where the app says."""
    confirms: NDArray[np.float64]
    habit: NDArray[np.float64]
    """Uniform: which place they choose who ask nobody."""
    service: NDArray[np.float64]
    """Lognormal of mean 1: of the facility's mean time with a patient."""
    patience_min: NDArray[np.float64]
    majors: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
    """By facility: arrivals in minutes, and the service factor of each."""

    def __len__(self) -> int:
        """How many people."""
        return len(self.asked_min)


def draw(kent: Kent, days: int, seed: int, replication: int) -> Draws:
    """Draw a replication: the same seed and number give the same people."""
    chance = np.random.default_rng([seed, replication])
    assumed = kent.assumptions
    factors = _day_factors(kent, days, chance)
    volume = sum(one.minors_per_day for one in kent.care)
    asked = _arrivals(volume, assumed.arrivals_by_hour.value, factors, chance)
    count = len(asked)
    majors = []
    for care in kent.care:
        at = _arrivals(care.majors_per_day, assumed.majors_by_hour.value, factors, chance)
        majors.append((at, _service(kent, len(at), chance)))
    spread = assumed.patience_spread.value
    return Draws(
        asked_min=asked,
        zone=chance.choice(len(kent.zones), size=count, p=kent.people),
        car=chance.random(count) >= assumed.no_car_share.value,
        app=chance.random(count),
        follows=chance.random(count),
        confirms=chance.random(count),
        habit=chance.random(count),
        service=_service(kent, count, chance),
        patience_min=assumed.patience_minutes.value * chance.lognormal(0.0, spread, count),
        majors=majors,
    )


def _day_factors(kent: Kent, days: int, chance: np.random.Generator) -> NDArray[np.float64]:
    shape, monday = kent.assumptions.day_shape.value, kent.assumptions.monday_factor.value
    other = (DAYS_A_WEEK - monday) / (DAYS_A_WEEK - 1)
    weekdays = (kent.start.weekday() + np.arange(days)) % DAYS_A_WEEK
    factors: NDArray[np.float64] = np.where(weekdays == 0, monday, other)
    return factors * chance.gamma(shape, 1 / shape, days)


def _arrivals(
    per_day: float,
    by_hour: list[float],
    factors: NDArray[np.float64],
    chance: np.random.Generator,
) -> NDArray[np.float64]:
    """Poisson by the hour, even within it; in order."""
    rates = np.outer(factors, np.array(by_hour) / sum(by_hour) * per_day).ravel()
    counts = chance.poisson(rates)
    hours = np.repeat(np.arange(len(rates)), counts)
    minutes: NDArray[np.float64] = np.sort((hours + chance.random(len(hours))) * 60)
    return minutes


def _service(kent: Kent, count: int, chance: np.random.Generator) -> NDArray[np.float64]:
    spread = kent.assumptions.service_spread.value
    return chance.lognormal(-spread * spread / 2, spread, count)
