"""Words and shapes of the operators' page: no state is told by colour alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from feeds.model import NoFigure, Wait
from waitless.area.facility import Kind
from waitless.audit import Action
from waitless.health import FeedState
from waitless.override import Override

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class StateSign:
    """How a state looks: a word, and a shape that no other state has."""

    word: str
    shape: str
    """An SVG path in a box of 20 by 20."""


STATE_SIGNS: Mapping[FeedState, StateSign] = {
    FeedState.LIVE: StateSign("Live", "M10 2a8 8 0 1 0 .01 0Z"),
    FeedState.LATE: StateSign("Late", "M10 2a8 8 0 1 0 .01 0ZM10 5v5.5l4 2.5"),
    FeedState.SUSPECT: StateSign("Suspect", "M10 1 19 10 10 19 1 10Z"),
    FeedState.STALE: StateSign("Stale", "M10 2 19 18H1Z"),
    FeedState.LOST: StateSign("Lost", "M4 1 10 7l6-6 3 3-6 6 6 6-3 3-6-6-6 6-3-3 6-6-6-6Z"),
    FeedState.OFF: StateSign("Off", "M3 3h14v14H3Z"),
}
KIND_WORDS: Mapping[Kind, str] = {
    Kind.ED: "A&E",
    Kind.UTC: "UTC",
    Kind.MIU: "MIU",
    Kind.WALK_IN: "Walk-in",
}
ACTION_WORDS: Mapping[Action, str] = {
    Action.RELEASE: "released a held value",
    Action.DROP: "dropped a held value",
    Action.SWITCH_OFF: "switched a feed off",
    Action.SWITCH_ON: "switched a feed on",
    Action.OVERRIDE: "spoke for a place",
    Action.LIFT: "let feeds speak for a place again",
    Action.UNDO: "took back an act on",
}
_NO_FIGURE: Mapping[NoFigure, str] = {
    NoFigure.NOT_GIVEN: "none given",
    NoFigure.UNKNOWN: "no figure",
    NoFigure.SUPPRESSED: "withheld",
}


def tell_local(text: str, zone: tzinfo) -> str:
    """A text of the API, whose instants are UTC, with the local day and clock in their place."""

    def tell(match: re.Match[str]) -> str:
        try:
            return f"{datetime.fromisoformat(match[0]).astimezone(zone):%a %d %b %H:%M}"
        except (ValueError, OverflowError):
            return match[0]

    return _INSTANT.sub(tell, text)


def tell_override(override: Override) -> str:
    """What an operator says of a place, in place of its feed."""
    said = [] if override.status is None else [override.status.value]
    if override.wait_cleared:
        said.append("no wait shown")
    elif override.wait_minutes is not None:
        said.append(f"wait {override.wait_minutes:.0f} min")
    return ", ".join(said)


def tell_action(action: Action) -> str:
    """What somebody did, as in `night-desk dropped a held value`."""
    return ACTION_WORDS.get(action, action.value.replace("_", " "))


def tell_span(seconds: float | None) -> str:
    """A length of time as people say it: `40 s`, `12 min`, `3 h 05`, `2 d 4 h`; a dash for None."""
    if seconds is None:
        return "–"
    sign, whole = ("-" if seconds <= -1 else ""), int(abs(seconds))
    if whole < _MINUTE:
        return f"{sign}{whole} s"
    if whole < _HOUR:
        return f"{sign}{whole // _MINUTE} min"
    if whole < _DAY:
        return f"{sign}{whole // _HOUR} h {whole % _HOUR // _MINUTE:02}"
    return f"{sign}{whole // _DAY} d {whole % _DAY // _HOUR} h"


def tell_wait(wait: Wait | NoFigure | None) -> str:
    """A posted wait: its own figure, its limits as the source gives them, or why there is none."""
    match wait:
        case None:
            return "–"
        case NoFigure():
            return _NO_FIGURE[wait]
        case Wait(minutes=float() | int() as minutes):
            return f"{minutes:.0f} min"
        case Wait(low=None, high=None):
            return _NO_FIGURE[NoFigure.UNKNOWN]
        case Wait(low=low, high=None):
            return f"over {low:.0f} min"
        case Wait(low=None, high=high):
            return f"up to {high:.0f} min"
        case Wait(low=low, high=high):
            return f"{low:.0f} to {high:.0f} min"


def tell_share(share: float | None) -> str:
    """A share in hundredths; a dash for None."""
    return "–" if share is None else f"{share * 100:.1f}%"


def tell_signed(minutes: float | None) -> str:
    """A difference in minutes with its sign; a dash for None."""
    return "–" if minutes is None else f"{minutes:+.0f} min"
