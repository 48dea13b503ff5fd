"""What the page shows of one destination, made of an answer and a language."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from routing.modes import Mode
from routing.rank import Range, may_be_as_quick
from waitless.area.facility import Need
from waitless.area.pack import Area
from waitless.recommend.answer import Destination, Minutes, Recommendation
from waitless.recommend.reasons import REASON_TEXTS, Reason
from waitless.web.dots import DotPlot, plot_dots
from waitless.web.legs import describe_legs
from waitless.web.tongues import Say
from waitless.web.wording import (
    KIND_WORDS,
    bounds,
    duration,
    has_no_upper_limit,
    headline,
    in_short,
    round_to_five,
    say_journey,
    say_posted,
    say_range,
    way,
)

CLOSING_MATTERS = timedelta(hours=1)
"""A closing is told first where it comes less than so long after most are seen."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One destination as a patient reads it. None: there is nothing to say."""

    id: str
    name: str
    kind: str
    headline: str
    figure: str
    parts: str
    range: str | None
    posted: str | None
    journey: str
    legs: list[str]
    closing: str | None
    closes_soon: bool
    xray: str | None
    reasons: list[str]
    similar: bool
    address: str
    phone: str | None
    directions_url: str
    eta_minutes: float
    plot: DotPlot | None
    plot_words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads an answer: what they asked, where, when and in which language."""

    area: Area
    mode: Mode
    need: Need
    now: datetime
    """Local."""
    leaves: datetime
    """Local; the same as `now`, unless they leave later."""
    say: Say


def show(answer: Recommendation, reader: Reader) -> list[Shown]:
    """Every destination of an answer, the best first."""
    return [_show(one, reader) for one in answer.destinations]


def say_why_first(answer: Recommendation, mode: Mode, say: Say) -> list[str]:
    """Why the first is first, the weightiest reason first; nothing where there is no first."""
    if not answer.destinations:
        return []
    similar = _say_similar(answer, mode, say)
    reasons = [Reason(code) for code in answer.destinations[0].reasons]
    if similar is None:
        return [say(REASON_TEXTS[one]) for one in reasons]
    others = [say(REASON_TEXTS[one]) for one in reasons if one is not Reason.SIMILAR_TOTAL]
    return [similar, *others]


def _say_similar(answer: Recommendation, mode: Mode, say: Say) -> str | None:
    """Which of the places that may be as quick as the first is the nearest; None: there is none."""
    first = answer.destinations[0]
    alike = [one for one in answer.destinations[1:] if _may_be_as_quick(first, one)]
    if not alike:
        return None
    nearest = min(alike, key=lambda one: one.travel.minutes)
    if nearest.travel.minutes >= first.travel.minutes:
        return say("Others may be about as quick, but this is the nearest of them.")
    return say(
        "Similar: the nearest is {place}, {way}.",
        place=nearest.facility.short_name,
        way=way(nearest.travel, mode, say),
    )


def _may_be_as_quick(first: Destination, other: Destination) -> bool:
    if first.total is None or other.total is None:
        return False
    return may_be_as_quick(_range(first.total), _range(other.total))


def _range(total: Minutes) -> Range:
    return Range(p10=total.p10, p50=total.p50, p90=total.p90, mean=total.mean)


def _show(destination: Destination, reader: Reader) -> Shown:
    area, mode, now, say = reader.area, reader.mode, reader.now, reader.say
    facility, travel = destination.facility, destination.travel
    zone = area.calendar.zone
    arrival = reader.leaves + timedelta(minutes=travel.minutes)
    figure, parts = in_short(destination, mode, say)
    plot = _plot(destination)
    return Shown(
        id=facility.id,
        name=facility.short_name,
        kind=say(KIND_WORDS[facility.kind]),
        headline=headline(destination, mode, say),
        figure=figure,
        parts=parts,
        range=say_range(destination, say),
        posted=None if destination.wait is None else say_posted(destination.wait.now, say),
        journey=say_journey(travel, now, say),
        legs=describe_legs(travel.legs, zone, say),
        closing=_closing(facility.open_until, now, say),
        closes_soon=_closes_soon(destination, reader.leaves),
        xray=_xray(facility.id, reader, arrival),
        reasons=[say(REASON_TEXTS[Reason(code)]) for code in destination.reasons],
        similar=destination.similar_to_previous,
        address=f"{facility.address}, {facility.postcode}",
        phone=facility.phone,
        directions_url=travel.directions_url,
        eta_minutes=(arrival - now).total_seconds() / 60,
        plot=plot,
        plot_words=None if plot is None else plot_words(destination, say),
    )


def _plot(destination: Destination) -> DotPlot | None:
    if destination.total is None or has_no_upper_limit(destination):
        return None
    return plot_dots(destination.total, destination.travel.minutes)


def plot_words(destination: Destination, say: Say) -> str | None:
    """The drawing for who does not see it: 18 of 20 are below p90 or just about there."""
    total = destination.total
    if total is None:
        return None
    low, most = bounds(destination, total)
    half = min(max(round_to_five(total.p50), low), most)
    return say(
        "Each dot is 1 of 20 people: 10 of them are seen within {half}, 18 within {most}.",
        half=duration(half, say), most=duration(most, say),
    )  # fmt: skip


def _closing(open_until: datetime | None, now: datetime, say: Say) -> str | None:
    if open_until is None:
        return None
    return say("Open until {clock}.", clock=f"{open_until.astimezone(now.tzinfo):%H:%M}")


def _closes_soon(destination: Destination, leaves: datetime) -> bool:
    """Whether its closing matters to someone who sets out then."""
    closing = destination.facility.open_until
    if closing is None:
        return False
    minutes = destination.travel.minutes if destination.total is None else destination.total.p90
    return closing < leaves + timedelta(minutes=minutes) + CLOSING_MATTERS


def _xray(facility_id: str, reader: Reader, arrival: datetime) -> str | None:
    """Until when there is an X-ray, where one is needed and its hours are known."""
    hours = reader.area.facilities[facility_id].xray_hours
    if not reader.need.wants_xray or hours is None:
        return None
    closing = reader.area.calendar.find_closing(hours, arrival)
    if closing is None:
        return None
    return reader.say("X-ray until {clock}.", clock=f"{closing.astimezone(arrival.tzinfo):%H:%M}")
