"""Journeys by junction, as questions need them, made of journeys by facility, as found."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled


class Rows(NamedTuple):
    """For each junction its journeys: the entries from `first[j]` up to `first[j + 1]`.

    They stand by rising facility number.
    """

    first: NDArray[np.int64]
    facility: NDArray[np.uint16]
    tenths: NDArray[np.uint16]
    """Tenths of minutes, arrival included."""
    decametres: NDArray[np.uint16]
    """Distance along the same way in steps of 10 m."""
    live: NDArray[np.bool_]
    """Whether a live figure touched that way."""


class Journeys(NamedTuple):
    """Journeys to one facility, rounded as rows keep them, in no order."""

    facility: int
    junctions: NDArray[np.int32]
    tenths: NDArray[np.uint16]
    decametres: NDArray[np.uint16]
    live: NDArray[np.bool_]


def lay_by_junction(junction_count: int, found: list[Journeys]) -> Rows:
    """Turn journeys by facility, in rising order of facility, into rows."""
    first = np.zeros(junction_count + 1, dtype=np.int64)
    for one in found:
        _count(one.junctions, first)
    np.cumsum(first, out=first)
    rows = _make_room(first, int(first[-1]))
    # Each junction's place moves on as its entries come, until it is where the next one's begin.
    place = first[:-1].copy()
    for one in found:
        _lay_down(one, place, rows)
    return rows


def merge(kept: Rows, replaced: NDArray[np.bool_], fresh: Rows) -> Rows:
    """Return rows in which the journeys to some facilities are others.

    Args:
        kept: rows of which the entries of replaced facilities are left out.
        replaced: one flag for each facility.
        fresh: rows with entries of replaced facilities alone.
    """
    left = int(np.count_nonzero(~replaced[kept.facility]))
    merged = _make_room(np.zeros_like(kept.first), left + len(fresh.facility))
    _merge(kept, replaced, fresh, merged)
    return merged


def _make_room(first: NDArray[np.int64], size: int) -> Rows:
    return Rows(
        first,
        np.empty(size, dtype=np.uint16),
        np.empty(size, dtype=np.uint16),
        np.empty(size, dtype=np.uint16),
        np.empty(size, dtype=np.bool_),
    )


@compiled
def _count(junctions: NDArray[np.int32], first: NDArray[np.int64]) -> None:
    """Count one more entry for each of the junctions."""
    for junction in junctions:
        first[junction + 1] += 1


@compiled
def _lay_down(one: Journeys, place: NDArray[np.int64], rows: Rows) -> None:
    """Write one facility's journeys into the next free place of each junction."""
    number, junctions, tenths, decametres, live = one
    _, to_facility, to_tenths, to_decametres, to_live = rows
    for i, junction in enumerate(junctions):
        at = place[junction]
        place[junction] = at + 1
        to_facility[at] = number
        to_tenths[at] = tenths[i]
        to_decametres[at] = decametres[i]
        to_live[at] = live[i]


@compiled
def _merge(kept: Rows, replaced: NDArray[np.bool_], fresh: Rows, merged: Rows) -> None:
    """Merge rows junction by junction: of the two next entries the one of the lower facility."""
    kept_first, kept_facility, kept_tenths, kept_decametres, kept_live = kept
    new_first, new_facility, new_tenths, new_decametres, new_live = fresh
    first, facility, tenths, decametres, live = merged
    at = 0
    for junction in range(len(first) - 1):
        old, old_end = kept_first[junction], kept_first[junction + 1]
        new, new_end = new_first[junction], new_first[junction + 1]
        while old < old_end or new < new_end:
            if old < old_end and replaced[kept_facility[old]]:
                old += 1
                continue
            if old == old_end or (new < new_end and new_facility[new] < kept_facility[old]):
                facility[at], tenths[at] = new_facility[new], new_tenths[new]
                decametres[at], live[at] = new_decametres[new], new_live[new]
                new += 1
            else:
                facility[at], tenths[at] = kept_facility[old], kept_tenths[old]
                decametres[at], live[at] = kept_decametres[old], kept_live[old]
                old += 1
            at += 1
        first[junction + 1] = at
