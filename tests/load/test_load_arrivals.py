import itertools
from random import Random

import pytest

from loadtests.arrivals import monday_factor, monday_times, poisson_times


def test_arrivals_are_poisson_at_their_rate() -> None:
    times = list(poisson_times(50, 400, Random(1)))

    gaps = [after - before for before, after in itertools.pairwise(times)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert times == sorted(times)
    assert times[-1] < 400
    assert mean == pytest.approx(1 / 50, rel=0.03)
    assert spread == pytest.approx(mean, rel=0.05), "as wide as it is long: exponential"


def test_a_monday_morning_has_the_same_mean_and_its_own_shape() -> None:
    times = list(monday_times(100, 400, Random(2)))

    quarters = [sum(1 for at in times if int(at // 100) == hour) for hour in range(4)]
    assert times == sorted(times)
    assert len(times) == pytest.approx(40_000, rel=0.03)
    for hour, count in enumerate(quarters):
        assert count / 10_000 == pytest.approx(monday_factor((hour + 0.5) / 4), rel=0.05)


def test_ten_oclock_is_busier_than_eight() -> None:
    assert monday_factor(0.55) > 1.5 * monday_factor(0.0)
