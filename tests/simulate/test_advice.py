"""The policies: `waitless.simulate.advice.PolicyAdviser`."""

from datetime import timedelta

import pytest

from feeds.model import Statistic, Wait
from waitless.answers.doors import Doors
from waitless.forecast.learn import update
from waitless.forecast.predict import predict_seen
from waitless.simulate.advice import PolicyAdviser
from waitless.simulate.kent import Kent
from waitless.simulate.policies import PolicyName
from waitless.simulate.scenario import Scenario
from waitless.simulate.world import Publication

TEN = 600.0
"""Ten in the morning of the first day: all doors are open."""


def adviser(
    kent: Kent, doors: Doors, policy: PolicyName, waits: dict[str, float] | None, **more: float
) -> PolicyAdviser:
    found = PolicyAdviser(kent, doors, policy, Scenario(**more))
    for place, facility in enumerate(kent.facilities):
        minutes = (waits or {}).get(facility.id, 30.0)
        found.see(Publication(place, TEN - 10, TEN - 10, minutes, is_open=True))
    return found


def place_of(kent: Kent, facility_id: str) -> int:
    return [one.id for one in kent.facilities].index(facility_id)


def sent_to(kent: Kent, advising: PolicyAdviser, zone: str, at: float = TEN) -> str:
    advice = advising.advise(at, kent.zones.index(zone), car=True)
    assert advice is not None
    return kent.facilities[advice.facility].id


def test_nearest_is_nearest_whatever_is_posted(kent: Kent, doors: Doors) -> None:
    advising = adviser(kent, doors, PolicyName.NEAREST, {"qeqm-ed": 500})

    assert sent_to(kent, advising, "Margate") == "qeqm-ed"


def test_at_night_nobody_is_sent_to_a_shut_door(kent: Kent, doors: Doors) -> None:
    for policy in list(PolicyName)[1:]:
        advising = adviser(kent, doors, policy, {"deal-utc": 0})
        assert sent_to(kent, advising, "Deal", at=1380.0) in {
            "qeqm-ed", "william-harvey-ed", "canterbury-utc",
        }  # fmt: skip


def test_shortest_posted_ignores_the_journey_within_the_longest_one(
    kent: Kent, doors: Doors
) -> None:
    advising = adviser(kent, doors, PolicyName.SHORTEST_POSTED, {"herne-bay-utc": 29})

    assert sent_to(kent, advising, "Margate") == "herne-bay-utc"
    assert kent.drive[kent.zones.index("Ashford"), place_of(kent, "herne-bay-utc")] < 45
    too_far = adviser(kent, doors, PolicyName.SHORTEST_POSTED, {"qeqm-ed": 1})
    assert sent_to(kent, too_far, "Ashford") != "qeqm-ed"


def test_posted_adds_the_journey(kent: Kent, doors: Doors) -> None:
    advising = adviser(kent, doors, PolicyName.POSTED, {"herne-bay-utc": 29})
    assert sent_to(kent, advising, "Deal") == "deal-utc"

    crowded = adviser(kent, doors, PolicyName.POSTED, {"deal-utc": 200})
    zone = kent.zones.index("Deal")
    best = min(
        (kent.drive[zone, place] + (200 if one.id == "deal-utc" else 30), one.id)
        for place, one in enumerate(kent.facilities)
    )
    assert sent_to(kent, crowded, "Deal") == best[1]


def test_the_forecast_is_the_services_own(kent: Kent, doors: Doors) -> None:
    advising = adviser(kent, doors, PolicyName.FORECAST, None)
    place, zone = place_of(kent, "deal-utc"), kent.zones.index("Deal")

    advice = advising.advise(TEN, zone, car=True)

    assert advice is not None
    assert advice.facility == place
    state = update(
        None,
        Wait(minutes=30.0, statistic=Statistic.MEAN),
        kent.at(TEN - 10),
        kent.area.calendar.zone,
    )
    assert state is not None
    seen = predict_seen(
        state,
        kent.at(TEN),
        timedelta(minutes=float(kent.drive[zone, place])),
        kent.facilities[place].kind,
        zone=kent.area.calendar.zone,
        window=timedelta(minutes=60),
    )
    assert seen is not None
    assert advice.told_min == pytest.approx(seen.mean)


def test_the_margin_puts_an_ed_behind_an_equal_place(kent: Kent, doors: Doors) -> None:
    waits = {one.id: 60.0 for one in kent.facilities} | {"qeqm-ed": 40.0}

    plain = adviser(kent, doors, PolicyName.LEDGER, waits)
    with_margin = adviser(kent, doors, PolicyName.WAITLESS, waits)

    # 12 minutes nearer and 20 shorter: the journeys to Deal and Herne Bay are 25 minutes.
    assert sent_to(kent, plain, "Ramsgate") == "qeqm-ed"
    assert sent_to(kent, with_margin, "Ramsgate") == "qeqm-ed"
    waits["qeqm-ed"] = 65.0
    assert sent_to(kent, adviser(kent, doors, PolicyName.LEDGER, waits), "Ramsgate") == "qeqm-ed"
    moved = adviser(kent, doors, PolicyName.WAITLESS, waits)
    assert sent_to(kent, moved, "Ramsgate") != "qeqm-ed"


def test_the_ledger_sends_the_next_one_elsewhere_and_the_forecast_does_not(
    kent: Kent, doors: Doors
) -> None:
    herded = adviser(kent, doors, PolicyName.FORECAST, None)
    spread = adviser(kent, doors, PolicyName.LEDGER, None)
    place = place_of(kent, "whitstable-utc")
    assert sent_to(kent, herded, "Whitstable") == sent_to(kent, spread, "Whitstable")

    for advising in (herded, spread):
        for _ in range(12):
            advising.follow(place, TEN + 9)

    assert sent_to(kent, herded, "Whitstable") == "whitstable-utc"
    assert sent_to(kent, spread, "Whitstable") != "whitstable-utc"
    # Those who arrived half an hour ago and more are in the queue that the feed tells of.
    spread.see(Publication(place, TEN + 60, TEN + 60, 30.0, is_open=True))
    assert sent_to(kent, spread, "Whitstable", at=TEN + 60) == "whitstable-utc"


def test_a_capacity_taken_for_double_halves_the_correction(kent: Kent, doors: Doors) -> None:
    place, zone = place_of(kent, "whitstable-utc"), kent.zones.index("Whitstable")

    def told(capacity_error: float, followers: int) -> float:
        advising = adviser(kent, doors, PolicyName.LEDGER, None, capacity_error=capacity_error)
        for _ in range(followers):
            advising.follow(place, TEN + 2)
        advice = advising.advise(TEN, zone, car=True)
        assert advice is not None
        assert advice.facility == place
        assert advice.told_min is not None
        return advice.told_min

    assert told(2.0, 1) - told(2.0, 0) == pytest.approx((told(1.0, 1) - told(1.0, 0)) / 2)
    assert told(1.0, 1) - told(1.0, 0) == pytest.approx(1 / kent.per_minute[place], rel=0.01)


def test_a_place_of_no_known_wait_comes_last(kent: Kent, doors: Doors) -> None:
    advising = adviser(kent, doors, PolicyName.WAITLESS, None)
    place = place_of(kent, "deal-utc")

    advising.see(Publication(place, TEN, TEN, None, is_open=False))

    assert sent_to(kent, advising, "Deal") != "deal-utc"
