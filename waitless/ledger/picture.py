"""What an answering process sees of the ledger: one immutable picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from waitless.ledger.counts import LedgerSnapshot, lay_out
from waitless.ledger.entries import Held
from waitless.ledger.usual import Usual


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LedgerPicture:
    """Who is on the way, what of it is usual, and where it counts. Rows are facilities."""

    snapshot: LedgerSnapshot
    """Journeys, and of served answers their share."""
    usual: Usual
    counts: NDArray[np.bool_]
    """False where a facility's correction is suspended, and everywhere without a shared ledger."""
    shared: bool
    """Whether it is the ledger of all workers; without it nothing is corrected."""


def picture_of(held: Held, facility_ids: Sequence[str], served_share: float) -> LedgerPicture:
    """The picture of what the store held.

    Args:
        held: journeys and served answers.
        facility_ids: the rows.
        served_share: how much a served answer counts, 0 to 1.
    """
    counted = {
        facility_id: [
            *held.journeys.get(facility_id, {}).items(),
            *_weighed(held.served.get(facility_id, {}), served_share),
        ]
        for facility_id in facility_ids
    }
    suspended = held.learnt.suspended
    return LedgerPicture(
        snapshot=lay_out(facility_ids, counted.items()),
        usual=held.learnt.usual,
        counts=np.array([one not in suspended for one in facility_ids], dtype=np.bool_),
        shared=True,
    )


def no_picture(facility_ids: Sequence[str]) -> LedgerPicture:
    """Without a shared ledger nobody is known to be on the way."""
    return LedgerPicture(
        snapshot=lay_out(facility_ids, ()),
        usual=Usual(),
        counts=np.zeros(len(facility_ids), dtype=np.bool_),
        shared=False,
    )


def _weighed(buckets: dict[int, int], share: float) -> list[tuple[int, float]]:
    return [(bucket, number * share) for bucket, number in buckets.items() if share > 0]
