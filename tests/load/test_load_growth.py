"""What a soak calls growth, shown made series of what a process may do."""

import math
from collections.abc import Sequence
from random import Random

import pytest

from loadtests.budgets import load_budgets
from loadtests.growth import growth_percent, most_growth_percent

ALLOWED = load_budgets("growth")["memory_growth_percent"]
TEN_MINUTES, HOUR = 600, 3600
EITHER = pytest.mark.parametrize("seconds", [TEN_MINUTES, HOUR])
MANY = range(40)


def held(
    seconds: float,
    seed: int,
    *,
    leak_percent: float = 0.0,
    noise: float = 0.5,
    bursts: Sequence[tuple[float, float]] = (),
    sawtooth: float = 0.0,
    step: float = 0.0,
    step_at: float = 2 / 3,
) -> list[tuple[float, float]]:
    """Some 100 MiB or files, looked at every two seconds.

    Args:
        seconds: how long.
        seed: of the noise.
        leak_percent: in ten minutes.
        noise: at most so much up or down.
        bursts: when each begins, and how long 300 more are held.
        sawtooth: what is collected every 73 s.
        step: more, from `step_at` (a share of the time) on.
        step_at: see there.
    """
    chance = Random(seed)
    samples = []
    for at in range(0, int(seconds), 2):
        size = 100 * (1 + leak_percent / 100 * at / 600) + chance.uniform(-noise, noise)
        size += sum(300 for begun, lasts in bursts if begun <= at < begun + lasts)
        size += sawtooth * (at % 73 / 73) + (step if at >= step_at * seconds else 0)
        samples.append((float(at), size))
    return samples


@EITHER
def test_what_stays_as_it_is_does_not_grow(seconds: float) -> None:
    assert all(abs(growth_percent(held(seconds, seed))) < ALLOWED / 3 for seed in MANY)


@EITHER
def test_a_leak_of_two_per_cent_is_found(seconds: float) -> None:
    assert all(growth_percent(held(seconds, seed, leak_percent=2)) > ALLOWED for seed in MANY)


def test_an_hour_tells_a_leak_to_a_tenth_of_a_point_in_ten_times_the_noise() -> None:
    found = [growth_percent(held(HOUR, seed, leak_percent=2, noise=3)) for seed in range(10)]
    assert max(found) - min(found) < 0.2
    still = [growth_percent(held(HOUR, seed, noise=3)) for seed in range(10)]
    assert max(map(abs, still)) < 0.15


@EITHER
def test_bursts_are_passed_over_wherever_they_come(seconds: float) -> None:
    for seed in MANY:
        begin = Random(seed).uniform(0, seconds - 60)
        assert abs(growth_percent(held(seconds, seed, bursts=[(begin, 60)]))) < ALLOWED
    several = [(seconds * share, 30) for share in (0.4, 0.6, 0.95)]
    assert abs(growth_percent(held(seconds, 1, bursts=several))) < ALLOWED


@EITHER
def test_a_leak_below_bursts_is_found(seconds: float) -> None:
    bursts = [(seconds - 60, 60)]
    for seed in MANY:
        assert growth_percent(held(seconds, seed, leak_percent=2, bursts=bursts)) > ALLOWED


def test_connections_that_were_137_are_126_and_were_437_meanwhile_do_not_grow() -> None:
    samples = [(float(at), 137 - 11 * at / 600) for at in range(0, 600, 5)]
    burst = [(at, 437.0 if 400 <= at < 475 else size) for at, size in samples]
    assert growth_percent(burst) == pytest.approx(growth_percent(samples), abs=1)
    assert growth_percent(burst) < 0


@EITHER
def test_a_collectors_sawtooth_is_no_growth_and_hides_no_leak(seconds: float) -> None:
    for seed in MANY:
        assert abs(growth_percent(held(seconds, seed, sawtooth=8, noise=0.1))) < ALLOWED
        leak = held(seconds, seed, sawtooth=8, noise=0.1, leak_percent=3)
        assert growth_percent(leak) > ALLOWED


@pytest.mark.parametrize("step_at", [0.4, 0.5, 2 / 3, 0.8, 0.9])
def test_one_step_that_stays_counts_at_most_spread_over_what_is_settled(step_at: float) -> None:
    for seconds, share in ((TEN_MINUTES, 9 / 5), (HOUR, 3 / 10)):
        samples = held(seconds, 1, step=4, step_at=step_at, noise=0)
        assert growth_percent(samples) <= 4 * share * 1.05
    assert growth_percent(held(HOUR, 1, step=4, step_at=step_at, noise=0.5)) < ALLOWED


def test_steps_that_come_again_are_a_leak() -> None:
    stairs = [(float(at), 100 + 2.0 * (at // 600)) for at in range(0, HOUR, 2)]
    assert growth_percent(stairs) > ALLOWED


def test_warming_up_is_not_judged() -> None:
    assert growth_percent([(at, min(at, 180)) for at in range(0, 600, 5)]) == 0


def test_one_leak_among_processes_is_found() -> None:
    processes = {"api": held(600, 6), "ingest": held(600, 7, leak_percent=5)}
    assert most_growth_percent(processes, 598) > 4


def test_a_process_that_is_gone_counts_as_growth() -> None:
    processes = {"api": held(600, 8), "api 1": held(600, 9)[:50]}
    assert most_growth_percent(processes, 598) == math.inf


def test_too_few_samples_measure_nothing() -> None:
    assert math.isnan(growth_percent([]))
    assert math.isnan(growth_percent(held(60, 1)))
    assert math.isnan(growth_percent([(at, 0.0) for at in range(600)])), "nothing is held"
