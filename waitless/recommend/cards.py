"""Cards: what an answer says of one destination, from the option it stands for."""

from datetime import datetime, timedelta

from feeds.model import Wait
from routing.modes import Mode
from routing.rank import Range
from waitless.area.facility import Facility
from waitless.area.hours import Calendar
from waitless.board import Board
from waitless.forecast.posted import WhenSeen
from waitless.recommend.answer import (
    FacilityCard,
    Minutes,
    PostedWait,
    Travel,
    WaitCard,
    WhenSeenMinutes,
)
from waitless.recommend.option import Option

DIRECTIONS = "https://www.google.com/maps/dir/?api=1&destination={lat},{lon}&travelmode={mode}"
"""Opens the phone's own map; the destination only, never the origin."""
_DIRECTIONS_MODE = {
    Mode.DRIVE: "driving",
    Mode.WALK: "walking",
    Mode.CYCLE: "bicycling",
    Mode.TRANSIT: "transit",
}


def facility_card(option: Option, calendar: Calendar, departs: datetime) -> FacilityCard:
    """The place itself, with its closing time after the arrival."""
    arrival = departs + timedelta(minutes=option.journey.minutes)
    return describe_facility(option.facility, calendar.find_closing(option.facility.hours, arrival))


def describe_facility(facility: Facility, open_until: datetime | None) -> FacilityCard:
    """The place itself."""
    return FacilityCard(
        id=facility.id,
        name=facility.name,
        short_name=facility.short_name,
        kind=facility.kind,
        ods_code=facility.ods_code,
        address=facility.address,
        postcode=facility.postcode,
        phone=facility.phone,
        lat=facility.lat,
        lon=facility.lon,
        services=facility.services(),
        open_until=open_until,
    )


def travel_card(option: Option, mode: Mode) -> Travel:
    """The journey."""
    facility, journey = option.facility, option.journey
    return Travel(
        minutes=round(journey.minutes, 1),
        distance_m=journey.distance_m,
        basis=journey.basis,
        as_of=journey.as_of,
        directions_url=directions(facility, mode),
        leaves_at=journey.leaves_at,
        next=journey.next,
        legs=[*journey.legs],
    )


def directions(facility: Facility, mode: Mode) -> str:
    """The address that opens the phone's own map."""
    return DIRECTIONS.format(lat=facility.lat, lon=facility.lon, mode=_DIRECTIONS_MODE[mode])


def wait_card(
    facility: Facility, wait: Wait | None, seen: WhenSeen | None, board: Board, now: datetime
) -> WaitCard | None:
    """The wait; None where nothing current is believed.

    Args:
        facility: whose wait it is.
        wait: what may be shown of it as live.
        seen: the range that it stands for.
        board: whose reading it is.
        now: the time of the answer.
    """
    reading = board.reading_at(facility.id, now)
    if wait is None or seen is None or reading is None or reading.wait_as_of is None:
        return None
    return WaitCard(
        when_seen=WhenSeenMinutes(
            p10=round(seen.p10),
            p50=round(seen.p50),
            p90=round(seen.p90),
            mean=round(seen.mean),
            basis=seen.basis,
        ),
        now=PostedWait(
            minutes=wait.minutes,
            low=wait.low,
            high=wait.high,
            statistic=wait.statistic,
            clock_from=wait.clock.start,
            clock_to=wait.clock.stop,
            as_of=reading.wait_as_of,
            age_seconds=max(0, int((now - reading.wait_as_of).total_seconds())),
        ),
        patients_waiting=reading.patients_waiting,
        feed_state=board.feed_state(facility, now),
    )


def total_card(total: Range | None) -> Minutes | None:
    """Journey plus wait in whole minutes; None where the wait is unknown."""
    if total is None:
        return None
    return Minutes(
        p10=round(total.p10), p50=round(total.p50), p90=round(total.p90), mean=round(total.mean)
    )
