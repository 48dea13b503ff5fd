"""Search backwards from one facility: how long, how far and how surely from every junction to it.

The queue is a row of buckets, each a linked list of the junctions whose time falls in its few
seconds (R. Dial, Algorithm 360, Communications of the ACM 12, 1969; decision 0008). Times are not
rounded to buckets: a junction improved after it was taken out is put back, so the answer is that
of Dijkstra's algorithm.

Of ways that take the same time the shorter counts, and of those the one no live figure touched:
so the answer does not depend on the order in which links are looked at. Link times are 32-bit and
summed in 64 bits, which holds sums of an hour exactly: equal times are found equal.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.conditions import Conditions
from routing.network import Network

_BUCKET_S: Final = 4.0
"""Measured flat from 2 to 32 s."""

_FREE: Final = -2
_END: Final = -1


@dataclass(frozen=True, slots=True)
class Column:
    """The ways to one facility from the junctions within the search's limit, in no order."""

    junctions: NDArray[np.int32]
    times_s: NDArray[np.float64]
    """To the target junction."""
    lengths_m: NDArray[np.float64]
    """Along the same ways."""
    live: NDArray[np.bool_]
    """Whether a live figure touched the way."""


class _Links(NamedTuple):
    """Links by the junction they arrive at: those of j are from `first[j]` up to `first[j + 1]`."""

    first: NDArray[np.int32]
    tails: NDArray[np.int32]
    times_s: NDArray[np.float32]
    lengths_m: NDArray[np.float32]
    live: NDArray[np.bool_]


class _Labels(NamedTuple):
    """What is known of each junction; it counts where `seen` has the number of this search."""

    times_s: NDArray[np.float64]
    lengths_m: NDArray[np.float64]
    live: NDArray[np.bool_]
    seen: NDArray[np.int32]


class _Queue(NamedTuple):
    """Buckets hold their first junction; `after` and `before` chain the others."""

    buckets: NDArray[np.int32]
    after: NDArray[np.int32]
    before: NDArray[np.int32]
    """`_FREE` for a junction in no bucket."""


class BackwardSearch:
    """Searches over one network under one set of conditions; its working memory is reused.

    Memory: 33 bytes for each junction. Not for two threads at a time.
    """

    def __init__(self, network: Network, conditions: Conditions) -> None:
        self._links = _Links(
            network.first,
            network.tails,
            conditions.times_s,
            network.length_m,
            conditions.live,
        )
        count = network.junction_count
        self._labels = _Labels(
            np.empty(count),
            np.empty(count),
            np.empty(count, dtype=np.bool_),
            np.zeros(count, dtype=np.int32),
        )
        self._after = np.empty(count, dtype=np.int32)
        self._before = np.empty(count, dtype=np.int32)
        self._reached = np.empty(count, dtype=np.int32)
        self._searches = 0

    def run(self, targets: NDArray[np.int32], limit_s: float) -> Column:
        """Return the fastest ways to any of the target junctions that take no longer than a limit.

        Args:
            targets: junction numbers, each once.
            limit_s: finite; below zero nothing is reached.
        """
        if limit_s < 0:
            targets, limit_s = targets[:0], 0.0
        self._searches += 1
        buckets = np.full(int(limit_s / _BUCKET_S) + 1, _END, dtype=np.int32)
        queue = _Queue(buckets, self._after, self._before)
        count = _search_back(
            self._links, targets, limit_s, self._labels, self._searches, queue, self._reached
        )
        reached = self._reached[:count].copy()
        labels = self._labels
        return Column(
            reached, labels.times_s[reached], labels.lengths_m[reached], labels.live[reached]
        )


@compiled
def _search_back(  # noqa: C901, PLR0912, PLR0915, PLR0917 - compiled; see below
    links: _Links,
    targets: NDArray[np.int32],
    limit_s: float,
    labels: _Labels,
    this_search: int,
    queue: _Queue,
    reached: NDArray[np.int32],
) -> int:
    """Label all junctions within the limit, list them in `reached` and return how many they are.

    One function, on plain arrays: a call in the innermost loop, or a field of a tuple, counts
    references there and doubles the time.
    """
    first, tails, link_s, link_m, link_live = links
    times_s, lengths_m, lives, seen = labels
    buckets, after, before = queue
    count = 0
    for target in targets:
        times_s[target] = lengths_m[target] = 0.0
        lives[target] = False
        seen[target] = this_search
        after[target] = buckets[0]
        before[target] = _END
        if buckets[0] != _END:
            before[buckets[0]] = target
        buckets[0] = target
        reached[count] = target
        count += 1
    for bucket in range(len(buckets)):
        while buckets[bucket] != _END:
            head = buckets[bucket]
            following = after[head]
            buckets[bucket] = following
            if following != _END:
                before[following] = _END
            before[head] = _FREE
            for link in range(first[head], first[head + 1]):
                time_s = times_s[head] + link_s[link]
                if time_s > limit_s:
                    continue
                tail = tails[link]
                length_m = lengths_m[head] + link_m[link]
                live = lives[head] or link_live[link]
                if seen[tail] != this_search:
                    seen[tail] = this_search
                    reached[count] = tail
                    count += 1
                elif time_s > times_s[tail] or (
                    time_s == times_s[tail]
                    and (
                        length_m > lengths_m[tail]
                        or (length_m == lengths_m[tail] and live >= lives[tail])
                    )
                ):
                    continue
                elif before[tail] != _FREE:
                    following, preceding = after[tail], before[tail]
                    if preceding == _END:
                        buckets[int(times_s[tail] / _BUCKET_S)] = following
                    else:
                        after[preceding] = following
                    if following != _END:
                        before[following] = preceding
                times_s[tail] = time_s
                lengths_m[tail] = length_m
                lives[tail] = live
                place = int(time_s / _BUCKET_S)
                following = buckets[place]
                after[tail] = following
                before[tail] = _END
                if following != _END:
                    before[following] = tail
                buckets[place] = tail
    return count
