"""What goes wrong, which adoption shifts how much, and the control: over played replications."""

import numpy as np
import pytest

from waitless.ledger.correct import seen_per_minute
from waitless.simulate.control import against_control, at_volumes_of
from waitless.simulate.draws import draw
from waitless.simulate.experiment import Plan, Replication, play, play_all
from waitless.simulate.kent import Kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import Scenario
from waitless.simulate.sensitivities import COMPARED, list_sensitivities, summarise_sensitivity
from waitless.simulate.shift import Shifted, find_adoption


def replications(kent: Kent, users: dict[PolicyName, list[float]]) -> list[Replication]:
    """Replications that differ from a played one in the users' minutes alone."""
    plan = Plan(scenario=Scenario(adoption=0.0), policies=COMPARED, replications=1, days=1, seed=5)
    whole = play(kent, plan, 1).figures
    return [
        Replication(
            {policy: {**whole[policy], "users_minutes": told[number]}
             for policy, told in ({PolicyName.NONE: [60.0] * 3} | users).items()}
        )
        for number in range(3)
    ]  # fmt: skip


def test_each_sensitivity_differs_from_the_plan_in_one_thing(kent: Kent) -> None:
    plan = Scenario(adoption=0.5, feed_age_min=20)

    found = list_sensitivities(kent, plan)

    assert found.pop("as planned") == plan
    assert len(found) == 7
    assert len(set(found.values())) == 7
    whitstable = [one.id for one in kent.facilities].index("whitstable-utc")
    for scenario in found.values():
        assert (scenario.adoption, scenario.feed_age_min) == (0.5, 20)
        changed = [name for name in Scenario.__dataclass_fields__
                   if getattr(scenario, name) != getattr(plan, name)]  # fmt: skip
        assert len(changed) == 1
        wrong = getattr(scenario, changed[0])
        assert not isinstance(wrong, tuple) or wrong[0][0] == whitstable


def test_the_services_own_capacities_are_what_the_service_takes(kent: Kent) -> None:
    own = [seen_per_minute(one) for one in kent.facilities]

    assert Scenario(service_capacity=True).capacities(kent) == own
    assert Scenario(service_capacity=True, capacity_error=2.0).capacities(kent) == [
        2 * one for one in own
    ]
    assert Scenario(capacity_error=0.5).capacities(kent) == [one / 2 for one in kent.per_minute]


def test_advised_people_who_are_worse_off_than_with_posted_are_noticed(kent: Kent) -> None:
    posted, own = COMPARED
    worse = replications(kent, {posted: [50.0, 51.0, 52.0], own: [53.0, 54.0, 54.9]})
    unsure = replications(kent, {posted: [50.0, 51.0, 52.0], own: [53.0, 50.0, 52.1]})

    noticed, left = summarise_sensitivity(worse), summarise_sensitivity(unsure)

    assert noticed["users_against_posted"] == pytest.approx(2.9667, abs=1e-3)
    assert noticed["worse_than_posted"] is True
    assert noticed["posted"]["users_change"] == -9
    assert left["users_against_posted"] > 0
    assert left["worse_than_posted"] is False
    assert summarise_sensitivity(worse[:1])["worse_than_posted"] is None


def test_where_a_shift_passes_a_bar_is_read_off_with_its_interval() -> None:
    points = [Shifted(0.1, 0.03, 0.01, 0.05), Shifted(0.2, 0.06, 0.04, 0.08),
              Shifted(0.4, 0.10, 0.09, 0.11)]  # fmt: skip

    assert find_adoption(points, 0.06) == {"adoption": 0.2, "adoption_ci95": [0.1333, 0.28]}
    assert find_adoption(points, 0.015)["adoption"] == 0.05
    assert find_adoption(points, 0.1) == {"adoption": 0.4, "adoption_ci95": [0.3333, None]}
    assert find_adoption([], 0.05) == {"adoption": None, "adoption_ci95": [None, None]}


def test_the_control_has_a_policys_volumes_and_the_same_people(kent: Kent) -> None:
    nearest = PolicyName.NEAREST
    plan = Plan(
        scenario=Scenario(adoption=0.5), policies=(nearest,), replications=2, days=5, seed=5
    )
    played = play_all(kent, plan, 1, int)

    control = at_volumes_of(kent, nearest, played)

    before, same = draw(kent, 2, 5, 0), draw(control, 2, 5, 0)
    assert np.array_equal(before.asked_min, same.asked_min)
    assert np.array_equal(before.habit, same.habit)
    without = Plan(scenario=plan.scenario, policies=(), replications=2, days=5, seed=5)
    again = play_all(control, without, 1, int)
    for facility in kent.facilities:
        name = f"by_facility/{facility.id}/minors_per_day"
        came = np.mean([one.figures[nearest][name] for one in played])
        assert np.mean([one.figures[PolicyName.NONE][name] for one in again]) == pytest.approx(
            came, rel=0.15, abs=4
        )
    held = against_control(nearest, played, again)
    whole = [one.figures[nearest]["miu_queue_sd"] / one.figures[PolicyName.NONE]["miu_queue_sd"]
             for one in played]  # fmt: skip
    assert held["miu_queue_sd_by_volumes"] < 0
    assert held["miu_queue_sd_by_volumes"] + held["miu_queue_sd_against_control"] == pytest.approx(
        np.mean(whole) - 1, abs=0.05
    )
