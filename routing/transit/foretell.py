"""When a trip comes to each of its stops, from what is told of some of them.

The rules are those of GTFS-realtime (https://gtfs.org/documentation/realtime/feed-entities/
trip-updates/): a delay holds from the stop it is told of to the next one of which anything is told.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple


class Told(NamedTuple):
    """What is told of one stop: how much later than planned, seconds; below 0, earlier.

    With neither, and not skipped, nothing is foretold from this stop on.
    """

    arrival_s: int | None = None
    departure_s: int | None = None
    skipped: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether it says only that nothing is known."""
        return self.arrival_s is None and self.departure_s is None and not self.skipped


_PASSED_OVER = Told(skipped=True)
"""Of a stop that nothing is told of, or that is not served, no time is told: delays go on."""


def foretell(
    arrivals_s: Sequence[int],
    departures_s: Sequence[int],
    told: Mapping[int, Told],
    delay_s: int = 0,
) -> tuple[list[int], list[int]]:
    """Return arrivals and departures along a trip; they never go back.

    A departure that is not told is as late as the arrival; an arrival that is not told is as late
    as the stop before, but not after a departure that is. Where times would go back, those that
    were told stand, a later one raised to the earlier; the others give way to the next one told.

    Args:
        arrivals_s: as planned, by stop; skipped stops are in it.
        departures_s: likewise.
        told: by place in the trip.
        delay_s: of the trip up to the first stop of which anything is told.
    """
    times: list[int] = []
    stands: list[bool] = []
    for place, planned in enumerate(zip(arrivals_s, departures_s, strict=True)):
        one = told.get(place, _PASSED_OVER)
        if one.is_nothing:
            delay_s = 0
        for planned_s, late_s in zip(planned, one[:2], strict=True):
            if late_s is not None:
                delay_s = late_s
            times.append(planned_s + delay_s)
            stands.append(late_s is not None)
    _straighten(times, stands)
    return times[::2], times[1::2]


def _straighten(times: list[int], stands: Sequence[bool]) -> None:
    """Make times rise: first those that stand, then the others up to the next of these."""
    standing = [at for at, stood in enumerate(stands) if stood]
    for before, at in pairwise(standing):
        times[at] = max(times[at], times[before])
    for at, following in zip(standing, [0, *standing], strict=False):
        for other in range(following, at):
            times[other] = min(times[other], times[at])
    for at in range(1, len(times)):
        times[at] = max(times[at], times[at - 1])
