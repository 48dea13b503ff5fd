import math
from random import Random

import pytest

from loadtests.budgets import growth_percent, judge, load_budgets, most_growth_percent
from loadtests.steady import quantile


def test_a_budget_is_kept_up_to_its_limit() -> None:
    assert [verdict.kept for verdict in judge({"p99_ms": 10.0}, {"p99_ms": 10.0})] == [True]
    assert [verdict.kept for verdict in judge({"p99_ms": 10.1}, {"p99_ms": 10.0})] == [False]


def test_a_budget_of_what_was_not_measured_is_broken() -> None:
    assert not judge({}, {"p99_ms": 10.0})[0].kept
    assert not judge({"p99_ms": math.nan}, {"p99_ms": 10.0})[0].kept


@pytest.mark.parametrize("kind", ["load", "soak"])
def test_no_error_is_allowed(kind: str) -> None:
    assert load_budgets(kind)["errors"] == 0


def _memory(slope_a_second: float, chance: Random) -> list[tuple[float, float]]:
    """Ten minutes of a process that warms up for two and is noisy by a few per cent."""
    return [
        (at, 100 + min(at, 120) + slope_a_second * at + chance.uniform(-3, 3))
        for at in range(0, 600, 5)
    ]


def test_warming_up_and_noise_are_no_growth() -> None:
    assert abs(growth_percent(_memory(0, Random(4)))) < 1


def test_a_leak_is_growth() -> None:
    assert growth_percent(_memory(0.02, Random(5))) == pytest.approx(100 * 12 / 228, rel=0.15)


def test_one_leak_among_processes_is_found() -> None:
    memory = {"api": _memory(0, Random(6)), "ingest": _memory(0.05, Random(7))}

    assert most_growth_percent(memory, 595) > 10


def test_a_process_that_is_gone_counts_as_growth() -> None:
    memory = {"api": _memory(0, Random(8)), "api 1": _memory(0, Random(9))[:50]}

    assert most_growth_percent(memory, 595) == math.inf


def test_too_few_samples_measure_nothing() -> None:
    assert math.isnan(growth_percent([]))
    assert math.isnan(growth_percent([(0, 100), (5, 100)]))


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile(range(1000), 0.99) == 990
    assert math.isnan(quantile([], 0.99))
