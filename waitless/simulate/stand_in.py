"""TO BE DELETED once `waitless.ledger` is there: a stand-in with the same names and signatures."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from waitless.area.facility import Kind, Need

BUCKET_S = 300
KEEPS = timedelta(minutes=30)
_STEP = 1 - (1 - 0.08) ** (1 / 12)
_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What ranks besides minutes."""

    margin_minutes: float = 20.0
    most_journey_minutes: float = 45.0
    kappa: float = 1.0
    omega: float = 0.5
    most_correction_minutes: float = 45.0

    def margin(self, kind: Kind, need: Need) -> float:
        """Minutes added to the cost of a facility of a kind, for a need."""
        serious = {Need.HEAD_INJURY, Need.ABDOMINAL_PAIN}
        return self.margin_minutes if kind is Kind.ED and need not in serious else 0.0


class Ledger:
    """Those on their way, per facility and bucket of arrival."""

    def __init__(self, *, keeps: timedelta = KEEPS) -> None:
        self._keeps_s = keeps.total_seconds()
        self._counts: dict[str, dict[int, float]] = {}

    def add(self, facility_id: str, eta: datetime, weight: float = 1.0) -> None:
        """Someone is on the way."""
        buckets = self._counts.setdefault(facility_id, {})
        bucket = math.floor(eta.timestamp() / BUCKET_S)
        buckets[bucket] = buckets.get(bucket, 0.0) + weight

    def count(self, facility_id: str, since: datetime, until: datetime) -> float:
        """Those with an ETA in (since, until]; a bucket partly within counts by its share."""
        since_b, until_b = since.timestamp() / BUCKET_S, until.timestamp() / BUCKET_S
        return sum(
            number * max(0.0, min(until_b, bucket + 1) - max(since_b, bucket))
            for bucket, number in self._counts.get(facility_id, {}).items()
        )

    def expire(self, now: datetime) -> None:
        """Forget who should have been there long ago."""
        gone = (now.timestamp() - self._keeps_s) / BUCKET_S - 1
        for buckets in self._counts.values():
            for bucket in [one for one in buckets if one <= gone]:
                del buckets[bucket]


class Usual:
    """Advised arrivals per minute, by facility and hour of the day."""

    def __init__(self) -> None:
        self.per_minute: dict[str, list[float]] = {}

    def learn(self, hour: int, arrived: Mapping[str, float], facility_ids: Collection[str]) -> None:
        """Take in one bucket of five minutes that is over."""
        for facility_id in facility_ids:
            rates = self.per_minute.setdefault(facility_id, [0.0] * _HOURS)
            rate = arrived.get(facility_id, 0.0) * 60 / BUCKET_S
            rates[hour] += _STEP * (rate - rates[hour])

    def count(self, facility_id: str, hour: int, minutes: float) -> float:
        """How many are usual within so many minutes."""
        rates = self.per_minute.get(facility_id)
        return 0.0 if rates is None else rates[hour] * max(0.0, minutes)


def find_start(
    now: datetime, measured_at: datetime, wait_minutes: float, keeps: timedelta
) -> datetime:
    """Who arrives after it is not yet in a figure about those seen last."""
    return max(measured_at - timedelta(minutes=wait_minutes), now - keeps)


def correct(
    forecast_mean: float, advised: float, usual: float, per_minute: float, *, policy: Policy
) -> float:
    """The forecast wait with those on their way, minutes."""
    more = policy.kappa * (advised - policy.omega * usual) / per_minute
    return max(0.0, forecast_mean + min(more, policy.most_correction_minutes))
