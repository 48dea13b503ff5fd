"""Answers as bytes: fixed parts rendered once per area pack, the others joined to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import isnan

import numpy as np
from numpy.typing import NDArray

from routing.modes import Mode
from routing.table import ReachTable
from waitless.answers.doors import Doors, lay_out
from waitless.answers.instants import render
from waitless.answers.question import Question
from waitless.answers.ranking import (
    BARRED,
    DOUBT_CLOCK,
    DOUBT_CLOSING,
    DOUBT_XRAY,
    NEAREST,
    REPORTED,
    SHORTEST_KNOWN,
    SHORTEST_TOTAL,
    SHORTEST_WAIT,
    SIMILAR_TO_PREVIOUS,
    SIMILAR_TOTAL,
    SUREST,
    TOO_FAR,
    UNREACHABLE,
    rank_places,
)
from waitless.answers.sheet import Sheet
from waitless.area.facility import Facility, Need
from waitless.area.pack import Area
from waitless.recommend.cards import describe_facility, directions
from waitless.recommend.reasons import Reason
from waitless.recommend.recommend import FAR_AWAY, NO_WAY
from waitless.recommend.suit import Exclusion, ExclusionReason, find_barred
from waitless.travel.tables import ModeTable

_MARKS = {
    SUREST: Reason.SUREST,
    SIMILAR_TOTAL: Reason.SIMILAR_TOTAL,
    SHORTEST_KNOWN: Reason.SHORTEST_KNOWN,
    SHORTEST_TOTAL: Reason.SHORTEST_TOTAL,
    NEAREST: Reason.NEAREST,
    SHORTEST_WAIT: Reason.SHORTEST_WAIT,
    DOUBT_XRAY: Reason.XRAY_UNCONFIRMED,
    DOUBT_CLOCK: Reason.OTHER_CLOCK,
    DOUBT_CLOSING: Reason.MAY_CLOSE_BEFORE_SEEN,
}
"""In the order in which reasons are told."""
_DESTINATION = (
    b'{"rank":%d,%b%b},"travel":{"minutes":%.1f,"distance_m":%d,"basis":%b%b},'
    b'"wait":%b,"total":%b,%b}'
)
_TOTAL = b'{"p10":%d,"p50":%d,"p90":%d,"mean":%d}'
_PLACEHOLDER = 8888


@dataclass(frozen=True, slots=True)
class Travelled:
    """A travel table as answers use it."""

    table: ModeTable
    column: NDArray[np.int64]
    """Of each facility of the area its place in the table; -1 where it has none."""
    columns: list[int]
    basis: tuple[bytes, bytes]
    """Basis and date as JSON: of usual ways, and of those that a live figure is in."""


class Renderer:
    """Renders answers of an area; byte for byte what serialising `recommend`'s answer gives."""

    def __init__(self, area: Area, *, most_minutes: float, horizon_minutes: float) -> None:
        """Render what never changes.

        Args:
            area: the area pack.
            most_minutes: journeys longer than this are too far, but for the nearest.
            horizon_minutes: of the travel tables.
        """
        self._area = area
        self._most_minutes = most_minutes
        self._reach = timedelta(minutes=horizon_minutes + 240)
        self._facilities = list(area.facilities.values())
        self._fixed = [_fixed_part(one) for one in self._facilities]
        self._directions: dict[Mode, list[bytes]] = {}
        by_id = sorted(range(len(self._facilities)), key=lambda f: self._facilities[f].id)
        self._id_order = np.empty(len(by_id), dtype=np.int64)
        self._id_order[by_id] = np.arange(len(by_id))
        self._doors: dict[Need, Doors] = {}
        self._barred: dict[tuple[Need, int | None], tuple[NDArray[np.bool_], list[bytes]]] = {}
        self._reasons: dict[tuple[int, bool, tuple[Reason, ...]], bytes] = {}
        self._no_way = [
            render(Exclusion(one.id, ExclusionReason.UNREACHABLE, NO_WAY))
            for one in self._facilities
        ]
        far = (
            render(Exclusion(one.id, ExclusionReason.TOO_FAR, FAR_AWAY.format(_PLACEHOLDER)))
            for one in self._facilities
        )
        self._far = [part.replace(b"%", b"%%").replace(b"8888", b"%d") for part in far]

    def travelled(self, table: ModeTable) -> Travelled:
        """Lay out a travel table for answers."""
        place = {facility_id: i for i, facility_id in enumerate(table.reach.facility_ids)}
        columns = [place.get(one.id, -1) for one in self._facilities]
        as_of = b',"as_of":' + render(table.as_of) + b',"directions_url":'
        return Travelled(
            table,
            np.array(columns, dtype=np.int64),
            columns,
            (render(table.basis) + as_of, b'"live_traffic"' + as_of),
        )

    def answer(self, question: Question, sheet: Sheet, travelled: Travelled) -> tuple[bytes, int]:
        """The answer's JSON, and the end of the first live wait in it (`ranking.NEVER`)."""
        query = question.query
        reach: ReachTable = travelled.table.reach
        journeys = reach.travel_from(query.origin.lat, query.origin.lon)
        doors = self._doors_of(query.need, sheet)
        barred, bars = self._barred_of(query.need, query.age_years)
        ranked = rank_places(
            journeys.minutes, travelled.column, barred, self._id_order, doors.columns,
            sheet.columns, sheet.now_us, self._most_minutes, query.limit,
        )  # fmt: skip
        minutes, spans = journeys.minutes.tolist(), ranked.span.tolist()
        directions_to = self._directions_of(query.mode)
        destinations = []
        for place, (f, marks, total) in enumerate(
            zip(ranked.order.tolist(), ranked.marks.tolist(), ranked.totals.tolist(), strict=True),
            start=1,
        ):
            column = travelled.columns[f]
            destinations.append(
                _DESTINATION
                % (
                    place,
                    self._fixed[f],
                    doors.closing[spans[f]],
                    minutes[column],
                    round(journeys.distance_m.item(column)),
                    travelled.basis[journeys.live.item(column)],
                    directions_to[f],
                    sheet.cards[f],
                    b"null" if isnan(total[3]) else _TOTAL % tuple(total),
                    self._reasons_of(f, marks, query.age_years, sheet),
                )
            )
        arrivals = ranked.arrival.tolist()
        excluded = []
        for f, why in zip(ranked.out.tolist(), ranked.why.tolist(), strict=True):
            if why == TOO_FAR:
                excluded.append(self._far[f] % round(minutes[travelled.columns[f]]))
            elif why == BARRED:
                excluded.append(bars[f])
            elif why == UNREACHABLE:
                excluded.append(self._no_way[f])
            elif why == REPORTED:
                excluded.append(sheet.reported[f])
            else:
                excluded.append(doors.exclusion(spans[f], arrivals[f]))
        body = b"".join(
            (
                sheet.opening,
                sheet.render_validity(ranked.valid_until),
                sheet.about,
                question.opening,
                b',"destinations":[',
                b",".join(destinations),
                b'],"not_shown":%d,"excluded":[' % (ranked.ranked - ranked.shown),
                b",".join(excluded),
                b"]}",
            )
        )
        return body, ranked.valid_until

    def _doors_of(self, need: Need, sheet: Sheet) -> Doors:
        doors = self._doors.get(need)
        if doors is None or not doors.since <= sheet.now < doors.until:
            doors = self._doors[need] = lay_out(
                self._area.facilities, need, self._area.calendar, sheet.now, self._reach
            )
        return doors

    def _barred_of(self, need: Need, age: int | None) -> tuple[NDArray[np.bool_], list[bytes]]:
        known = self._barred.get((need, age))
        if known is None:
            found = [find_barred(one, need, age) for one in self._facilities]
            known = self._barred[need, age] = (
                np.array([bar is not None for bar in found], dtype=np.bool_),
                [b"" if bar is None else render(bar) for bar in found],
            )
        return known

    def _directions_of(self, mode: Mode) -> list[bytes]:
        known = self._directions.get(mode)
        if known is None:
            known = self._directions[mode] = [
                render(directions(one, mode)) for one in self._facilities
            ]
        return known

    def _reasons_of(self, f: int, marks: int, age: int | None, sheet: Sheet) -> bytes:
        limited = age is None and self._facilities[f].min_age_months is not None
        key = (marks, limited, sheet.reasons[f])
        known = self._reasons.get(key)
        if known is None:
            reasons = [reason for mark, reason in _MARKS.items() if marks & mark]
            if limited:
                reasons.append(Reason.AGE_LIMIT)
            similar = bool(marks & SIMILAR_TO_PREVIOUS)
            told: Mapping[str, object] = {
                "reasons": [*reasons, *sheet.reasons[f]],
                "similar_to_previous": similar,
            }
            known = self._reasons[key] = render(told)[1:-1]
        return known


def _fixed_part(facility: Facility) -> bytes:
    card = render(describe_facility(facility, None))
    return b'"facility":' + card.removesuffix(b"null}")
