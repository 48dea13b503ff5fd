"""Facilities and feeds as lines of the operators' page. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from feeds.model import FacilityStatus
from waitless.area.facility import Facility
from waitless.audit import find_standing
from waitless.belief import Fate
from waitless.board import Board
from waitless.console.spark import Spark
from waitless.console.words import STATE_SIGNS, StateSign, tell_wait
from waitless.forecast.outlook import LAST_MINUTES, Outlook
from waitless.health import (
    FeedFigures,
    FeedState,
    SwitchedOff,
    Verdict,
    figures_of,
    judge_facility,
)
from waitless.ingest import Desk, find_feed_of
from waitless.override import Override
from waitless.told.alarm import ADVISED, WATCHED, list_figures


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityLine:
    """One facility. None means that there is nothing to tell."""

    facility: Facility
    verdict: Verdict
    feed_id: str | None
    is_open: bool
    wait: str
    """As patients see it; a dash where nothing live is shown to them."""
    wait_minutes: float | None
    """To sort by: its floor; None where none is live."""
    statistic: str | None
    last_wait: str | None
    """What was posted last, where it is no longer shown."""
    door: str | None
    """What the unit reports of its door, unless it is open."""
    override: Override | None
    """What an operator says in place of its feed, where that holds."""
    waiting: int | None
    age_s: float | None
    """Since the source measured."""
    lag_s: float | None
    """From measurement to receipt."""
    ahead: str | None
    """The wait forecast at the outlook's end, with its range of 8 in 10."""
    held: int
    """Values that wait for a decision."""
    told: "ToldLine | None"
    spark: Spark | None
    """None until the history was read."""
    simulated: bool

    @property
    def state(self) -> FeedState:
        """Of its feed and its own readings."""
        return self.verdict.state

    @property
    def sign(self) -> StateSign:
        """How the state looks."""
        return STATE_SIGNS[self.state]

    @property
    def needs_a_look(self) -> bool:
        """Whether somebody should see to it: a decision waits, or it is bad while it is open."""
        return self.held > 0 or (self.is_open and self.state.is_bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLine:
    """What people were told of a facility, against what came; minutes, above 0 too little."""

    bias: float | None
    advised_bias: float | None
    hours: float
    alarmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """One feed."""

    figures: FeedFigures
    off: SwitchedOff | None
    """While it is switched off: by whom, why, until when."""
    carries_waits: bool
    last_refusal: str | None
    finding: str | None
    facilities: int

    @property
    def sign(self) -> StateSign:
        """How the state looks."""
        return STATE_SIGNS[self.figures.state]


def list_facilities(
    desk: Desk, board: Board, sparks: Mapping[str, Spark], now: datetime
) -> list[FacilityLine]:
    """Every facility of the area, in the area pack's order.

    Args:
        desk: what the writer knows.
        board: what patients are shown from, and its outlooks.
        sparks: drawings by facility.
        now: aware UTC.
    """
    held_rules = desk.held_rules()
    waiting = count_waiting(desk)
    return [
        _describe(
            desk,
            facility,
            board,
            held_rule=held_rules.get(facility.id),
            held=waiting.get(facility.id, 0),
            spark=sparks.get(facility.id),
            now=now,
        )
        for facility in desk.area.facilities.values()
    ]


def list_feeds(desk: Desk, now: datetime) -> list[FeedLine]:
    """Every feed, the worst first."""
    speaks_for: dict[str | None, int] = {}
    for facility in desk.area.facilities.values():
        feed_id = find_feed_of(desk, facility)
        speaks_for[feed_id] = speaks_for.get(feed_id, 0) + 1
    lines = [
        FeedLine(
            figures=figures_of(health, now),
            off=health.off if health.off is not None and health.off.holds(now) else None,
            carries_waits=health.carries_waits,
            last_refusal=health.last_refusal,
            finding=health.finding,
            facilities=speaks_for.get(health.id, 0),
        )
        for health in desk.feeds.values()
    ]
    return sorted(lines, key=lambda line: (-line.figures.state.severity, line.figures.id))


def count_waiting(desk: Desk) -> dict[str, int]:
    """How many held values of each facility wait for a decision."""
    counts: dict[str, int] = {}
    for value in desk.believer.list_held():
        if value.fate is Fate.WAITING:
            one = value.observation.facility_id
            counts[one] = counts.get(one, 0) + 1
    return counts


def count_states(lines: Iterable[FacilityLine]) -> dict[FeedState, int]:
    """How many facilities are in each state; states that none is in are left out."""
    counts = dict.fromkeys(FeedState, 0)
    for line in lines:
        counts[line.state] += 1
    return {state: count for state, count in counts.items() if count}


def _describe(
    desk: Desk,
    facility: Facility,
    board: Board,
    *,
    held_rule: str | None,
    held: int,
    spark: Spark | None,
    now: datetime,
) -> FacilityLine:
    reading, feed_id = desk.readings.get(facility.id), find_feed_of(desk, facility)
    feed = desk.feeds.get(feed_id or "")
    live, outlook = board.live_wait(facility.id, now), board.live_outlook(facility.id, now)
    door = None if reading is None else reading.standing_status(now)
    as_of = None if reading is None else reading.wait_as_of or reading.as_of
    return FacilityLine(
        facility=facility,
        verdict=judge_facility(reading, feed, now, held=held_rule),
        feed_id=feed_id,
        is_open=desk.area.calendar.is_open(facility.hours, now),
        wait=tell_wait(live),
        wait_minutes=None if live is None else live.floor_minutes,
        statistic=None if live is None else live.statistic.value,
        last_wait=None if live is not None or reading is None else tell_wait(reading.wait),
        door=None if door is None or door is FacilityStatus.OPEN else door.value,
        override=find_standing(desk.overrides.get(facility.id), now),
        waiting=None if reading is None or live is None else reading.patients_waiting,
        age_s=None if as_of is None else (now - as_of).total_seconds(),
        lag_s=None if reading is None else (reading.received_at - reading.as_of).total_seconds(),
        ahead=None if outlook is None else _tell_ahead(outlook),
        held=held,
        told=_tell_told(desk, facility.id, now),
        spark=spark,
        simulated=reading is not None and reading.simulated,
    )


def _tell_ahead(outlook: Outlook) -> str:
    hours = LAST_MINUTES / 60
    p10, p50, p90 = outlook.p10[-1], outlook.p50[-1], outlook.p90[-1]
    return f"{p50:.0f} min ({p10:.0f} to {p90:.0f}) in {hours:.0f} h"


def _tell_told(desk: Desk, facility_id: str, now: datetime) -> ToldLine | None:
    told = desk.told.facilities.get(facility_id)
    if told is None:
        return None
    figures = list_figures(told)
    return ToldLine(
        bias=figures[WATCHED].bias,
        advised_bias=figures[ADVISED].bias,
        hours=figures[WATCHED].hours_at(now),
        alarmed=bool(told.alarms),
    )
