"""States in which an answer is less than usual, or none: each is said first, and what to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from waitless.area.pack import Area
from waitless.recommend.answer import Recommendation
from waitless.recommend.reasons import Reason
from waitless.recommend.suit import Exclusion, ExclusionReason
from waitless.web.problems import RequestRefused
from waitless.web.tongues import Say, mark
from waitless.web.wording import is_uncertain

EXCLUDED_WORDS = {
    "closed_on_arrival": mark("Closed when you would arrive."),
    "last_patient_passed": mark("Takes its last patient before you would arrive."),
    "full": mark("Reported full."),
    "diverting": mark("Reported to be sending people on."),
    "no_xray_on_arrival": mark("No X-ray when you would arrive."),
    "age": mark("Does not see children so young."),
    "need": mark("Does not treat this."),
    "too_far": mark("Too far."),
    "no_more_journeys": mark("No journey by timetable any more."),
    "unreachable": mark("No way there that we know of."),
}
"""Why a place is left out, where the page is not in the API's English."""
_BAD_TIME = (
    mark("That time cannot be used"),
    mark("Choose a time within the next 24 hours, or leave it empty for now."),
)
REFUSAL_WORDS = {
    "unknown_place": (
        mark("We do not know that place"),
        mark("Check the spelling, or use a town or the first half of a postcode."),
    ),
    "ambiguous_place": (
        mark("Which one do you mean?"),
        mark("Several places have that name."),
    ),
    "outside_area": (
        mark("That is outside the area we know"),
        mark("NHS 111 knows every place near you. In an emergency, call 999."),
    ),
    "mode_unavailable": (
        mark("We cannot plan that way of travelling here"),
        mark("Please choose another."),
    ),
    "bad_age": (mark("That is not an age"), mark("Please choose an age below.")),
    "bad_departure": _BAD_TIME,
    "departure_in_past": _BAD_TIME,
    "departure_too_late": _BAD_TIME,
    "too_many_requests": (
        mark("Many people are asking just now"),
        mark(
            "Please try again in {seconds} seconds. Do not wait if it is urgent: call 111 or 999."
        ),
    ),
    "internal": (
        mark("Something went wrong here"),
        mark("It has been noted. Please try again, or call 111."),
    ),
}
"""What a patient is told of a refusal, by its code: what it is, and what to do."""
OTHER_REFUSAL = (
    mark("We could not read your question"),
    mark("Please fill in the form again."),
)
NOT_FORESEEN = "wait_not_foreseen"
"""The reason that answers give for no wait at a departure far ahead."""
_CLOSED = {ExclusionReason.CLOSED_ON_ARRIVAL, ExclusionReason.LAST_PATIENT_PASSED}


@dataclass(frozen=True, slots=True)
class Notice:
    """A state: its name, what it is, and what to do."""

    code: str
    title: str
    text: str


def list_notices(answer: Recommendation, area: Area, leaves: datetime, say: Say) -> list[Notice]:
    """The states of an answer, the gravest first; `leaves` is local."""
    notices = []
    if answer.degraded:
        notices.append(
            Notice(
                "degraded",
                say("New figures cannot reach us just now."),
                say("These are the last that did; each says how old it is."),
            )
        )
    if not answer.destinations:
        notices.append(_nowhere(answer.excluded, area, leaves, say))
    elif all(one.wait is None for one in answer.destinations):
        notices.append(_no_waits(answer, say))
    elif is_uncertain(answer.destinations[0].total):
        notices.append(
            Notice(
                "uncertain",
                say("Too uncertain for one number."),
                say("Waits here are changing fast or badly known. Ring before you go, if you can."),
            )
        )
    return notices


def _no_waits(answer: Recommendation, say: Say) -> Notice:
    stale = any(Reason.WAIT_NOT_CURRENT in one.reasons for one in answer.destinations)
    if any(NOT_FORESEEN in one.reasons for one in answer.destinations):
        title = say("Waits are not foretold more than two hours ahead.")
        return Notice("not_foreseen", title, say("Ask again nearer the time."))
    what_to_do = say("Places stand by their journey alone. Ring before you go, if you can.")
    if stale:
        title = say("The waiting times we have are too old to show.")
        return Notice("stale", title, what_to_do)
    return Notice("no_feed", say("No waiting times are reaching us."), what_to_do)


def _nowhere(excluded: list[Exclusion], area: Area, leaves: datetime, say: Say) -> Notice:
    text = say("Call NHS 111: they can tell you where to go.")
    title = say("No place we know of can see you for this just now.")
    if all(one.reason not in _CLOSED for one in excluded):
        return Notice("nowhere", title, text)
    first = _first_to_open(excluded, area, leaves)
    if first is not None:
        place, opening = first
        words = say("The first to open is {place}, at {clock}.", place=place, clock=opening)
        text = f"{words} {text}"
    return Notice("closed", say("Everywhere that could see you is closed."), text)


def _first_to_open(excluded: list[Exclusion], area: Area, at: datetime) -> tuple[str, str] | None:
    """The place that opens first of those that are closed, and when; None: none within a week."""
    openings = [
        (opening, area.facilities[one.facility_id].short_name)
        for one in excluded
        if one.reason in _CLOSED
        and (opening := area.calendar.find_opening(area.facilities[one.facility_id].hours, at))
    ]
    if not openings:
        return None
    opening, place = min(openings)
    near = opening - at < timedelta(days=1)
    return place, f"{opening.astimezone(at.tzinfo):{'%H:%M' if near else '%H:%M (%d/%m)'}}"


def say_excluded(excluded: Exclusion, say: Say, *, english: bool) -> str:
    """Why a place is left out: in English as the API says it, with its times."""
    words = EXCLUDED_WORDS.get(excluded.reason)
    return excluded.text if english or words is None else say(words)


def say_refused(refused: RequestRefused, say: Say) -> tuple[str, str]:
    """What a refusal is, and what to do."""
    title, text = REFUSAL_WORDS.get(refused.problem.code, OTHER_REFUSAL)
    return say(title), say(text, seconds=refused.more.get("again_s", 5))
