"""Belief and figures that stand still, or move only as the clock does."""

import random

from feeds.model import Observation, Statistic, Wait
from tests.belief.play import deliver, findings, hear, new_believer, said

DAY = 24 * 60


def lively(facility: str = "deal-utc", *, until: int = DAY, seed: int = 1) -> list[Observation]:
    """A day of a figure that changes at two of three readings."""
    chance = random.Random(seed)
    minutes, series = 60, []
    for minute in range(0, until, 5):
        if chance.random() < 0.66:
            minutes = chance.randrange(20, 120)
        series.append(said(minute, minutes, facility=facility))
    return series


def test_a_figure_that_stands_for_hours_is_marked_and_then_held() -> None:
    believer = new_believer()
    hear(believer, *lively())

    six_hours = [said(DAY + minute, 60.5) for minute in range(0, 361, 5)]
    assert set(hear(believer, *six_hours)) == {"believed"}
    assert findings(believer, DAY + 360) == set()

    assert hear(believer, said(DAY + 365, 60.5)) == ["believed"]
    assert findings(believer, DAY + 365) == {("frozen", "deal-utc")}

    later = hear(believer, *(said(DAY + minute, 60.5) for minute in range(370, 731, 5)))
    assert later[-1] == "frozen"

    assert hear(believer, said(DAY + 735, 61)) == ["believed"]
    assert findings(believer, DAY + 735) == set()


def test_a_quiet_unit_may_stand_at_its_lowest_for_ever() -> None:
    believer = new_believer()
    hear(believer, *lively())

    quiet = [said(DAY + minute, 19) for minute in range(0, 3 * DAY, 5)]

    assert set(hear(believer, *quiet)) == {"believed"}
    assert findings(believer, 4 * DAY - 5) == set()


def test_a_count_that_moves_is_no_frozen_facility() -> None:
    believer = new_believer()
    hear(believer, *lively())

    same = [said(DAY + m, 60.5, inside=8 + m // 60 % 2) for m in range(0, DAY, 5)]

    assert set(hear(believer, *same)) == {"believed"}


def test_equal_figures_on_either_side_of_a_gap_have_not_stood_still() -> None:
    believer = new_believer()
    hear(believer, *lively())

    hear(believer, said(DAY, 60.5), said(2 * DAY, 60.5))

    assert findings(believer, 2 * DAY) == set()


def test_where_long_runs_are_usual_they_do_not_fire() -> None:
    believer = new_believer()
    hear(believer, *lively(), said(DAY, 300), said(DAY + 61, 5))
    start = DAY + 65
    runs = [said(start + 300 * n + 5 * m, 50 + n) for n in range(5) for m in range(60)]
    hear(believer, *runs)

    long_run = [said(start + 1500 + m, 80) for m in range(0, 700, 5)]

    assert set(hear(believer, *long_run)) == {"believed"}
    assert findings(believer, start + 2195) == set()


def echo(minute: float, *, statistic: Statistic = Statistic.MEDIAN, inside: int = 5) -> Observation:
    return said(minute, 20 + minute, statistic=statistic, inside=inside)


def test_a_figure_that_grows_as_the_clock_does_is_marked_then_held() -> None:
    believer = new_believer()

    heard = hear(believer, *(echo(minute) for minute in range(0, 56, 5)))
    assert findings(believer, 55) == set()
    heard += hear(believer, *(echo(minute) for minute in range(60, 126, 5)))

    assert findings(believer, 125) == {("clock_echo", "deal-utc")}
    assert heard[:24] == ["believed"] * 24
    assert heard[24:] == ["clock_echo"] * 2

    assert hear(believer, said(130, 100, inside=5)) == ["believed"]
    assert findings(believer, 130) == set()


def test_the_longest_wait_may_grow_with_the_clock_for_twice_as_long() -> None:
    series = [echo(minute, statistic=Statistic.LONGEST) for minute in range(0, 241, 5)]

    heard = hear(new_believer(), *series)

    assert heard[:48] == ["believed"] * 48
    assert heard[48] == "clock_echo"


def test_a_wait_that_grows_while_people_come_and_go_is_honest() -> None:
    series = [echo(minute, inside=5 + minute // 30) for minute in range(0, 301, 5)]

    assert set(hear(new_believer(), *series)) == {"believed"}


def test_a_wait_that_grows_at_another_pace_is_honest() -> None:
    series = [said(minute, 20 + minute * 0.9) for minute in range(0, 301, 5)]

    assert set(hear(new_believer(), *series)) == {"believed"}


def test_rounding_to_whole_minutes_does_not_hide_an_echo() -> None:
    series = [said(m + (m % 3) / 60, float(round(20 + m + 0.3))) for m in range(0, 126, 5)]

    assert hear(new_believer(), *series)[-1] == "clock_echo"


UNITS = ("deal-utc", "dover-utc", "herne-bay-miu")


def document(minute: float, *figures: float) -> list[Observation]:
    return [
        said(minute, figure, facility=unit, as_of_is_received=True)
        for unit, figure in zip(UNITS, figures, strict=True)
    ]


def test_a_feed_of_which_nothing_changes_is_marked_after_six_hours_and_held_after_twelve() -> None:
    believer = new_believer(*UNITS)
    for minute in range(0, 361, 5):
        assert set(deliver(believer, *document(minute, 30, 40, 0))) == {"believed"}
    assert findings(believer, 360) == set()

    deliver(believer, *document(365, 30, 40, 0))
    assert findings(believer, 365) == {("all_frozen", None)}

    for minute in range(370, 721, 5):
        assert set(deliver(believer, *document(minute, 30, 40, 0))) == {"believed"}
    assert deliver(believer, *document(725, 30, 40, 0)) == ["all_frozen"] * 3

    assert set(deliver(believer, *document(730, 30, 41, 0))) == {"believed"}
    assert findings(believer, 730) == set()


def test_a_night_with_every_unit_at_its_lowest_is_not_frozen() -> None:
    believer = new_believer(*UNITS)
    for minute in range(0, DAY, 5):
        heard = deliver(believer, *document(minute, 0, 0, 0))
        assert set(heard) == {"believed"}
    assert findings(believer, DAY - 5) == set()


def test_two_units_alone_may_stand_still() -> None:
    believer = new_believer("deal-utc", "dover-utc")
    for minute in range(0, DAY, 5):
        heard = deliver(believer, said(minute, 30), said(minute, 40, facility="dover-utc"))
        assert set(heard) == {"believed"}


def test_a_band_stands_for_a_day_before_it_is_marked() -> None:
    believer = new_believer()
    chance = random.Random(2)
    bands = [Wait(low=60 * n, high=60 * n + 60) for n in (0, 1, 2, 3)]
    hear(believer, *(said(5 * n, chance.choice(bands)) for n in range(288)))

    day = [said(DAY + minute, bands[1]) for minute in range(0, DAY - 60, 5)]

    assert set(hear(believer, *day)) == {"believed"}
    assert findings(believer, 2 * DAY - 65) == set()
