"""Spreading people without a ledger: stable, even, and telling nothing of who asks."""

import math
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import MONDAY_MORNING as NOW
from waitless.cell import Cell
from waitless.ledger.temper import SPREADS, choose_temperature, find_spread, pick, share_out

costs = st.lists(st.floats(0, 300), min_size=1, max_size=8)
temperatures = st.floats(0.1, 100)


@given(
    informed_share=st.floats(0.01, 1),
    demand=st.floats(0.01, 50),
    age=st.floats(1, 180),
    sites=st.integers(1, 300),
    per_minute=st.floats(0.01, 2),
)
def test_the_temperature_is_within_the_stable_range(
    informed_share: float, demand: float, age: float, sites: int, per_minute: float
) -> None:
    temperature = choose_temperature(
        informed_share=informed_share,
        demand_per_minute=demand,
        age_minutes=age,
        sites=sites,
        per_minute=per_minute,
    )

    swing = informed_share * demand * age / (sites * per_minute * temperature)
    assert swing < math.pi / 2


def test_nobody_informed_needs_no_spreading() -> None:
    told = choose_temperature(
        informed_share=0, demand_per_minute=1, age_minutes=60, sites=9, per_minute=0.1
    )
    assert told == 0


def test_no_site_is_refused() -> None:
    with pytest.raises(ValueError, match="one site"):
        choose_temperature(
            informed_share=0.5, demand_per_minute=1, age_minutes=60, sites=0, per_minute=0.1
        )


@given(costs=costs, temperature=temperatures)
def test_the_cheaper_a_place_the_larger_its_share(costs: list[float], temperature: float) -> None:
    shares = share_out(costs, temperature)

    assert shares.sum() == pytest.approx(1)
    for cost, share in zip(costs, shares, strict=True):
        for other, its in zip(costs, shares, strict=True):
            assert share >= its or cost > other


@given(costs=costs, temperature=temperatures)
def test_over_all_buckets_each_place_is_picked_by_its_share(
    costs: list[float], temperature: float
) -> None:
    picked = Counter(pick(costs, temperature, spread) for spread in range(SPREADS))

    for place, share in enumerate(share_out(costs, temperature)):
        assert abs(picked[place] - SPREADS * share) <= 1


def test_at_no_temperature_all_go_to_the_cheapest() -> None:
    assert list(share_out([30, 20, 20], 0)) == [0, 1, 0]
    assert {pick([30, 20, 20], 0, spread) for spread in range(SPREADS)} == {1}


@pytest.mark.parametrize("costs", [[], [20, math.nan], [math.inf]])
def test_a_cost_that_is_none_is_refused(costs: list[float]) -> None:
    with pytest.raises(ValueError, match="finite costs"):
        share_out(costs, 5)


def test_who_asks_at_one_place_in_one_minute_is_told_the_same() -> None:
    cell = Cell(25_640, 360)
    assert find_spread(cell, NOW) == find_spread(cell, NOW + timedelta(seconds=59))
    assert 0 <= find_spread(cell, NOW) < SPREADS


def test_minute_after_minute_a_place_visits_every_bucket_evenly() -> None:
    cell = Cell(25_640, 360)
    visits = Counter(find_spread(cell, NOW + timedelta(minutes=one)) for one in range(SPREADS * 30))

    assert set(visits) == set(range(SPREADS))
    assert max(visits.values()) - min(visits.values()) <= 4


def test_within_a_minute_the_cells_of_a_county_are_spread_evenly() -> None:
    cells = [Cell(row, column) for row in range(25_500, 25_560) for column in range(300, 360)]
    visits = Counter(find_spread(cell, NOW) for cell in cells)

    even = len(cells) / SPREADS
    assert all(abs(visits[one] - even) < 0.25 * even for one in range(SPREADS))
