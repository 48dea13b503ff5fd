"""The ledger's counts: what goes in comes out, window by window, until it expires."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clock import MONDAY_MORNING as NOW
from waitless.ledger.counts import KEEPS, Ledger

PLACES = ("deal-utc", "dover-utc", "qeqm-ed")
minutes = st.floats(-200, 400).map(lambda ahead: NOW + timedelta(minutes=ahead))
entries = st.lists(st.tuples(st.sampled_from(PLACES), minutes, st.floats(0.01, 5)), max_size=40)
FOREVER = NOW - timedelta(days=1), NOW + timedelta(days=1)


def ledger_of(entered: list[tuple]) -> Ledger:
    ledger = Ledger()
    for facility_id, eta, weight in entered:
        ledger.add(facility_id, eta, weight)
    return ledger


def test_everybody_on_the_way_is_counted_until_the_end_of_the_window() -> None:
    ledger = Ledger()
    ledger.add("deal-utc", NOW + timedelta(minutes=11))
    ledger.add("deal-utc", NOW + timedelta(minutes=12), 0.25)
    ledger.add("dover-utc", NOW + timedelta(minutes=12))

    assert ledger.count("deal-utc", NOW, NOW + timedelta(minutes=15)) == 1.25
    assert ledger.count("deal-utc", NOW, NOW + timedelta(minutes=10)) == 0
    assert ledger.count("margate-utc", NOW, NOW + timedelta(minutes=15)) == 0


def test_a_window_that_cuts_a_bucket_gets_its_part_by_time() -> None:
    ledger = Ledger()
    ledger.add("deal-utc", NOW + timedelta(minutes=11), 5)

    assert ledger.count("deal-utc", NOW, NOW + timedelta(minutes=12)) == pytest.approx(2)


def test_an_arrival_counts_for_half_an_hour_after_its_time_then_no_more() -> None:
    ledger = Ledger()
    ledger.add("deal-utc", NOW)

    ledger.expire(NOW + KEEPS)
    assert ledger.count("deal-utc", *FOREVER) == 1
    ledger.expire(NOW + KEEPS + timedelta(minutes=5))
    assert ledger.count("deal-utc", *FOREVER) == 0


def test_a_cancellation_after_the_expiry_takes_nothing_from_others() -> None:
    ledger = Ledger()
    ledger.add("deal-utc", NOW)
    ledger.add("deal-utc", NOW + timedelta(hours=1))
    ledger.expire(NOW + timedelta(hours=1))

    ledger.remove("deal-utc", NOW)

    assert ledger.count("deal-utc", *FOREVER) == 1


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="above 0 is wanted"):
        Ledger().add("deal-utc", NOW, weight)


def test_a_snapshot_does_not_change_with_what_comes() -> None:
    ledger = Ledger()
    ledger.add("deal-utc", NOW)
    snapshot = ledger.snapshot(PLACES)

    ledger.add("deal-utc", NOW)

    assert snapshot.count("deal-utc", *FOREVER) == 1
    with pytest.raises(ValueError, match="read-only"):
        snapshot.until[0, 0] = 7


@settings(deadline=None)  # it compiles
@given(entered=entries, since=minutes, until=minutes)
def test_a_snapshot_counts_as_the_ledger_does(
    entered: list[tuple], since: datetime, until: datetime
) -> None:
    ledger = ledger_of(entered)
    snapshot = ledger.snapshot(PLACES)

    for facility_id in (*PLACES, "margate-utc"):
        told = snapshot.count(facility_id, since, until)
        assert told == pytest.approx(ledger.count(facility_id, since, until), abs=1e-6)


@given(entered=entries, cuts=st.lists(minutes, min_size=2, max_size=6))
def test_windows_side_by_side_count_each_once(entered: list[tuple], cuts: list) -> None:
    ledger = ledger_of(entered)
    cuts.sort()
    for facility_id in PLACES:
        parts = [ledger.count(facility_id, *pair) for pair in pairwise(cuts)]
        assert sum(parts) == pytest.approx(ledger.count(facility_id, cuts[0], cuts[-1]), abs=1e-6)


@given(kept=entries, cancelled=entries)
def test_what_is_cancelled_leaves_no_trace(kept: list[tuple], cancelled: list[tuple]) -> None:
    ledger = ledger_of([*kept, *cancelled])
    for facility_id, eta, weight in cancelled:
        ledger.remove(facility_id, eta, weight)

    for facility_id in PLACES:
        told = ledger.count(facility_id, *FOREVER)
        wanted = sum(weight for place, _, weight in kept if place == facility_id)
        assert told == pytest.approx(wanted, abs=1e-6)
