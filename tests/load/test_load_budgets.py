import math

import pytest

from loadtests.budgets import judge, load_budgets
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


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile(range(1000), 0.99) == 990
    assert math.isnan(quantile([], 0.99))
