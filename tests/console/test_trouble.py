"""Shared trouble: feeds that went bad within two minutes of each other are told of as one."""

from datetime import datetime, timedelta

from tests.support.clock import MONDAY_MORNING
from waitless.console.trouble import find_shared_trouble
from waitless.health import FeedFigures, FeedHealth, FeedState, Subject, Transition, figures_of

NOW = MONDAY_MORNING


def feed(name: str, ago: float, *, connected: bool = False) -> FeedFigures:
    """A feed that lost its source so many minutes ago."""
    health = FeedHealth(id=name, transport="mqtt", cadence_s=300, connected=connected)
    health.told_at, health.last_measured_at = NOW, NOW
    state = FeedState.LIVE if connected else FeedState.LOST
    health.record(Transition(
        at=minutes_ago(ago), subject=Subject.FEED, what=name, before=FeedState.LATE, after=state,
        why="",
    ))  # fmt: skip
    return figures_of(health, NOW)


def minutes_ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def test_two_feeds_lost_within_two_minutes_share_their_trouble() -> None:
    [trouble] = find_shared_trouble([feed("mtw", 10), feed("kcht", 11.5)])

    assert trouble.feed_ids == ("kcht", "mtw")
    assert trouble.since == minutes_ago(11.5)
    assert trouble.state is FeedState.LOST


def test_feeds_lost_apart_from_each_other_share_nothing() -> None:
    assert find_shared_trouble([feed("mtw", 10), feed("kcht", 13)]) == []


def test_a_chain_of_failures_is_one_and_the_newest_group_comes_first() -> None:
    feeds = [feed(name, ago) for name, ago in zip("abcde", (60, 59, 30, 28.5, 27), strict=True)]

    assert [one.feed_ids for one in find_shared_trouble(feeds)] == [("c", "d", "e"), ("a", "b")]


def test_feeds_that_are_well_share_no_trouble() -> None:
    assert find_shared_trouble([feed("a", 1, connected=True), feed("b", 1, connected=True)]) == []
