"""The whole of an answer in one compiled call: journeys, ranking, bytes."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.compiled import compiled, stamp
from routing.lookup import look_up
from waitless.answers.compose import compose
from waitless.answers.ranking import rank_places

_Ints: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]
_Flags: TypeAlias = NDArray[np.bool_]
_Bytes: TypeAlias = NDArray[np.uint8]


def _make_kernel(of: str) -> Any:  # noqa: ANN401 - a compiled function of fifty arguments
    """The kernel, kept by the files that it is made of too."""

    @compiled
    def answer(  # noqa: PLR0917 - compiled; one by one is quicker to hand over than in tuples
        east: float,
        north: float,
        limit: int,
        corner_east_m: float,
        corner_north_m: float,
        cell_m: float,
        grid_rows: int,
        grid_columns: int,
        order: NDArray[np.int32],
        grid_first: NDArray[np.int32],
        points_m: _Floats,
        barriers_m: _Floats,
        row_first: _Ints,
        facility: NDArray[np.uint16],
        tenths: NDArray[np.uint16],
        decametres: NDArray[np.uint16],
        row_live: _Flags,
        facility_count: int,
        access_s_per_m: float,
        access_detour: float,
        limit_m: float,
        numbers: _Ints,
        totals: _Floats,
        column: _Ints,
        barred: _Flags,
        id_order: _Ints,
        door_first: _Ints,
        since: _Ints,
        code: _Ints,
        closing: _Ints,
        quantiles: _Floats,
        p50_us: _Ints,
        other_clock: _Flags,
        reported_until: _Ints,
        live_until: _Ints,
        now_us: int,
        most_minutes: float,
        out: _Bytes,
        limited: _Flags,
        offset_minutes: _Ints,
        places: _Bytes,
        places_first: _Ints,
        ways: _Bytes,
        ways_first: _Ints,
        bars: _Bytes,
        bars_first: _Ints,
        doors: _Bytes,
        doors_first: _Ints,
        waits: _Bytes,
        waits_first: _Ints,
    ) -> tuple[int, int]:
        assert len(of) > 0  # noqa: S101 - closed over, and so part of what this is kept by
        all_wet, minutes, distance_m, live = look_up(
            east, north, corner_east_m, corner_north_m, cell_m, grid_rows, grid_columns, order,
            grid_first, points_m, barriers_m, row_first, facility, tenths, decametres, row_live,
            facility_count, access_s_per_m, access_detour, limit_m,
        )  # fmt: skip
        if all_wet:
            return ALL_WET, 0
        ranked, shown, left_out, first_end = rank_places(
            numbers, totals, minutes, column, barred, id_order, door_first, since, code, closing,
            quantiles, p50_us, other_clock, reported_until, live_until, now_us, most_minutes,
            limit,
        )  # fmt: skip
        length = compose(
            out, ranked, shown, left_out, numbers, totals, quantiles, minutes, distance_m, live,
            column, limited, offset_minutes, places, places_first, ways, ways_first, bars,
            bars_first, doors, doors_first, waits, waits_first,
        )  # fmt: skip
        return length, first_end

    return answer


ALL_WET = -1
"""In place of a length: the nearest junctions are all across water, so that the journeys are still
to be found (`ReachTable.travel_from`)."""
answer_whole = _make_kernel(stamp(look_up, rank_places, compose))
"""Look up, rank and compose. Gives how many bytes were written (or `ALL_WET`), and the first end of
a live wait among the destinations shown (`columns.NEVER`).

Arguments: east and north of the origin in metres, most destinations shown; then those of
`routing.lookup.look_up`, of `rank_places` and of `compose` that are not found by the one before.
"""
