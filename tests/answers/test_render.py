"""Compiled answers are those of `recommend`, byte for byte, whatever is asked of whatever board."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from feeds.model import Clock, FacilityStatus, NoFigure, Statistic, Wait
from routing.modes import Mode
from tests.support.clock import MONDAY_MORNING
from waitless.answers.instants import render
from waitless.answers.question import Questions
from waitless.answers.render import NOWHERE, Renderer
from waitless.answers.sheet import make_sheet
from waitless.area.facility import Kind, Need
from waitless.area.pack import Area
from waitless.board import Board
from waitless.cell import cell_of
from waitless.forecast.outlook import STEPS, Outlook
from waitless.ledger.counts import Ledger
from waitless.ledger.picture import LedgerPicture, no_picture
from waitless.ledger.policy import Policy
from waitless.ledger.usual import Usual
from waitless.override import Override
from waitless.reading import Reading
from waitless.recommend.query import Query
from waitless.recommend.recommend import recommend
from waitless.recommend.ways import Journey, NoWay
from waitless.travel import TravelTables
from waitless.travel.tables import ModeTable
from waitless.travel.timetables import TimetableBuilder, Timetables

HORIZON_MINUTES, MOST_MINUTES = 720, 45
TICK = timedelta(seconds=5)
POLICY = Policy()
FAR = Policy(margin_minutes=0.0, most_journey_minutes=600)
nodes = st.lists(st.floats(0, 300), min_size=STEPS + 1, max_size=STEPS + 1).map(tuple)
minutes_back = st.floats(0, 100).map(lambda minutes: timedelta(minutes=minutes))
instants = st.integers(0, 400 * 24 * 720).map(lambda ticks: MONDAY_MORNING + ticks * TICK)
waits = st.one_of(
    st.sampled_from(NoFigure),
    st.builds(
        Wait,
        minutes=st.one_of(st.integers(0, 300), st.floats(0, 1440)),
        statistic=st.sampled_from(Statistic),
        clock=st.sampled_from([Clock(), Clock(start="arrival", stop="triage")]),
    ),
    st.builds(Wait, minutes=st.none(), low=st.integers(0, 60), high=st.integers(60, 240)),
    st.builds(Wait, minutes=st.none(), low=st.integers(0, 240)),
)


@pytest.fixture(scope="module")
def renderer(east_kent: Area) -> Renderer:
    return Renderer(east_kent, horizon_minutes=HORIZON_MINUTES, policy=POLICY)


@pytest.fixture(scope="module")
def timetable(east_kent: Area) -> TimetableBuilder:
    assert east_kent.timetable is not None
    return TimetableBuilder(east_kent, east_kent.timetable)


@st.composite
def pictures(draw: st.DrawFn, area: Area, now: datetime) -> LedgerPicture | None:
    """Not to be known; not shared; or some people on the way, some of them as usual."""
    ids = list(area.facilities)
    if not draw(st.booleans()):
        return draw(st.sampled_from([None, no_picture(ids)]))
    ledger, usual = Ledger(), Usual()
    for facility_id in draw(st.lists(st.sampled_from(ids), max_size=12)):
        ledger.add(facility_id, now + timedelta(minutes=draw(st.floats(-40, 90))))
    for hour in range(24):
        usual.learn(hour, dict.fromkeys(ids[::3], draw(st.floats(0, 5))), ids)
    suspended = draw(st.sets(st.sampled_from(ids), max_size=3))
    return LedgerPicture(
        snapshot=ledger.snapshot(ids),
        usual=usual,
        counts=np.array([one not in suspended for one in ids]),
        shared=True,
    )


@st.composite
def overrides(draw: st.DrawFn, area: Area, now: datetime) -> dict[str, Override]:
    """What operators say of some facilities: just now, for long, or no more."""
    said = {}
    for facility_id in draw(st.sets(st.sampled_from(sorted(area.facilities)), max_size=4)):
        at = now - draw(minutes_back)
        minutes = draw(st.one_of(st.none(), st.integers(0, 1440)))
        said[facility_id] = Override(
            facility_id=facility_id,
            at=at,
            until=at + timedelta(minutes=draw(st.sampled_from([1, 45, 120, 10080]))),
            by="night-desk",
            why="rang",
            status=draw(st.sampled_from([None, *FacilityStatus])),
            wait_minutes=minutes,
            wait_cleared=minutes is None and draw(st.booleans()),
        )
    return said


@st.composite
def queries(draw: st.DrawFn) -> Query:
    return Query(
        origin=cell_of(draw(st.floats(51.0, 51.45)), draw(st.floats(0.4, 1.45))),
        label=draw(st.sampled_from(["Deal", "St Mary’s “Bay”", "your position"])),
        mode=draw(st.sampled_from(Mode)),
        need=draw(st.sampled_from(Need)),
        age_years=draw(st.one_of(st.none(), st.integers(0, 20))),
        limit=draw(st.sampled_from([1, 5, 50])),
    )


@hypothesis_settings(max_examples=150)
@given(
    data=st.data(),
    query=queries(),
    now=instants,
    odd_us=st.sampled_from([0, 1]),
    ahead=st.one_of(st.none(), st.integers(-1, 24 * 60)),
    epoch=st.integers(1, 9),
    degraded=st.booleans(),
)
def test_an_answer_has_the_bytes_of_the_plain_one(  # noqa: PLR0917 - drawn
    east_kent: Area,
    travel: TravelTables,
    timetable: TimetableBuilder,
    renderer: Renderer,
    data: st.DataObject,
    query: Query,
    now: datetime,
    odd_us: int,
    ahead: int | None,
    epoch: int,
    degraded: bool,  # noqa: FBT001 - drawn
) -> None:
    now = now + timedelta(microseconds=odd_us)
    if ahead is not None:
        query = replace(query, depart_at=now + timedelta(minutes=ahead))
    readings, outlooks = {}, {}
    for facility_id in data.draw(st.sets(st.sampled_from(sorted(east_kent.facilities)))):
        as_of = now - data.draw(minutes_back)
        readings[facility_id] = Reading(
            facility_id=facility_id,
            feed_id="kcht",
            as_of=as_of,
            received_at=as_of,
            wait=data.draw(waits),
            wait_as_of=data.draw(st.sampled_from([as_of, None])),
            patients_waiting=data.draw(st.sampled_from([None, 0, 7])),
            status=data.draw(st.sampled_from([None, *FacilityStatus])),
            status_as_of=now - data.draw(minutes_back) * data.draw(st.sampled_from([0.1, 1, 8])),
            simulated=data.draw(st.booleans()),
        )
        measured = readings[facility_id].wait_as_of
        if measured is not None and data.draw(st.booleans()):
            outlooks[facility_id] = Outlook(
                as_of=measured,
                half_window_min=data.draw(st.sampled_from([0.0, 30.0])),
                posted=data.draw(nodes),
                p10=data.draw(nodes),
                p50=data.draw(nodes),
                p90=data.draw(nodes),
            )
    board = Board(
        epoch=epoch,
        readings=MappingProxyType(readings),
        outlooks=MappingProxyType(outlooks),
        overrides=MappingProxyType(data.draw(overrides(east_kent, now))),
        degraded=degraded,
    )
    picture = data.draw(pictures(east_kent, now))
    journeys: Mapping[str, Journey | NoWay]
    ways: ModeTable | Timetables
    if query.mode is Mode.TRANSIT:
        departs = query.find_departure(now)
        timetables = timetable.build(timetable.list_days(departs)[: data.draw(st.integers(0, 2))])
        journeys, ways = timetables.journeys_from(query.origin, departs), timetables
    else:
        journeys = travel.journeys_from(query.origin, query.mode)
        ways = travel.by_mode[query.mode]
    plain_answer = partial(
        recommend,
        area=east_kent,
        journeys=journeys,
        board=board,
        now=now,
        picture=picture,
        policy=POLICY,
    )
    plain = plain_answer(query)

    body, _, _, pointed = renderer.answer(
        Questions(east_kent).make(query, private=False),
        make_sheet(
            east_kent,
            board,
            now,
            now + TICK,
            picture=picture,
            policy=POLICY,
            foreseen=query.is_foreseen(now),
        ),
        renderer.travelled(ways),
    )

    assert body == render(plain)
    every = plain_answer(replace(query, limit=50))
    near = [journeys[one.facility.id] for one in every.destinations]
    least = min((way.minutes for way in near if isinstance(way, Journey)), default=0.0)
    nearest = {
        Kind(one.facility.kind).value
        for one, way in zip(every.destinations, near, strict=True)
        if isinstance(way, Journey) and way.minutes == least
    }
    first = [Kind(one.facility.kind).value for one in plain.destinations]
    assert pointed[0] == (first or [NOWHERE])[0]
    assert pointed[1] in (nearest or {NOWHERE})


@pytest.mark.parametrize("need", Need)
def test_doors_say_what_the_rules_say_minute_by_minute(
    east_kent: Area, travel: TravelTables, need: Need
) -> None:
    """Over days with holidays, and over the night when clocks go back."""
    renderer = Renderer(east_kent, horizon_minutes=HORIZON_MINUTES, policy=FAR)
    board = Board(epoch=1)
    query = Query(origin=cell_of(51.223, 1.4), label="Deal", mode=Mode.CYCLE, need=need, limit=50)
    travelled = renderer.travelled(travel.by_mode[Mode.CYCLE])
    question = Questions(east_kent).make(query, private=False)
    journeys = travel.journeys_from(query.origin, query.mode)
    clocks_back = MONDAY_MORNING.replace(month=10, day=24, hour=20)
    starts = [MONDAY_MORNING.replace(month=12, day=24), clocks_back]
    for now in (start + timedelta(minutes=37 * step) for start in starts for step in range(60)):
        plain = recommend(
            query, area=east_kent, journeys=journeys, board=board, now=now, policy=FAR
        )

        body, *_ = renderer.answer(
            question, make_sheet(east_kent, board, now, now + TICK), travelled
        )

        assert body == render(plain)
