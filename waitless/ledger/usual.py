"""The usual advised load: how many arrive on our advice in each hour of the day. Pure.

The forecast has learnt from waits that these arrivals helped to make. Only what is unusual moves
it, so the ledger has to know what is usual.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

STEP_A_DAY = 0.08
"""The weight of a new day in the exponentially weighted mean."""
BUCKETS_AN_HOUR = 12
_STEP = 1 - (1 - STEP_A_DAY) ** (1 / BUCKETS_AN_HOUR)
"""An hour's twelve buckets together weigh as much as a day should."""
_BUCKET_MINUTES = 5.0
HOURS = 24


@dataclass(slots=True)
class Usual:
    """Advised arrivals per minute, by facility and hour of the local day. Plain, to be kept.

    It starts at 0: before anybody followed advice, none of it is in the waits that were learnt.
    """

    per_minute: dict[str, list[float]] = field(default_factory=dict)

    def learn(self, hour: int, arrived: Mapping[str, float], facility_ids: Collection[str]) -> None:
        """Take in one bucket of five minutes that is over.

        Args:
            hour: of the local day, 0 to 23.
            arrived: advised arrivals, by facility.
            facility_ids: every facility; at those not in `arrived` nobody was due.
        """
        for facility_id in facility_ids:
            rates = self.per_minute.setdefault(facility_id, [0.0] * HOURS)
            rate = arrived.get(facility_id, 0.0) / _BUCKET_MINUTES
            rates[hour] += _STEP * (rate - rates[hour])

    def count(self, facility_id: str, hour: int, minutes: float) -> float:
        """How many are usual within a window that long: N. 0 for a facility never heard of."""
        rates = self.per_minute.get(facility_id)
        return 0.0 if rates is None else rates[hour] * max(0.0, minutes)

    def rates_at(self, hour: int, facility_ids: Sequence[str]) -> NDArray[np.float64]:
        """Arrivals per minute at an hour, in the order of the facilities."""
        none = [0.0] * HOURS
        return np.array([self.per_minute.get(one, none)[hour] for one in facility_ids])
