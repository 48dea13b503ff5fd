"""The assumptions, and what joins them with the pack."""

from pathlib import Path

import numpy as np
import pytest

from waitless.area.pack import Area
from waitless.simulate.assumptions import SHIPPED, AssumptionsFault, load_assumptions
from waitless.simulate.habit import calibrate_pulls, choice_shares
from waitless.simulate.kent import Kent, build_kent
from waitless.simulate.scenario import ScenarioFault, parse_closure, parse_freeze, parse_lie

FAVERSHAM_STAFF = f"minors_staff = {[0] * 8 + [1] * 12 + [0] * 4}"


def test_every_assumption_says_where_it_comes_from_and_what_else_it_may_be() -> None:
    assumed = load_assumptions()

    for name in assumed.__struct_fields__:
        figure = getattr(assumed, name)
        assert len(figure.source) > 10, name
        assert figure.uncertainty, name


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("[day_shape]\nvalue = 60.0", "[day_shape]\nvalue = -1.0", "day_shape"),
        ("[day_shape]", "[day_form]", "day_form"),
        ("minor_minutes = 17.3", "minor_minutes = 0", "facilities"),
        ("value = 2\n", "value = \n", "assumptions.toml"),
        ("2027-01-11T00:00:00Z", "2027-01-11T00:00:00", "start"),
        (FAVERSHAM_STAFF, f"minors_staff = {[0] * 24}", "faversham"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, where: str
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "assumptions.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(AssumptionsFault, match=where):
        load_assumptions(path)


@pytest.mark.parametrize(
    ("old", "new"), [("Ashford = ", "Camelot = "), ("value.deal-utc]", "value.eel-utc]")]
)
def test_a_zone_or_facility_that_the_pack_lacks_is_refused_by_name(
    tmp_path: Path, east_kent: Area, old: str, new: str
) -> None:
    path = tmp_path / "assumptions.toml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    with pytest.raises(AssumptionsFault, match=r"Camelot|eel-utc"):
        build_kent(east_kent, load_assumptions(path))


def test_a_volume_out_of_reach_is_refused_before_anything_is_played(
    tmp_path: Path, east_kent: Area
) -> None:
    path, text = tmp_path / "assumptions.toml", SHIPPED.read_text(encoding="utf-8")
    # All people of the day would have to be in the night, when only three doors are open.
    path.write_text(text.replace("minors_per_day = 25", "minors_per_day = 25000", 1), "utf-8")

    with pytest.raises(AssumptionsFault, match="out of reach"):
        build_kent(east_kent, load_assumptions(path))


def test_habit_brings_each_place_its_volume() -> None:
    odds = np.array([[1.0, 0.2, 0.1], [0.3, 1.0, 0.0]])
    people, volumes = np.array([60.0, 40.0]), np.array([50.0, 40.0, 10.0])

    pulls = calibrate_pulls(odds, people, volumes)

    assert people @ choice_shares(odds, pulls) == pytest.approx(volumes)


def test_a_volume_that_nobody_can_bring_is_refused() -> None:
    odds = np.array([[1.0, 0.0], [0.0, 1.0]])

    with pytest.raises(ValueError, match="out of reach"):
        calibrate_pulls(odds, np.array([1.0, 1.0]), np.array([3.0, 1.0]))


def test_journeys_and_hours_are_those_of_the_pack(kent: Kent) -> None:
    margate, qeqm = kent.zones.index("Margate"), 1
    assert kent.drive[margate, qeqm] == kent.drive[margate].min()
    deal = [one.id for one in kent.facilities].index("deal-utc")
    assert [kent.is_open(deal, hour * 60.0) for hour in (7, 8, 19, 20, 31, 32)] == [
        False, True, True, False, False, True,
    ]  # fmt: skip
    assert all(kent.is_open(qeqm, hour * 60.0) for hour in range(48))


@pytest.mark.parametrize("text", ["deal-utc@25:00", "deal-utc", "nowhere@12:00", "deal-utc:3h"])
def test_a_closure_that_is_none_is_refused(kent: Kent, text: str) -> None:
    with pytest.raises(ScenarioFault):
        parse_closure(kent, text)


def test_scenarios_are_read(kent: Kent) -> None:
    deal = [one.id for one in kent.facilities].index("deal-utc")

    assert parse_closure(kent, "deal-utc@12:30") == (deal, 750.0)
    assert parse_freeze(kent, "deal-utc:3h") == (deal, 180.0)
    assert parse_lie(kent, "deal-utc:0.5") == (deal, 0.5)
    for text in ("deal-utc:3", "deal-utc:0h", "deal-utc:13h"):
        with pytest.raises(ScenarioFault):
            parse_freeze(kent, text)
    for text in ("deal-utc:much", "deal-utc:11", "deal-utc:nan"):
        with pytest.raises(ScenarioFault):
            parse_lie(kent, text)
