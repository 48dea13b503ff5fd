"""The engine's search with a 4-ary heap for a queue: what the bucket queue is measured against."""

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled
from routing.conditions import Conditions
from routing.network import Network


class HeapSearch:
    """Dijkstra's algorithm with lazy deletion; working memory is reused, as in the engine."""

    def __init__(self, network: Network, conditions: Conditions) -> None:
        self._links = (
            *(network.first, network.tails, conditions.times_s),
            *(network.length_m, conditions.live),
        )
        count = network.junction_count
        self._labels = (
            *(np.empty(count), np.empty(count)),
            *(np.empty(count, dtype=np.bool_), np.zeros(count, dtype=np.int32)),
        )
        room = len(network.tails) + count
        self._heap = (np.empty(room), np.empty(room, dtype=np.int32))
        self._reached = np.empty(count, dtype=np.int32)
        self._searches = 0

    def run(self, targets: NDArray[np.int32], limit_s: float) -> tuple[NDArray[np.float64], ...]:
        """Return numbers, seconds, metres and live flags of the junctions within the limit."""
        self._searches += 1
        count = _search(
            *(self._links, targets, limit_s, self._labels, self._searches),
            *(self._heap, self._reached),
        )
        reached = self._reached[:count].copy()
        return (reached, *(label[reached] for label in self._labels[:3]))


@compiled
def _search(links, targets, limit_s, labels, this_search, heap, reached):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901, PLR0917
    """As the engine's, in one function for the same reason."""
    first, tails, link_s, link_m, link_live = links
    times_s, lengths_m, lives, seen = labels
    keys, junctions = heap
    count = size = 0
    for target in targets:
        times_s[target] = lengths_m[target] = 0.0
        lives[target] = False
        seen[target] = this_search
        reached[count] = target
        count += 1
        keys[size], junctions[size] = 0.0, target
        size += 1
    while size:
        key, head = keys[0], junctions[0]
        size -= 1
        last_key, last = keys[size], junctions[size]
        at = 0
        while 4 * at + 1 < size:
            least = 4 * at + 1
            for below in range(least + 1, min(least + 4, size)):
                if keys[below] < keys[least]:
                    least = below
            if keys[least] >= last_key:
                break
            keys[at], junctions[at] = keys[least], junctions[least]
            at = least
        keys[at], junctions[at] = last_key, last
        if key > times_s[head]:
            continue
        for link in range(first[head], first[head + 1]):
            time_s = times_s[head] + link_s[link]
            if time_s > limit_s:
                continue
            tail = tails[link]
            if seen[tail] != this_search:
                seen[tail] = this_search
                reached[count] = tail
                count += 1
            elif time_s >= times_s[tail]:
                continue
            times_s[tail] = time_s
            lengths_m[tail] = lengths_m[head] + link_m[link]
            lives[tail] = lives[head] or link_live[link]
            at = size
            size += 1
            while at > 0 and keys[(at - 1) >> 2] > time_s:
                keys[at], junctions[at] = keys[(at - 1) >> 2], junctions[(at - 1) >> 2]
                at = (at - 1) >> 2
            keys[at], junctions[at] = time_s, tail
    return count
