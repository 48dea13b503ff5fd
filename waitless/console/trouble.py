"""Trouble that several feeds share: who failed together most likely failed for one cause. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from waitless.health import Damping, FeedFigures, FeedState

TOGETHER = Damping().together
"""As alerts have it: failures that begin within this time are told as one."""


@dataclass(frozen=True, slots=True)
class SharedTrouble:
    """Several feeds that went bad at about the same time."""

    feed_ids: tuple[str, ...]
    since: datetime
    """When the first of them did."""
    state: FeedState
    """The worst among them."""


def find_shared_trouble(feeds: Iterable[FeedFigures]) -> list[SharedTrouble]:
    """Groups of at least two bad feeds, each bad within two minutes of the next; newest first.

    A feed whose entry into its state was not seen is of no group: when it failed, nobody knows.
    """
    bad = [(feed.since, feed) for feed in feeds if feed.state.is_bad and feed.since is not None]
    bad.sort(key=lambda one: one[0])
    groups: list[list[tuple[datetime, FeedFigures]]] = [bad[:1]] if bad else []
    for before, after in pairwise(bad):
        if after[0] - before[0] <= TOGETHER:
            groups[-1].append(after)
        else:
            groups.append([after])
    return [_describe(group) for group in reversed(groups) if len(group) > 1]


def _describe(group: Sequence[tuple[datetime, FeedFigures]]) -> SharedTrouble:
    return SharedTrouble(
        feed_ids=tuple(sorted(feed.id for _, feed in group)),
        since=group[0][0],
        state=max((feed.state for _, feed in group), key=lambda state: state.severity),
    )
