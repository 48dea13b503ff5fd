"""Belief and what figures teach: floors, ceilings, a ceiling that appears."""

import random

from feeds.model import Observation, Wait
from tests.belief.play import findings, hear, new_believer, notes, said
from waitless.belief.learnt import Learnt


def floored(count: int, *, start: int = 0, seed: int = 3) -> list[Observation]:
    """An estimate that never falls below 30 minutes."""
    chance = random.Random(seed)
    return [said(5 * (start + n), max(30.0, round(chance.gauss(50, 18)))) for n in range(count)]


def test_a_figure_at_a_learnt_floor_is_noted() -> None:
    heard = notes(new_believer(), [*floored(250), said(5000, 30), said(5005, 31)])

    assert heard[-2:] == [{"floor_learnt"}, set()]


def test_a_floor_is_not_learnt_from_few_readings() -> None:
    heard = notes(new_believer(), floored(190))

    assert all(one == set() for one in heard)


def test_a_lowest_figure_that_was_seen_once_is_no_floor() -> None:
    chance = random.Random(4)
    series = [said(5 * n, 30 + chance.random() * 60) for n in range(300)]

    assert all(one == set() for one in notes(new_believer(), series))


def test_a_peak_that_was_repeated_for_an_hour_is_no_ceiling() -> None:
    chance = random.Random(5)
    series = [said(5 * n, chance.randrange(20, 90)) for n in range(230)]
    peak = [said(1150 + 5 * n, 130) for n in range(20)]

    assert all("ceiling_learnt" not in one for one in notes(new_believer(), series + peak))


def test_a_figure_at_a_learnt_ceiling_is_noted() -> None:
    chance = random.Random(6)
    series = [said(5 * n, min(100, chance.randrange(20, 140))) for n in range(250)]

    heard = notes(new_believer(), [*series, said(1300, 100)])

    assert heard[-1] == {"ceiling_learnt"}


def test_zero_is_nobodys_floor() -> None:
    learnt = Learnt()
    for number in range(300):
        learnt.add(Wait(minutes=0.0 if number % 2 else 20.0))

    assert not learnt.is_floor(0.0)


def test_one_absurdly_low_reading_is_forgotten_with_its_generation() -> None:
    learnt = Learnt()
    learnt.add(Wait(minutes=2.0))
    for number in range(2100):
        learnt.add(Wait(minutes=30.0 if number % 3 else 40.0))

    assert learnt.is_floor(30.0)


def test_a_ceiling_that_appears_overnight_is_marked() -> None:
    chance = random.Random(7)
    believer = new_believer()
    before = [chance.randrange(100, 420) for _ in range(1000)]
    after = [min(240, chance.randrange(100, 420)) for _ in range(250)]
    # Readings 65 minutes apart: within the hour, steps of three hours are held as jumps.
    hear(believer, *(said(65 * n, minutes) for n, minutes in enumerate(before)))
    assert findings(believer, 65 * 999) == set()

    hear(believer, *(said(65 * (1000 + n), minutes) for n, minutes in enumerate(after)))

    assert findings(believer, 65 * 1249) == {("ceiling_appeared", "deal-utc")}


def test_a_calmer_week_is_no_ceiling() -> None:
    chance = random.Random(8)
    believer = new_believer()
    before = [chance.randrange(100, 420) for _ in range(1000)]
    after = [chance.randrange(60, 240) for _ in range(400)]

    hear(believer, *(said(65 * n, minutes) for n, minutes in enumerate(before + after)))

    assert findings(believer, 65 * 1399) == set()
