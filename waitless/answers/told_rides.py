"""Told rides: journeys by timetable put into a composed answer, for those that it shows.

Who is shown is known only when all are ranked, and to tell a journey takes longer than to rank it.
"""

from collections.abc import Sequence

import numpy as np

from routing.modes import Mode
from waitless.answers.columns import ORDER, Desk
from waitless.answers.instants import render
from waitless.answers.travelled import TOLD_LATER, ByTimetable
from waitless.area.facility import Facility
from waitless.recommend.cards import directions
from waitless.recommend.suit import Exclusion
from waitless.recommend.ways import Journey
from waitless.travel.rides import NO_TIMETABLE, Rides


def fill_in(
    written: bytes,
    rides: Rides | None,
    facilities: Sequence[Facility],
    travelled: ByTimetable,
    desk: Desk,
) -> bytes:
    """Return an answer with every `TOLD_LATER` in it replaced.

    Args:
        written: as composed: those shown first, then those that cannot be reached.
        rides: of the question; None where nothing is held for its day.
        facilities: of the area.
        travelled: the timetables as laid out.
        desk: what the ranking found.
    """
    pieces = written.split(TOLD_LATER)
    column = travelled.column
    if rides is None:
        lost = list(range(len(facilities)))
    else:
        lost = np.flatnonzero(np.isinf(rides.minutes[column])).tolist()
    whole = [pieces[0]]
    shown = len(pieces) - 1 - len(lost)
    for f, piece in zip(desk.numbers[ORDER, :shown].tolist(), pieces[1:], strict=False):
        assert rides is not None  # noqa: S101 - else nothing is shown
        whole += (_tell_travel(facilities[f], rides.tell(column[f])), piece)
    for f, piece in zip(lost, pieces[1 + shown :], strict=True):
        no_way = NO_TIMETABLE if rides is None else rides.tell_no_way(column[f])
        whole += (render(Exclusion(facilities[f].id, no_way.reason, no_way.text)), piece)
    return b"".join(whole)


def _tell_travel(facility: Facility, journey: Journey) -> bytes:
    """The JSON of `Travel` from after `"basis":` on, without its last brace."""
    told = {
        "basis": journey.basis,
        "as_of": journey.as_of,
        "directions_url": directions(facility, Mode.TRANSIT),
        "leaves_at": journey.leaves_at,
        "next": journey.next,
        "legs": journey.legs,
    }
    return render(told).removeprefix(b'{"basis":').removesuffix(b"}")
