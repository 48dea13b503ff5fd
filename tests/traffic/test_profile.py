"""The usual time of day."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from waitless.area.hours import Calendar
from waitless.area.pack import SHIPPED
from waitless.traffic.profile import FLAT, load_profile, slot_middle

LONDON = Calendar(ZoneInfo("Europe/London"), frozenset({date(2026, 12, 25)}))
EAST_KENT = SHIPPED / "east_kent" / "profile.toml"
WINTER_FRIDAY = datetime(2026, 11, 20, tzinfo=UTC)


def flat_but(hour: int, factor: float) -> str:
    hours = [1.0] * 24
    hours[hour] = factor
    return str(hours)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "profile.toml"
    path.write_text(f"""
        source = "a test"
        [[group]]
        classes = ["motorway"]
        weekday = {flat_but(8, 2.0)}
        saturday = {flat_but(8, 3.0)}
        sunday = {flat_but(8, 4.0)}
        [[group]]
        classes = ["*"]
        weekday = {flat_but(23, 1.4)}
        saturday = {flat_but(0, 1.2)}
        sunday = {flat_but(0, 1.0)}
    """)
    return path


def test_an_hours_factor_holds_at_its_middle_and_runs_straight_to_the_next(written: Path) -> None:
    profile = load_profile(written)

    def at(hour: int, minute: int) -> float:
        moment = WINTER_FRIDAY.replace(hour=hour, minute=minute)
        return float(profile.factors(["motorway"], moment, LONDON)[0])

    assert at(8, 30) == pytest.approx(2.0)
    assert at(8, 0) == at(9, 0) == pytest.approx(1.5)
    assert at(7, 30) == at(12, 0) == pytest.approx(1.0)


def test_friday_night_runs_into_saturday_morning(written: Path) -> None:
    profile = load_profile(written)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert profile.factors(["lane"], midnight, LONDON)[0] == pytest.approx((1.4 + 1.2) / 2)


@pytest.mark.parametrize(
    ("day", "factor"),
    [(20, 2.0), (21, 3.0), (22, 4.0)],
)
def test_each_kind_of_day_has_its_own(written: Path, day: int, factor: float) -> None:
    moment = datetime(2026, 11, day, 8, 30, tzinfo=UTC)
    factors = load_profile(written).factors(["motorway"], moment, LONDON)
    assert factors[0] == pytest.approx(factor)


def test_a_public_holiday_is_a_sunday_and_summer_time_is_local(written: Path) -> None:
    profile = load_profile(written)
    christmas = datetime(2026, 12, 25, 8, 30, tzinfo=UTC)
    july = datetime(2026, 7, 6, 7, 30, tzinfo=UTC)
    assert profile.factors(["motorway"], christmas, LONDON)[0] == pytest.approx(4.0)
    assert profile.factors(["motorway"], july, LONDON)[0] == pytest.approx(2.0)


def test_ferries_keep_their_times_and_unnamed_classes_take_the_rest(written: Path) -> None:
    profile = load_profile(written)
    moment = WINTER_FRIDAY.replace(hour=23, minute=30)
    assert profile.factors(["ferry", "lane"], moment, LONDON) == pytest.approx([1.0, 1.4])


def test_without_a_profile_every_hour_is_alike() -> None:
    assert FLAT.factors(["lane", "motorway"], WINTER_FRIDAY, LONDON).tolist() == [1.0, 1.0]


def test_east_kents_day_averages_to_one_and_peaks_twice() -> None:
    profile = load_profile(EAST_KENT)
    for name in ("motorway", "street"):
        hours = [
            profile.factors([name], WINTER_FRIDAY.replace(hour=hour, minute=30), LONDON)[0]
            for hour in range(24)
        ]
        assert np.mean(hours[7:19]) == pytest.approx(1.0, abs=0.02)
        assert np.argmax(hours[:12]) == 8
        assert 12 + np.argmax(hours[12:]) in (16, 17)
        assert max(hours[0:5]) < min(hours[7:19])


def test_a_slot_is_named_by_its_middle() -> None:
    moment = datetime(2026, 11, 20, 8, 44, 59, 999, tzinfo=UTC)
    assert slot_middle(moment) == datetime(2026, 11, 20, 8, 37, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source = 1", "source"),
        (
            'source = "x"\ngroup = [{classes = [], weekday = [1.0], saturday = [], sunday = []}]',
            "24",
        ),
        ("source = ", "Invalid value"),
    ],
)
def test_a_profile_that_is_none_is_refused_by_name(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=told):
        load_profile(path)


def test_a_class_that_stands_in_two_groups_is_refused(written: Path) -> None:
    written.write_text(written.read_text().replace('"*"', '"motorway"'))
    with pytest.raises(ValueError, match="'motorway' stands twice"):
        load_profile(written)
