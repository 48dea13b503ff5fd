"""Where people go who ask nobody: a logit of journeys, calibrated to the volumes of today."""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 400
CLOSE_ENOUGH = 1e-9
LEAST_PULL = 1e-12
"""A place that is worth less beside another's 1 is only made room for: nothing fits."""


def calibrate_pulls(
    odds: NDArray[np.float64], people: NDArray[np.float64], volumes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What each place must be worth so that, without the app, its volume comes out.

    People choose in proportion to pull times odds. Found by proportional fitting: each round a
    place's pull is scaled by what its volume lacks.

    Args:
        odds: groups x places, what the journey leaves of a place's pull; 0 where it is shut.
        people: by group; groups are people who see the same odds.
        volumes: by place; scaled to the number of people.

    Returns:
        The pulls, one per place, with a mean of 1.

    Raises:
        ValueError: no pulls give these volumes, as too few people can reach a place.
    """
    wanted = volumes * (people.sum() / volumes.sum())
    pulls = np.ones(len(volumes))
    for _ in range(ROUNDS):
        found = people @ choice_shares(odds, pulls)
        if np.abs(found / wanted - 1).max() < CLOSE_ENOUGH:
            return pulls
        pulls *= wanted / found
        pulls /= pulls.mean()
        if pulls.min() < LEAST_PULL:
            break
    raise ValueError("no habit gives the target volumes: a place is out of reach for too many")


def choice_shares(odds: NDArray[np.float64], pulls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Groups x places: the share of each group that goes to each place."""
    worth = odds * pulls
    shares: NDArray[np.float64] = worth / worth.sum(axis=1, keepdims=True)
    return shares
