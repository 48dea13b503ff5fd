"""Policies compared: `waitless.simulate.experiment`."""

import numpy as np
import pytest

from waitless.simulate.draws import draw
from waitless.simulate.experiment import Plan, compare, interval, play, play_all
from waitless.simulate.kent import Kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import Scenario


def plan(*policies: PolicyName, days: int = 2, replications: int = 2, **scenario: float) -> Plan:
    return Plan(
        scenario=Scenario(**scenario),  # type: ignore[arg-type]
        policies=policies,
        replications=replications,
        days=days,
        seed=5,
    )


def test_the_same_seed_gives_the_same_figures_whatever_the_processes(kent: Kent) -> None:
    one = plan(PolicyName.WAITLESS, days=1)
    steps: list[int] = []

    first = compare(play_all(kent, one, 1, steps.append))
    again = compare(play_all(kent, one, 2, steps.append))

    assert first == again
    assert sum(steps) == 4


def test_another_seed_or_replication_gives_other_people(kent: Kent) -> None:
    base = draw(kent, 2, seed=1, replication=0)

    for other in (draw(kent, 2, seed=2, replication=0), draw(kent, 2, seed=1, replication=1)):
        assert len(other) != len(base) or not np.array_equal(other.asked_min, base.asked_min)
    same = draw(kent, 2, seed=1, replication=0)
    assert np.array_equal(same.asked_min, base.asked_min)
    assert np.array_equal(same.patience_min, base.patience_min)


def test_people_do_not_depend_on_the_policies_played_with_them(kent: Kent) -> None:
    alone = play(kent, plan(), 1)
    among = play(kent, plan(PolicyName.NEAREST, PolicyName.POSTED), 1)

    assert among.figures[PolicyName.NONE] == pytest.approx(
        alone.figures[PolicyName.NONE], nan_ok=True
    )


def test_where_nobody_has_the_app_no_policy_changes_anything(kent: Kent) -> None:
    found = compare(play_all(kent, plan(PolicyName.WAITLESS, adoption=0.0), 1, int))

    assert found["waitless"]["change_mean"] == 0
    assert found["waitless"]["change_mean_ci95"] == [0, 0]
    assert found["waitless"]["ed_minors_change"] == 0
    assert found["waitless"]["told_30_short_share"] is None


def test_a_broken_policy_is_noticed(kent: Kent) -> None:
    found = compare(play_all(kent, plan(PolicyName.NEAREST, PolicyName.WAITLESS, days=7), 1, int))

    nearest, waitless = found["nearest"], found["waitless"]
    assert nearest["change_mean"] > 5
    assert nearest["ed_minors_change"] > 0.1
    assert waitless["change_mean"] < 0
    assert waitless["ed_minors_change"] < -0.02
    assert waitless["told_30_short_share"] < nearest["told_30_short_share"]


def test_without_the_app_the_published_volumes_and_waits_come_out(kent: Kent) -> None:
    none = compare(play_all(kent, plan(days=27, replications=4), 1, int))["none"]

    assert none["ed_minors_per_day"] == pytest.approx(171, abs=5)
    assert none["mean_minutes"] == pytest.approx(64.5, abs=4)
    assert none["p90_minutes"] == pytest.approx(145, abs=12)
    by_facility = none["by_facility"]
    assert by_facility["william-harvey-ed"]["wait_minutes"] == pytest.approx(108, abs=12)
    assert by_facility["qeqm-ed"]["wait_minutes"] == pytest.approx(78, abs=12)
    units = [one for name, one in by_facility.items() if not name.endswith("-ed")]
    seen = sum(one["minors_per_day"] for one in units)
    waited = sum(one["minors_per_day"] * one["wait_minutes"] for one in units)
    assert waited / seen == pytest.approx(23.5, abs=2)
    for facility, care in zip(kent.facilities, kent.care, strict=True):
        volume = by_facility[facility.id]["minors_per_day"]
        assert volume == pytest.approx(care.minors_per_day, rel=0.1)


def test_an_interval_is_students_and_needs_two_values() -> None:
    assert interval(np.array([2.0])) == (2.0, None, None)

    half = 4.3027 / 3**0.5  # t of two degrees of freedom, and a deviation of 1

    assert interval(np.array([1.0, 2.0, 3.0])) == pytest.approx((2, 2 - half, 2 + half), abs=1e-3)
