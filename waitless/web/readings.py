"""Readings as the API shows them."""

from dataclasses import replace
from datetime import datetime

from feeds.model import NoFigure, Wait
from waitless.board import Board
from waitless.reading import Reading
from waitless.web.answers import Posted, ReadingCard


def live_card(board: Board, reading: Reading, now: datetime) -> ReadingCard:
    """The reading with only what may be called live: an old wait is not sent at all."""
    card = replace(reading_card(reading, now), status=reading.standing_status(now))
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
