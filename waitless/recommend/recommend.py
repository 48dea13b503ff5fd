"""From a question to a ranked answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil, inf, isnan

import numpy as np
from numpy.typing import NDArray

from feeds.model import Wait
from routing.rank import Candidate, rank, similar
from waitless.area.pack import Area
from waitless.board import EMPTY_BOARD, Board
from waitless.forecast.posted import WhenSeen
from waitless.ledger.picture import LedgerPicture
from waitless.ledger.policy import UNMOVED, Policy
from waitless.reading import LIVE_FOR
from waitless.recommend.advice import list_advice
from waitless.recommend.answer import Destination, Origin, Recommendation
from waitless.recommend.cards import facility_card, total_card, travel_card, wait_card
from waitless.recommend.option import Option
from waitless.recommend.query import Query
from waitless.recommend.reasons import list_reasons
from waitless.recommend.spread import spread_first
from waitless.recommend.suit import Doubt, Exclusion, ExclusionReason, find_unsuitable
from waitless.recommend.waits import Basis, Waits, lay_waits
from waitless.recommend.ways import BY_ROAD, Journey, NoWay

VALID_FOR = timedelta(seconds=60)
"""An answer is good for at most this long; less where a figure in it stops being live sooner."""

NOBODY = 1e-9
"""Arrivals that are none, for sums of fractions; a part of a bucket may be a person."""
FAR_AWAY = "{} min away; nearer places can see you."


def recommend(
    query: Query,
    *,
    area: Area,
    journeys: Mapping[str, Journey | NoWay],
    board: Board,
    now: datetime,
    picture: LedgerPicture | None = None,
    policy: Policy = UNMOVED,
) -> Recommendation:
    """Rank the places that are open, suitable and reachable; say why the others are not.

    Args:
        query: what is asked.
        area: the area pack.
        journeys: the way to each facility from the query's origin, or why there is none; absent
            where no road leads there.
        board: one board, used throughout.
        now: the time of the answer, aware UTC.
        picture: who is on the way; None where that is not to be known.
        policy: what moves people.
    """
    foreseen = query.is_foreseen(now)
    waits = lay_waits(
        area,
        board if foreseen else EMPTY_BOARD,
        now,
        picture=picture if foreseen else None,
        policy=policy,
    )
    margins = [policy.margin(one.kind, query.need) for one in area.facilities.values()]
    options, excluded = _sort_out(query, area, journeys, board, waits, margins, now=now)
    options, too_far = _cut_detours(options, policy.most_minutes(query.mode))
    by_id = {option.facility.id: option for option in options}
    ranked = rank(option.candidate for option in options)
    spread = waits.spread and spread_first(ranked, query.origin, now, policy)
    shown = [by_id[candidate.id] for candidate in ranked[: query.limit]]
    destinations = [
        Destination(
            rank=place + 1,
            facility=facility_card(option, area.calendar, query.find_departure(now)),
            travel=travel_card(option, query.mode),
            wait=wait_card(option.facility, option.wait, option.seen, board, now),
            total=total_card(ranked[place].total),
            others_on_the_way=option.others,
            reasons=[
                *list_reasons(
                    place, ranked, option, query.age_years, now, spread=spread, foreseen=foreseen
                )
            ],
            similar_to_previous=_similar_to_previous(place, ranked),
        )
        for place, option in enumerate(shown)
    ]
    return Recommendation(
        generated_at=now,
        valid_until=_valid_until(now, board, shown),
        area=area.id,
        data="simulated" if board.simulated else "live",
        degraded=board.degraded,
        epoch=board.epoch,
        origin=Origin(query.origin.lat, query.origin.lon, query.label),
        depart_at=query.depart_at,
        mode=query.mode,
        need=query.need,
        advice=list_advice(query.need, query.age_years),
        destinations=destinations,
        not_shown=len(ranked) - len(shown),
        excluded=[*excluded, *too_far],
    )


def _sort_out(  # noqa: PLR0917 - all that an option is made of
    query: Query,
    area: Area,
    journeys: Mapping[str, Journey | NoWay],
    board: Board,
    waits: Waits,
    margins: Sequence[float],
    *,
    now: datetime,
) -> tuple[list[Option], list[Exclusion]]:
    """Every facility as an option or an exclusion, in the pack's order."""
    options: list[Option] = []
    excluded: list[Exclusion] = []
    ways = [journeys.get(facility_id, BY_ROAD) for facility_id in area.facilities]
    away = [way.minutes if isinstance(way, Journey) else inf for way in ways]
    departs, foreseen = query.find_departure(now), query.is_foreseen(now)
    ranges, others, moved = waits.expect(np.array(away), departs)
    for f, (facility, journey) in enumerate(zip(area.facilities.values(), ways, strict=True)):
        if isinstance(journey, NoWay):
            excluded.append(Exclusion(facility.id, journey.reason, journey.text))
            continue
        reading, override = board.reading_at(facility.id, now), board.override_at(facility.id, now)
        arrival = departs + timedelta(minutes=journey.minutes)
        verdict = find_unsuitable(
            facility,
            need=query.need,
            age_years=query.age_years,
            arrival=arrival,
            reading=reading,
            now=now,
            calendar=area.calendar,
            override=override,
        )
        if isinstance(verdict, Exclusion):
            excluded.append(verdict)
            continue
        wait = board.live_wait(facility.id, now) if foreseen else None
        seen = None if wait is None else _tell_range(ranges[f], waits.basis[f])
        closing = area.calendar.find_closing(facility.hours, arrival)
        options.append(
            Option(
                facility=facility,
                journey=journey,
                reading=reading,
                wait=wait,
                seen=seen,
                doubts=tuple(_doubts(verdict, wait, seen, arrival, closing)),
                margin_minutes=margins[f],
                others=None if isnan(others[f]) else ceil(float(others[f]) - NOBODY),
                moved_minutes=float(moved[f]),
                override=override,
            )
        )
    return options, excluded


def _tell_range(numbers: NDArray[np.float64], basis: Basis) -> WhenSeen:
    p10, p50, p90, mean = numbers.tolist()
    return WhenSeen(p10=p10, p50=p50, p90=p90, mean=mean, basis=basis)


def _doubts(
    verdict: Doubt | None,
    wait: Wait | None,
    seen: WhenSeen | None,
    arrival: datetime,
    closing: datetime | None,
) -> Iterator[Doubt]:
    if verdict is not None:
        yield verdict
    if wait is not None and not wait.clock.is_arrival_to_treatment:
        yield Doubt.OTHER_CLOCK
    if seen is not None and closing and arrival + timedelta(minutes=seen.p50) > closing:
        yield Doubt.MAY_CLOSE_BEFORE_SEEN


def _cut_detours(
    options: list[Option], most_minutes: float
) -> tuple[list[Option], list[Exclusion]]:
    """Leave out what is too far, but never the nearest."""
    nearest = min((option.journey.minutes for option in options), default=0.0)
    reach = max(most_minutes, nearest)
    near = [option for option in options if option.journey.minutes <= reach]
    far = [
        Exclusion(
            option.facility.id,
            ExclusionReason.TOO_FAR,
            FAR_AWAY.format(round(option.journey.minutes)),
        )
        for option in options
        if option.journey.minutes > reach
    ]
    return near, far


def _similar_to_previous(place: int, ranked: list[Candidate]) -> bool:
    total, previous = ranked[place].total, ranked[place - 1].total
    return place > 0 and total is not None and previous is not None and similar(total, previous)


def find_good_until(board: Board, now: datetime) -> datetime:
    """Until when any answer is good at most: `VALID_FOR`, or until what an operator said ends."""
    ends = (one.until for one in board.overrides.values() if one.holds(now))
    return min([now + VALID_FOR, *ends])


def _valid_until(now: datetime, board: Board, shown: Iterable[Option]) -> datetime:
    """When the answer should no longer be shown: no later than its first figure turns stale."""
    until = find_good_until(board, now)
    for option in shown:
        if option.wait is not None and option.reading and option.reading.wait_as_of:
            until = min(until, option.reading.wait_as_of + LIVE_FOR)
    return max(now, until)
