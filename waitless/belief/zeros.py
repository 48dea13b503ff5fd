"""Rules about zero: no figure is wrong more often, and a false zero is ranked first."""

from datetime import timedelta

from feeds.model import Observation
from waitless.belief.case import Case
from waitless.belief.state import Seen, is_all_zero, is_zero_wait

BUSY_MINUTES = 30.0
BUSY_PEOPLE = 5
FULL_MINUTES = 60.0
FULL_PEOPLE = 10
"""A unit with so much going on cannot have emptied by the next reading, nor the one after."""
ZEROS_CONFIRM = 2
RECENT = timedelta(minutes=30)
CADENCES = 2
JUST_COME = 2
"""So many may have come just now and wait no time yet: in the simulated East Kent a zero stands
beside one or two who wait in 1 % of all readings."""
MANY_INSIDE = 10
MANY_INSIDE_NONE_WAITING = 30
"""R6 and FAILURES.md 3: Mid Cheshire posted a zero wait with 41 in the department. Where the source
says that nobody waits, those inside are being treated, and more of them are plausible."""
AT_ONCE = timedelta(minutes=10)
FEW = 3
"""All facilities of a feed at zero mean something from this many on."""


def is_dropout(case: Case) -> str | None:
    """Every figure zero at once right after a busy reading: a page that failed to load.

    Plymouth did it twice in five hours: 169 minutes and 28 people, zeros, 179 and 31 (FAILURES.md
    11). At a small unit a second such reading confirms; at a full one the zeros must outlast the
    busy reading's half hour.
    """
    if not is_all_zero(case.observation):
        return None
    figure, before = _find_recent_figure(case), case.facility.believed_wait
    if figure is None or before is None:
        return None
    minutes, people = before.floor_minutes, _people(figure)
    if people == 0 or (minutes < BUSY_MINUTES and (people or 0) < BUSY_PEOPLE):
        return None
    full = minutes >= FULL_MINUTES if people is None else people >= FULL_PEOPLE
    if not full and case.facility.zero_readings >= ZEROS_CONFIRM:
        return None
    told = "" if people is None else f" and {people} people"
    return f"all zero right after {minutes:.0f} minutes{told}"


def is_all_zero_feed(case: Case) -> str | None:
    """Every unit of the feed falls to zero together, in its open hours."""
    if not is_all_zero(case.observation) or case.is_shut:
        return None
    before = _find_recent_figure(case)
    if before is None or is_zero_wait(before.wait):
        return None
    open_ones = [
        seen
        for seen in case.feed.seen.values()
        if not seen.shut and abs(case.measured_at - seen.as_of) <= AT_ONCE
    ]
    if len(open_ones) < max(FEW, len(case.feed_rules.facility_ids) // 2):
        return None
    if not all(seen.zero for seen in open_ones) or not _fell(open_ones):
        return None
    return f"{len(open_ones)} units of the feed at zero at once"


def is_zero_with_patients(case: Case) -> str | None:
    """A zero wait while people wait, where zeros do not come and go as a matter of course."""
    observation, facility = case.observation, case.facility
    if not is_zero_wait(observation.wait):
        return None
    waiting, inside = observation.patients_waiting, observation.patients_in_department or 0
    many = MANY_INSIDE if waiting is None else MANY_INSIDE_NONE_WAITING
    if (waiting or 0) <= JUST_COME and inside < many:
        return None
    if case.rules.zeros_are_normal or facility.learnt.zeros.are_normal:
        return None
    return f"no wait, yet {waiting or 0} waiting and {inside} in the department"


def _people(observation: Observation) -> int | None:
    """How many were there; None where it does not say."""
    counts = (observation.patients_waiting, observation.patients_in_department)
    return max((count for count in counts if count is not None), default=None)


def _find_recent_figure(case: Case) -> Observation | None:
    """The newest believed wait, where it is recent enough to be fallen from."""
    figure = case.facility.figure
    within = max(RECENT, timedelta(seconds=CADENCES * case.feed_rules.cadence_s))
    recent = figure is not None and case.measured_at - figure.measured_at <= within
    return figure if recent else None


def _fell(seen: list[Seen]) -> bool:
    """Whether most of them stood above zero before."""
    return 2 * sum(not one.was_zero for one in seen) > len(seen)
