"""Answers as bytes: what never changes is rendered once per area pack, the rest is composed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from routing.modes import Mode
from routing.transit.profile import HORIZON_S
from routing.transit.timetable import LENGTH_S
from waitless.answers.columns import make_desk
from waitless.answers.compose import ROOM_A_PLACE, ROOM_BESIDES
from waitless.answers.doors import Doors, lay_out
from waitless.answers.instants import render, to_us
from waitless.answers.kernel import ALL_WET, LOOKED_UP, NOBODY, answer_from, answer_whole
from waitless.answers.question import Question
from waitless.answers.sheet import Sheet
from waitless.answers.texts import Texts, lay_end_to_end
from waitless.answers.told_rides import fill_in
from waitless.answers.travelled import (
    ByRoad,
    ByTimetable,
    Travelled,
    lay_roads,
    lay_timetables,
)
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.ledger.policy import UNMOVED, Policy
from waitless.ledger.temper import find_spread
from waitless.recommend.query import DEPARTS_WITHIN, Query
from waitless.recommend.suit import find_barred
from waitless.travel.tables import ModeTable
from waitless.travel.timetables import Timetables

NOT_DRAWN = -1
_FARTHEST = timedelta(hours=LENGTH_S // 3600) + timedelta(seconds=HORIZON_S)
"""From a departure to the latest arrival by timetable: a day's last, after the whole day."""
Buffer: TypeAlias = "bytes | memoryview[int]"
_Answered = tuple[int, int, int, int, int]
"""As `answer_whole` returns it."""
Advised = tuple[str, int]
"""A facility, and when one arrives there, microseconds since 1970."""
Pointed = tuple[str, str]
"""The kinds of the place an answer puts first, and of the nearest that could be; `NOWHERE`."""
NOWHERE = "none"


@dataclass(frozen=True, slots=True)
class _DoorsLaid:
    """A layout of doors as answers use it."""

    doors: Doors
    texts: Texts
    offset_minutes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Barred:
    """Whom facilities do not treat, for one need and age."""

    flags: NDArray[np.bool_]
    texts: Texts
    margin: NDArray[np.float64]
    """What the policy adds to each facility's cost."""
    limited: NDArray[np.bool_]
    """Facilities with an age limit, where the age was not said."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """All but origin and limit that answers to one kind of question are made from."""

    sheet: Sheet
    travelled: Travelled
    asked: tuple[Any, ...]
    """What `answer_whole` is asked."""


class Renderer:
    """Renders answers of an area; byte for byte what serialising `recommend`'s answer gives.

    For one thread: every answer is composed in the same room.
    """

    def __init__(
        self,
        area: Area,
        *,
        horizon_minutes: float,
        policy: Policy = UNMOVED,
    ) -> None:
        """Render what never changes.

        Args:
            area: the area pack.
            horizon_minutes: of the travel tables.
            policy: what moves people.
        """
        self._policy = policy
        self._area = area
        self._reach = timedelta(minutes=horizon_minutes + 240)
        self._facilities = list(area.facilities.values())
        by_id = sorted(range(len(self._facilities)), key=lambda f: self._facilities[f].id)
        self._id_order = np.empty(len(by_id), dtype=np.int64)
        self._id_order[by_id] = np.arange(len(by_id))
        kinds = [*(one.kind.value for one in self._facilities), NOWHERE]
        self._kinds = [[(first, nearest) for nearest in kinds] for first in kinds]
        """By facility shown first and nearest; the last of each is `NOBODY`."""
        self._doors: dict[tuple[Need, bool], _DoorsLaid] = {}
        """By need, and whether one departs later or by timetable."""
        self._barred: dict[tuple[Need, int | None], _Barred] = {}
        self._settings: dict[str, _Setting] = {}
        self._desk = make_desk(len(self._facilities))
        self._nowhere = np.full(len(self._facilities), np.inf)
        self._not_live = np.zeros(len(self._facilities), dtype=np.bool_)
        self._out = np.empty(0, dtype=np.uint8)
        self._view = self._out.data

    def travelled(self, ways: ModeTable | Timetables) -> Travelled:
        """Lay out a travel table, or timetables, for answers."""
        self._settings.clear()  # else those that nobody asks for again would keep the old ones
        told = (self._policy, self._facilities, self._area.calendar)
        # Not `repr`: sets stand in another order in every process, and tags are compared.
        about = msgspec.json.encode(told, order="deterministic", enc_hook=str).decode()
        if isinstance(ways, Timetables):
            return lay_timetables(self._facilities, ways, about)
        return lay_roads(self._facilities, ways, about)

    def answer(
        self, question: Question, sheet: Sheet, travelled: Travelled
    ) -> tuple[bytes, datetime, Advised | None, Pointed]:
        """The answer's JSON, until when it is good, what it puts first, and of what kinds."""
        query = question.query
        setting = self._settings.get(question.setting)
        if setting is None or setting.sheet is not sheet or setting.travelled is not travelled:
            setting = self._set(question, sheet, travelled)
        spread = find_spread(query.origin, sheet.now) if sheet.waits.spread else NOT_DRAWN
        composed: Buffer
        if isinstance(travelled, ByTimetable):
            composed, answered = self._ride(question, sheet, travelled, setting, spread)
        else:
            composed, answered = self._drive(question, travelled, setting, spread)
        _, first_end_us, first, arrival_us, nearest = answered
        until, told = sheet.valid_until(first_end_us)
        body = b"".join((sheet.opening, told, sheet.about, question.opening, composed))
        advised = None if first == NOBODY else (self._facilities[first].id, arrival_us)
        return body, until, advised, self._kinds[first][nearest]

    def _drive(
        self, question: Question, travelled: ByRoad, setting: "_Setting", spread: int
    ) -> tuple[Buffer, _Answered]:
        """By road, whatever the mode: what was written, good until the next answer."""
        east, north = travelled.plane.project_point(question.lat, question.lon)
        answered: _Answered = answer_whole(east, north, question.limit, spread, *setting.asked)
        if answered[0] == ALL_WET:
            found = travelled.table.reach.travel_from(question.lat, question.lon)
            answered = answer_from(*found, question.limit, spread, *setting.asked[LOOKED_UP:])
        return self._view[: answered[0]], answered

    def _ride(
        self,
        question: Question,
        sheet: Sheet,
        travelled: ByTimetable,
        setting: "_Setting",
        spread: int,
    ) -> tuple[Buffer, _Answered]:
        """By timetable: what was written, with the journeys of those shown told in it."""
        departs = question.query.find_departure(sheet.now)
        rides = travelled.tables.find(question.lat, question.lon, departs)
        minutes = self._nowhere if rides is None else rides.minutes
        answered: _Answered = answer_from(
            minutes, self._nowhere, self._not_live, question.limit, spread,
            *setting.asked[LOOKED_UP:],
        )  # fmt: skip
        written = self._view[: answered[0]].tobytes()
        return fill_in(written, rides, self._facilities, travelled, self._desk), answered

    def _set(self, question: Question, sheet: Sheet, travelled: Travelled) -> _Setting:
        """Lay ready what questions of one kind are answered from."""
        if self._settings and next(iter(self._settings.values())).sheet.now is not sheet.now:
            self._settings.clear()  # nor the old sheet
        query = question.query
        laid = self._doors_of(query, sheet)
        departs_us = to_us(query.find_departure(sheet.now))
        barred = self._barred_of(query.need, query.age_years)
        texts = (travelled.places, travelled.texts, barred.texts, laid.texts, sheet.texts)
        self._make_room(texts)
        asked = (
            *travelled.asked, *self._desk, travelled.column, barred.flags,
            self._id_order, barred.margin, *laid.doors.columns,
            departs_us, *sheet.waits.figures, *sheet.waits.load, *sheet.columns,
            self._policy.most_minutes(query.mode), self._policy.spread_minutes,
            self._out, barred.limited, laid.offset_minutes, travelled.arrival_minutes,
            *(array for one in texts for array in one),
        )  # fmt: skip
        setting = _Setting(sheet, travelled, asked)
        self._settings[question.setting] = setting
        return setting

    def _make_room(self, texts: Iterable[Texts]) -> None:
        """Room for an answer in which every fragment stands once, as most of them never do.

        Only the two of the basis stand more often: `ROOM_A_PLACE` is for them too.
        """
        besides = ROOM_A_PLACE * len(self._facilities) + ROOM_BESIDES
        room = sum(one.nbytes for one in texts) + besides
        if room > len(self._out):
            self._settings.clear()  # they write to the old room
            self._out = np.empty(room, dtype=np.uint8)
            self._view = self._out.data

    def _doors_of(self, query: Query, sheet: Sheet) -> _DoorsLaid:
        need = query.need
        later = query.depart_at is not None or query.mode is Mode.TRANSIT
        laid = self._doors.get((need, later))
        if laid is None or not laid.doors.since <= sheet.now < laid.doors.until:
            reach = self._reach + DEPARTS_WITHIN + _FARTHEST if later else self._reach
            doors = lay_out(self._area.facilities, need, self._area.calendar, sheet.now, reach)
            texts = lay_end_to_end(
                doors.closing,
                (before for before, _ in doors.refusal),
                (after for _, after in doors.refusal),
            )
            offsets = np.array(doors.offset_minutes, dtype=np.int64)
            laid = self._doors[need, later] = _DoorsLaid(doors, texts, offsets)
        return laid

    def _barred_of(self, need: Need, age: int | None) -> _Barred:
        known = self._barred.get((need, age))
        if known is None:
            found = [find_barred(one, need, age) for one in self._facilities]
            limited = [age is None and one.min_age_months is not None for one in self._facilities]
            known = self._barred[need, age] = _Barred(
                np.array([bar is not None for bar in found], dtype=np.bool_),
                lay_end_to_end(b"" if bar is None else render(bar) for bar in found),
                np.array([self._policy.margin(one.kind, need) for one in self._facilities]),
                np.array(limited, dtype=np.bool_),
            )
        return known
