"""Answers in words: numbers, not adverbs, rounded to 5 minutes, never the lower end alone."""

import math
from datetime import datetime

from routing.modes import Mode
from waitless.area.facility import Need
from waitless.recommend.answer import Destination, Minutes, PostedWait, Travel, WaitCard
from waitless.web.tongues import Say, mark

NEED_WORDS = {
    Need.MINOR_INJURY: mark("A minor injury"),
    Need.WOUND: mark("A cut or wound"),
    Need.SUSPECTED_FRACTURE: mark("A possible broken bone (needs X-ray)"),
    Need.BURN: mark("A burn or scald"),
    Need.BITE: mark("A bite or sting"),
    Need.EYE: mark("An eye problem"),
    Need.HEAD_INJURY: mark("A bump to the head, without passing out"),
    Need.MINOR_ILLNESS: mark("A minor illness"),
    Need.CHILD_MINOR_ILLNESS: mark("A child’s minor illness"),
    Need.ABDOMINAL_PAIN: mark("Tummy pain"),
}
MODE_WORDS = {
    Mode.DRIVE: mark("Drive"),
    Mode.TRANSIT: mark("Bus or train"),
    Mode.WALK: mark("Walk"),
    Mode.CYCLE: mark("Cycle"),
}
"""In the order of the page."""
AGE_WORDS = {
    "": mark("Any age"),
    "0": mark("Baby under 1"),
    "1": mark("Child of 1 to 4"),
    "5": mark("Child of 5 to 17"),
    "18": mark("Adult"),
}
"""Age bands, by the youngest age in them: what is told of a band then holds for all of it."""
KIND_WORDS = {
    "ed": mark("Emergency department (A&E)"),
    "utc": mark("Urgent treatment centre"),
    "miu": mark("Minor injury unit"),
    "walk-in": mark("Walk-in centre"),
}
METRES_PER_MILE = 1609.344
UNCERTAIN_MINUTES, UNCERTAIN_SHARE = 90, 1.5
"""A range at least so broad, and by so much broader than its middle, is not told as one number."""
_WAY = {
    Mode.DRIVE: mark("{time} driving"),
    Mode.WALK: mark("{time} walking"),
    Mode.CYCLE: mark("{time} cycling"),
    Mode.TRANSIT: mark("{time} by bus or train"),
}
_BASIS = {
    "live_traffic": mark("{miles} miles, with live traffic as of {clock}."),
    "usual": mark("{miles} miles, at the usual speeds of this hour, without live traffic."),
    "timetable": mark("By timetable."),
    "estimate": mark("{miles} miles, an estimate along main roads."),
}
_ABOUT_THEN = mark("An approximate timetable: check before you go.")
_STATISTIC = {
    "median": mark("half of the patients waited less"),
    "mean": mark("the average"),
    "p90": mark("9 in 10 patients waited less"),
    "longest": mark("the longest wait"),
    "estimate": mark("the unit’s own estimate"),
    "band": mark("a band"),
    "unspecified": mark("the unit does not say which figure this is"),
}
_CLOCK = {
    ("arrival", "treatment"): mark("from arrival to being seen"),
    ("arrival", "triage"): mark("from arrival to a first look by a nurse"),
    ("arrival", "departure"): mark("from arrival to leaving"),
}


def round_to_five(minutes: float) -> int:
    """The nearest 5 minutes; at least 5, for nobody is seen before they come in."""
    return max(5, 5 * round(minutes / 5))


def round_up_to_five(minutes: float) -> int:
    """The next 5 minutes; at least 5."""
    return max(5, 5 * math.ceil(minutes / 5))


def duration(minutes: int, say: Say) -> str:
    """Minutes as people say them: `1 h 25 min`."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return say("{m} min", m=rest)
    return say("{h} h {m} min", h=hours, m=rest) if rest else say("{h} h", h=hours)


def is_uncertain(total: Minutes | None) -> bool:
    """Whether a range is too broad to be told as one number."""
    if total is None:
        return False
    return total.p90 - total.p10 >= max(UNCERTAIN_MINUTES, UNCERTAIN_SHARE * total.p50)


def way(travel: Travel, mode: Mode, say: Say) -> str:
    """The journey in a few words: `20 min driving`; walking where no vehicle is worth its wait."""
    told = Mode.WALK if mode is Mode.TRANSIT and not _rides(travel) else mode
    return say(_WAY[told], time=duration(round_up_to_five(travel.minutes), say))


def _rides(travel: Travel) -> bool:
    return any(leg["kind"] == "ride" for leg in travel.legs)


def headline(destination: Destination, mode: Mode, say: Say) -> str:
    """One sentence. The parts are rounded each for itself, and summed: numbers that agree."""
    place, going = destination.facility.short_name, way(destination.travel, mode, say)
    if destination.wait is None or destination.total is None:
        return say("{way} to {place}; the wait is not known.", way=going, place=place)
    if has_no_upper_limit(destination):
        return say(
            "At least {low} until you are seen at {place}: {way}, then a wait without a known "
            "limit.",
            low=duration(_least(destination), say), way=going, place=place,
        )  # fmt: skip
    if is_uncertain(destination.total):
        low, high = bounds(destination, destination.total)
        return say(
            "Between {low} and {high} until you are seen at {place}: {way}, and a wait that nobody "
            "can tell closely.",
            low=duration(low, say), high=duration(high, say), way=going, place=place,
        )  # fmt: skip
    wait = round_to_five(destination.wait.when_seen.mean)
    total = _told_total(destination.travel, destination.wait)
    return say(
        "About {total} until you are seen at {place}: {way}, about {wait} waiting.",
        total=duration(total, say), wait=duration(wait, say), way=going, place=place,
    )  # fmt: skip


def in_short(destination: Destination, mode: Mode, say: Say) -> tuple[str, str]:
    """A card's figure and what it is made of."""
    going = way(destination.travel, mode, say)
    if destination.wait is None or destination.total is None:
        return say("Wait not known"), going
    if has_no_upper_limit(destination):
        return say("At least {low}", low=duration(_least(destination), say)), going
    if is_uncertain(destination.total):
        low, high = bounds(destination, destination.total)
        return say("{low} to {high}", low=duration(low, say), high=duration(high, say)), going
    wait = round_to_five(destination.wait.when_seen.mean)
    total = _told_total(destination.travel, destination.wait)
    parts = say("{way}, about {wait} waiting", way=going, wait=duration(wait, say))
    return say("About {total}", total=duration(total, say)), parts


def _told_total(travel: Travel, wait: WaitCard) -> int:
    """The one number that stands for a range: its parts as they are told."""
    return round_up_to_five(travel.minutes) + round_to_five(wait.when_seen.mean)


def bounds(destination: Destination, total: Minutes) -> tuple[int, int]:
    """The range in fives, never below the journey: nobody is seen before they arrive.

    Where it is told as one number, that number is within it, although its parts were rounded.
    """
    low = max(round_to_five(total.p10), round_up_to_five(destination.travel.minutes))
    high = max(round_to_five(total.p90), low)
    if destination.wait is not None and not is_uncertain(total):
        high = max(high, _told_total(destination.travel, destination.wait))
    return low, high


def has_no_upper_limit(destination: Destination) -> bool:
    """Whether its wait is published as "over" a figure."""
    posted = None if destination.wait is None else destination.wait.now
    return posted is not None and posted.minutes is None and posted.high is None


def _least(destination: Destination) -> int:
    """The minutes until seen where "over" a figure is all that is published."""
    posted = None if destination.wait is None else destination.wait.now.low
    return round_up_to_five(destination.travel.minutes + (posted or 0))


def say_range(destination: Destination, say: Say) -> str | None:
    """The range; None where the wait is not known."""
    if destination.total is None or destination.wait is None:
        return None
    if has_no_upper_limit(destination):
        least = duration(_least(destination), say)
        return say("At least {low}; no upper limit is published.", low=least)
    low, high = bounds(destination, destination.total)
    return say("8 in 10 people: {low} to {high}.", low=duration(low, say), high=duration(high, say))


def say_age(age_seconds: int, say: Say) -> str:
    """How long ago something was measured."""
    minutes = age_seconds // 60
    return say("under a minute ago") if minutes < 1 else say("{m} min ago", m=minutes)


def say_posted(posted: PostedWait, say: Say) -> str:
    """The published figure, its meaning and its age."""
    if posted.minutes is not None:
        figure = duration(round(posted.minutes), say)
    elif posted.high is None:
        figure = say("over {low}", low=duration(round(posted.low or 0), say))
    elif posted.low is None:
        figure = say("under {high}", high=duration(round(posted.high), say))
    else:
        low, high = duration(round(posted.low), say), duration(round(posted.high), say)
        figure = say("{low} to {high}", low=low, high=high)
    clock = _CLOCK.get((posted.clock_from, posted.clock_to))
    between = f"{posted.clock_from} – {posted.clock_to}" if clock is None else say(clock)
    return say(
        "Published wait: {figure} ({meaning}, {clock}), measured {age}.",
        figure=figure,
        meaning=say(_STATISTIC[posted.statistic]),
        clock=between,
        age=say_age(posted.age_seconds, say),
    )


def say_journey(travel: Travel, at: datetime, say: Say) -> str:
    """How far, and what the minutes rest on. `at` is local, and gives the zone."""

    def clock(moment: datetime | None) -> str:
        return f"{(moment or at).astimezone(at.tzinfo):%H:%M}"

    if travel.distance_m is None:
        basis = _ABOUT_THEN if travel.basis == "estimate" else _BASIS[travel.basis]
        told = [say(basis)] if _rides(travel) else []
    else:
        miles = f"{travel.distance_m / METRES_PER_MILE:.1f}"
        told = [say(_BASIS[travel.basis], miles=miles, clock=clock(travel.as_of))]
    if travel.leaves_at is not None:
        told.append(say("Leave by {clock}.", clock=clock(travel.leaves_at)))
    if travel.next is not None:
        told.append(
            say(
                "If you miss it: leave by {clock}, arrive at {arrival}.",
                clock=clock(travel.next.leaves_at), arrival=clock(travel.next.arrives_at),
            )
        )  # fmt: skip
    return " ".join(told)
