"""Waits: what is expected of every facility, for whoever sets out at one instant.

The forecast of the reading at the moment of being seen (`Outlook`), or the posted figure widened
where there is none; moved by those who are on their way and not in the figure yet (`ledger`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from waitless.area.facility import Facility
from waitless.area.pack import Area
from waitless.board import Board
from waitless.forecast.arrays import NO_OUTLOOK, find_arrivals, see_waits, shift_waits
from waitless.forecast.outlook import STEPS, Outlook
from waitless.forecast.posted import WhenSeen, widen_posted
from waitless.ledger.arrays import correct_waits, count_windows
from waitless.ledger.correct import FigureOf, figure_of, find_starts, seen_per_minute
from waitless.ledger.picture import LedgerPicture, no_picture
from waitless.ledger.policy import Policy

Basis = Literal["posted", "forecast", "entered"]
"""What a range rests on: a posted figure, what is forecast from it, or an operator's own figure."""
_Floats = NDArray[np.float64]
_MICROSECONDS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Figures(NamedTuple):
    """What is known of each facility's wait, a row each: what `see_waits` is asked."""

    quantiles: _Floats
    """p10, p50, p90 and mean in minutes of the posted figure; all NaN where no wait is current."""
    as_of_us: NDArray[np.int64]
    half_window_min: _Floats
    nodes: _Floats


class Load(NamedTuple):
    """Who is on the way to each facility: what `correct_waits` is asked."""

    first_s: float
    until: _Floats
    since_s: _Floats
    usual_per_minute: _Floats
    per_minute: _Floats
    counts: NDArray[np.bool_]
    kappa: float
    omega: float
    most_minutes: float


@dataclass(frozen=True, slots=True)
class Waits:
    """The waits of one board and ledger at one instant."""

    figures: Figures
    load: Load
    basis: list[Basis]
    """Of each facility: what its range rests on."""
    spread: bool
    """Whether people are to be spread by chance, because nobody knows who else is on the way."""

    def expect(self, away: _Floats, departs: datetime) -> tuple[_Floats, _Floats, _Floats]:
        """Ranges of each facility's wait, and those on the way who are in them.

        Args:
            away: minutes of the journey to each facility, infinite where there is none.
            departs: when it begins.

        Returns:
            [facility, 4]: p10, p50, p90, mean in minutes, NaN where unknown; by facility the
            people on the way, NaN where nobody counts; the minutes that they move the range by.
        """
        load = self.load
        departs_us = (departs - _EPOCH) // datetime.resolution
        seen = see_waits(find_arrivals(departs_us, away), *self.figures)
        since_s, until_s = load.since_s, departs_us / _MICROSECONDS + away * 60.0
        mean = np.ascontiguousarray(seen[:, 3])
        corrected = correct_waits(
            mean, load.first_s, load.until, since_s, until_s, load.usual_per_minute,
            load.per_minute, load.counts, load.kappa, load.omega, load.most_minutes,
        )  # fmt: skip
        moved = shift_waits(seen, corrected)
        others = count_windows(load.first_s, load.until, since_s, until_s)
        others[~load.counts] = np.nan
        return seen, others, moved


def lay_waits(
    area: Area,
    board: Board,
    now: datetime,
    *,
    picture: LedgerPicture | None = None,
    policy: Policy,
) -> Waits:
    """Lay a board out, for answers made for `now`.

    Args:
        area: the area pack.
        board: what is believed.
        now: aware UTC.
        picture: who is on the way; None where that is not to be known, and nobody is spread.
        policy: how much they count.
    """
    facilities = list(area.facilities.values())
    posted = [_posted(facility, board, now) for facility in facilities]
    outlooks = [board.live_outlook(facility.id, now) for facility in facilities]
    quantiles = np.array(
        [(np.nan,) * 4 if one is None else (one.p10, one.p50, one.p90, one.mean) for one in posted]
    ).reshape(-1, 4)
    return Waits(
        Figures(quantiles, *_lay_outlooks(outlooks)),
        _lay_load(facilities, posted, area, board, now, picture, policy),
        [_find_basis(one, board, now) for one in facilities],
        picture is not None and not picture.shared,
    )


def _find_basis(facility: Facility, board: Board, now: datetime) -> Basis:
    override = board.override_at(facility.id, now)
    if override is not None and override.wait_minutes is not None:
        return "entered"
    return "posted" if board.live_outlook(facility.id, now) is None else "forecast"


def _posted(facility: Facility, board: Board, now: datetime) -> WhenSeen | None:
    wait = board.live_wait(facility.id, now)
    return None if wait is None else widen_posted(wait, facility.kind)


def _lay_outlooks(
    outlooks: Sequence[Outlook | None],
) -> tuple[NDArray[np.int64], _Floats, _Floats]:
    as_of_us = np.full(len(outlooks), NO_OUTLOOK, dtype=np.int64)
    half_window_min = np.zeros(len(outlooks))
    nodes = np.zeros((len(outlooks), 4, STEPS + 1))
    for f, outlook in enumerate(outlooks):
        if outlook is not None:
            as_of_us[f], half_window_min[f], *rows = outlook.columns
            nodes[f] = rows
    return as_of_us, half_window_min, nodes


def _lay_load(  # noqa: PLR0917 - all that it is made of
    facilities: Sequence[Facility],
    posted: Sequence[WhenSeen | None],
    area: Area,
    board: Board,
    now: datetime,
    picture: LedgerPicture | None,
    policy: Policy,
) -> Load:
    ids = [facility.id for facility in facilities]
    if picture is None:
        picture = no_picture(ids)
    now_s = (now - _EPOCH).total_seconds()
    measured_s = np.full(len(ids), now_s)
    posted_minutes = np.zeros(len(ids))
    about_seen = np.zeros(len(ids), dtype=np.bool_)
    for f, (facility_id, seen) in enumerate(zip(ids, posted, strict=True)):
        wait = board.live_wait(facility_id, now)
        reading = board.reading_at(facility_id, now)
        if seen is None or wait is None or reading is None or reading.wait_as_of is None:
            continue
        measured_s[f] = (reading.wait_as_of - _EPOCH).total_seconds()
        posted_minutes[f] = seen.p50
        about_seen[f] = figure_of(wait.statistic, reading.patients_waiting) is FigureOf.SEEN
    hour = now.astimezone(area.calendar.zone).hour
    return Load(
        picture.snapshot.first_s,
        picture.snapshot.until,
        find_starts(now_s, measured_s, posted_minutes, about_seen),
        picture.usual.rates_at(hour, ids),
        np.array([seen_per_minute(facility) for facility in facilities]),
        picture.counts,
        float(policy.kappa),
        float(policy.omega),
        float(policy.most_correction_minutes),
    )
