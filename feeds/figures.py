"""A value found in a document to a wait, as the definition's `wait` says."""

from feeds.events import MAX_MINUTES
from feeds.fields import WaitField
from feeds.formats.document import RowFault
from feeds.model import Clock, NoFigure, RefusalReason, Wait
from feeds.vocabulary.bands import Figure, parse_wait
from feeds.vocabulary.durations import MINUTES_IN
from feeds.vocabulary.faults import VocabularyFault, quote
from feeds.vocabulary.names import fold, fold_all
from feeds.vocabulary.nulls import is_null


def read_wait(field: WaitField, value: object, waiting: int | None) -> Wait | NoFigure:
    """The wait, or why there is none.

    Args:
        field: what the value means.
        value: as found; None where there is none.
        waiting: how many the same row says are waiting: a wait of 0 is only believable with 0.

    Raises:
        RowFault: it cannot be read, or is no wait that could be.
    """
    if isinstance(value, str) and fold(value) in fold_all(field.suppressed_texts):
        return NoFigure.SUPPRESSED
    if is_null(value, field.null_texts):
        return NoFigure.UNKNOWN
    figure = _figure(field, value)
    if figure.minutes == 0 and field.zero == "unknown":
        return NoFigure.UNKNOWN
    if figure.minutes == 0 and field.zero == "empty_queue" and waiting != 0:
        beside = "no count of patients" if waiting is None else f"{waiting} waiting"
        raise RowFault(RefusalReason.AMBIGUOUS, "wait", f"a wait of 0 with {beside}")
    return Wait(
        minutes=figure.minutes,
        low=figure.low,
        high=figure.high,
        statistic=field.statistic,
        clock=Clock(start=field.clock_from, stop=field.clock_to),
    )


def _figure(field: WaitField, value: object) -> Figure:
    """The figure of a value that is not null.

    Raises:
        RowFault: it cannot be read, or is no wait that could be.
    """
    try:
        figure = _read_figure(field, value)
    except VocabularyFault as fault:
        raise RowFault(RefusalReason.UNREADABLE_WAIT, "wait", str(fault)) from fault
    if any(not 0 <= limit <= MAX_MINUTES for limit in _given(figure)):
        raise RowFault(RefusalReason.OUT_OF_RANGE, "wait", f"{quote(value)} is no wait")
    if field.rounds_up_minutes and figure.minutes:
        low = max(0.0, figure.minutes - field.rounds_up_minutes)
        return Figure(minutes=figure.minutes, low=low, high=figure.minutes)
    return figure


def _read_figure(field: WaitField, value: object) -> Figure:
    if isinstance(value, str):
        if fold(value) in fold_all(field.zero_texts):
            return Figure(minutes=0.0)
        return parse_wait(value, field.unit)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowFault(RefusalReason.WRONG_TYPE, "wait", f"{quote(value)} is not a wait")
    if field.unit is None:
        raise VocabularyFault(f"{quote(value)} is a bare number and no `unit` is configured")
    return Figure(minutes=value * MINUTES_IN[field.unit])


def _given(figure: Figure) -> list[float]:
    limits = (figure.minutes, figure.low, figure.high)
    return [limit for limit in limits if limit is not None]
