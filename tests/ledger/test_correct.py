"""The corrected wait: what those on their way add to a forecast, and how far it may go."""

import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model import Statistic
from tests.support.clock import MONDAY_MORNING as NOW
from waitless.area.facility import Kind, Need
from waitless.area.pack import AreaFault, load_area
from waitless.forecast.posted import SEEN_PER_MINUTE
from waitless.ledger.correct import (
    FigureOf,
    correct,
    correct_all,
    figure_of,
    find_starts,
    find_window,
    seen_per_minute,
)
from waitless.ledger.counts import Ledger
from waitless.ledger.policy import Policy
from waitless.ledger.usual import STEP_A_DAY, Usual

POLICY = Policy()
waits = st.floats(0, 500)
people = st.floats(0, 100)
rates = st.floats(0.01, 2)
COMPILES = settings(deadline=None)


def test_each_patient_ahead_adds_the_time_between_two_of_them() -> None:
    assert correct(30, 3, 0, 0.1, policy=POLICY) == pytest.approx(60)


def test_half_of_the_usual_load_is_in_the_forecast_already() -> None:
    assert correct(30, 3, 4, 0.1, policy=POLICY) == pytest.approx(40)
    assert correct(30, 0, 4, 0.1, policy=POLICY) == pytest.approx(10)


def test_no_wait_is_raised_by_more_than_the_cap_or_falls_below_nothing() -> None:
    assert correct(30, 1000, 0, 0.1, policy=POLICY) == 75
    assert correct(5, 0, 1000, 0.1, policy=POLICY) == 0


def test_an_unknown_wait_stays_unknown() -> None:
    assert math.isnan(correct(math.nan, 3, 0, 0.1, policy=POLICY))


def test_a_place_that_sees_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0 is wanted"):
        correct(30, 1, 0, 0, policy=POLICY)


@COMPILES
@given(mean=waits, advised=people, usual=people, per_minute=rates)
def test_one_more_on_the_way_never_makes_a_wait_shorter(
    mean: float, advised: float, usual: float, per_minute: float
) -> None:
    before = correct(mean, advised, usual, per_minute, policy=POLICY)
    after = correct(mean, advised + 1, usual, per_minute, policy=POLICY)

    assert 0 <= before <= after <= mean + POLICY.most_correction_minutes


@COMPILES
@given(mean=waits, advised=people, usual=people, per_minute=rates)
def test_without_kappa_the_forecast_stands(
    mean: float, advised: float, usual: float, per_minute: float
) -> None:
    policy = Policy(kappa=0)
    assert correct(mean, advised, usual, per_minute, policy=policy) == mean


class TestWindow:
    def window(self, **change: object) -> tuple[float, float]:
        """Minutes from now."""
        given_ = {
            "travel_minutes": 20.0,
            "measured_at": NOW - timedelta(minutes=5),
            "wait_minutes": 15.0,
            "figure": FigureOf.SEEN,
        }
        since, until = find_window(NOW, **given_ | change)  # type: ignore[arg-type]
        return (since - NOW).total_seconds() / 60, (until - NOW).total_seconds() / 60

    def test_begins_when_those_came_who_were_seen_last(self) -> None:
        assert self.window() == (-20, 20)

    def test_begins_at_the_measurement_where_those_who_wait_are_counted(self) -> None:
        assert self.window(figure=FigureOf.WAITING) == (-5, 20)

    def test_never_begins_before_what_the_ledger_keeps(self) -> None:
        assert self.window(wait_minutes=180.0) == (-30, 20)

    def test_is_empty_where_the_measurement_lies_ahead(self) -> None:
        late = NOW + timedelta(minutes=30)
        assert self.window(measured_at=late, figure=FigureOf.WAITING) == (20, 20)

    def test_an_estimate_beside_a_count_is_of_those_who_wait(self) -> None:
        assert figure_of(Statistic.ESTIMATE, 6) is FigureOf.WAITING
        assert figure_of(Statistic.ESTIMATE, None) is FigureOf.SEEN
        assert figure_of(Statistic.MEDIAN, 6) is FigureOf.SEEN


rows = st.tuples(
    waits, people, rates, st.floats(0, 45), st.floats(0, 40), st.floats(0, 200), st.booleans()
)


@COMPILES
@given(many=st.lists(rows, min_size=1, max_size=5), on_the_way=st.integers(0, 60))
def test_all_at_once_is_the_same_as_one_by_one(many: list[tuple], on_the_way: int) -> None:
    ids = [f"place-{number}" for number in range(len(many))]
    ledger = Ledger()
    for number in range(on_the_way):
        ledger.add(ids[number % len(ids)], NOW + timedelta(minutes=number * 1.7 - 40))
    means, usual, rate, travel, age, wait, seen = map(np.array, zip(*many, strict=True))
    now_s = NOW.timestamp()

    told = correct_all(
        means,
        snapshot=ledger.snapshot(ids),
        since_s=find_starts(now_s, now_s - 60 * age, wait, seen),
        until_s=now_s + 60 * travel,
        usual_per_minute=usual,
        per_minute=rate,
        counts=np.ones(len(ids), dtype=np.bool_),
        policy=POLICY,
    )

    for row, one in enumerate(ids):
        since, until = find_window(
            NOW,
            travel_minutes=float(travel[row]),
            measured_at=NOW - timedelta(minutes=float(age[row])),
            wait_minutes=float(wait[row]),
            figure=FigureOf.SEEN if seen[row] else FigureOf.WAITING,
        )
        minutes = (until - since).total_seconds() / 60
        alone = correct(
            means[row], ledger.count(one, since, until), usual[row] * minutes, rate[row],
            policy=POLICY,
        )  # fmt: skip
        assert told[row] == pytest.approx(alone, abs=0.01)


def test_a_suspended_place_and_an_unknown_wait_are_left_as_they_are() -> None:
    ledger = Ledger()
    for place in ("a", "b", "c"):
        ledger.add(place, NOW + timedelta(minutes=2))
    now_s = np.full(3, NOW.timestamp())

    told = correct_all(
        np.array([30.0, np.nan, 30.0]),
        snapshot=ledger.snapshot(),
        since_s=now_s,
        until_s=now_s + 600,
        usual_per_minute=np.zeros(3),
        per_minute=np.full(3, 0.1),
        counts=np.array([False, True, True]),
        policy=POLICY,
    )

    assert told[0] == 30
    assert math.isnan(told[1])
    assert told[2] == pytest.approx(40)


class TestUsual:
    def test_is_nothing_before_anybody_came(self) -> None:
        assert Usual().count("deal-utc", 10, 60) == 0
        assert list(Usual().rates_at(10, ["deal-utc"])) == [0]

    def test_a_day_weighs_as_much_as_it_should(self) -> None:
        usual = Usual()
        for _ in range(12):
            usual.learn(10, {"deal-utc": 5.0}, ["deal-utc", "dover-utc"])

        assert usual.count("deal-utc", 10, 60) == pytest.approx(STEP_A_DAY * 60)
        assert usual.count("deal-utc", 11, 60) == 0
        assert usual.count("dover-utc", 10, 60) == 0

    def test_what_comes_every_day_becomes_usual_and_what_stops_is_forgotten(self) -> None:
        usual = Usual()
        for _ in range(12 * 90):
            usual.learn(10, {"deal-utc": 5.0}, ["deal-utc"])
        assert usual.rates_at(10, ["deal-utc"])[0] == pytest.approx(1, abs=0.01)

        for _ in range(12 * 90):
            usual.learn(10, {}, ["deal-utc"])
        assert usual.rates_at(10, ["deal-utc"])[0] == pytest.approx(0, abs=0.01)


class TestPolicy:
    def test_puts_a_margin_on_an_ed_for_a_minor_need_alone(self) -> None:
        assert POLICY.margin(Kind.ED, Need.WOUND) == 20
        assert POLICY.margin(Kind.UTC, Need.WOUND) == 0
        assert POLICY.margin(Kind.ED, Need.HEAD_INJURY) == 0
        assert POLICY.margin(Kind.ED, Need.ABDOMINAL_PAIN) == 0

    @pytest.mark.parametrize("figure", ["margin_minutes", "kappa", "omega", "served_share"])
    def test_refuses_a_figure_below_nothing_and_a_share_above_one(self, figure: str) -> None:
        with pytest.raises(ValueError, match=figure):
            Policy(**{figure: -1})
        for share in ("omega", "served_share"):
            with pytest.raises(ValueError, match=share):
                Policy(**{share: 1.5})


def test_a_facility_sees_what_its_pack_says_or_what_is_usual_of_its_kind(
    plymouth_pack: Path,
) -> None:
    facilities = plymouth_pack / "facilities.toml"
    told = 'kind = "ed"\nseen_per_minute = 0.2'
    facilities.write_text(facilities.read_text().replace('kind = "ed"', told, 1))

    area = load_area(plymouth_pack)

    assert seen_per_minute(area.facilities["derriford-ed"]) == 0.2
    assert seen_per_minute(area.facilities["cumberland-centre-utc"]) == SEEN_PER_MINUTE[Kind.UTC]


@pytest.mark.parametrize("figure", ["0", "-1", '"many"'])
def test_a_pack_in_which_a_facility_sees_nobody_is_refused(
    plymouth_pack: Path, figure: str
) -> None:
    facilities = plymouth_pack / "facilities.toml"
    told = f'kind = "ed"\nseen_per_minute = {figure}'
    facilities.write_text(facilities.read_text().replace('kind = "ed"', told, 1))

    with pytest.raises(AreaFault, match="seen_per_minute"):
        load_area(plymouth_pack)
