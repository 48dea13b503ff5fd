"""The legs of a journey in words."""

from collections.abc import Sequence
from datetime import tzinfo

from waitless.recommend.ways import Leg
from waitless.web.tongues import Say, mark
from waitless.web.wording import duration

_WORDS = {
    "walk": mark("Walk {time}"),
    "wait": mark("Wait {time}"),
    "drive": mark("Drive {time}"),
    "cycle": mark("Cycle {time}"),
    "arrive": mark("{time} to park and walk in"),
}
_WALK_TO = mark("Walk {time} to {stop}")


def describe_legs(legs: Sequence[Leg], zone: tzinfo, say: Say) -> list[str]:
    """A sentence for each leg.

    Args:
        legs: in their order.
        zone: of the local clock.
        say: the page's language.
    """
    return [text for leg in legs if (text := _describe(leg, zone, say))]


def _describe(leg: Leg, zone: tzinfo, say: Say) -> str | None:
    kind, time = leg["kind"], duration(max(1, round(leg["minutes"])), say)
    if kind == "ride":
        return _ride(leg, time, zone, say)
    if kind == "walk" and leg.get("to_stop"):
        return say(_WALK_TO, time=time, stop=leg["to_stop"])
    return say(_WORDS[kind], time=time) if kind in _WORDS else None


def _ride(leg: Leg, time: str, zone: tzinfo, say: Say) -> str:
    ride = leg["ride"]
    towards = ride.get("headsign")
    text = say(
        "{clock} {line} from {start} to {end}, {time}",
        clock=f"{leg['starts_at'].astimezone(zone):%H:%M}",
        line=f"{ride['line']} ({towards})" if towards else ride["line"],
        start=leg.get("from_stop", ""),
        end=leg.get("to_stop", ""),
        time=time,
    )
    if ride.get("every_minutes"):
        text += ". " + say("One every {m} min", m=ride["every_minutes"])
    return text + (". " + say("Live time") if ride.get("live") else "")
