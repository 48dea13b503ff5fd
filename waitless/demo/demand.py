"""What the simulated facilities are made of: every figure of the demo's world, in one place.

Sources are named as in `docs`: "NHS England monthly A&E" is its attendance statistics by provider
and type; what is marked *constructed* is chosen to agree with published facts, and is not data.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from waitless.area.facility import Facility, Kind

ARRIVALS_BY_HOUR = (
    *(2.1, 1.6, 1.3, 1.1, 1.0, 1.1, 1.5, 2.4),
    *(4.2, 6.2, 7.2, 7.1, 6.5, 6.4, 6.5, 6.6),
    *(6.7, 6.8, 6.1, 5.2, 3.9, 3.3, 2.8, 2.4),
)
"""Per cent of a day's arrivals by hour of the local day. *Constructed*: it satisfies what was
published of England's A&E (60% from 09:00 to 18:00, most at 10 to 12, fewest at 4 to 5)."""

MONDAY = 1.12
OTHER_DAYS = 0.98
"""A day's arrivals against the mean: Mondays had 16% of all in 2019/20 (NHS Digital), not 14.3%."""

DAY_SHAPE = 60.0
"""Shape of the gamma factor (mean 1) on a whole day's arrivals: a standard deviation of 13%, of
the order that Estuary View's 40 to 90 a day suggests for small units. *Constructed*."""

STAFF_LAG_HOURS = 3
"""Clinicians are rostered to the mean demand of this hour and the ones before it, so a queue
builds in the morning and is worked off in the evening. *Constructed*."""

FEWEST_STAFF = 2.2
"""Nights are rostered to no less than this per cent of a day's arrivals an hour. *Constructed*."""

LONGEST_CONSULTATION = 1.4
"""Where few come, a clinician has spare time: the mean consultation stretches to no more than this
many times the usual. *Constructed*."""

HURRY = 0.8
HURRY_LIMITS = (0.72, 1.8)
"""Clinicians speed up as the next patient has waited longer than is usual there, and slow down
when nobody waits: pace = (waited / usual) ** HURRY, within limits. It keeps a simulated queue from
drifting off for days, as extra hands and shorter consultations do in life. *Constructed*."""

SERVICE_SPREAD = 0.6
"""Standard deviation of the logarithm of a consultation's length (lognormal). *Constructed*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """How a kind of place treats: minutes are means. All *constructed*."""

    consultation_minutes: float
    """A clinician is busy this long with a patient, more or less."""
    after_minutes: float
    """Then the patient stays this long for tests, dressings or a bed. For EDs it makes about
    4 hours in all: the median of admitted patients was 234 min (England, 2016-18, EMJ)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """How busy one place is."""

    arrivals_per_day: float
    """Mean attendances of a day in opening hours."""
    usual_wait_minutes: float
    """About what a patient waits there: *constructed*; no East Kent figures by site were found.
    EDs between the 108 and 78 min of the East Kent model in `docs`; UTCs and MIUs around the 7 to
    31 min medians that MIU providers published (July to September 2022)."""


CARE: Mapping[Kind, Care] = {
    Kind.ED: Care(consultation_minutes=25, after_minutes=120),
    Kind.UTC: Care(consultation_minutes=18, after_minutes=12),
    Kind.MIU: Care(consultation_minutes=15, after_minutes=8),
    Kind.WALK_IN: Care(consultation_minutes=12, after_minutes=5),
}

TYPICAL: Mapping[Kind, Demand] = {
    Kind.ED: Demand(arrivals_per_day=280, usual_wait_minutes=92),
    Kind.UTC: Demand(arrivals_per_day=70, usual_wait_minutes=30),
    Kind.MIU: Demand(arrivals_per_day=40, usual_wait_minutes=20),
    Kind.WALK_IN: Demand(arrivals_per_day=50, usual_wait_minutes=25),
}
"""For a facility that is not in the table below. *Constructed*."""


def _table(**rows: tuple[float, float]) -> dict[str, Demand]:
    return {
        name.replace("_", "-"): Demand(arrivals_per_day=arrivals, usual_wait_minutes=wait)
        for name, (arrivals, wait) in rows.items()
    }


DEMAND: Mapping[str, Demand] = _table(
    # East Kent Hospitals, type 1: 605 a day in May 2022; the split of 55 to 45 is assumed.
    william_harvey_ed=(333, 104),
    qeqm_ed=(272, 86),
    # Type 1 in 2018/19: Medway 255, Dartford 304, Maidstone and Tunbridge Wells 427 (split evenly).
    medway_ed=(255, 98),
    darent_valley_ed=(304, 94),
    maidstone_ed=(213, 84),
    tunbridge_wells_ed=(214, 88),
    # East Kent Hospitals, type 3: 179 a day in May 2022 over four sites, the split assumed.
    ashford_utc=(40, 38),
    margate_utc=(42, 40),
    canterbury_utc=(57, 36),
    dover_utc=(40, 26),
    # Kent Community Health: 371 a day in 2024/25, the whole county; the split is assumed.
    folkestone_utc=(72, 34),
    deal_utc=(58, 24),
    sevenoaks_utc=(68, 28),
    gravesham_utc=(78, 36),
    sheppey_miu=(38, 18),
    sittingbourne_miu=(57, 22),
    # Estuary View: 94 a day in 2018/19. Herne Bay and Faversham: assumed.
    whitstable_utc=(94, 24),
    herne_bay_utc=(45, 22),
    faversham_utc=(35, 18),
    # Type 3 in 2018/19: Medway 90, Maidstone and Tunbridge Wells 71 (split evenly).
    medway_utc=(90, 42),
    maidstone_utc=(36, 30),
    tunbridge_wells_utc=(36, 28),
)


def demand_of(facility: Facility) -> Demand:
    """A facility's figures, or those typical of its kind."""
    return DEMAND.get(facility.id, TYPICAL[facility.kind])
