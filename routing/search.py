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
def _search_back(  # noqa: PLR0917 - compiled
    links: _Links,
    targets: NDArray[np.int32],
    limit_s: float,
    labels: _Labels,
    this_search: int,
    queue: _Queue,
    reached: NDArray[np.int32],
) -> int:
    """Label all junctions within the limit, list them in `reached` and return how many they are."""
    count = 0
    for target in targets:
        labels.times_s[target] = labels.lengths_m[target] = 0.0
        labels.live[target] = False
        labels.seen[target] = this_search
        _put(queue, target, 0.0)
        reached[count] = target
        count += 1
    for bucket in range(len(queue.buckets)):
        while queue.buckets[bucket] != _END:
            head = queue.buckets[bucket]
            _take(queue, head, labels.times_s[head])
            for link in range(links.first[head], links.first[head + 1]):
                time_s = labels.times_s[head] + links.times_s[link]
                if time_s > limit_s:
                    continue
                tail = links.tails[link]
                length_m = labels.lengths_m[head] + links.lengths_m[link]
                live = labels.live[head] or links.live[link]
                if labels.seen[tail] != this_search:
                    labels.seen[tail] = this_search
                    reached[count] = tail
                    count += 1
                elif not _is_better(time_s, length_m, live, labels, tail):
                    continue
                elif queue.before[tail] != _FREE:
                    _take(queue, tail, labels.times_s[tail])
                labels.times_s[tail] = time_s
                labels.lengths_m[tail] = length_m
                labels.live[tail] = live
                _put(queue, tail, time_s)
    return count


@compiled
def _is_better(time_s: float, length_m: float, live: bool, labels: _Labels, junction: int) -> bool:  # noqa: FBT001 - compiled
    """Tell whether a way is faster than the one known, or as fast and shorter, or surer."""
    if time_s != labels.times_s[junction]:
        return bool(time_s < labels.times_s[junction])
    if length_m != labels.lengths_m[junction]:
        return bool(length_m < labels.lengths_m[junction])
    return bool(labels.live[junction] and not live)


@compiled
def _put(queue: _Queue, junction: int, time_s: float) -> None:
    """Put a junction first in the bucket of its time."""
    bucket = int(time_s / _BUCKET_S)
    following = queue.buckets[bucket]
    queue.after[junction] = following
    queue.before[junction] = _END
    if following != _END:
        queue.before[following] = junction
    queue.buckets[bucket] = junction


@compiled
def _take(queue: _Queue, junction: int, time_s: float) -> None:
    """Take a junction out of the bucket of its time."""
    following, preceding = queue.after[junction], queue.before[junction]
    if preceding == _END:
        queue.buckets[int(time_s / _BUCKET_S)] = following
    else:
        queue.after[preceding] = following
    if following != _END:
        queue.before[following] = preceding
    queue.before[junction] = _FREE
