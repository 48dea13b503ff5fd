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
    shown_first = (*desk.numbers[ORDER, :shown].tolist(), *lost)
    for f, piece in zip(shown_first, pieces[1:], strict=True):
        whole += (_write(facilities[f], int(column[f]), rides), piece)
    return b"".join(whole)


def _write(facility: Facility, number: int, rides: Rides | None) -> bytes:
    """What is told of the way to a facility, written once for each look-up."""
    if rides is None:
        return render(Exclusion(facility.id, NO_TIMETABLE.reason, NO_TIMETABLE.text))
    known = rides.written.get(number)
    if known is None:
        if np.isfinite(rides.minutes[number]):
            known = _tell_travel(facility, rides.tell(number))
        else:
            no_way = rides.tell_no_way(number)
            known = render(Exclusion(facility.id, no_way.reason, no_way.text))
        rides.written[number] = known
    return known


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
