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
_VEHICLES = {"bus": mark("bus"), "rail": mark("train")}
"""What is said before a line's name, which may be a mere number; of others nothing."""


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
    towards, vehicle = ride.get("headsign"), _VEHICLES.get(ride["kind"])
    line = ride["line"] if vehicle is None else f"{say(vehicle)} {ride['line']}"
    text = say(
        "{clock} {line} from {start} to {end}, {time}",
        clock=f"{leg['starts_at'].astimezone(zone):%H:%M}",
        line=f"{line} ({towards})" if towards else line,
        start=leg.get("from_stop", ""),
        end=leg.get("to_stop", ""),
        time=time,
    )
    if ride.get("every_minutes"):
        text += ". " + say("One every {m} min", m=ride["every_minutes"])
    return text + (". " + say("Live time") if ride.get("live") else "")
