"""A feed that is well, to be spoilt."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.clock import FakeClock
from tests.support.messages import observation
from waitless.health import FeedHealth

MakeFeed = Callable[..., FeedHealth]


@pytest.fixture
def make_feed(clock: FakeClock) -> MakeFeed:
    """A feed with one believed observation of just now."""

    def make(feed_id: str = "kcht", **more: Any) -> FeedHealth:
        given: dict[str, Any] = {
            "transport": "mqtt",
            "cadence_s": 300.0,
            "connected": True,
            "primed": True,
            "told_at": clock(),
            **more,
        }
        feed = FeedHealth(id=feed_id, **given)
        feed.count_message(clock())
        feed.count_believed(observation(as_of=clock(), received_at=clock(), feed_id=feed_id))
        return feed

    return make
