"""Belief remembers: determinism, restarts, and starting from a reading."""

import random
from typing import Any

import msgspec
import pytest

from feeds.model import FacilityStatus, NoFigure, Observation, Statistic, Wait
from tests.belief.play import FEED, hear, new_believer, said
from waitless.belief import (
    BeliefState,
    Believer,
    FacilityRules,
    FeedRules,
    Verdict,
)
from waitless.reading import apply_observation

UNITS = ("unit-1", "unit-2", "unit-3", "unit-4")
FIGURES = (30, 30, 31, 45, 0, 300, 800, 4320, Wait(low=60, high=120))
NOTHING = (NoFigure.UNKNOWN, NoFigure.NOT_GIVEN)


def troubled(count: int, seed: int) -> list[list[Observation]]:
    """Documents in which everything happens."""
    chance = random.Random(seed)
    documents = []
    for number in range(count):
        rows = []
        for unit in UNITS:
            wait: Any = chance.choice([*FIGURES, chance.choice(NOTHING)])
            rows.append(
                said(
                    5 * number - chance.choice([0, 0, 0, 5]),
                    wait,
                    facility=unit,
                    waiting=chance.choice([None, 0, 4]),
                    inside=chance.choice([None, 0, 12]),
                    statistic=chance.choice([Statistic.MEDIAN] * 9 + [Statistic.MEAN]),
                    status=chance.choice([None, FacilityStatus.OPEN]),
                )
            )
        documents.append(rows)
    return documents


def judge_all(believer: Believer, documents: list[list[Observation]]) -> list[Verdict]:
    verdicts = []
    for rows in documents:
        now = max(row.received_at for row in rows)
        verdicts += believer.judge_delivery(FEED, rows, now)
        believer.close_delivery(FEED, {row.facility_id for row in rows}, now)
    return verdicts


@pytest.mark.parametrize("seed", range(5))
def test_the_same_observations_get_the_same_verdicts(seed: int) -> None:
    documents = troubled(200, seed)

    first = judge_all(new_believer(*UNITS), documents)

    assert judge_all(new_believer(*UNITS), documents) == first
    assert {type(verdict).__name__ for verdict in first} == {"Believed", "Held", "Ignored"}


@pytest.mark.parametrize("seed", range(5))
def test_a_restart_in_the_middle_changes_no_verdict(seed: int) -> None:
    documents = troubled(200, seed)
    never_stopped = new_believer(*UNITS)
    whole = judge_all(never_stopped, documents)

    before = new_believer(*UNITS)
    verdicts = judge_all(before, documents[:77])
    stored = msgspec.json.encode(before.state)
    after = new_believer(*UNITS, state=msgspec.json.decode(stored, type=BeliefState))
    verdicts += judge_all(after, documents[77:])

    assert verdicts == whole
    assert after.state == never_stopped.state
    assert after.list_held() == never_stopped.list_held()


def test_state_does_not_grow_with_time() -> None:
    believer = new_believer(*UNITS)
    judge_all(believer, troubled(500, 1))
    early = len(msgspec.json.encode(believer.state))

    believer_later = new_believer(*UNITS)
    judge_all(believer_later, troubled(3000, 1))

    assert len(msgspec.json.encode(believer_later.state)) < 1.3 * early
    assert early < 20_000 * len(UNITS)


def test_a_facility_without_state_starts_from_its_reading() -> None:
    reading = apply_observation(None, said(0, 30, waiting=4))
    believer = new_believer()

    believer.seed(reading)

    assert hear(believer, said(0, 30, waiting=4), said(-5, 30), said(5, 300), said(10, 300)) == [
        "duplicate",
        "out_of_order",
        "jump",
        "believed",
    ]


@pytest.mark.parametrize("wait", [NoFigure.NOT_GIVEN, NoFigure.UNKNOWN])
def test_a_reading_without_a_figure_seeds_its_time_only(wait: NoFigure) -> None:
    believer = new_believer()

    believer.seed(apply_observation(None, said(0, wait, status=FacilityStatus.OPEN)))

    assert hear(believer, said(-5, 30), said(5, 300)) == ["out_of_order", "believed"]


def test_a_reading_does_not_overwrite_state() -> None:
    believer = new_believer()
    hear(believer, said(10, 30))

    believer.seed(apply_observation(None, said(0, 400)))

    assert hear(believer, said(15, 31)) == ["believed"]


def test_a_facility_and_a_feed_it_was_told_nothing_of_are_judged_strictly() -> None:
    believer = Believer({}, {})

    assert hear(believer, said(0, 1441), said(5, 22)) == ["over_limit", "believed"]
    assert FacilityRules().hard_limit_minutes == 1440
    assert FeedRules().cadence_s == 300


def test_silence_about_the_wait_keeps_what_steps_are_measured_from() -> None:
    door = said(5, NoFigure.NOT_GIVEN, status=FacilityStatus.OPEN)

    assert hear(new_believer(), said(0, 30), door, said(10, 300)) == [
        "believed",
        "believed",
        "jump",
    ]
