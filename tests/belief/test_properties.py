"""What holds of belief whatever a feed says."""

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.model import Clock, FacilityStatus, NoFigure, Observation, Statistic, Wait
from tests.belief.play import FEED, new_believer
from tests.support.clock import MONDAY_MORNING
from waitless.area.facility import Kind
from waitless.belief import BeliefState, Believed, Held, Ignored, Verdict

UNITS = ("unit-1", "unit-2", "unit-3")
minutes = st.one_of(
    st.sampled_from([0.0, 0.4, 30.0, 240.0, 720.0, 721.0, 1440.0, 1441.0, 2161.0, 4320.0]),
    st.floats(min_value=0, max_value=1e6, allow_nan=False),
)
waits = st.one_of(
    st.sampled_from(NoFigure),
    st.builds(
        Wait,
        minutes=st.none() | minutes,
        low=st.none() | minutes,
        high=st.none() | minutes,
        statistic=st.sampled_from([Statistic.MEDIAN, Statistic.LONGEST]),
        clock=st.sampled_from([Clock(), Clock(start="triage")]),
    ),
)
counts = st.none() | st.integers(min_value=0, max_value=1000)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    as_of = MONDAY_MORNING + timedelta(minutes=draw(st.integers(-90, 90)))
    late = timedelta(seconds=draw(st.integers(-300, 3600)))
    published = draw(st.none() | st.integers(-300, 300))
    return Observation(
        facility_id=draw(st.sampled_from(UNITS)),
        feed_id=FEED,
        as_of=as_of,
        received_at=as_of + late,
        published_at=None if published is None else as_of + timedelta(seconds=published),
        as_of_is_received=draw(st.booleans()),
        wait=draw(waits),
        patients_waiting=draw(counts),
        patients_in_department=draw(counts),
        status=draw(st.none() | st.sampled_from(FacilityStatus)),
    )


documents = st.lists(st.lists(observations(), min_size=1, max_size=6), max_size=12)


def judge_all(feed: list[list[Observation]], kind: Kind = Kind.ED) -> list[Verdict]:
    believer = new_believer(*UNITS, kind=kind)
    verdicts: list[Verdict] = []
    for rows in feed:
        now = max(row.received_at for row in rows)
        judged = believer.judge_delivery(FEED, rows, now)
        assert [verdict.observation for verdict in judged] == rows
        verdicts += judged
        believer.close_delivery(FEED, {row.facility_id for row in rows}, now)
        stored = msgspec.json.encode(believer.state)
        assert msgspec.json.decode(stored, type=BeliefState) == believer.state
        for value in believer.list_held():
            released = believer.release(value.id, now)
            if isinstance(released, Believed):
                verdicts.append(released)
    return verdicts


def figures(observation: Observation) -> list[float]:
    wait = observation.wait
    if not isinstance(wait, Wait):
        return []
    return [one for one in (wait.minutes, wait.low, wait.high) if one is not None]


@settings(deadline=None)
@given(documents, st.sampled_from([Kind.UTC, Kind.ED]))
def test_nothing_over_the_hard_limit_is_ever_believed_nor_released(
    feed: list[list[Observation]], kind: Kind
) -> None:
    for verdict in judge_all(feed, kind):
        if isinstance(verdict, Believed):
            assert all(one <= kind.hard_limit_minutes for one in figures(verdict.observation))
        if isinstance(verdict, Held) and verdict.door is not None:
            assert figures(verdict.door) == []


@settings(deadline=None)
@given(documents)
def test_every_observation_gets_exactly_one_verdict(feed: list[list[Observation]]) -> None:
    believer = new_believer(*UNITS)
    for rows in feed:
        for row in rows:
            assert isinstance(believer.judge(row, row.received_at), Believed | Held | Ignored)


@settings(deadline=None)
@given(documents)
def test_believed_waits_of_a_facility_only_go_forward_in_time(
    feed: list[list[Observation]],
) -> None:
    believer = new_believer(*UNITS)
    spoken: dict[str, object] = {}
    newest: dict[str, object] = {}
    for rows in feed:
        for row in rows:
            verdict = believer.judge(row, row.received_at)
            if not isinstance(verdict, Believed):
                continue
            unit, at = row.facility_id, row.measured_at
            assert unit not in newest or at >= newest[unit]  # type: ignore[operator]
            newest[unit] = at
            if row.wait is not NoFigure.NOT_GIVEN:
                assert unit not in spoken or at > spoken[unit]  # type: ignore[operator]
                spoken[unit] = at


@settings(deadline=None)
@given(documents)
def test_a_delivery_that_comes_again_is_never_believed_again(
    feed: list[list[Observation]],
) -> None:
    believer = new_believer(*UNITS)
    for rows in feed:
        for row in rows:
            believer.judge(row, row.received_at)
            again = believer.judge(row, row.received_at)
            assert not isinstance(again, Believed)
