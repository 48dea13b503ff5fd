"""Answers in words: numbers, not adverbs, rounded to 5 minutes, never the lower end alone."""

import math
from dataclasses import dataclass
from datetime import datetime

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.area.hours import Calendar
from waitless.recommend.answer import Destination, PostedWait
from waitless.recommend.reasons import REASON_TEXTS, Reason

NEED_WORDS = {
    Need.MINOR_INJURY: "A minor injury",
    Need.WOUND: "A cut or wound",
    Need.SUSPECTED_FRACTURE: "A possible broken bone (needs X-ray)",
    Need.BURN: "A burn or scald",
    Need.BITE: "A bite or sting",
    Need.EYE: "An eye problem",
    Need.HEAD_INJURY: "A bump to the head, without passing out",
    Need.MINOR_ILLNESS: "A minor illness",
    Need.CHILD_MINOR_ILLNESS: "A child’s minor illness",
    Need.ABDOMINAL_PAIN: "Tummy pain",
}
MODE_WORDS = {
    Mode.DRIVE: "By car",
    Mode.WALK: "On foot",
    Mode.CYCLE: "By bicycle",
    Mode.TRANSIT: "By bus or train",
}
KIND_WORDS = {
    "ed": "Emergency department (A&E)",
    "utc": "Urgent treatment centre",
    "miu": "Minor injury unit",
    "walk-in": "Walk-in centre",
}
METRES_PER_MILE = 1609.344
_TRAVELLING = {
    Mode.DRIVE: "driving",
    Mode.WALK: "walking",
    Mode.CYCLE: "cycling",
    Mode.TRANSIT: "by bus or train",
}
_BASIS = {
    "live_traffic": "with live traffic",
    "usual": "at the usual speeds of this hour, without live traffic",
    "timetable": "by timetable",
    "estimate": "an estimate along main roads",
}
_STATISTIC = {
    "median": "half of the patients waited less",
    "mean": "the average",
    "p90": "9 in 10 patients waited less",
    "longest": "the longest wait",
    "estimate": "the unit’s own estimate",
    "band": "a band",
    "unspecified": "the unit does not say which figure this is",
}


@dataclass(frozen=True, slots=True)
class DestinationWords:
    """One destination as a patient reads it. None: there is nothing to say."""

    rank: int
    name: str
    kind: str
    headline: str
    range: str | None
    posted: str | None
    journey: str
    closing: str | None
    reasons: list[str]
    similar: bool
    address: str
    phone: str | None
    directions_url: str


def describe(destination: Destination, mode: Mode, calendar: Calendar) -> DestinationWords:
    """One destination in words."""
    facility = destination.facility
    return DestinationWords(
        rank=destination.rank,
        name=facility.short_name,
        kind=KIND_WORDS[facility.kind],
        headline=_headline(destination, mode),
        range=_range(destination),
        posted=None if destination.wait is None else describe_posted(destination.wait.now),
        journey=_journey(destination, calendar),
        closing=_closing(facility.open_until, calendar),
        reasons=[REASON_TEXTS[Reason(code)] for code in destination.reasons],
        similar=destination.similar_to_previous,
        address=f"{facility.address}, {facility.postcode}",
        phone=facility.phone,
        directions_url=destination.travel.directions_url,
    )


def round_to_five(minutes: float) -> int:
    """The nearest 5 minutes; at least 5, for nobody is seen before they come in."""
    return max(5, 5 * round(minutes / 5))


def duration(minutes: int) -> str:
    """Minutes as people say them: `1 h 25 min`."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def describe_posted(posted: PostedWait) -> str:
    """The published figure, its meaning and its age."""
    age = posted.age_seconds // 60
    measured = "under a minute ago" if age < 1 else f"{age} min ago"
    if posted.minutes is not None:
        figure = duration(round(posted.minutes))
    elif posted.high is None:
        figure = f"over {duration(round(posted.low or 0))}"
    elif posted.low is None:
        figure = f"under {duration(round(posted.high))}"
    else:
        figure = f"{duration(round(posted.low))} to {duration(round(posted.high))}"
    meaning = _STATISTIC[posted.statistic]
    if (posted.clock_from, posted.clock_to) != ("arrival", "treatment"):
        meaning += f", from {posted.clock_from} to {posted.clock_to}"
    return f"Published wait: {figure} ({meaning}), measured {measured}."


def _headline(destination: Destination, mode: Mode) -> str:
    """The two parts rounded each for itself, and their sum: three numbers that agree."""
    travel = _up_to_five(destination.travel.minutes)
    way = f"{duration(travel)} {_TRAVELLING[mode]}"
    if destination.wait is None:
        return f"{way}; the wait is not known"
    wait = round_to_five(destination.wait.when_seen.mean)
    return (
        f"About {duration(travel + wait)} until you are seen: {way}, about {duration(wait)} waiting"
    )


def _range(destination: Destination) -> str | None:
    """Never below the journey: nobody is seen before they arrive."""
    if destination.total is None:
        return None
    posted = None if destination.wait is None else destination.wait.now
    if posted is not None and posted.minutes is None and posted.high is None:
        least = _up_to_five(destination.travel.minutes + (posted.low or 0))
        return f"At least {duration(least)}; no upper limit is published."
    low = max(round_to_five(destination.total.p10), _up_to_five(destination.travel.minutes))
    high = max(round_to_five(destination.total.p90), low)
    return f"8 in 10 people: {duration(low)} to {duration(high)}."


def _up_to_five(minutes: float) -> int:
    return max(5, 5 * math.ceil(minutes / 5))


def _journey(destination: Destination, calendar: Calendar) -> str:
    travel = destination.travel
    told = _BASIS[travel.basis]
    if travel.basis == "live_traffic" and travel.as_of is not None:
        told += f" as of {travel.as_of.astimezone(calendar.zone):%H:%M}"
    if travel.distance_m is None:
        return f"{told.capitalize()}."
    return f"{travel.distance_m / METRES_PER_MILE:.1f} miles, {told}."


def _closing(open_until: datetime | None, calendar: Calendar) -> str | None:
    if open_until is None:
        return None
    return f"Open until {open_until.astimezone(calendar.zone):%H:%M}."
