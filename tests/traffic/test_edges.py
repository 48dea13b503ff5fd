"""From what sources say to what every edge takes."""

from datetime import UTC, datetime, timedelta
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.traffic.model import (
    Effect,
    EventPlace,
    LinkFigure,
    RoadEvent,
    TrafficReport,
    Ways,
)
from tests.support.small_roads import small_roads
from waitless.traffic.edges import Counts, EdgeTimes, take_edge_times
from waitless.traffic.links import Link, LinkTable
from waitless.traffic.locate import Locator
from waitless.traffic.picture import DECAY, FORGOTTEN_AFTER, SourcePicture

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
VALID = timedelta(minutes=15)
ROADS = small_roads()
LINKS = LinkTable(
    {"A2-east": Link((0, 2)), "long": Link((3,), length_m=2000.0), "barred": Link((5,))}, ROADS
)


def take(
    *said: LinkFigure | RoadEvent, now: datetime = NOON, usual: float = 1.0
) -> tuple[EdgeTimes, Counts]:
    picture = SourcePicture()
    for one in said:
        known = {"figures": (one,)} if isinstance(one, LinkFigure) else {"events": (one,)}
        told = TrafficReport(feed_id="s", published_at=NOON, received_at=NOON, **known)  # type: ignore[arg-type]
        picture.apply(told, VALID)
    times = take_edge_times(
        ROADS,
        ROADS.time_s * np.float32(usual),
        {"s": picture},
        tables={"s": LINKS},
        locate=Locator(ROADS).locate,
        now=now,
    )
    return times, times.counts["s"]


def figure(link_id: str = "A2-east", **values: object) -> LinkFigure:
    return LinkFigure(**{"link_id": link_id, "as_of": NOON, **values})  # type: ignore[arg-type]


def event(*places: EventPlace, **values: object) -> RoadEvent:
    return RoadEvent(
        **{"id": "e", "kind": "k", "effect": Effect.CLOSED, "places": places, **values}
    )  # type: ignore[arg-type]


EASTWARD = EventPlace(link_ids=("A2-east",))


def test_without_traffic_every_edge_takes_its_usual_time_of_the_hour() -> None:
    times, counts = take(usual=1.1)
    assert times.times_s == pytest.approx(ROADS.time_s * 1.1)
    assert not times.live.any()
    assert counts == Counts()


def test_a_links_time_is_shared_out_among_its_edges_and_no_others() -> None:
    times, counts = take(figure(travel_s=360.0))
    assert times.times_s[[0, 2]].tolist() == [180, 180]
    assert times.times_s[[1, 4, 3, 6]].tolist() == [60, 60, 90, 90]
    assert times.live.tolist() == [True, False, True, False, False, False, False]
    assert counts.live == 1


def test_a_speed_is_over_our_length_and_a_time_over_the_sources() -> None:
    times, _ = take(figure(speed_kmh=20.0), figure("long", travel_s=300.0))
    assert times.times_s[[0, 2]] == pytest.approx([180, 180])
    assert times.times_s[3] == pytest.approx(150)


def test_the_newest_figure_counts_where_two_overlap() -> None:
    older = figure("west>middle", as_of=NOON - timedelta(minutes=5), travel_s=500.0)
    times, _ = take(figure(travel_s=360.0), older)
    assert times.times_s[0] == 180


def test_an_expired_figure_decays_to_the_usual_and_is_no_longer_live() -> None:
    over = NOON + VALID
    times, counts = take(figure(travel_s=360.0), now=over + DECAY)
    assert times.times_s[0] == pytest.approx(60 + 120 * exp(-1))
    assert not times.live.any()
    assert (counts.live, counts.fading) == (0, 1)
    times, counts = take(figure(travel_s=360.0), now=over + FORGOTTEN_AFTER)
    assert times.times_s[0] == 60
    assert counts == Counts()


def test_a_figure_until_the_last_day_there_is_is_live_like_others() -> None:
    endless = figure(travel_s=200.0, expires_at=datetime.max.replace(tzinfo=UTC))
    assert take(endless)[1].live == 1


@pytest.mark.parametrize("link_id", ["nobody-knows", "west>east", "barred"])
def test_a_figure_for_a_link_that_is_none_of_ours_is_counted_and_laid_nowhere(link_id: str) -> None:
    times, counts = take(figure(link_id, travel_s=360.0))
    assert np.array_equal(times.times_s, ROADS.time_s)
    assert counts == Counts(unlocated_links=1)


@pytest.mark.parametrize("values", [{"travel_s": 30.0}, {"travel_s": 7200.0}, {"speed_kmh": 1.0}])
def test_a_figure_that_means_a_speed_no_road_has_is_put_aside(values: dict[str, float]) -> None:
    times, counts = take(figure(**values))
    assert np.array_equal(times.times_s, ROADS.time_s)
    assert counts == Counts(implausible=1)


def test_a_time_so_short_that_its_half_is_none_is_put_aside() -> None:
    """Above zero, as messages must be; but our edges are half as long as the source's link."""
    times, counts = take(figure("long", travel_s=5e-324))
    assert np.array_equal(times.times_s, ROADS.time_s)
    assert counts == Counts(implausible=1)


def test_a_closed_link_is_closed_while_its_figure_is_live_and_no_longer() -> None:
    shut = figure(closed=True)
    times, counts = take(shut)
    assert np.isinf(times.times_s[[0, 2]]).all()
    assert counts.live == 1
    times, counts = take(shut, now=NOON + VALID)
    assert np.array_equal(times.times_s, ROADS.time_s)
    assert not times.live.any()
    times, _ = take(shut, figure(as_of=NOON + timedelta(seconds=1), travel_s=130.0))
    assert times.times_s[[0, 2]] == pytest.approx([65, 65])


def test_a_closure_closes_even_where_a_figure_says_it_flows() -> None:
    times, counts = take(figure(travel_s=120.0), event(EASTWARD))
    assert np.isinf(times.times_s[[0, 2]]).all()
    assert counts.closed_edges == 2


def test_a_limit_and_a_delay_count_only_where_nothing_is_measured() -> None:
    slow = event(EASTWARD, effect=Effect.RESTRICTED, limit_kmh=30.0)
    times, _ = take(slow)
    assert times.times_s[[0, 2]] == pytest.approx([120, 120])
    assert times.live[[0, 2]].all()
    times, _ = take(slow, figure("west>middle", travel_s=70.0))
    assert times.times_s[[0, 2]] == pytest.approx([70, 120])
    times, _ = take(event(EASTWARD, effect=Effect.RESTRICTED, delay_s=60.0))
    assert times.times_s[[0, 2]] == pytest.approx([90, 90])


def test_a_limit_above_the_usual_speed_says_nothing_live() -> None:
    times, _ = take(event(EASTWARD, effect=Effect.RESTRICTED, limit_kmh=100.0))
    assert np.array_equal(times.times_s, ROADS.time_s)
    assert not times.live.any()


def test_lanes_lost_with_neither_limit_nor_delay_change_no_minute() -> None:
    times, counts = take(event(EASTWARD, effect=Effect.RESTRICTED, capacity_left=0.5))
    assert np.array_equal(times.times_s, ROADS.time_s)
    assert counts == Counts()


def test_an_event_that_cannot_be_located_is_counted_never_guessed() -> None:
    alert_c = EventPlace(described_as="Alert-C 4711", road="A2")
    times, counts = take(event(alert_c))
    assert np.array_equal(times.times_s, ROADS.time_s)
    assert counts == Counts(unlocated_events=1)


def test_links_are_believed_before_coordinates() -> None:
    place = EventPlace(link_ids=("north>middle",), points=((51.28, 1.007),), ways=Ways.BOTH)
    times, _ = take(event(place))
    assert np.isinf(times.times_s[6])
    assert np.isfinite(times.times_s[:5]).all()


@given(
    travel_s=st.floats(1, 20_000),
    after_min=st.integers(0, 60),
    closed=st.booleans(),
    usual=st.floats(0.5, 2),
)
def test_no_edge_ever_takes_no_time_or_a_time_that_is_none(
    travel_s: float, after_min: int, usual: float, *, closed: bool
) -> None:
    said = [figure(travel_s=travel_s), *([event(EASTWARD)] if closed else [])]
    times, _ = take(*said, now=NOON + timedelta(minutes=after_min), usual=usual)
    assert not np.isnan(times.times_s).any()
    assert (times.times_s > 0).all()
    assert times.times_s[1] == pytest.approx(60 * usual)
