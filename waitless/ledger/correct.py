"""The corrected wait: the forecast, moved by those who are on their way and not seen in it yet.

w = max(0, f + kappa (n - omega N) / c), where f is the forecast mean in minutes, n the advised
arrivals that the feed's figure cannot know of, N how many of them are usual at this hour (so in
the forecast already) and c the patients seen per minute. docs/ledger.md says where each is from.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from feeds.model import Statistic
from waitless.area.facility import Facility
from waitless.forecast.posted import SEEN_PER_MINUTE
from waitless.ledger.arrays import correct_waits, corrected_minutes
from waitless.ledger.counts import KEEPS, Floats, LedgerSnapshot
from waitless.ledger.policy import Policy


class FigureOf(StrEnum):
    """Whom a posted wait is about, which says whose arrival it cannot show."""

    SEEN = "seen"
    """Those who were seen last, so they came a wait before it was measured."""
    WAITING = "waiting"
    """Those who wait at the moment of measurement."""


def figure_of(statistic: Statistic, patients_waiting: int | None) -> FigureOf:
    """Whom a source's figure is about: an estimate beside a count of patients is about these."""
    counted = statistic is Statistic.ESTIMATE and patients_waiting is not None
    return FigureOf.WAITING if counted else FigureOf.SEEN


def find_window(
    now: datetime,
    *,
    travel_minutes: float,
    measured_at: datetime,
    wait_minutes: float,
    figure: FigureOf,
    keeps: timedelta = KEEPS,
) -> tuple[datetime, datetime]:
    """The window of ETAs that count: after the first, up to the second.

    It never begins before what the ledger keeps, so that n and N are of the same time.

    Args:
        now: aware UTC.
        travel_minutes: the journey.
        measured_at: when the latest figure was measured.
        wait_minutes: that figure.
        figure: whom it is about.
        keeps: as the `Ledger` was given.
    """
    unseen = timedelta(minutes=wait_minutes if figure is FigureOf.SEEN else 0.0)
    until = now + timedelta(minutes=travel_minutes)
    return min(max(measured_at - unseen, now - keeps), until), until


def find_starts(
    now_s: float,
    measured_s: Floats,
    wait_minutes: Floats,
    about_seen: NDArray[np.bool_],
    *,
    keeps: timedelta = KEEPS,
) -> Floats:
    """Where every facility's window begins, as `find_window` has it; seconds since 1970."""
    unseen_s = np.where(about_seen, wait_minutes * 60.0, 0.0)
    return np.maximum(measured_s - unseen_s, now_s - keeps.total_seconds())


def correct(
    forecast_mean: float, advised: float, usual: float, per_minute: float, *, policy: Policy
) -> float:
    """The corrected wait in minutes; NaN where the forecast is NaN.

    Args:
        forecast_mean: minutes.
        advised: people in the window.
        usual: how many are usual in a window of that length.
        per_minute: patients seen per minute, above 0.
        policy: kappa, omega and the cap.

    Raises:
        ValueError: nobody is seen per minute.
    """
    if not per_minute > 0:
        raise ValueError(f"patients seen per minute: above 0 is wanted, not {per_minute}")
    return float(
        corrected_minutes(
            float(forecast_mean),
            float(advised),
            float(usual),
            float(per_minute),
            float(policy.kappa),
            float(policy.omega),
            float(policy.most_correction_minutes),
        )
    )


def correct_all(
    forecast_mean: Floats,
    *,
    snapshot: LedgerSnapshot,
    since_s: Floats,
    until_s: Floats,
    usual_per_minute: Floats,
    per_minute: Floats,
    counts: NDArray[np.bool_],
    policy: Policy,
) -> Floats:
    """`correct` for every facility at once, counting and all: arrays in the snapshot's rows.

    Args:
        forecast_mean: minutes; NaN stays NaN.
        snapshot: who is on the way.
        since_s: begin of each window (`find_starts`), seconds since 1970.
        until_s: its end: now and the journey.
        usual_per_minute: `Usual.rates_at`.
        per_minute: patients seen per minute, each above 0.
        counts: False where a facility's correction is suspended.
        policy: kappa, omega and the cap.
    """
    return correct_waits(
        forecast_mean,
        snapshot.first_s,
        snapshot.until,
        since_s,
        until_s,
        usual_per_minute,
        per_minute,
        counts,
        float(policy.kappa),
        float(policy.omega),
        float(policy.most_correction_minutes),
    )


def seen_per_minute(facility: Facility) -> float:
    """Patients seen per minute: as the pack says, else what is usual of the facility's kind."""
    return facility.seen_per_minute or SEEN_PER_MINUTE[facility.kind]
