"""Readings as the API shows them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Literal

from feeds.model import NoFigure, Wait
from waitless.board import Board
from waitless.override import Override
from waitless.reading import Reading
from waitless.web.answers import OverrideCard, Posted, ReadingCard


def live_card(board: Board, reading: Reading, now: datetime) -> ReadingCard:
    """The reading with only what may be called live: an old wait is not sent at all."""
    override = board.override_at(reading.facility_id, now)
    said = None if override is None else override.status
    card = replace(reading_card(reading, now), status=said or reading.standing_status(now))
    if board.live_wait(reading.facility_id, now) is None:
        card = replace(card, wait=None, patients_waiting=None, patients_in_department=None)
    return card


def reading_card(reading: Reading, now: datetime) -> ReadingCard:
    """The reading as it was believed, however old."""
    as_of = reading.wait_as_of or reading.as_of
    wait = reading.wait
    return ReadingCard(
        as_of=as_of,
        age_seconds=max(0, int((now - as_of).total_seconds())),
        wait=posted_card(wait),
        no_figure=None if isinstance(wait, Wait) else wait,
        patients_waiting=reading.patients_waiting,
        patients_in_department=reading.patients_in_department,
        status=reading.status,
        simulated=reading.simulated,
    )


def posted_card(wait: Wait | NoFigure) -> Posted | None:
    """A wait as its source posted it; None where there is no figure."""
    if not isinstance(wait, Wait):
        return None
    return Posted(
        minutes=wait.minutes,
        low=wait.low,
        high=wait.high,
        statistic=wait.statistic,
        clock_from=wait.clock.start,
        clock_to=wait.clock.stop,
    )


def describe_override(one: Override) -> OverrideCard:
    """What may be told to anybody: not who said it, nor why."""
    wait: Literal["entered", "cleared"] | None = "cleared" if one.wait_cleared else None
    if one.wait_minutes is not None:
        wait = "entered"
    return OverrideCard(
        status=one.status, wait=wait, minutes=one.wait_minutes, since=one.at, until=one.until
    )


def list_overridden(said: Iterable[Override], since: datetime) -> list[OverrideCard]:
    """What operators said of one facility, each until the next word, as far as it held after then.

    Args:
        said: oldest first; one that says nothing ends the one before it.
        since: the first instant that is asked for.
    """
    cards: list[OverrideCard] = []
    for one, then in pairwise((*said, None)):
        if one is None:
            continue
        card = describe_override(one)
        if then is not None and then.at < one.until:
            card = replace(card, until=then.at)
        if one.says_something and card.until > since:
            cards.append(card)
    return cards
