"""The ledger: how many were advised to each facility, by when they will arrive. Pure.

Counts stand in buckets of five minutes of arrival, with no trace of who. Within a bucket arrivals
are taken as even over its five minutes, so a window that cuts a bucket gets its part of it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from waitless.ledger.arrays import count_windows

BUCKET_S = 300
KEEPS = timedelta(minutes=30)
"""How long an arrival counts after its ETA."""

Floats = NDArray[np.float64]


def bucket_of(at: datetime) -> int:
    """The bucket an instant falls in; bucket b holds 300 b to 300 (b + 1) seconds since 1970."""
    return math.floor(at.timestamp() / BUCKET_S)


@dataclass(frozen=True, slots=True, eq=False)
class LedgerSnapshot:
    """The ledger at one instant; it never changes."""

    facility_ids: tuple[str, ...]
    """Whose the rows are."""
    first_s: float
    """When the first bucket begins, seconds since 1970."""
    until: Floats
    """[facility, bucket]: arrivals before the bucket begins; one column more, for the end."""

    def count(self, facility_id: str, since: datetime, until: datetime) -> float:
        """Advised arrivals with an ETA in (since, until]; 0 for a facility it has no row of."""
        if facility_id not in self.facility_ids:
            return 0.0
        row = self.facility_ids.index(facility_id)
        ends = np.array([since.timestamp()]), np.array([until.timestamp()])
        return float(count_windows(self.first_s, self.until[row : row + 1], *ends)[0])

    def count_all(self, since_s: Floats, until_s: Floats) -> Floats:
        """The same for every row, each with its own window in seconds since 1970."""
        return count_windows(self.first_s, self.until, since_s, until_s)


class Ledger:
    """Counts that grow with advice, shrink with cancellations, and expire."""

    def __init__(self, *, keeps: timedelta = KEEPS) -> None:
        """Empty.

        Args:
            keeps: how long an arrival counts after its ETA (rounded up to its bucket's end).
        """
        self._keeps_s = keeps.total_seconds()
        self._counts: dict[str, dict[int, float]] = {}

    def add(self, facility_id: str, eta: datetime, weight: float = 1.0) -> None:
        """Count somebody who will arrive.

        Raises:
            ValueError: a weight that is not above 0 and finite.
        """
        _check(weight)
        buckets = self._counts.setdefault(facility_id, {})
        bucket = bucket_of(eta)
        buckets[bucket] = buckets.get(bucket, 0.0) + weight

    def remove(self, facility_id: str, eta: datetime, weight: float = 1.0) -> None:
        """Take back what `add` counted; what has expired meanwhile is left as it is.

        Raises:
            ValueError: as `add`.
        """
        _check(weight)
        buckets = self._counts.get(facility_id, {})
        bucket = bucket_of(eta)
        if bucket in buckets:
            buckets[bucket] -= weight
            if buckets[bucket] <= 0:
                del buckets[bucket]

    def count(self, facility_id: str, since: datetime, until: datetime) -> float:
        """Advised arrivals with an ETA in (since, until], a cut bucket in proportion."""
        since_b, until_b = since.timestamp() / BUCKET_S, until.timestamp() / BUCKET_S
        return sum(
            number * max(0.0, min(until_b, bucket + 1) - max(since_b, bucket))
            for bucket, number in self._counts.get(facility_id, {}).items()
        )

    def expire(self, now: datetime) -> None:
        """Drop every bucket whose last arrival was due longer ago than arrivals count."""
        gone = (now.timestamp() - self._keeps_s) / BUCKET_S - 1
        for buckets in self._counts.values():
            for bucket in [one for one in buckets if one <= gone]:
                del buckets[bucket]

    def snapshot(self, facility_ids: Sequence[str] | None = None) -> LedgerSnapshot:
        """What it holds now, unchanged by what comes.

        Args:
            facility_ids: the rows, in this order; None: every facility counted, sorted.
        """
        rows = sorted(self._counts) if facility_ids is None else facility_ids
        return lay_out(rows, ((row, self._counts.get(row, {}).items()) for row in rows))


def lay_out(
    facility_ids: Sequence[str], counts: Iterable[tuple[str, Iterable[tuple[int, float]]]]
) -> LedgerSnapshot:
    """A snapshot of counts by facility and bucket; what is counted of others is left out."""
    row_of = {facility_id: row for row, facility_id in enumerate(facility_ids)}
    cells = [
        (row_of[facility_id], bucket, number)
        for facility_id, buckets in counts
        if facility_id in row_of
        for bucket, number in buckets
    ]
    first = min((bucket for _, bucket, _ in cells), default=0)
    width = max((bucket for _, bucket, _ in cells), default=first - 1) - first + 1
    until = np.zeros((len(row_of), width + 1))
    for row, bucket, number in cells:
        until[row, bucket - first + 1] += number
    np.cumsum(until, axis=1, out=until)
    until.setflags(write=False)
    return LedgerSnapshot(tuple(facility_ids), float(first * BUCKET_S), until)


def _check(weight: float) -> None:
    if not 0 < weight < math.inf:
        raise ValueError(f"a weight above 0 is wanted, not {weight}")
